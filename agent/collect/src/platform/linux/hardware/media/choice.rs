//! What a person has told the sound server to use: WirePlumber and PulseAudio keep it in that person's
//! home. A person who has chosen nothing gets what the server thinks best, which stands nowhere.

use crate::collector::Context;
use crate::platform::linux::software::processes;

/// The devices chosen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) output: Option<String>,
    pub(crate) input: Option<String>,
}

/// Of whoever's server was started last: the one who works here now.
pub(super) fn read(cx: &Context) -> Choice {
    let homes = homes(cx);
    let mut pids = processes::pids(cx).unwrap_or_default();
    pids.reverse();
    for pid in pids {
        let name = cx.root.line(&format!("/proc/{pid}/comm")).ok().flatten();
        let wireplumber = match name.as_deref() {
            Some("wireplumber") => true,
            Some("pulseaudio") => false,
            _ => continue,
        };
        let status = cx.root.text(&format!("/proc/{pid}/status")).unwrap_or_default();
        let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        let uid = uid.and_then(|ids| ids.split_ascii_whitespace().next());
        let home = homes.iter().find(|(known, _)| Some(known.as_str()) == uid);
        let Some((_, home)) = home else { continue };
        return if wireplumber {
            let path = format!("{home}/.local/state/wireplumber/default-nodes");
            wireplumber_choice(&cx.note(cx.root.text(&path)).unwrap_or_default())
        } else {
            pulseaudio_choice(cx, home)
        };
    }
    Choice::default()
}

/// User ids with their homes.
fn homes(cx: &Context) -> Vec<(String, String)> {
    let text = cx.root.text("/etc/passwd").unwrap_or_default();
    let home = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        Some(((*fields.get(2)?).to_owned(), (*fields.get(5)?).to_owned()))
    };
    text.lines().filter_map(home).collect()
}

/// `default.configured.audio.sink=alsa_output.pci-0000_00_1f.3.analog-stereo`.
pub(crate) fn wireplumber_choice(text: &str) -> Choice {
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        let value = line.trim();
        (!value.is_empty()).then(|| value.to_owned())
    };
    Choice {
        output: value("default.configured.audio.sink"),
        input: value("default.configured.audio.source"),
    }
}

/// One file for each, named by the machine's id.
fn pulseaudio_choice(cx: &Context, home: &str) -> Choice {
    let folder = format!("{home}/.config/pulse");
    let files = cx.root.list(&folder).unwrap_or_default();
    let value = |suffix: &str| {
        let file = files.iter().find(|file| file.ends_with(suffix))?;
        cx.root.line(&format!("{folder}/{file}")).ok().flatten()
    };
    Choice { output: value("-default-sink"), input: value("-default-source") }
}
