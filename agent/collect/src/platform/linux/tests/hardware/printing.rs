//! Asking CUPS: requests and answers, and its own file.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;

use crate::platform::linux::hardware::printers::configuration;
use crate::platform::unix::printing::cups::{body, exchange, job, queue};
use crate::platform::unix::printing::ipp::{self, Request};

/// An attribute as a server writes it.
fn attribute(tag: u8, name: &str, value: &[u8]) -> Vec<u8> {
    let counted =
        |bytes: &[u8]| [&u16::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat();
    [vec![tag], counted(name.as_bytes()), counted(value)].concat()
}

fn answer(groups: &[(u8, Vec<Vec<u8>>)]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 0, 0, 1];
    for (tag, attributes) in groups {
        bytes.push(*tag);
        bytes.extend(attributes.concat());
    }
    bytes.push(3);
    bytes
}

/// What cupsd 2.4.2 answered for a queue that somebody had stopped and one that printed into the void,
/// attribute by attribute and in its order.
fn recorded() -> Vec<u8> {
    let head = vec![
        attribute(0x47, "attributes-charset", b"utf-8"),
        attribute(0x48, "attributes-natural-language", b"en"),
    ];
    let printer =
        |name: &str, state: i32, reason: &str, message: &str, kind: i32, jobs: i32, uri: &str| {
            vec![
                attribute(0x22, "printer-is-accepting-jobs", &[1]),
                attribute(0x22, "printer-is-shared", &[1]),
                attribute(0x23, "printer-state", &state.to_be_bytes()),
                attribute(0x41, "printer-state-message", message.as_bytes()),
                attribute(0x44, "printer-state-reasons", reason.as_bytes()),
                attribute(0x23, "printer-type", &kind.to_be_bytes()),
                attribute(0x21, "queued-job-count", &jobs.to_be_bytes()),
                attribute(0x42, "printer-name", name.as_bytes()),
                attribute(0x41, "printer-location", b""),
                attribute(0x45, "device-uri", uri.as_bytes()),
                attribute(0x41, "printer-make-and-model", b"Local Raw Printer"),
            ]
        };
    let mut stopped =
        printer("Secret", 5, "paused", "out of order", 4, 1, "ipp://192.0.2.45/ipp/print");
    // A further value of the attribute in front of it.
    stopped.insert(5, attribute(0x44, "", b"toner-low"));
    answer(&[
        (1, head),
        (
            4,
            printer(
                "Office",
                4,
                "none",
                "Connecting to printer.",
                0x2_0004,
                2,
                "socket://192.0.2.44:9100",
            ),
        ),
        (4, stopped),
    ])
}

#[test]
fn queues_are_read_from_an_answer() {
    let told = ipp::parse(&recorded()).expect("whole");
    assert_eq!(told.status, 0);
    let printers = told.groups.iter().filter(|group| group.tag == ipp::PRINTER);
    let queues: Vec<_> = printers.filter_map(queue).collect();
    let (office, secret) = (&queues[0], &queues[1]);
    assert_eq!((office.state, office.default, office.jobs), (Some("printing"), true, Some(2)));
    assert_eq!(office.message.as_deref(), Some("Connecting to printer."));
    assert!(office.reasons.is_empty() && office.location.is_none() && office.shared);
    assert_eq!((secret.state, secret.accepting), (Some("stopped"), Some(true)));
    assert_eq!(secret.reasons, ["paused", "toner-low"]);
}

#[test]
fn jobs_are_read_with_their_queue_and_whether_they_are_held() {
    let one = |state: i32, queue: &str, at: i32| {
        let uri = format!("ipp://localhost/printers/{queue}");
        vec![
            attribute(0x45, "job-printer-uri", uri.as_bytes()),
            attribute(0x23, "job-state", &state.to_be_bytes()),
            attribute(0x21, "time-at-creation", &at.to_be_bytes()),
        ]
    };
    let bytes = answer(&[(2, one(4, "Office", 1_795_715_437)), (2, one(3, "Secret", 0))]);
    let told = ipp::parse(&bytes).expect("whole");
    let jobs: Vec<_> = told.groups.iter().filter_map(job).collect();
    assert_eq!((jobs[0].queue.as_str(), jobs[0].held), ("Office", true));
    assert_eq!(
        jobs[0].created_at.map(|at| at.to_string()).as_deref(),
        Some("2026-11-26T17:50:37Z")
    );
    assert_eq!((jobs[1].held, jobs[1].created_at), (false, None));
}

