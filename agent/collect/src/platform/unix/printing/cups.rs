//! Asking cupsd over its local socket: IPP in HTTP, one request to a connection.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use befund_model::Timestamp;

use crate::collector::{Context, Gap};

use super::ipp::{self, Answer, Group, Request, Value};
use super::{Job, Queue};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_millis(1500);
/// The most bytes of an answer.
const MAX_BYTES: usize = 4 << 20;
const SOCKETS: &[&str] =
    &["/run/cups/cups.sock", "/var/snap/cups/common/run/cups.sock", "/private/var/run/cupsd"];

const GET_JOBS: u16 = 0x000a;
const GET_PRINTERS: u16 = 0x4002;
/// What CUPS says when there is no queue (and IPP of anything else that is not there).
const NOT_FOUND: u16 = 0x0406;
/// `CUPS_PRINTER_DEFAULT` of `printer-type` (cups.h).
const TYPE_DEFAULT: i32 = 0x2_0000;

/// The queues.
pub(crate) fn queues(cx: &Context) -> Result<Vec<Queue>, Gap> {
    let request = Request::new(GET_PRINTERS).keywords(
        "requested-attributes",
        &[
            "printer-name",
            "printer-make-and-model",
            "device-uri",
            "printer-location",
            "printer-is-shared",
            "printer-type",
            "printer-state",
            "printer-state-message",
            "printer-state-reasons",
            "printer-is-accepting-jobs",
            "queued-job-count",
        ],
    );
    let answer = ask(cx, request)?;
    let printers = answer.groups.iter().filter(|group| group.tag == ipp::PRINTER);
    Ok(printers.filter_map(queue).collect())
}

/// The jobs that have not ended.
pub(crate) fn jobs(cx: &Context) -> Result<Vec<Job>, Gap> {
    let request = Request::new(GET_JOBS)
        .uri("printer-uri", "ipp://localhost/")
        .keywords("which-jobs", &["not-completed"])
        .keywords("requested-attributes", &["job-printer-uri", "job-state", "time-at-creation"]);
    let answer = ask(cx, request)?;
    let jobs = answer.groups.iter().filter(|group| group.tag == ipp::JOB);
    Ok(jobs.filter_map(job).collect())
}

pub(crate) fn queue(group: &Group) -> Option<Queue> {
    let owned = |name| group.text(name).map(str::to_owned);
    let mut reasons: Vec<String> = (group.values("printer-state-reasons").iter())
        .filter_map(|value| match value {
            Value::Text(reason) if reason != "none" && !reason.is_empty() => Some(reason.clone()),
            _ => None,
        })
        .collect();
    reasons.sort_unstable();
    reasons.dedup();
    let kind = group.number("printer-type").unwrap_or_default();
    Some(Queue {
        name: owned("printer-name")?,
        model: owned("printer-make-and-model"),
        uri: owned("device-uri"),
        location: owned("printer-location"),
        default: kind & TYPE_DEFAULT != 0,
        shared: group.flag("printer-is-shared").unwrap_or_default(),
        state: match group.number("printer-state") {
            Some(3) => Some("idle"),
            Some(4) => Some("printing"),
            Some(5) => Some("stopped"),
            _ => None,
        },
        reasons,
        message: owned("printer-state-message"),
        accepting: group.flag("printer-is-accepting-jobs"),
        jobs: group.number("queued-job-count").and_then(|count| u32::try_from(count).ok()),
    })
}

pub(crate) fn job(group: &Group) -> Option<Job> {
    // `ipp://localhost/printers/Office`, or `…/classes/…`.
    let (_, queue) = group.text("job-printer-uri")?.rsplit_once('/')?;
    // CUPS counts from 1970, where IPP's would be from the server's start.
    let created_at = group.number("time-at-creation").filter(|seconds| *seconds > 0);
    let created_at = created_at.and_then(|at| Timestamp::from_second(i64::from(at)).ok());
    let held = group.number("job-state") == Some(4);
    Some(Job { queue: queue.to_owned(), held, created_at })
}

fn ask(cx: &Context, request: Request) -> Result<Answer, Gap> {
    let path = SOCKETS.iter().find(|path| cx.root.exists(path));
    let path = path.ok_or_else(|| Gap::failed("CUPS runs, but has no local socket"))?;
    cx.root.trail().at(path);
    let told = |error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied => {
            Gap::denied(format!("{path} may not be opened by this account"))
        }
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            Gap::failed("CUPS did not answer in time")
        }
        _ => Gap::failed(format!("CUPS could not be asked: {error}")),
    };
    let mut stream = UnixStream::connect(path).map_err(told)?;
    let bytes = exchange(&mut stream, &request.finish(), PATIENCE).map_err(told)?;
    let answer = body(&bytes).and_then(|body| ipp::parse(&body));
    let answer = answer.ok_or_else(|| Gap::failed("what CUPS answered could not be understood"))?;
    match answer.status {
        0..0x100 => Ok(answer),
        NOT_FOUND => Ok(Answer::default()),
        status => Err(Gap::failed(format!("CUPS refused to answer (IPP status {status:#06x})"))),
    }
}

/// Sends the request and reads until the server has said everything and hangs up.
pub(crate) fn exchange(
    stream: &mut UnixStream,
    request: &[u8],
    patience: Duration,
) -> io::Result<Vec<u8>> {
    let until = Instant::now() + patience;
    stream.set_write_timeout(Some(patience))?;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ipp\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        request.len()
    );
    stream.write_all(&[head.as_bytes(), request].concat())?;
    let mut answer = Vec::new();
    let mut chunk = vec![0; 16 << 10];
    loop {
        // A timeout of zero would be none.
        let left = until.saturating_duration_since(Instant::now());
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        let read = stream.read(&mut chunk)?;
        if read == 0 || answer.len() > MAX_BYTES {
            return Ok(answer);
        }
        answer.extend_from_slice(&chunk[..read]);
        if is_whole(&answer) {
            return Ok(answer);
        }
    }
}

/// Whether all of an answer is there whose length is told.
fn is_whole(answer: &[u8]) -> bool {
    let Some((head, body)) = parts(answer) else { return false };
    header(head, "content-length")
        .and_then(|length| length.parse::<usize>().ok())
        .is_some_and(|length| body.len() >= length)
}

/// The body of an answer that went well, in one piece; `None` if it is cut or none.
pub(crate) fn body(answer: &[u8]) -> Option<Vec<u8>> {
    let (head, body) = parts(answer)?;
    if !head.starts_with("HTTP/1.") || head.split(' ').nth(1) != Some("200") {
        return None;
    }
    if !header(head, "transfer-encoding").is_some_and(|by| by.eq_ignore_ascii_case("chunked")) {
        return Some(body.to_vec());
    }
    // Each piece has its length in front, in hexadecimal; an empty one is the last.
    let mut whole = Vec::new();
    let mut rest = body;
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let length = std::str::from_utf8(&rest[..end]).ok()?.split(';').next()?.trim();
        let length = usize::from_str_radix(length, 16).ok()?;
        let (piece, after) = rest.get(end + 2..)?.split_at_checked(length)?;
        if piece.is_empty() {
            return Some(whole);
        }
        whole.extend_from_slice(piece);
        rest = after.strip_prefix(b"\r\n")?;
    }
}

fn parts(answer: &[u8]) -> Option<(&str, &[u8])> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((std::str::from_utf8(&answer[..end]).ok()?, &answer[end + 4..]))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
