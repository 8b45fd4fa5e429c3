//! Sound and cameras. What privacy settings keep from programs only a program with full access to the disk
//! may read, and which has the camera none is told.

use befund_model::section::devices::{Media, MediaState};

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::{ask, profile};
use crate::platform::macos::decode::devices as decode;

const SOUND: &str = "SPAudioDataType";
const CAMERAS: &str = "SPCameraDataType";

/// Section `media`.
pub(super) fn media(cx: &Context) -> Result<Media, Gap> {
    let told = profile(cx)?;
    let (sound, _, _) = decode::sound(told.items(SOUND));
    Ok(Media { sound, cameras: decode::cameras(told.items(CAMERAS)) })
}

/// Section `media.state`.
pub(super) fn state(cx: &Context) -> Result<MediaState, Gap> {
    let told = profile(cx)?;
    let (_, output, input) = decode::sound(told.items(SOUND));
    let volume = ["-e", "get volume settings"];
    let volume = cx.note(ask("/usr/bin/osascript", &volume).text(cx)).unwrap_or_default();
    let (output_percent, output_muted) = decode::volume(&volume);
    Ok(MediaState { output, output_muted, output_percent, input, ..MediaState::default() })
}
