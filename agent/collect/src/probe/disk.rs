//! `disk.space`: how full the file systems on disks are.

use befund_model::probe::machine::{DiskSpaceFacts, FileSystem};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, Unmeasured, platform};

/// docs/probes.md: per cent available, and per cent of inodes used.
const WARN_BELOW: u8 = 15;
const FAIL_BELOW: u8 = 5;
const INODES_FAIL_ABOVE: u8 = 95;

pub(super) fn run(context: &Context<'_>, _: &Parameters) -> Outcome {
    let (mut file_systems, unread) = platform::file_systems(context)?;
    if file_systems.is_empty() && unread.is_empty() {
        return Err(Unmeasured::unsupported("no file system on a disk is mounted"));
    }
    file_systems.sort_by(|a, b| a.mount_point.cmp(&b.mount_point));
    for system in &file_systems {
        context
            .say(format_args!("{}: {} % available", system.mount_point, system.available_percent));
    }
    let (verdict, summary) = judge(&file_systems);
    let measured = Measured::new(verdict, summary, &DiskSpaceFacts { file_systems })?;
    Ok(if unread.is_empty() { measured } else { measured.partial(unread.join(", ")) })
}

/// A part of a whole in per cent, rounded down.
pub(super) fn percent(part: u64, whole: u64) -> u8 {
    let percent = u128::from(part) * 100 / u128::from(whole.max(1));
    u8::try_from(percent).unwrap_or(100).min(100)
}

fn judge(systems: &[FileSystem]) -> (Verdict, String) {
    let mut told: Vec<(Verdict, String)> = Vec::new();
    // What cannot be written to is as full as it was made.
    for system in systems.iter().filter(|system| !system.read_only) {
        let at = &system.mount_point;
        let available = system.available_percent;
        if available < FAIL_BELOW {
            told.push((Verdict::Fail, format!("{at} has {available} % left")));
        } else if available < WARN_BELOW {
            told.push((Verdict::Warn, format!("{at} has {available} % left")));
        }
        if let Some(used) = system.inodes_used_percent.filter(|used| *used > INODES_FAIL_ABOVE) {
            told.push((Verdict::Fail, format!("{at} has used {used} % of its inodes")));
        }
    }
    let failed = told.iter().any(|(verdict, _)| *verdict == Verdict::Fail);
    let texts: Vec<_> = told.into_iter().map(|(_, text)| text).collect();
    match (texts.is_empty(), failed) {
        (true, _) => {
            let least = systems.iter().min_by_key(|system| system.available_percent);
            let least = least.map(|system| {
                format!(
                    "enough room everywhere; {} has {} % left",
                    system.mount_point, system.available_percent
                )
            });
            (Verdict::Pass, least.unwrap_or_default())
        }
        (false, true) => (Verdict::Fail, texts.join(", ")),
        (false, false) => (Verdict::Warn, texts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds() {
        let system = |available: u64, inodes_used: u8, read_only| FileSystem {
            mount_point: "/".into(),
            total_bytes: 1_000,
            available_bytes: available,
            available_percent: percent(available, 1_000),
            inodes_used_percent: Some(inodes_used),
            read_only,
            ..FileSystem::default()
        };
        assert_eq!(judge(&[system(150, 50, false)]).0, Verdict::Pass);
        assert_eq!(judge(&[system(149, 50, false)]).0, Verdict::Warn);
        assert_eq!(judge(&[system(49, 50, false)]).0, Verdict::Fail);
        assert_eq!(judge(&[system(500, 96, false)]).0, Verdict::Fail);
        assert_eq!(judge(&[system(0, 0, true)]).0, Verdict::Pass);
    }
}
