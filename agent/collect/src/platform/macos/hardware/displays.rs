//! Graphics adapters and monitors.

use befund_model::section::devices::Displays;

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::profile;
use crate::platform::macos::decode::screens;

/// Section `displays`.
pub(super) fn displays(cx: &Context) -> Result<Displays, Gap> {
    let told = profile(cx)?;
    Ok(screens::displays(told.items("SPDisplaysDataType")))
}
