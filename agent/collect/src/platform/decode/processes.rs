//! The list of processes as `NtQuerySystemInformation(SystemProcessInformation)` gives it on 64-bit
//! Windows: records that name the distance to the next one, each followed by its threads.
//!
//! The offsets are those that Windows has kept since 7 (`phnt`'s `ntexapi.h`; the documented part of
//! the structure has the same ones).

use super::storage::{double, quad};

/// A process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    pub(crate) name: String,
    pub(crate) threads: u32,
    /// A `FILETIME`.
    pub(crate) created: u64,
    /// In units of 100 ns, in the kernel and outside of it.
    pub(crate) cpu: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) read_bytes: u64,
    pub(crate) written_bytes: u64,
    pub(crate) state: &'static str,
}

/// The records in a buffer that lies at this address: names are told as addresses within it.
pub(crate) fn processes(buffer: &[u8], address: u64) -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut rest = buffer;
    while let Some(next) = double(rest, 0) {
        let Some(sample) = process(rest, buffer, address) else { break };
        samples.push(sample);
        let next = next as usize;
        if next == 0 {
            break;
        }
        let Some(after) = rest.get(next..) else { break };
        rest = after;
    }
    samples
}

fn process(record: &[u8], buffer: &[u8], address: u64) -> Option<Sample> {
    let number = |at: usize| quad(record, at);
    let threads = double(record, 4)?;
    let pid = u32::try_from(number(80)?).ok()?;
    let length = usize::from(u16::from_le_bytes(record.get(56..58)?.try_into().ok()?));
    let name = number(64)?.checked_sub(address).and_then(|at| {
        let at = usize::try_from(at).ok()?;
        let bytes = buffer.get(at..at.checked_add(length)?)?;
        let units: Vec<u16> =
            bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        Some(String::from_utf16_lossy(&units))
    });
    let name = name.filter(|name| !name.is_empty());
    Some(Sample {
        pid,
        parent: u32::try_from(number(88)?).unwrap_or_default(),
        name: name.unwrap_or_else(|| if pid == 0 { "Idle".into() } else { String::new() }),
        threads,
        created: number(32)?,
        cpu: number(40)?.saturating_add(number(48)?),
        memory_bytes: number(144)?,
        read_bytes: number(232)?,
        written_bytes: number(240)?,
        state: state(record, threads),
    })
}

/// By the states of the threads (80 bytes each from 256 on; state at 68, what it waits for at 72):
/// running if one runs or wants to, stopped if all are suspended, else sleeping.
fn state(record: &[u8], threads: u32) -> &'static str {
    const SUSPENDED: [u32; 2] = [5, 12];
    let (mut suspended, mut seen) = (0, 0);
    for thread in record.get(256..).unwrap_or_default().chunks_exact(80).take(threads as usize) {
        let (Some(state), Some(reason)) = (double(thread, 68), double(thread, 72)) else { break };
        seen += 1;
        match state {
            1..=3 => return "running",
            5 if SUSPENDED.contains(&reason) => suspended += 1,
            _ => {}
        }
    }
    if seen > 0 && suspended == seen { "stopped" } else { "sleeping" }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(pid: u64, next: u32, state: u32, reason: u32) -> Vec<u8> {
        let mut record = vec![0; 336];
        record[..4].copy_from_slice(&next.to_le_bytes());
        record[4] = 1;
        record[40..48].copy_from_slice(&30_000_u64.to_le_bytes());
        record[48..56].copy_from_slice(&10_000_u64.to_le_bytes());
        record[80..88].copy_from_slice(&pid.to_le_bytes());
        record[144..152].copy_from_slice(&4096_u64.to_le_bytes());
        record[256 + 68] = u8::try_from(state).expect("small");
        record[256 + 72] = u8::try_from(reason).expect("small");
        record
    }

    #[test]
    fn records_are_followed_and_names_found() {
        let mut buffer = [record(0, 336, 2, 0), record(8, 336, 5, 5), record(12, 0, 5, 6)].concat();
        let at = buffer.len();
        buffer.extend("a.exe".encode_utf16().flat_map(u16::to_le_bytes));
        buffer[336 + 56] = 10;
        buffer[336 + 64..336 + 72].copy_from_slice(&(0x7000 + at as u64).to_le_bytes());
        let samples = processes(&buffer, 0x7000);
        let told: Vec<_> =
            samples.iter().map(|one| (one.pid, one.name.as_str(), one.state)).collect();
        assert_eq!(told, [(0, "Idle", "running"), (8, "a.exe", "stopped"), (12, "", "sleeping")]);
        assert_eq!(samples[1].cpu, 40_000);
        assert_eq!(samples[1].memory_bytes, 4096);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..900), address: u64) {
            let _ = processes(&bytes, address);
        }
    }
}
