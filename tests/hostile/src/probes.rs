//! What strangers answer to probes: name servers, time servers, web servers and the kernel.

use befund_collect::fuzzing::probe;

use crate::pieces::byte;

/// Any bytes as a datagram that answers a probe.
pub(crate) fn packets(data: &[u8]) {
    let (which, bytes) = byte(data);
    match which % 3 {
        0 => {
            let read = probe::dns("www.example.org", bytes);
            // Each record takes 12 bytes at least.
            assert!(read.is_none_or(|count| count <= bytes.len() / 12));
        }
        1 => {
            let _ = probe::time(bytes, *b"a nonce!");
        }
        _ => {
            let _ = probe::netlink(bytes);
        }
    }
}

/// Any bytes as an HTTP answer: the host that is told is one.
pub(crate) fn http(data: &[u8]) {
    let Some((_, Some(host))) = probe::http(data) else { return };
    assert!(!host.is_empty() && host.len() <= 255);
    assert!(host.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"'&/".contains(&byte)));
}
