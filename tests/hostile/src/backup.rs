//! Sealed backups: what was changed anywhere does not open, and what opens is read without a panic.

use befund_controller::backup::fuzzing as backup;

use crate::pieces::{byte, number};

/// The first bytes say what is done to a sealed file; the rest is its content.
pub(crate) fn run(data: &[u8]) {
    let (what, rest) = byte(data);
    let (at, content) = number(rest);
    let _ = backup::open(content);
    let _ = backup::read(content);
    let framed = zstd::bulk::compress(content, 1).expect("a frame in memory");
    let _ = backup::read(&framed);

    // Long enough for several chunks when that is asked for.
    let content = if what & 0x80 == 0 { content.to_vec() } else { content.repeat(1 << 10) };
    let content = &content[..content.len().min(200 << 10)];
    let mut sealed = backup::seal(content).expect("sealed in memory");
    assert_eq!(backup::open(&sealed).expect("as it was sealed"), content);
    let at = at as usize % sealed.len();
    match what % 4 {
        0 => sealed[at] ^= 1 << (what >> 2 & 7),
        1 => sealed.truncate(at),
        2 => sealed.insert(at, what),
        _ => sealed.extend_from_slice(&[what]),
    }
    let opened = backup::open(&sealed);
    assert!(opened.is_err(), "{what} at {at} was not noticed");
}
