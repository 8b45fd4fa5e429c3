//! What lies on the machine's disk, comes over its local sockets, or is said by a proxy on the way.

use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use befund_agent::config::ProxyConfig;
use befund_agent::door::protocol::{Answer, Ask};
use befund_agent::link::proxy::Proxy;
use befund_agent::spool::{KeptJob, record};
use befund_collect::child::ChildMessage;
use befund_executor::door::{Reply, Request};
use befund_executor::policy::Policy;
use befund_model::snapshot::{Manifest, Purpose};
use befund_runtime::frame;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};

use crate::pieces::byte;

/// Any bytes as an entry of the spool, as they are and under a hash that fits: what is read is what
/// was written, and with one bit changed nothing is read.
pub(crate) fn spool(data: &[u8]) {
    let _ = record::decode::<KeptJob>(data.to_vec());
    let hashed = [blake3::hash(data).as_bytes(), data].concat();
    let _ = record::decode::<KeptJob>(hashed.clone());
    let _ = record::decode::<(Manifest, Purpose)>(hashed.clone());
    let Some((header, blob)) = record::decode::<Value>(hashed.clone()) else { return };
    // The header's numbers may differ in their last digit: JSON's are read fast, not exactly.
    let written = record::encode(&header, [blob.as_slice()]);
    assert_eq!(record::decode::<Value>(written).map(|(_, blob)| blob), Some(blob));
    let mut damaged = hashed;
    let at = data.len() % damaged.len();
    damaged[at] ^= 1;
    assert_eq!(record::decode::<Value>(damaged), None);
}

/// Any bytes on a local socket, for each that listens on one: frames come or an error does, the
/// same whether the bytes come at once or one by one.
pub(crate) fn frame(data: &[u8]) {
    let (which, bytes) = byte(data);
    match which % 5 {
        0 => frames::<Ask>(bytes),
        1 => frames::<Answer>(bytes),
        2 => frames::<Request>(bytes),
        3 => frames::<Reply>(bytes),
        _ => frames::<ChildMessage>(bytes),
    }
}

fn frames<T: serde::Serialize + serde::de::DeserializeOwned>(bytes: &[u8]) {
    let mut at_once = bytes;
    let mut by_and_by = OneByOne(bytes);
    loop {
        let first = frame::read::<T>(&mut at_once);
        let second = now(frame::receive::<T>(&mut by_and_by));
        assert_eq!(first.is_ok(), second.is_ok());
        let (Ok(first), Ok(second)) = (first, second) else { return };
        assert_eq!(first.is_some(), second.is_some());
        let (Some(first), Some(second)) = (first, second) else { return };
        assert_eq!(first.blob, second.blob);
        let mut written = Vec::new();
        frame::write(&mut written, &first.header, &first.blob).expect("what was just read");
        let again = frame::read::<Value>(&mut written.as_slice()).expect("what was just written");
        assert_eq!(again.map(|frame| frame.blob), Some(first.blob));
    }
}

/// Gives one byte at a time.
struct OneByOne<'a>(&'a [u8]);

impl AsyncRead for OneByOne<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let length = self.0.len().min(1).min(to.remaining());
        let (now, later) = self.0.split_at(length);
        to.put_slice(now);
        self.0 = later;
        Poll::Ready(Ok(()))
    }
}

/// Any bytes as a proxy's answer: it is read to its blank line and not a byte further.
pub(crate) fn proxy(data: &[u8]) {
    let config = ProxyConfig {
        url: "http://proxy.example:3128".to_owned(),
        user: Some("me".to_owned()),
        password: Some("secret".to_owned()),
        except: Vec::new(),
    };
    let proxy = Proxy::choose(Some(&config), |_| None).expect("a proxy").expect("one is set");
    let (mut ours, mut theirs) = tokio::io::duplex(data.len() + 4096);
    now(theirs.write_all(data)).expect("there is room");
    // Its end closes, so that an answer without an end is one.
    now(theirs.shutdown()).expect("it closes");
    let opened = now(proxy.open(&mut ours, "gate.example:7443"));
    if opened.is_ok() {
        assert!(data.starts_with(b"HTTP/1."));
        let end = data.windows(4).position(|four| four == b"\r\n\r\n").expect("a blank line") + 4;
        let mut rest = Vec::new();
        now(ours.read_to_end(&mut rest)).expect("what is left");
        assert_eq!(rest, data[end..], "what follows the answer is the other end's");
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let chosen = Proxy::choose(None, |name| (name == "HTTPS_PROXY").then(|| text.to_owned()));
        if let Ok(Some(proxy)) = chosen {
            let _ = proxy.is_for(text);
        }
        let listed = Proxy::choose(None, |name| match name {
            "HTTPS_PROXY" => Some("http://proxy.example".to_owned()),
            "NO_PROXY" => Some(text.to_owned()),
            _ => None,
        });
        let _ = listed.expect("a proxy").expect("one is set").is_for("gate.example");
    }
}

/// Any bytes as a policy: what is understood names only works that there are.
pub(crate) fn policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(policy) = Policy::parse(Path::new("policy.toml"), text) else { return };
    let known = befund_model::probe::catalogue(befund_model::language::Language::English);
    for work in policy.works.iter().flatten() {
        assert!(known.iter().any(|info| info.work.name() == work), "{work} is none");
    }
    assert!(policy.works().iter().all(|info| policy.allows(info.work.name())));
}

/// Polls a future that never waits: all bytes are in memory.
fn now<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits, though all that will come is there"),
    }
}
