//! `disk.clean_journal`: old parts of systemd's journal, by `journalctl`.

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

use super::size;

const FOLDERS: [&str; 2] = ["/var/log/journal", "/run/log/journal"];
const KEEP_MIB: u64 = 200;

/// What the journal occupies, in bytes: in parts that can go, and in those that are written to.
fn occupied(context: &Context<'_>) -> Outcome<(u64, u64)> {
    let root = context.root;
    let (mut old, mut active, mut any) = (0_u64, 0_u64, false);
    for folder in FOLDERS {
        for machine in root.names(folder) {
            let folder = format!("{folder}/{machine}");
            for name in root.names(&folder).iter().filter(|name| name.contains(".journal")) {
                let Ok(about) = root.about(&format!("{folder}/{name}")) else { continue };
                any = true;
                let bytes = u64::try_from(about.st_blocks).unwrap_or(0).saturating_mul(512);
                // systemd-journald.service(8): what was closed has an @ in its name, or a ~ at its end.
                let closed = name.contains('@') || name.ends_with('~');
                *(if closed { &mut old } else { &mut active }) += bytes;
            }
        }
    }
    if !any {
        return Err(Trouble::unsupported(format!(
            "this machine keeps no journal (looked for files in {})",
            FOLDERS.join(" and ")
        )));
    }
    Ok((old, active))
}

fn keep(parameters: &Parameters) -> u64 {
    parameters.number("keep_mib").unwrap_or(KEEP_MIB)
}

pub(in crate::platform::linux) fn plan(
    context: &Context<'_>,
    parameters: &Parameters,
) -> Outcome<Plan> {
    let (old, active) = occupied(context)?;
    let keep = keep(parameters);
    let over = (old + active).saturating_sub(keep << 20).min(old);
    let all = size(old + active);
    // Only whole parts go: less than one of them is nothing to do.
    if over == 0 {
        return Ok(Plan::already(format!(
            "the journal has {all}, of which no old part is too much"
        )));
    }
    let line = format!("keep {keep} MiB of the journal's {all}, which frees about {}", size(over));
    Ok(Plan::change(line))
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let (old, active) = occupied(context)?;
    let journalctl = context.program("journalctl")?;
    let keep = format!("--vacuum-size={}M", keep(parameters));
    let root = format!("--root={}", context.root.host_path("/").display());
    let mut words = vec![keep.as_str()];
    if !context.root.is_live() {
        words.insert(0, &root);
    }
    context.must(&journalctl, &words)?;
    let now = occupied(context).map_or(0, |(old, active)| old + active);
    let freed = (old + active).saturating_sub(now);
    Ok(format!("old parts of the journal were removed, which freed {}", size(freed)))
}
