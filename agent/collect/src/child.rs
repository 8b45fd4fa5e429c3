//! The collect child: collects and writes each section as a frame, as soon as it is there.
//!
//! The parent reads until [`ChildMessage::Done`], kills the child when it overstays, and fills in
//! what [`crate::expected`] names and did not come.

use std::io::Write;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use befund_model::snapshot::{Section, SectionRef};
use befund_runtime::frame::{self, FrameError};

use crate::{Plan, Root};

/// The header of a frame from the child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildMessage {
    /// A section; its bytes are the frame's blob.
    Section(SectionRef),
    /// Nothing more comes.
    Done {
        /// How many sections were written.
        sections: u32,
        /// How long all of it took, in microseconds.
        took_us: u64,
    },
}

/// Collects by the plan and writes the sections to `out`, each flushed by itself.
///
/// # Errors
/// If the parent no longer reads; the rest of the plan is then collected in vain and thrown away.
pub fn run_collect(root: &Root, plan: &Plan, mut out: impl Write) -> Result<(), FrameError> {
    let started = Instant::now();
    let mut sections = 0;
    let mut written = Ok(());
    crate::collect(root, plan, |section: Section| {
        if written.is_ok() {
            sections += 1;
            written = put(&mut out, &ChildMessage::Section(section.line), &section.bytes);
        }
    });
    written?;
    let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    put(&mut out, &ChildMessage::Done { sections, took_us }, &[])
}

fn put(out: &mut impl Write, message: &ChildMessage, blob: &[u8]) -> Result<(), FrameError> {
    frame::write(out, message, blob)?;
    out.flush()?;
    Ok(())
}
