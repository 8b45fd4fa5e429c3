//! Which sections of a snapshot are asked for, and against what: only what this same machine sent
//! before counts as known, or the answer would tell what other machines have.

use std::collections::HashSet;

use befund_model::id::Hash;
use befund_model::snapshot::Manifest;

/// The largest section, and base, that a difference is taken for: both are held in memory.
pub(super) const MAX_DELTA: u64 = 4 << 20;
/// Smaller sections travel whole.
const MIN_DELTA: u64 = 512;

/// A section that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Its place in the manifest.
    pub(super) index: usize,
    /// The machine's own earlier section of that kind, and its size.
    pub(super) base: Option<(Hash, u64)>,
}

/// What is to be sent, in the manifest's order, each content once.
pub(super) fn choose(
    manifest: &Manifest,
    own: &HashSet<Hash>,
    latest: Option<&Manifest>,
) -> Vec<Wanted> {
    let mut asked = HashSet::new();
    let mut wanted = Vec::new();
    for (index, line) in manifest.sections.iter().enumerate() {
        if own.contains(&line.hash) || !asked.insert(line.hash) {
            continue;
        }
        let base = latest
            .and_then(|latest| latest.section(line.kind.as_str()))
            .filter(|base| (MIN_DELTA..=MAX_DELTA).contains(&base.size))
            .filter(|_| (MIN_DELTA..=MAX_DELTA).contains(&line.size))
            .map(|base| (base.hash, base.size));
        wanted.push(Wanted { index, base });
    }
    wanted
}
