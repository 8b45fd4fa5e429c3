//! Echoes (ICMP): over the kernel's sockets for them where the account's group may have one (icmp(7),
//! `ping_group_range`), else over a raw one, which takes a privilege.

use std::cell::Cell;
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto};

use crate::probe::platform::echo::{Echoes, Heard, Pieces};

/// Type, code, checksum, identifier, sequence (RFC 792, RFC 4443).
const HEADER: usize = 8;

/// Echoes to one address.
pub(in crate::probe) struct Echo {
    /// No UDP in spite of its type, which can do all that is needed with any socket of datagrams.
    socket: UdpSocket,
    six: bool,
    /// Ours among those of others, where the kernel does not tell them apart.
    raw: Option<[u8; 2]>,
    /// One that the kernel knew to be too large for the way, until that was told.
    refused: Cell<Option<u16>>,
}

impl Echo {
    /// Opens a way to an address; one that is good on one link only needs its number.
    pub(in crate::probe) fn open(address: IpAddr, scope: u32, pieces: Pieces) -> io::Result<Self> {
        let six = address.is_ipv6();
        let (family, protocol) = if six {
            (AddressFamily::INET6, ipproto::ICMPV6)
        } else {
            (AddressFamily::INET, ipproto::ICMP)
        };
        let open =
            |kind| rustix::net::socket_with(family, kind, SocketFlags::CLOEXEC, Some(protocol));
        let (socket, raw) = match open(SocketType::DGRAM) {
            Ok(socket) => (socket, None),
            Err(_) => (open(SocketType::RAW)?, Some(befund_runtime::clock::random())),
        };
        let socket = UdpSocket::from(socket);
        let at: SocketAddr = match address {
            IpAddr::V4(four) => (four, 0).into(),
            IpAddr::V6(address) => SocketAddrV6::new(address, 0, 0, scope).into(),
        };
        socket.connect(at)?;
        let echo = Self { socket, six, raw, refused: Cell::default() };
        match pieces {
            Pieces::Allowed => {}
            Pieces::Forbidden => echo.whole()?,
        }
        Ok(echo)
    }

    fn whole(&self) -> io::Result<()> {
        if self.six {
            set(&self.socket, libc::IPPROTO_IPV6, libc::IPV6_DONTFRAG, 1)?;
            // Otherwise "packet too big" is kept from those who look for the largest themselves.
            set(&self.socket, libc::IPPROTO_IPV6, libc::IPV6_RECVERR, 1)?;
            set(
                &self.socket,
                libc::IPPROTO_IPV6,
                libc::IPV6_MTU_DISCOVER,
                libc::IPV6_PMTUDISC_PROBE,
            )
        } else {
            set(&self.socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_PROBE)
        }
    }
}

impl Echoes for Echo {
    fn send(&self, sequence: u16, data: usize) -> io::Result<()> {
        const REQUEST: [u8; 2] = [8, 128];
        let mut packet = vec![0; HEADER + data];
        packet[0] = REQUEST[usize::from(self.six)];
        packet[4..6].copy_from_slice(&self.raw.unwrap_or_default());
        packet[6..8].copy_from_slice(&sequence.to_be_bytes());
        if !self.six {
            let sum = checksum(&packet);
            packet[2..4].copy_from_slice(&sum.to_be_bytes());
        }
        match self.socket.send(&packet) {
            Ok(_) => Ok(()),
            Err(error) if too_large(&error) => {
                self.refused.set(Some(sequence));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn receive(&self, within: Duration) -> Option<Heard> {
        if let Some(sequence) = self.refused.take() {
            return Some(Heard::TooLarge { sequence: Some(sequence) });
        }
        let until = Instant::now() + within;
        let mut packet = [0; 2048];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let received = self
                .socket
                .set_read_timeout(Some(left))
                .and_then(|()| self.socket.recv(&mut packet));
            match received {
                Ok(length) => {
                    if let Some(sequence) = reply(&packet[..length], self.six, self.raw) {
                        return Some(Heard::Back { sequence, took: None });
                    }
                }
                Err(error) if too_large(&error) => return Some(Heard::TooLarge { sequence: None }),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock
                    | io::ErrorKind::TimedOut
                    | io::ErrorKind::Interrupted => {}
                    _ => return Some(Heard::Astray { why: error.to_string() }),
                },
            }
        }
    }
}

fn too_large(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EMSGSIZE)
}

/// The sequence of an answer. A raw socket of IPv4 gives the head of the packet with it.
pub(in crate::probe) fn reply(packet: &[u8], six: bool, raw: Option<[u8; 2]>) -> Option<u16> {
    const REPLY: [u8; 2] = [0, 129];
    let packet = match raw {
        Some(_) if !six => packet.get(usize::from(packet.first()? & 0x0f) * 4..)?,
        _ => packet,
    };
    let head: [u8; HEADER] = packet.get(..HEADER)?.try_into().ok()?;
    let ours = raw.is_none_or(|id| head[4..6] == id);
    (head[0] == REPLY[usize::from(six)] && ours).then(|| u16::from_be_bytes([head[6], head[7]]))
}

/// RFC 1071. What is left of an odd byte is zero.
fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = 0;
    for pair in bytes.chunks(2) {
        sum += u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

/// The largest packet that the kernel sends on a connection's way, as far as it has learnt.
pub(in crate::probe) fn path_mtu(stream: &TcpStream) -> io::Result<u32> {
    let six = stream.peer_addr()?.is_ipv6();
    let (level, name) =
        if six { (libc::IPPROTO_IPV6, libc::IPV6_MTU) } else { (libc::IPPROTO_IP, libc::IP_MTU) };
    get(stream, level, name)
}

#[expect(unsafe_code, reason = "no safe binding of these options is among the dependencies")]
fn set(socket: &UdpSocket, level: i32, name: i32, value: i32) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of::<i32>()).map_err(io::Error::other)?;
    // SAFETY: the descriptor is open, and the value is a number of the length told, which outlives
    // the call.
    let done = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), length)
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[expect(unsafe_code, reason = "no safe binding of these options is among the dependencies")]
fn get(socket: &TcpStream, level: i32, name: i32) -> io::Result<u32> {
    let mut value: i32 = 0;
    let mut length = libc::socklen_t::try_from(size_of::<i32>()).map_err(io::Error::other)?;
    // SAFETY: the descriptor is open, and value and length are places of the length told, which
    // outlive the call.
    let done = unsafe {
        libc::getsockopt(socket.as_raw_fd(), level, name, (&raw mut value).cast(), &raw mut length)
    };
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    u32::try_from(value).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sums_are_those_of_the_rfc() {
        // RFC 1071, 3: the sum is ddf2.
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
    }

    #[test]
    fn answers_are_told_from_others() {
        let four = [0, 0, 0, 0, 7, 7, 0, 9];
        assert_eq!(reply(&four, false, None), Some(9));
        let whole = [vec![0x45; 20], four.to_vec()].concat();
        assert_eq!(reply(&whole, false, Some([7, 7])), Some(9));
        assert_eq!(reply(&whole, false, Some([7, 8])), None, "another one's");
        assert_eq!(reply(&[8, 0, 0, 0, 7, 7, 0, 9], false, None), None, "a request");
        assert_eq!(reply(&[129, 0, 0, 0, 7, 7, 0, 9], true, None), Some(9));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..64), six: bool, raw: Option<[u8; 2]>) {
            reply(&bytes, six, raw);
            checksum(&bytes);
        }
    }
}
