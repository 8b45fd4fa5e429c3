//! Servers over TCP: of web pages, open or behind a sign-in, and such that only take connections. They serve until the
//! suite ends.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::space::Space;

/// What the page of the policy says where nobody stands in between.
pub const OPEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsuccess\n";
/// What a sign-in page's network says instead.
pub const PORTAL: &str =
    "HTTP/1.1 302 Found\r\nLocation: http://login.hotel.example/\r\nContent-Length: 0\r\n\r\n";

/// A server of one answer.
#[derive(Clone, Debug)]
pub struct Pages {
    said: Arc<Mutex<Said>>,
}

#[derive(Clone, Debug)]
struct Said {
    text: String,
    after: Duration,
}

impl Pages {
    /// One at this address of a network, that answers every connection so.
    ///
    /// # Panics
    /// If the address is not the network's.
    #[must_use]
    pub fn serve(within: &Space, at: IpAddr, port: u16, text: &str) -> Self {
        let listener = within.on(|| TcpListener::bind((at, port))).expect("a server's socket");
        let said = Said { text: text.to_owned(), after: Duration::ZERO };
        let this = Self { said: Arc::new(Mutex::new(said)) };
        let said = Arc::clone(&this.said);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let said = said.lock().unwrap_or_else(PoisonError::into_inner).clone();
                thread::spawn(move || serve(stream, &said));
            }
        });
        this
    }

    /// Has it say something else from now on.
    pub fn says(&self, text: &str) {
        text.clone_into(&mut self.said.lock().unwrap_or_else(PoisonError::into_inner).text);
    }

    /// Has it take so long from now on.
    pub fn takes(&self, after: Duration) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).after = after;
    }
}

fn serve(mut stream: TcpStream, said: &Said) {
    // One that only knocks says nothing.
    if stream.read(&mut [0; 1024]).is_ok_and(|length| length > 0) {
        thread::sleep(said.after);
        let _ = stream.write_all(said.text.as_bytes());
    }
}
