//! Protection: malware, confinement, administrators, ways in from afar.

use befund_model::section::security::Security;

use crate::collector::{Context, Gap};

/// Section `security`.
pub(crate) fn protection(_cx: &Context) -> Result<Security, Gap> {
    Err(Gap::unsupported("not read yet"))
}
