//! Web browsers and their extensions.

use befund_model::section::maintenance::{BrowserExtensions, Browsers};

use crate::collector::{Context, Gap};

/// Section `browsers`.
pub(crate) fn browsers(_cx: &Context) -> Result<Browsers, Gap> {
    Err(Gap::unsupported("not read yet"))
}

/// Section `browsers.extensions`.
pub(crate) fn extensions(_cx: &Context) -> Result<BrowserExtensions, Gap> {
    Err(Gap::unsupported("not read yet"))
}
