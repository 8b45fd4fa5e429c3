//! Echoes (ICMP) by the IP Helper, which sends them for every account. Its functions wait, so that each
//! echo has a thread and a handle of its own, for [`PATIENCE`] at most.

use std::io;
use std::net::{IpAddr, TcpStream};
use std::os::windows::io::AsRawSocket as _;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    ICMP_ECHO_REPLY, IP_FLAG_DF, IP_OPTION_INFORMATION, Icmp6CreateFile, Icmp6SendEcho2,
    IcmpCloseHandle, IcmpCreateFile, IcmpSendEcho,
};
use windows_sys::Win32::Networking::WinSock::{
    AF_INET6, IN6_ADDR, IN6_ADDR_0, IP_MTU, IPPROTO_IP, IPPROTO_IPV6, IPV6_MTU, SOCKADDR_IN6,
    SOCKADDR_IN6_0, SOCKET, getsockopt,
};

use crate::platform::echo::{Fate, fate, status};
use crate::probe::platform::echo::{Echoes, Heard, PATIENCE, Pieces};

/// The most words that wait to be heard: two for each echo of the largest number.
const MOST_WORDS: usize = 512;
/// Room behind the reply and its data: 8 bytes of an error's packet, 16 of `IO_STATUS_BLOCK`, as the
/// documentation wants it, and some.
const ROOM: usize = 64;
/// What a thread that only waits needs.
const STACK: usize = 64 << 10;
/// As `ping` has it.
const TTL: u8 = 128;

/// Echoes to one address.
pub(in crate::probe) struct Echo {
    to: IpAddr,
    scope: u32,
    pieces: Pieces,
    tell: SyncSender<Heard>,
    told: Receiver<Heard>,
}

impl Echo {
    /// Opens a way to an address; one that is good on one link only needs its number.
    pub(in crate::probe) fn open(address: IpAddr, scope: u32, pieces: Pieces) -> io::Result<Self> {
        if address.is_ipv6() && pieces == Pieces::Forbidden {
            // Its function takes them apart once a router has said that one was too large.
            let kind = io::ErrorKind::Unsupported;
            return Err(io::Error::new(kind, "Windows sends no whole ones over IPv6"));
        }
        // Whether the system sends any at all is to be known before the first.
        drop(Handle::open(address.is_ipv6())?);
        let (tell, told) = sync_channel(MOST_WORDS);
        Ok(Self { to: address, scope, pieces, tell, told })
    }
}

impl Echoes for Echo {
    fn send(&self, sequence: u16, data: usize) -> io::Result<()> {
        let handle = Handle::open(self.to.is_ipv6())?;
        let (to, scope, pieces, tell) = (self.to, self.scope, self.pieces, self.tell.clone());
        std::thread::Builder::new().stack_size(STACK).spawn(move || {
            let started = Instant::now();
            let status = handle.echo(to, scope, pieces, data);
            let heard = match status.map(|status| (status, fate(status))) {
                Ok((_, Fate::Back)) => {
                    Some(Heard::Back { sequence, took: Some(started.elapsed()) })
                }
                Ok((_, Fate::TooLarge)) => Some(Heard::TooLarge { sequence: Some(sequence) }),
                Ok((_, Fate::Unheard)) => None,
                Ok((_, Fate::Astray(why))) => Some(Heard::Astray { why: why.to_owned() }),
                Ok((status, Fate::Unknown)) => {
                    let error = io::Error::from_raw_os_error(status.cast_signed());
                    Some(Heard::Astray { why: format!("echoes cannot be sent: {error}") })
                }
                Err(why) => Some(Heard::Astray { why: why.to_owned() }),
            };
            if let Some(heard) = heard {
                // Nobody waits any more once the probe has ended.
                let _ = tell.try_send(heard);
            }
        })?;
        Ok(())
    }

    fn receive(&self, within: Duration) -> Option<Heard> {
        self.told.recv_timeout(within).ok()
    }
}

/// A way into the IP Helper, closed when it is dropped.
struct Handle(HANDLE);

// SAFETY: the handle is a number that is good in every thread of the process.
#[expect(unsafe_code, reason = "a handle is a pointer to the compiler")]
unsafe impl Send for Handle {}

impl Handle {
    #[expect(unsafe_code, reason = "functions of Windows")]
    fn open(six: bool) -> io::Result<Self> {
        // SAFETY: they take nothing; the handle is ours to close.
        let handle = unsafe { if six { Icmp6CreateFile() } else { IcmpCreateFile() } };
        if handle == INVALID_HANDLE_VALUE {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(handle))
    }