#[test]
fn answers_come_whole_or_in_pieces() {
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/ipp\r\n";
    let whole = format!("{head}Content-Length: 5\r\n\r\nhello");
    assert_eq!(body(whole.as_bytes()).as_deref(), Some(b"hello".as_slice()));
    let pieces =
        format!("{head}Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n");
    assert_eq!(body(pieces.as_bytes()).as_deref(), Some(b"hello".as_slice()));
    assert_eq!(body(&pieces.as_bytes()[..pieces.len() - 12]), None, "cut");
    assert_eq!(body(b"HTTP/1.1 401 Unauthorized\r\n\r\n"), None);
}

proptest! {
    #[test]
    fn no_cut_makes_an_answer_half_true(at in 0_usize..900) {
        let whole = recorded();
        let cut = &whole[..at.min(whole.len() - 1)];
        prop_assert_eq!(ipp::parse(cut), None);
    }

    #[test]
    fn requests_are_read_as_they_were_meant(operation in 1_u16..0x5000, words in prop::collection::vec("[a-z-]{1,20}", 1..5)) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let bytes = Request::new(operation).uri("printer-uri", "ipp://localhost/").keywords("requested-attributes", &words).finish();
        prop_assert_eq!(&bytes[2..4], operation.to_be_bytes());
        let read = ipp::parse(&bytes).expect("whole");
        prop_assert_eq!(read.groups[0].text("printer-uri"), Some("ipp://localhost/"));
        let told: Vec<_> = words.iter().map(|word| ipp::Value::Text((*word).to_owned())).collect();
        prop_assert_eq!(read.groups[0].values("requested-attributes"), told);
    }
}

/// Written by cupsd 2.4.2.
#[test]
fn the_configuration_tells_queues_without_the_service() {
    let queues = configuration::parse(
        "# Printer configuration file for CUPS v2.4.2\nNextPrinterId 4\n<Printer Halted>\nPrinterId 3\nDeviceURI file:///dev/null\nState Stopped\nStateMessage Rejecting Jobs\nAccepting No\nShared Yes\n</Printer>\n<DefaultPrinter Office>\nInfo Office printer\nLocation 2nd floor, room 204\nDeviceURI socket://192.0.2.44:9100\nState Idle\nAccepting Yes\nShared Yes\n</DefaultPrinter>\n",
    );
    assert_eq!(queues.len(), 2);
    assert_eq!((queues[0].state, queues[0].accepting), (Some("stopped"), Some(false)));
    assert_eq!(queues[0].message.as_deref(), Some("Rejecting Jobs"));
    assert!(queues[1].default && queues[1].location.as_deref() == Some("2nd floor, room 204"));
}

/// What cupsd 2.4.2 sent over its socket, byte by byte: three queues.
#[test]
fn what_cupsd_really_sent_is_read() {
    let bytes: Vec<u8> = include_str!("cups-2.4.2.hex")
        .split_whitespace()
        .map(|byte| u8::from_str_radix(byte, 16).expect("hexadecimal"))
        .collect();
    let told = ipp::parse(&body(&bytes).expect("a body")).expect("whole");
    let printers = told.groups.iter().filter(|group| group.tag == ipp::PRINTER);
    let queues: Vec<_> = printers.filter_map(queue).collect();
    let names: Vec<_> = queues.iter().map(|queue| (queue.name.as_str(), queue.state)).collect();
    assert_eq!(
        names,
        [("Halted", Some("stopped")), ("Office", Some("printing")), ("Secret", Some("stopped"))]
    );
    assert_eq!(queues[1].location.as_deref(), Some("2nd floor, room 204"));
    assert!(queues[1].default && !queues[0].default);
    assert_eq!(
        (queues[1].jobs, queues[2].reasons.as_slice()),
        (Some(2), ["paused".to_owned()].as_slice())
    );
}

#[test]
fn a_server_that_drips_is_waited_for_and_one_that_hangs_is_not() {
    let patience = Duration::from_millis(200);
    let (mut ours, mut theirs) = UnixStream::pair().expect("a pair");
    let server = thread::spawn(move || {
        let mut request = [0; 1024];
        let _ = theirs.read(&mut request).expect("asked");
        for piece in ["HTTP/1.1 200 OK\r\nContent-Le", "ngth: 2\r\n\r\no", "k"] {
            theirs.write_all(piece.as_bytes()).expect("sent");
            thread::sleep(Duration::from_millis(10));
        }
        // It keeps the connection, and what came is whole all the same.
        theirs
    });
    let answer = exchange(&mut ours, b"x", patience).expect("an answer");
    assert_eq!(body(&answer).as_deref(), Some(b"ok".as_slice()));
    let _theirs = server.join().expect("joined");

    let hung = exchange(&mut ours, b"x", patience).expect_err("nothing comes");
    assert!(matches!(hung.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut));
}
