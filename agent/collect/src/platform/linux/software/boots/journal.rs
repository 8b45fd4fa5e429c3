//! Starts and ends by the journal: journalctl lists the starts, and one question finds what is written at
//! clean ends, however large the journal is.

use std::time::Duration;

use befund_model::Timestamp;
use befund_model::section::maintenance::Boot;
use serde::Deserialize;

use crate::collector::{Context, Gap};
use crate::platform::linux::command;

use super::{Known, MAX_BOOTS};

const JOURNALCTL: &str = "/usr/bin/journalctl";
/// How long each of the two questions may take.
const PATIENCE: Duration = Duration::from_millis(1_800);
/// The most bytes of an answer.
const MAX_BYTES: usize = 2 << 20;
/// logind: the system goes down, and why (`SD_MESSAGE_SHUTDOWN`).
const GOES_DOWN: &str = "MESSAGE_ID=98268866d1d54a499c4e98921d93bc40";
/// journald has been told to stop (`SD_MESSAGE_JOURNAL_STOP`), which happens at the end, and when the
/// first part of a start hands over to the second.
const JOURNAL_STOPS: &str = "MESSAGE_ID=d93fb3c9c24d451a97cea615ce59c00b";
/// How near to its last entry journald has to stop for that to be the end, in microseconds.
const AT_THE_END: i64 = 10_000_000;

/// A start, as `journalctl --list-boots --output=json` tells it from systemd 251 on.
#[derive(Debug, Deserialize)]
struct Listed {
    boot_id: String,
    first_entry: i64,
    last_entry: i64,
}

/// What is written at a clean end.
#[derive(Debug, Deserialize)]
struct Mark {
    #[serde(rename = "__REALTIME_TIMESTAMP")]
    at: String,
    #[serde(rename = "_BOOT_ID")]
    boot: String,
    #[serde(rename = "UNIT")]
    unit: Option<String>,
    #[serde(rename = "SHUTDOWN")]
    shutdown: Option<String>,
    #[serde(rename = "MESSAGE")]
    message: Option<String>,
}

/// The starts in the running system's journal, or in this folder's.
pub(crate) fn boots(cx: &Context, folder: Option<&str>) -> Result<Vec<Known>, Gap> {
    let listed = ask(cx, folder, &["--list-boots"])?;
    let first = listed.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or_default();
    let listed: Vec<Listed> = serde_json::from_slice(&listed[first..]).map_err(|_| {
        Gap::failed("this journalctl does not list starts in a form that is understood (systemd 251 is needed)")
    })?;
    let question = [
        "--lines=400",
        "--output-fields=UNIT,SHUTDOWN,MESSAGE",
        "UNIT=reboot.target",
        "+",
        "UNIT=poweroff.target",
        "+",
        "UNIT=halt.target",
        "+",
        "UNIT=kexec.target",
        "+",
        GOES_DOWN,
        "+",
        JOURNAL_STOPS,
    ];
    let marks = ask(cx, folder, &question)?;
    let lines = marks.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let marks: Vec<Mark> = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let latest = listed.len().saturating_sub(MAX_BOOTS);
    let running = cx.line("/proc/sys/kernel/random/boot_id").map(|id| id.replace('-', ""));
    let boots = listed[latest..].iter().map(|listed| Known {
        runs: running.as_ref() == Some(&listed.boot_id),
        ..known(cx, listed, &marks)
    });
    Ok(boots.collect())
}

fn known(cx: &Context, listed: &Listed, marks: &[Mark]) -> Known {
    let at = |micros: i64| Timestamp::from_microsecond(micros).ok();
    let boot = Boot { started_at: at(listed.first_entry), ..Boot::default() };
    let mut known = Known { boot, last: at(listed.last_entry), ..Known::default() };
    for mark in marks.iter().filter(|mark| mark.boot == listed.boot_id) {
        let target = mark.unit.as_deref().or(mark.shutdown.as_deref());
        let end = match target {
            Some("reboot.target" | "kexec.target" | "reboot" | "kexec" | "soft-reboot") => {
                "restarted"
            }
            Some("poweroff.target" | "halt.target" | "power-off" | "poweroff" | "halt") => {
                "shut down"
            }
            Some(_) => continue,
            None => {
                let when = mark.at.parse::<i64>().unwrap_or_default();
                known.clean |= listed.last_entry - when <= AT_THE_END
                    && when - listed.first_entry > 6 * AT_THE_END;
                continue;
            }
        };
        known.clean = true;
        known.boot.end = Some(end.into());
        known.boot.ended_at = known.last;
        // `System is rebooting (kernel update).`
        let given = mark.shutdown.as_ref().and(mark.message.as_deref()).and_then(|message| {
            let (_, reason) = message.split_once(" (")?;
            reason.rsplit_once(')').map(|(reason, _)| reason)
        });
        if let Some(reason) = given {
            known.boot.reason = Some(cx.redactor.text(reason).to_string());
        }
    }
    known
}

fn ask(cx: &Context, folder: Option<&str>, question: &[&str]) -> Result<Vec<u8>, Gap> {
    cx.root.trail().at(JOURNALCTL);
    let mut arguments = vec!["--output=json", "--no-pager", "--quiet"];
    if let Some(folder) = folder {
        arguments.extend(["--directory", folder]);
    }
    arguments.extend(question);
    let output = command::run(JOURNALCTL, &arguments, PATIENCE, MAX_BYTES).map_err(|error| {
        let error = cx.redactor.text(&error.to_string());
        Gap::failed(format!("the journal could not be asked for starts: {error}"))
    })?;
    Ok(output.bytes)
}