    /// Sends an echo and waits; the status of the answer, or the error's number.
    #[expect(unsafe_code, reason = "functions of Windows")]
    fn echo(
        &self,
        to: IpAddr,
        scope: u32,
        pieces: Pieces,
        data: usize,
    ) -> Result<u32, &'static str> {
        let flags = match pieces {
            Pieces::Allowed => 0,
            Pieces::Forbidden => IP_FLAG_DF,
        };
        let options = IP_OPTION_INFORMATION {
            Ttl: TTL,
            Flags: u8::try_from(flags).unwrap_or(0),
            ..IP_OPTION_INFORMATION::default()
        };
        let data = vec![0_u8; data];
        let length = u16::try_from(data.len()).map_err(|_| "it is larger than any packet")?;
        // In words of eight bytes, as the structures are aligned; that of IPv6 is the smaller one.
        let room = size_of::<ICMP_ECHO_REPLY>() + data.len() + ROOM;
        let mut reply = vec![0_u64; room.div_ceil(8)];
        let size = u32::try_from(reply.len() * 8).unwrap_or(0);
        let within = u32::try_from(PATIENCE.as_millis()).unwrap_or(u32::MAX);
        let answers = match to {
            // SAFETY: the handle is open, and data, options and reply are places of the sizes that are
            // told, which outlive the call: it waits.
            IpAddr::V4(four) => unsafe {
                IcmpSendEcho(
                    self.0,
                    u32::from_ne_bytes(four.octets()),
                    data.as_ptr().cast(),
                    length,
                    &raw const options,
                    reply.as_mut_ptr().cast(),
                    size,
                    within,
                )
            },
            IpAddr::V6(six) => {
                let from = address([0; 16], 0);
                let to = address(six.octets(), scope);
                // SAFETY: as above; without an event and a routine it waits as well.
                unsafe {
                    Icmp6SendEcho2(
                        self.0,
                        std::ptr::null_mut(),
                        None,
                        std::ptr::null(),
                        &raw const from,
                        &raw const to,
                        data.as_ptr().cast(),
                        length,
                        &raw const options,
                        reply.as_mut_ptr().cast(),
                        size,
                        within,
                    )
                }
            }
        };
        if answers == 0 {
            let error = io::Error::last_os_error().raw_os_error();
            // None, and none that is one: nothing was heard.
            let error = error.filter(|error| *error != 0);
            return error.map(i32::cast_unsigned).ok_or("it does not say what became of it");
        }
        let bytes: Vec<u8> = reply.iter().flat_map(|word| word.to_ne_bytes()).collect();
        status(&bytes, to.is_ipv6()).ok_or("the answer is too short")
    }
}

impl Drop for Handle {
    #[expect(unsafe_code, reason = "a function of Windows")]
    fn drop(&mut self) {
        // SAFETY: it is open, and ours.
        unsafe { IcmpCloseHandle(self.0) };
    }
}

fn address(octets: [u8; 16], scope: u32) -> SOCKADDR_IN6 {
    SOCKADDR_IN6 {
        sin6_family: AF_INET6,
        sin6_port: 0,
        sin6_flowinfo: 0,
        sin6_addr: IN6_ADDR { u: IN6_ADDR_0 { Byte: octets } },
        Anonymous: SOCKADDR_IN6_0 { sin6_scope_id: scope },
    }
}

/// The largest packet that Windows sends on a connection's way, as far as it has learnt.
#[expect(unsafe_code, reason = "no safe binding of these options is among the dependencies")]
pub(in crate::probe) fn path_mtu(stream: &TcpStream) -> io::Result<u32> {
    let (level, name) = match stream.peer_addr()?.is_ipv6() {
        true => (IPPROTO_IPV6, IPV6_MTU),
        false => (IPPROTO_IP, IP_MTU),
    };
    let socket = SOCKET::try_from(stream.as_raw_socket()).map_err(io::Error::other)?;
    let mut value: u32 = 0;
    let mut length = 4;
    // SAFETY: the socket is open, and value and length are places of the length told, which outlive
    // the call.
    let done = unsafe { getsockopt(socket, level, name, (&raw mut value).cast(), &raw mut length) };
    if done == 0 { Ok(value) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_answers_itself_or_it_is_said_why_not() {
        for address in ["127.0.0.1", "::1"] {
            let address: IpAddr = address.parse().expect("an address");
            let echo = match Echo::open(address, 0, Pieces::Allowed) {
                Ok(echo) => echo,
                Err(error) => {
                    // Wine has none of IPv6.
                    assert!(address.is_ipv6(), "{error}");
                    assert_eq!(error.kind(), io::ErrorKind::Unsupported);
                    continue;
                }
            };
            echo.send(7, 56).expect("sent");
            match echo.receive(PATIENCE * 10) {
                Some(Heard::Back { sequence, took }) => assert!(sequence == 7 && took.is_some()),
                Some(Heard::Astray { why }) => assert!(!why.is_empty()),
                other => panic!("{address}: {other:?}"),
            }
        }
    }

    #[test]
    fn whole_packets_of_ipv6_are_refused_and_not_guessed() {
        let refused = Echo::open(std::net::Ipv6Addr::LOCALHOST.into(), 0, Pieces::Forbidden);
        let error = refused.err().expect("no way");
        assert!(error.to_string().contains("over IPv6"), "{error}");
    }
}
