//! Sound and cameras: `/proc/asound`, `/sys/class/sound`, `/sys/class/video4linux`; who has them open,
//! what is muted, and what keeps programs away from them.
//!
//! What a person's sound server does by itself (PipeWire, PulseAudio) is known to that person's session
//! alone: of it only the chosen devices are read, from where the server keeps them.

pub(crate) mod alsa;
pub(crate) mod busy;
mod cameras;
pub(crate) mod choice;
mod denied;
mod mixer;

use befund_model::section::devices::{Camera, Media, MediaState};

use crate::collector::{Context, Gap};

use super::running::running;

/// Section `media`.
pub(crate) fn media(cx: &Context) -> Result<Media, Gap> {
    let cards = alsa::cards(cx);
    let cameras = cameras::cameras(cx);
    // A kernel that knows of no such device has none, which is an answer; files without a kernel are none.
    if cards.is_empty() && cameras.is_empty() && !cx.root.is_live() {
        return Err(Gap::unsupported(
            "there is no sound card in /proc/asound and no camera in /sys/class/video4linux",
        ));
    }
    let mut sound: Vec<_> = cards.into_iter().map(|card| card.device(cx)).collect();
    sound.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    let mut cameras: Vec<Camera> = cameras;
    cameras.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    Ok(Media { sound, cameras })
}

/// Section `media.state`.
pub(crate) fn state(cx: &Context) -> Result<MediaState, Gap> {
    let cards = alsa::cards(cx);
    let cameras = cameras::exist(cx);
    let server = running(cx, &["pipewire", "pulseaudio", "jackd"]).first().copied();
    if cards.is_empty() && !cameras && server.is_none() && !cx.root.is_live() {
        return Err(Gap::unsupported("there is no sound card, no camera and no sound server"));
    }
    let mut state = MediaState {
        server: server.map(str::to_owned),
        busy: busy::uses(cx, &cards, cameras),
        denied: denied::denied(cx),
        ..MediaState::default()
    };
    if server.is_some() {
        let chosen = choice::read(cx);
        (state.output, state.input) = (chosen.output, chosen.input);
    }
    for (output, muted) in mixer::lamps(cx) {
        if output { state.output_muted = Some(muted) } else { state.input_muted = Some(muted) }
    }
    if cx.root.is_live() {
        let output = alsa::of_default(&cards, state.output.as_deref(), |card| card.plays);
        if let Some(told) = output.and_then(|card| mixer::playback(cx, card.number)) {
            state.output = state.output.or_else(|| output.map(|card| card.name.clone()));
            state.output_muted = told.muted.or(state.output_muted);
            state.output_percent = told.percent;
        }
        let input = alsa::of_default(&cards, state.input.as_deref(), |card| card.records);
        if let Some(told) = input.and_then(|card| mixer::capture(cx, card.number)) {
            state.input = state.input.or_else(|| input.map(|card| card.name.clone()));
            state.input_muted = told.muted.or(state.input_muted);
        }
    }
    if state.server.is_some() && state.output_muted != Some(true) {
        cx.gap(Gap::unsupported(
            "what a sound server mutes by itself, and not in the sound card, only its user's session tells",
        ));
    }
    Ok(state)
}
