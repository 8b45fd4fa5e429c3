//! Name servers that answer rightly, slowly, wrongly, or not at all, as they are told while they serve. They serve until
//! the suite ends.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::space::Space;

/// How a name server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As it knows.
    Right,
    /// The same, after so long.
    Slow(Duration),
    /// Not at all.
    Silent,
    /// That there is no such name, whatever is asked.
    Knowing(Nothing),
    /// This address for every name.
    Lying(Ipv4Addr),
}

/// What a name server says that knows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// There is no such name.
    NoSuchName,
    /// It could not find out.
    Failure,
}

/// A name server.
#[derive(Clone, Debug)]
pub struct Names {
    manner: Arc<Mutex<Manner>>,
}

/// What name servers know.
pub type Zone = Arc<Mutex<BTreeMap<String, Ipv4Addr>>>;

impl Names {
    /// One at this address of a network.
    ///
    /// # Panics
    /// If the address is not the network's.
    #[must_use]
    pub fn serve(within: &Space, at: IpAddr, zone: &Zone) -> Self {
        let socket = within.on(|| UdpSocket::bind((at, 53))).expect("a name server's socket");
        let this = Self { manner: Arc::new(Mutex::new(Manner::Right)) };
        let (manner, zone) = (Arc::clone(&this.manner), Arc::clone(zone));
        thread::spawn(move || {
            let socket = Arc::new(socket);
            let mut bytes = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                let manner = *manner.lock().unwrap_or_else(PoisonError::into_inner);
                let known = zone.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(reply) = answer(&bytes[..length], manner, &known) else { continue };
                let socket = Arc::clone(&socket);
                thread::spawn(move || {
                    if let Manner::Slow(by) = manner {
                        thread::sleep(by);
                    }
                    // Whoever asked may have gone.
                    let _ = socket.send_to(&reply, from);
                });
            }
        });
        this
    }

    /// Has it answer otherwise from now on.
    pub fn answers(&self, manner: Manner) {
        *self.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }
}

/// The answer to a question (RFC 1035, 4.1); none to what is no question, or if it is silent.
fn answer(question: &[u8], manner: Manner, zone: &BTreeMap<String, Ipv4Addr>) -> Option<Vec<u8>> {
    let mut name = String::new();
    let mut at = 12;
    loop {
        let length = usize::from(*question.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&String::from_utf8_lossy(question.get(at..at + length)?).to_lowercase());
        at += length;
    }
    let kind = u16::from_be_bytes(question.get(at..at + 2)?.try_into().ok()?);
    // The question alone: what may stand behind it is left out.
    let mut reply = question.get(..at + 4)?.to_vec();
    let known = zone.get(&name).copied();
    let (address, code) = match manner {
        Manner::Silent => return None,
        Manner::Right | Manner::Slow(_) => (known, if known.is_some() { 0 } else { 3 }),
        Manner::Knowing(Nothing::NoSuchName) => (None, 3),
        Manner::Knowing(Nothing::Failure) => (None, 2),
        Manner::Lying(address) => (Some(address), 0),
    };
    (reply[2], reply[3]) = (0x81, 0x80 | code);
    reply[4..12].copy_from_slice(&[0, 1, 0, 0, 0, 0, 0, 0]);
    if let Some(address) = address.filter(|_| kind == 1) {
        reply[7] = 1;
        reply.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]);
        reply.extend_from_slice(&address.octets());
    }
    Some(reply)
}
