//! A machine with a good certificate that sends more than is allowed, beneath what gRPC shows: frames,
//! headers and messages of sizes that nobody sends by accident. It is shut off before memory is
//! spent, and the others do not notice.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::sync::Arc;

use befund_agent::disk::RealDisk;
use befund_agent::identity::IdentityFolder;
use befund_runtime::clock::Clock;
use befund_runtime::tls;
use befund_tests::agent::ticket_in;
use befund_tests::process::PATIENCE;
use befund_tests::{TestAgent, TestController};
use bytes::Bytes;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How a client begins (RFC 9113, 3.4), with empty settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// The most that a peer may go on sending before it is shut off, bytes: what fits into the buffers in
/// between, several times.
const ENOUGH: usize = 64 << 20;
/// How much more memory the controller may hold afterwards, bytes (SECURITY.md).
const GROWTH: u64 = 32 << 20;
/// gRPC's code for a message over the cap.
const OUT_OF_RANGE: i32 = 11;
/// What a session answers to one, as gRPC frames it: `goodbye { reason: PROTOCOL }`.
const GOODBYE: &[u8] = &[0, 0, 0, 0, 4, 0x42, 2, 8, 5];
/// How often each is tried.
const ROUNDS: usize = 20;

type Stream = TlsStream<TcpStream>;

/// A connection with an enrolled machine's certificate.
async fn connected(controller: &TestController, machine: &TestAgent) -> Stream {
    let identity = IdentityFolder::new(RealDisk, &machine.state()).load().unwrap();
    let own = identity.current.to_tls();
    let mut config = tls::client(identity.pin().unwrap(), &Clock::system(), Some(own)).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let tcp = TcpStream::connect(controller.gate()).await.unwrap();
    let name = ServerName::from(tcp.peer_addr().unwrap().ip());
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap()
}

/// Sends the beginning, then the rest again and again until the other end has had enough.
async fn flood(stream: Stream, first: &[u8], again: &[u8]) {
    let (mut from, mut to) = tokio::io::split(stream);
    let listening = tokio::spawn(async move {
        // What it says is not read as frames here; that it hangs up is what counts.
        let mut said = Vec::new();
        let _ = from.read_to_end(&mut said).await;
    });
    to.write_all(PREFACE).await.unwrap();
    let mut sent = 0;
    let sending = async {
        let mut next = first;
        // An error is the other end's having hung up.
        while sent < ENOUGH && to.write_all(next).await.is_ok() && to.flush().await.is_ok() {
            sent += next.len();
            next = again;
        }
    };
    timeout(PATIENCE, sending).await.expect("it goes on reading and never hangs up");
    assert!(sent < ENOUGH, "{sent} bytes were taken");
    drop(to);
    timeout(PATIENCE, listening).await.expect("it hung up").unwrap();
}

/// The head of a frame (RFC 9113, 4.1) of stream 1.
fn head(length: u32, kind: u8, flags: u8) -> [u8; 9] {
    let [_, a, b, c] = length.to_be_bytes();
    [a, b, c, kind, flags, 0, 0, 0, 1]
}

fn resident(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// What a call was answered.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    /// Of HTTP; 0 if there was no answer.
    status: u16,
    /// Of gRPC.
    code: Option<i32>,
    body: Vec<u8>,
}

fn grpc_status(headers: &http::HeaderMap) -> Option<i32> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

/// Opens a call and sends a message that announces this length.
async fn call(stream: Stream, method: &str, announced: u32, headers: &[(&str, String)]) -> Answer {
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(async move {
        let _ = connection.await;
    });
    client = client.ready().await.unwrap();
    let mut request = http::Request::post(format!("https://gate/befund.v1.Link/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let (answer, mut body) = client.send_request(request.body(()).unwrap(), false).unwrap();
    let mut message = vec![0];
    message.extend_from_slice(&announced.to_be_bytes());
    message.resize(4 << 10, 0x0a);
    // The other end may have hung up already.
    let _ = body.send_data(Bytes::from(message), false);
    let read = async {
        let answer = match answer.await {
            Ok(answer) => answer,
            Err(_) => return Answer::default(),
        };
        let mut told = Answer { status: answer.status().as_u16(), ..Answer::default() };
        told.code = grpc_status(answer.headers());
        let mut stream = answer.into_body();
        while let Some(Ok(data)) = stream.data().await {
            let _ = stream.flow_control().release_capacity(data.len());
            told.body.extend_from_slice(&data);
        }
        let trailers = stream.trailers().await.ok().flatten();
        told.code = told.code.or(trailers.as_ref().and_then(grpc_status));
        told
    };
    let answered = timeout(PATIENCE, read).await.expect("an answer in time");
    connection.abort();
    answered
}

#[tokio::test]
async fn what_is_too_large_is_shut_off_before_it_costs_anything() {
    let mut controller = TestController::start();
    let mut neighbour = TestAgent::connected_to(&controller);
    let hostile = TestAgent::new();
    hostile.enroll(&controller.token(&[]));
    let pid = controller.process().pid();
    // What comes once and stays (threads, caches) is not counted.
    let _ = call(connected(&controller, &hostile).await, "Renew", u32::MAX, &[]).await;
    let before = resident(pid);

    for _ in 0..ROUNDS {
        let stream = || connected(&controller, &hostile);
        // A frame of 16 MiB, of a kind that is known and of one that is not.
        for kind in [0x0, 0x1, 0x4, 0xbe] {
            flood(stream().await, &head(0xff_ffff, kind, 0), &[0; 16 << 10]).await;
        }
        // A head that never ends: HEADERS, and then CONTINUATION after CONTINUATION.
        let mut endless = head(16 << 10, 0x9, 0).to_vec();
        endless.resize(9 + (16 << 10), 0);
        flood(stream().await, &head(0, 0x1, 0), &endless).await;
        // A head of fields that are well formed and too many.
        let long = [("x-long", "x".repeat(12 << 10))];
        let answer = call(stream().await, "Renew", 16, &long).await;
        assert!([0, 431].contains(&answer.status), "{answer:?}");
        // A message of 4 GiB, and one just over the cap.
        for announced in [u32::MAX, (16 << 10) + 1] {
            let answer = call(stream().await, "Renew", announced, &[]).await;
            assert_eq!((answer.status, answer.code), (200, Some(OUT_OF_RANGE)), "{announced}");
            let answer = call(stream().await, "Session", announced, &[]).await;
            assert_eq!(answer.code, Some(0), "{announced}");
            assert_eq!(answer.body, GOODBYE, "{announced}");
        }
    }

    let after = resident(pid);
    assert!(after < before + GROWTH, "the controller grew from {before} to {after} bytes");
    assert!(neighbour.process().is_running());
    let log = neighbour.process().log();
    assert_eq!(log.matches("not connected").count(), 0, "another machine was cut off: {log}");
    let _ = ticket_in(&neighbour.send("all is well here"));
}
