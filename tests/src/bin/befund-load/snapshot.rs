//! Generated snapshots: the same sections from round to round, but for about one in ten.

use befund_model::Timestamp;
use befund_model::id::{Hash, SnapshotId};
use befund_model::snapshot::{Manifest, PrivacyClass, SectionKind, SectionRef, Status, Volatility};
use befund_runtime::clock::random;
use serde_json::json;

/// How many sections of which size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Sections.
    pub(crate) sections: usize,
    /// Bytes of each, expanded.
    pub(crate) bytes: usize,
}

/// A manifest and the exact bytes of its sections, in its order.
#[derive(Debug)]
pub(crate) struct Generated {
    /// The manifest.
    pub(crate) manifest: Manifest,
    /// The bytes.
    pub(crate) bytes: Vec<Vec<u8>>,
}

/// The snapshot of one agent in one round. Of the sections that are the same in every round, three in
/// four are the same on every machine too, as package lists and hardware are in a fleet.
pub(crate) fn generate(shape: Shape, agent: usize, round: usize, at: Timestamp) -> Generated {
    let changing = (shape.sections / 10).max(1);
    let mut sections = Vec::with_capacity(shape.sections);
    let mut all = Vec::with_capacity(shape.sections);
    for index in 0..shape.sections {
        let seed = if index < changing {
            (agent, round + 1)
        } else if index % 4 == 0 {
            (agent, 0)
        } else {
            (usize::MAX, 0)
        };
        let bytes = content(index, seed, shape.bytes);
        let kind: SectionKind = format!("load.s{index:03}").parse().expect("a kind in lower case");
        sections.push(SectionRef {
            kind,
            status: Status::Ok,
            reason: String::new(),
            hash: Hash::of(&bytes),
            size: bytes.len() as u64,
            class: PrivacyClass::Scheduled,
            volatility: Volatility::Stable,
            redacted: 0,
            took_us: 0,
        });
        all.push(bytes);
    }
    let manifest = Manifest { id: SnapshotId::new(at, random()), taken_at: at, sections };
    Generated { manifest, bytes: all }
}

/// JSON that compresses about as an inventory does (three to one): numbered rows with hashes in them.
fn content(index: usize, seed: (usize, usize), bytes: usize) -> Vec<u8> {
    let mut rows = Vec::new();
    let mut length = 0;
    while length < bytes {
        let row = rows.len();
        let hash = Hash::of(format!("{index} {seed:?} {row}").as_bytes()).to_string();
        let (name, version) = (&hash[..10], &hash[10..16]);
        let row = json!({ "name": format!("package-{name}"), "version": version, "state": "installed ok" });
        length += row.to_string().len() + 1;
        rows.push(row);
    }
    serde_json::to_vec(&rows).expect("rows are JSON")
}
