//! `sound.unmute`: the output switched on, by PipeWire, PulseAudio or ALSA, whichever there is.

use std::path::PathBuf;

use serde_json::Value;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::platform::Account;
use crate::platform::linux::devices::is_switched_off;
use crate::platform::linux::users;
use crate::trouble::{Outcome, Trouble};

/// What has the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    PipeWire,
    PulseAudio,
    Alsa,
}

struct Mixer {
    kind: Kind,
    program: PathBuf,
    account: Account,
    muted: bool,
}

fn look(context: &Context<'_>) -> Outcome<Mixer> {
    let account = users::signed_in(context)?;
    let known: [(Kind, &str, &[&str]); 3] = [
        (Kind::PipeWire, "wpctl", &["get-volume", "@DEFAULT_AUDIO_SINK@"]),
        (Kind::PulseAudio, "pactl", &["get-sink-mute", "@DEFAULT_SINK@"]),
        (Kind::Alsa, "amixer", &["sget", "Master"]),
    ];
    for (kind, name, words) in known {
        let Some(program) = context.programs.find(name) else { continue };
        let asked = super::ask(context, &account, &program, words)?;
        if asked.is_ok()
            && let Some(muted) = muted(kind, &asked.text)
        {
            return Ok(Mixer { kind, program, account, muted });
        }
    }
    Err(Trouble::unsupported(format!(
        "nothing answers that switches the sound of {} (asked wpctl, pactl and amixer)",
        account.name
    )))
}

/// What each says; `None` if it tells of no switch.
fn muted(kind: Kind, text: &str) -> Option<bool> {
    match kind {
        Kind::PipeWire => {
            text.trim_start().starts_with("Volume:").then(|| text.contains("[MUTED]"))
        }
        Kind::PulseAudio => match text.trim() {
            "Mute: yes" => Some(true),
            "Mute: no" => Some(false),
            _ => None,
        },
        Kind::Alsa => {
            let tells = text.contains("[on]") || text.contains("[off]");
            tells.then(|| is_switched_off(text))
        }
    }
}

fn set(context: &Context<'_>, mixer: &Mixer, mute: bool) -> Outcome<()> {
    let digit = if mute { "1" } else { "0" };
    let words = match mixer.kind {
        Kind::PipeWire => ["set-mute", "@DEFAULT_AUDIO_SINK@", digit],
        Kind::PulseAudio => ["set-sink-mute", "@DEFAULT_SINK@", digit],
        Kind::Alsa => ["sset", "Master", if mute { "mute" } else { "unmute" }],
    };
    super::must(context, &mixer.account, &mixer.program, &words)?;
    Ok(())
}

pub(in crate::platform::linux) fn plan(context: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    let mixer = look(context)?;
    if !mixer.muted {
        return Ok(Plan::already("the sound is on"));
    }
    Plan::change(format!("switch the sound of {} on", mixer.account.name)).noting(true)
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    _: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    set(context, &look(context)?, false)?;
    Ok("the sound was switched on".to_owned())
}

pub(in crate::platform::linux) fn undo(
    context: &Context<'_>,
    _: &Parameters,
    before: &Value,
) -> Outcome<String> {
    let was_muted: bool = noted(before)?;
    set(context, &look(context)?, was_muted)?;
    Ok("the sound is off again".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_mixer_is_understood() {
        assert_eq!(muted(Kind::PipeWire, "Volume: 0.40 [MUTED]\n"), Some(true));
        assert_eq!(muted(Kind::PipeWire, "Volume: 0.40\n"), Some(false));
        assert_eq!(muted(Kind::PulseAudio, "Mute: yes\n"), Some(true));
        assert_eq!(muted(Kind::Alsa, "  Mono: Playback 0 [0%] [off]\n"), Some(true));
        assert_eq!(muted(Kind::Alsa, "  Left: [on]\n  Right: [off]\n"), Some(false));
        assert_eq!(muted(Kind::PulseAudio, "Connection refused"), None);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_readers(text in any::<String>()) {
            for kind in [Kind::PipeWire, Kind::PulseAudio, Kind::Alsa] {
                muted(kind, &text);
            }
        }
    }
}
