//! What a machine reaches: a page that shows that there is an Internet, and a time server. They are this test's own, on
//! this machine alone, and end with it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use befund_runtime::clock::Clock;

/// From 1900, NTP's beginning, to 1970, in seconds (RFC 5905, figure 4).
const EPOCH: i64 = 2_208_988_800;
/// How often it is looked whether it is over.
const LOOK: Duration = Duration::from_millis(50);
const BODY: &str = "success";

/// Whether pages come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Internet {
    /// They do.
    There,
    /// Whoever asks for one is cut off.
    Gone,
}

/// What is reached.
#[derive(Debug)]
pub(super) struct Surroundings {
    page: SocketAddr,
    time: SocketAddr,
    gone: Arc<AtomicBool>,
    ahead: Arc<AtomicI64>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Surroundings {
    pub(super) fn serve() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let page = TcpListener::bind("127.0.0.1:0").expect("a port");
        let time = UdpSocket::bind("127.0.0.1:0").expect("a port");
        page.set_nonblocking(true).expect("set");
        time.set_read_timeout(Some(LOOK)).expect("set");
        let addresses = (page.local_addr(), time.local_addr());
        let (gone, ahead) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
        let (until, cut) = (Arc::clone(&over), Arc::clone(&gone));
        let pages = thread::spawn(move || serve_page(&page, &until, &cut));
        let (until, by) = (Arc::clone(&over), Arc::clone(&ahead));
        let times = thread::spawn(move || tell_time(&time, &until, &by));
        Self {
            page: addresses.0.expect("an address"),
            time: addresses.1.expect("an address"),
            gone,
            ahead,
            over,
            threads: vec![pages, times],
        }
    }

    pub(super) fn internet(&self, internet: Internet) {
        self.gone.store(internet == Internet::Gone, Ordering::Relaxed);
    }

    pub(super) fn ahead(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::Relaxed);
    }

    /// The policy of a machine that has nothing else to reach.
    pub(super) fn policy(&self) -> String {
        format!(
            "[targets]\ndns = []\nntp = [\"{}\"]\n\
             [targets.http.portal]\nurl = \"http://{}/\"\nstatus = 200\nbody = \"{BODY}\"\n\
             [runbooks]\nunattended = \"change\"\n",
            self.time, self.page
        )
    }
}

impl Drop for Surroundings {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn serve_page(listener: &TcpListener, over: &AtomicBool, gone: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let Ok((mut stream, _)) = listener.accept() else {
            thread::sleep(LOOK);
            continue;
        };
        if gone.load(Ordering::Relaxed) {
            continue;
        }
        let _ = stream.set_nonblocking(false);
        let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
        let mut asked = [0; 4096];
        let _ = stream.read(&mut asked);
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{BODY}", BODY.len());
        let _ = stream.write_all(answer.as_bytes());
    }
}

/// RFC 4330: the question's nonce comes back, with the time twice.
fn tell_time(socket: &UdpSocket, over: &AtomicBool, ahead: &AtomicI64) {
    let mut packet = [0; 48];
    while !over.load(Ordering::Relaxed) {
        let Ok((48, from)) = socket.recv_from(&mut packet) else { continue };
        let now = Clock::system().now();
        let seconds = now.as_second() + ahead.load(Ordering::Relaxed) + EPOCH;
        let fraction = (i64::from(now.subsec_nanosecond()) << 32) / 1_000_000_000;
        let mut answer = [0; 48];
        (answer[0], answer[1]) = (0x24, 2);
        answer[24..32].copy_from_slice(&packet[40..48]);
        for at in [32, 40] {
            let whole = u32::try_from(seconds).unwrap_or(0);
            answer[at..at + 4].copy_from_slice(&whole.to_be_bytes());
            let part = u32::try_from(fraction).unwrap_or(0);
            answer[at + 4..at + 8].copy_from_slice(&part.to_be_bytes());
        }
        let _ = socket.send_to(&answer, from);
    }
}
