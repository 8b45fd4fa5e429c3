//! A controller that says what it was told to say, over plain HTTP on loopback, and keeps what it was sent.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use serde_json::Value;

#[derive(Debug, Default)]
struct Said {
    answers: HashMap<String, Vec<u8>>,
    posted: Vec<(String, Value)>,
    stops: bool,
}

/// A controller. It ends with this.
#[derive(Debug)]
pub(crate) struct FakeController {
    address: SocketAddr,
    said: Arc<Mutex<Said>>,
    thread: Option<JoinHandle<()>>,
}

fn lock(said: &Mutex<Said>) -> MutexGuard<'_, Said> {
    said.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FakeController {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let said = Arc::new(Mutex::new(Said::default()));
        let shared = Arc::clone(&said);
        let thread = std::thread::spawn(move || {
            for connection in listener.incoming() {
                if lock(&shared).stops {
                    return;
                }
                // A client that goes away in between is its own business.
                let _ = connection.and_then(|connection| answer(connection, &shared));
            }
        });
        Self { address, said, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(crate) fn answers(&self, path: &str, body: &Value) {
        self.answers_bytes(path, body.to_string().as_bytes());
    }

    pub(crate) fn answers_bytes(&self, path: &str, body: &[u8]) {
        lock(&self.said).answers.insert(path.to_owned(), body.to_vec());
    }

    /// What it was sent by POST: path and body.
    pub(crate) fn posted(&self) -> Vec<(String, Value)> {
        lock(&self.said).posted.clone()
    }
}

impl Drop for FakeController {
    fn drop(&mut self) {
        lock(&self.said).stops = true;
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(connection: TcpStream, said: &Mutex<Said>) -> io::Result<()> {
    let mut reader = BufReader::new(connection);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut said = lock(said);
    if method == "POST" {
        said.posted.push((path.to_owned(), serde_json::from_slice(&body).unwrap_or_default()));
    }
    let missing = br#"{"code":"not_found","message":"there is no such thing"}"#.to_vec();
    let (status, body) = match said.answers.get(path) {
        Some(body) => ("200 OK", body.clone()),
        None => ("404 Not Found", missing),
    };
    drop(said);
    let mut connection = reader.into_inner();
    write!(
        connection,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    connection.write_all(&body)
}
