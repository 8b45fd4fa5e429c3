//! Time servers (SNTP) that are right, or off by as much as they are told. They serve until the suite ends.

use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use befund_runtime::clock::Clock;

use super::space::Space;

/// From 1900 to 1970, in seconds (RFC 5905, figure 4).
const EPOCH: i64 = 2_208_988_800;

/// A time server.
#[derive(Clone, Debug)]
pub struct TimeServer {
    ahead_s: Arc<AtomicI64>,
}

impl TimeServer {
    /// One at this address of a network.
    ///
    /// # Panics
    /// If the address is not the network's.
    #[must_use]
    pub fn serve(within: &Space, at: IpAddr) -> Self {
        let socket = within.on(|| UdpSocket::bind((at, 123))).expect("a time server's socket");
        let this = Self { ahead_s: Arc::default() };
        let ahead = Arc::clone(&this.ahead_s);
        thread::spawn(move || {
            let mut bytes = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                if length >= 48 {
                    let reply = answer(&bytes[..48], ahead.load(Ordering::Relaxed));
                    // Whoever asked may have gone.
                    let _ = socket.send_to(&reply, from);
                }
            }
        });
        this
    }

    /// How far it is ahead from now on, in seconds.
    pub fn is_ahead(&self, seconds: i64) {
        self.ahead_s.store(seconds, Ordering::Relaxed);
    }
}

/// RFC 4330, 4: a server of stratum 2.
fn answer(question: &[u8], ahead_s: i64) -> [u8; 48] {
    let now = Clock::system().now().as_microsecond() + ahead_s * 1_000_000;
    let seconds = u32::try_from(now.div_euclid(1_000_000) + EPOCH).unwrap_or_default();
    let fraction = (now.rem_euclid(1_000_000) << 32) / 1_000_000;
    let fraction = u32::try_from(fraction).unwrap_or_default();
    let mut stamp = [0; 8];
    stamp[..4].copy_from_slice(&seconds.to_be_bytes());
    stamp[4..].copy_from_slice(&fraction.to_be_bytes());
    let mut reply = [0; 48];
    (reply[0], reply[1]) = (0x24, 2);
    reply[12..16].copy_from_slice(b"LOCL");
    reply[24..32].copy_from_slice(&question[40..48]);
    reply[32..40].copy_from_slice(&stamp);
    reply[40..48].copy_from_slice(&stamp);
    reply
}
