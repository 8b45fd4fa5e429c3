//! Graphics adapters and monitors.

use befund_model::section::devices::Displays;

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::profiled;
use crate::platform::macos::decode::screens;
use crate::platform::macos::ms;

/// Section `displays`.
pub(super) fn displays(cx: &Context) -> Result<Displays, Gap> {
    let told = profiled(cx, &["SPDisplaysDataType"], ms(5_000))?;
    Ok(screens::displays(told.items("SPDisplaysDataType")))
}
