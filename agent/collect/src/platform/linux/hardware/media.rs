//! Sound and cameras: `/proc/asound`, `/sys/class/video4linux`.

use befund_model::section::devices::{Media, MediaState};

use crate::collector::{Context, Gap};

/// Section `media`.
pub(crate) fn media(_cx: &Context) -> Result<Media, Gap> {
    Err(Gap::unsupported("not read yet"))
}

/// Section `media.state`.
pub(crate) fn state(_cx: &Context) -> Result<MediaState, Gap> {
    Err(Gap::unsupported("not read yet"))
}
