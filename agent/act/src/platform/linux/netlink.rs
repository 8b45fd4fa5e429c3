//! rtnetlink (rtnetlink(7)), as far as interfaces and routes are read and set: one request, its answers or
//! its acknowledgement.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with, sockopt,
};

pub(super) const RTM_GETLINK: u16 = 18;
pub(super) const RTM_SETLINK: u16 = 19;
pub(super) const RTM_NEWADDR: u16 = 20;
pub(super) const RTM_GETADDR: u16 = 22;
pub(super) const RTM_NEWROUTE: u16 = 24;
pub(super) const RTM_DELROUTE: u16 = 25;
pub(super) const RTM_GETROUTE: u16 = 26;

const REQUEST: u16 = 0x1;
const ACK: u16 = 0x4;
const DUMP: u16 = 0x300;
/// `NLM_F_CREATE`: what is not there is made.
pub(super) const CREATE: u16 = 0x400;
/// `NLM_F_REPLACE`.
pub(super) const REPLACE: u16 = 0x100;
const ERROR: u16 = 2;
const DONE: u16 = 3;
const HEADER: usize = 16;
/// How long the kernel may take for a part of its answer.
const PATIENCE: Duration = Duration::from_secs(5);

fn connect() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(PATIENCE))?;
    Ok(socket)
}

fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER + body.len()).unwrap_or(u32::MAX);
    let mut message = Vec::with_capacity(HEADER + body.len());
    message.extend_from_slice(&length.to_ne_bytes());
    message.extend_from_slice(&kind.to_ne_bytes());
    message.extend_from_slice(&flags.to_ne_bytes());
    message.extend_from_slice(&1_u32.to_ne_bytes());
    message.extend_from_slice(&0_u32.to_ne_bytes());
    message.extend_from_slice(body);
    message
}

/// Asks for everything of a kind and hands on the body of each message.
pub(super) fn dump(kind: u16, body: &[u8], mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let socket = connect()?;
    send(&socket, &message(kind, REQUEST | DUMP, body), SendFlags::empty())?;
    answers(&socket, &mut each)
}

/// Has something done, and waits until it is.
pub(super) fn request(kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
    let socket = connect()?;
    send(&socket, &message(kind, REQUEST | ACK | flags, body), SendFlags::empty())?;
    answers(&socket, &mut |_| {})
}

fn answers(socket: &OwnedFd, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let (read, _) = recv(socket, &mut buffer[..], RecvFlags::empty())?;
        let mut rest = &buffer[..read];
        if rest.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        while let Some((kind, body, after)) = next(rest) {
            match kind {
                DONE => return Ok(()),
                ERROR => {
                    return match u32_at(body, 0).map_or(0, u32::cast_signed) {
                        0 => Ok(()),
                        code => Err(io::Error::from_raw_os_error(code.saturating_neg())),
                    };
                }
                _ => each(body),
            }
            rest = after;
        }
    }
}

/// The first message: its kind, its body, and what comes behind it.
fn next(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = u32_at(bytes, 0)? as usize;
    let kind = u16_at(bytes, 4)?;
    let body = bytes.get(HEADER..length)?;
    Some((kind, body, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

/// The attributes behind a fixed head: kind and value.
pub(super) fn attributes(body: &[u8], head: usize) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = body.get(head..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(rest, 0)?);
        let kind = u16_at(rest, 2)? & 0x3fff;
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// Appends an attribute.
pub(super) fn push(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
    body.extend_from_slice(&length.to_ne_bytes());
    body.extend_from_slice(&kind.to_ne_bytes());
    body.extend_from_slice(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_bytes_break_the_readers(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut rest = &bytes[..];
            while let Some((_, body, after)) = next(rest) {
                attributes(body, 12).count();
                if after.len() == rest.len() { break }
                rest = after;
            }
        }

        #[test]
        fn an_attribute_comes_back(kind in 0u16..0x3fff, value in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut body = vec![0; 12];
            push(&mut body, kind, &value);
            push(&mut body, 1, b"x");
            let read: Vec<_> = attributes(&body, 12).collect();
            prop_assert_eq!(read, vec![(kind, &value[..]), (1, &b"x"[..])]);
        }
    }
}
