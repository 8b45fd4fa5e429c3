//! Latest starts, and how each time ended.

use befund_model::section::maintenance::{Boot, Boots};
use jiff::SignedDuration;

use crate::collector::{Context, Gap};
use crate::platform::macos::decode::logins;
use crate::platform::macos::hardware::sysctl;
use crate::platform::macos::{people, trouble};

/// How many are kept.
const MAX_BOOTS: usize = 20;
/// How long after a start the report on the panic before it is written, at most.
const LATE: SignedDuration = SignedDuration::from_mins(15);

/// Section `boots`.
pub(super) fn boots(cx: &Context) -> Result<Boots, Gap> {
    let kernel = sysctl(cx, &["kern.boottime", "kern.osrelease", "kern.ostype"])?;
    let mut boots =
        cx.note(people::record(cx)).map(|told| logins::boots(&told)).unwrap_or_default();
    // The one that runs: the record tells minutes, the kernel seconds.
    match (boots.last_mut(), kernel.booted_at()) {
        (Some(last), Some(at)) if last.ended_at.is_none() && is_close(last, at) => {
            last.started_at = Some(at);
        }
        (_, Some(at)) => boots.push(Boot { started_at: Some(at), ..Boot::default() }),
        _ => {}
    }
    if let Some(last) = boots.last_mut() {
        let name = kernel.text("kern.ostype").zip(kernel.text("kern.osrelease"));
        last.kernel = name.map(|(name, release)| format!("{name} {release}"));
    }
    if boots.is_empty() {
        return Err(Gap::failed("neither the kernel nor last tells of a start"));
    }
    let panics = trouble::panics(cx);
    let starts: Vec<_> = boots.iter().map(|boot| boot.started_at).collect();
    for (boot, next) in boots.iter_mut().zip(starts.into_iter().skip(1)) {
        let (Some(since), Some(next)) = (boot.started_at, next) else { continue };
        let panicked = panics
            .iter()
            .any(|at| *at > since && at.duration_since(next) < LATE && boot.ended_at.is_none());
        if panicked && boot.end.is_none() {
            boot.end = Some("crashed".into());
            boot.ended_at = panics.iter().copied().filter(|at| *at > since && *at <= next).max();
        }
    }
    let more = boots.len().saturating_sub(MAX_BOOTS);
    boots.drain(..more);
    Ok(Boots { boots })
}

fn is_close(boot: &Boot, at: befund_model::Timestamp) -> bool {
    let apart = boot.started_at.map(|started| at.duration_since(started).abs());
    apart.is_some_and(|apart| apart < SignedDuration::from_mins(10))
}
