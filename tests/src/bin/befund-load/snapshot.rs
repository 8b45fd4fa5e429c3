//! Generated snapshots: the same sections from round to round, but for about one in ten.

use anyhow::{Context as _, Result};
use befund_model::id::{Hash, SnapshotId};
use befund_model::snapshot::{Manifest, PrivacyClass, SectionRef, Status, Volatility};
use befund_runtime::clock::{Clock, random};
use bytes::Bytes;
use serde_json::json;

/// How many sections of which size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Sections.
    pub(crate) sections: usize,
    /// Bytes of each, expanded.
    pub(crate) bytes: usize,
}

/// A section as it is offered and sent: hashed and compressed beforehand, since on a fleet's own
/// machines that is not the controller's time.
#[derive(Clone, Debug)]
struct Packed {
    hash: Hash,
    size: u64,
    frame: Bytes,
}

impl Packed {
    fn make(index: usize, seed: (usize, usize), bytes: usize) -> Result<Self> {
        let bytes = content(index, seed, bytes);
        let frame = zstd::bulk::compress(&bytes, 3).context("compress a section")?;
        Ok(Self { hash: Hash::of(&bytes), size: bytes.len() as u64, frame: frame.into() })
    }
}

/// What all machines of the fleet have in common.
#[derive(Debug)]
pub(crate) struct Fleet {
    shape: Shape,
    shared: Vec<Packed>,
}

/// A snapshot that is ready to be sent.
#[derive(Debug)]
pub(crate) struct Ready {
    /// The manifest.
    pub(crate) manifest: Manifest,
    /// The compressed sections, in its order.
    pub(crate) frames: Vec<Bytes>,
}

/// What one machine keeps from round to round.
#[derive(Debug, Default)]
pub(crate) struct Own(Vec<Option<Packed>>);

impl Fleet {
    /// Makes the common sections.
    pub(crate) fn new(shape: Shape) -> Result<Self> {
        let make = |index| Packed::make(index, (usize::MAX, 0), shape.bytes);
        Ok(Self { shape, shared: (0..shape.sections).map(make).collect::<Result<_>>()? })
    }

    /// The snapshot of one agent in one round. Of the sections that are the same in every round,
    /// three in four are the same on every machine too, as package lists and hardware are in a fleet.
    pub(crate) fn prepare(&self, agent: usize, round: usize, own: &mut Own) -> Result<Ready> {
        let at = Clock::system().now();
        let changing = (self.shape.sections / 10).max(1);
        own.0.resize_with(self.shape.sections, || None);
        let mut sections = Vec::with_capacity(self.shape.sections);
        let mut frames = Vec::with_capacity(self.shape.sections);
        for (index, shared) in self.shared.iter().enumerate() {
            let packed = if index < changing {
                Packed::make(index, (agent, round + 1), self.shape.bytes)?
            } else if index % 4 != 0 {
                shared.clone()
            } else if let Some(Some(packed)) = own.0.get(index) {
                packed.clone()
            } else {
                let packed = Packed::make(index, (agent, 0), self.shape.bytes)?;
                own.0[index] = Some(packed.clone());
                packed
            };
            sections.push(SectionRef {
                kind: format!("load.s{index:03}").parse().context("a kind in lower case")?,
                status: Status::Ok,
                reason: String::new(),
                hash: packed.hash,
                size: packed.size,
                class: PrivacyClass::Scheduled,
                volatility: Volatility::Stable,
                redacted: 0,
                took_us: 0,
            });
            frames.push(packed.frame);
        }
        let manifest = Manifest { id: SnapshotId::new(at, random()), taken_at: at, sections };
        Ok(Ready { manifest, frames })
    }
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
