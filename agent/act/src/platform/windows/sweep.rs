//! Old files removed below fixed folders: links and mount points are not gone into.

use std::fs::{self, Metadata};
use std::os::windows::fs::MetadataExt as _;
use std::path::Path;

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

/// `FILE_ATTRIBUTE_REPARSE_POINT`: a link, a mount point, or a file that lies in a cloud.
const REPARSE_POINT: u32 = 0x400;
const MAX_DEPTH: usize = 32;
const DAY_US: i64 = 86_400_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Count,
    Remove,
}

#[derive(Clone, Copy, Debug, Default)]
struct Swept {
    files: u64,
    bytes: u64,
    failed: u64,
}

/// Microseconds since 1970 of the last use: FILETIMEs count 100 ns since 1601.
fn used(about: &Metadata) -> i64 {
    let at = about.last_access_time().max(about.last_write_time()).max(about.creation_time());
    i64::try_from(at / 10).unwrap_or(i64::MAX).saturating_sub(11_644_473_600_000_000)
}

fn sweep(folder: &Path, before: i64, manner: Manner, depth: usize, swept: &mut Swept) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        // Of the entry itself, never of what it leads to.
        let Ok(about) = entry.metadata() else { continue };
        if about.file_attributes() & REPARSE_POINT != 0 {
            continue;
        }
        if about.is_dir() {
            if depth < MAX_DEPTH {
                sweep(&entry.path(), before, manner, depth + 1, swept);
                if manner == Manner::Remove && used(&about) < before {
                    // Fails, as it should, where something is left.
                    let _ = fs::remove_dir(entry.path());
                }
            }
        } else if used(&about) < before {
            if manner == Manner::Remove && fs::remove_file(entry.path()).is_err() {
                swept.failed += 1;
                continue;
            }
            swept.files += 1;
            swept.bytes += about.file_size();
        }
    }
}

fn all(
    context: &Context<'_>,
    parameters: &Parameters,
    folders: &[&str],
    days: u64,
    manner: Manner,
) -> Swept {
    let days = parameters.number("older_days").unwrap_or(days);
    let now = context.clock.now().as_microsecond().saturating_add(1);
    let before = now.saturating_sub(i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(DAY_US));
    let mut swept = Swept::default();
    for folder in folders {
        let path = context.root.host_path(folder);
        let link = fs::symlink_metadata(&path)
            .is_ok_and(|about| about.file_attributes() & REPARSE_POINT != 0);
        if link {
            continue;
        }
        if path.is_file() {
            // One file of a fixed name.
            if let Ok(about) = fs::symlink_metadata(&path)
                && used(&about) < before
            {
                if manner == Manner::Remove && fs::remove_file(&path).is_err() {
                    swept.failed += 1;
                } else {
                    swept.files += 1;
                    swept.bytes += about.file_size();
                }
            }
            continue;
        }
        sweep(&path, before, manner, 0, &mut swept);
    }
    swept
}

fn planned(swept: Swept, what: &str) -> Plan {
    if swept.files == 0 {
        return Plan::already(format!("there are no {what} as old as that"));
    }
    let (files, mib) = (swept.files, swept.bytes >> 20);
    Plan::change(format!("remove {files} {what}, which frees {mib} MiB"))
}

fn told(swept: Swept, what: &str) -> Outcome<String> {
    let Swept { files, bytes, failed } = swept;
    if files == 0 && failed > 0 {
        return Err(Trouble::failed(format!(
            "none of the {what} could be removed: they are in use"
        )));
    }
    let rest = if failed > 0 { format!("; {failed} are in use") } else { String::new() };
    Ok(format!("{files} {what} were removed, which freed {} MiB{rest}", bytes >> 20))
}

const TEMP: [&str; 1] = [r"C:\Windows\Temp"];
const CRASHES: [&str; 5] = [
    r"C:\Windows\Minidump",
    r"C:\Windows\MEMORY.DMP",
    r"C:\Windows\LiveKernelReports",
    r"C:\ProgramData\Microsoft\Windows\WER\ReportArchive",
    r"C:\ProgramData\Microsoft\Windows\WER\ReportQueue",
];

pub(super) fn plan_temp(context: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let swept = all(context, parameters, &TEMP, 10, Manner::Count);
    Ok(planned(swept, "temporary files"))
}

pub(super) fn temp(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    told(all(context, parameters, &TEMP, 10, Manner::Remove), "temporary files")
}

pub(super) fn plan_crashes(context: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let swept = all(context, parameters, &CRASHES, 7, Manner::Count);
    Ok(planned(swept, "crash records"))
}

pub(super) fn crashes(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    told(all(context, parameters, &CRASHES, 7, Manner::Remove), "crash records")
}
