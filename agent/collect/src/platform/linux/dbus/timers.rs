//! What systemd is asked of its timers: when each ran last, when it runs next, and how what it starts
//! failed, if it did.

use std::io;
use std::os::unix::net::UnixStream;

use super::{Call, MANAGER, MANAGER_PATH, PATIENCE, Reader, SERVICE, SYSTEMD, call, get, sign_in};

const TIMER: &str = "org.freedesktop.systemd1.Timer";
/// How many timers are asked.
const MAX_TIMERS: usize = 64;

/// A timer as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::platform::linux) struct Timer {
    /// Its unit, with the suffix.
    pub(in crate::platform::linux) name: String,
    /// When it last ran, in microseconds since 1970.
    pub(in crate::platform::linux) last: Option<u64>,
    /// When it runs next, in microseconds since 1970.
    pub(in crate::platform::linux) next: Option<u64>,
    /// When it runs next, in microseconds of the clock that stands still while the system sleeps.
    pub(in crate::platform::linux) next_monotonic: Option<u64>,
    /// How what it starts failed, in systemd's words.
    pub(in crate::platform::linux) failed: Option<String>,
}

/// Asks systemd, on its private socket (root only) or over the system bus.
pub(in crate::platform::linux) fn list_timers() -> io::Result<Vec<Timer>> {
    match UnixStream::connect("/run/systemd/private") {
        Ok(stream) => ask(stream, false),
        Err(_) => ask(UnixStream::connect("/run/dbus/system_bus_socket")?, true),
    }
}

pub(super) fn ask(mut stream: UnixStream, bus: bool) -> io::Result<Vec<Timer>> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    sign_in(&mut stream)?;
    if bus {
        let to = "org.freedesktop.DBus";
        let hello = Call { path: "/org/freedesktop/DBus", interface: to, member: "Hello", to };
        call(&mut stream, &hello, &[])?;
    }
    let listed = Call { path: MANAGER_PATH, interface: MANAGER, member: "ListUnits", to: SYSTEMD };
    let listed = call(&mut stream, &listed, &[])?;
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "the answer could not be understood");
    let units = units(&listed).ok_or_else(wrong)?;
    let mut timers = Vec::new();
    for unit in units.iter().filter(|unit| unit.name.ends_with(".timer")).take(MAX_TIMERS) {
        let mut time = |name: &str| {
            let body = get(&mut stream, &unit.path, TIMER, name).ok()?;
            // Never, and not at all.
            Reader::new(&body).variant_long().filter(|at| *at != 0 && *at != u64::MAX)
        };
        let mut timer = Timer {
            name: unit.name.clone(),
            last: time("LastTriggerUSec"),
            next: time("NextElapseUSecRealtime"),
            next_monotonic: time("NextElapseUSecMonotonic"),
            failed: None,
        };
        let starts = get(&mut stream, &unit.path, TIMER, "Unit").ok();
        let starts = starts.and_then(|body| Reader::new(&body).variant_string());
        let failed =
            |other: &&Unit| Some(&other.name) == starts.as_ref() && other.active == "failed";
        if let Some(service) = units.iter().find(failed) {
            let result = get(&mut stream, &service.path, SERVICE, "Result").ok();
            timer.failed = result.and_then(|body| Reader::new(&body).variant_string());
        }
        timers.push(timer);
    }
    timers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(timers)
}

struct Unit {
    name: String,
    active: String,
    path: String,
}

/// Reads `a(ssssssouso)`: name, description, loaded, active, detail, following, path, job.
fn units(body: &[u8]) -> Option<Vec<Unit>> {
    let mut reader = Reader::new(body);
    let length = reader.number()?;
    reader.align(8);
    let end = reader.at.checked_add(length).filter(|end| *end <= body.len())?;
    let mut units = Vec::new();
    while reader.at < end {
        reader.align(8);
        let (name, _, _) = (reader.string()?, reader.string()?, reader.string()?);
        let (active, _, _, path) =
            (reader.string()?, reader.string()?, reader.string()?, reader.string()?);
        reader.number()?;
        reader.string()?;
        reader.string()?;
        units.push(Unit { name, active, path });
    }
    Some(units)
}

impl Reader<'_> {
    /// A variant that holds a long number: the signature `t`, then the number.
    fn variant_long(&self) -> Option<u64> {
        if self.bytes.get(..3)? != [1, b't', 0] {
            return None;
        }
        self.bytes.get(8..16)?.try_into().ok().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::super::Writer;
    use super::*;

    fn reply(body: &[u8]) -> Vec<u8> {
        let mut message = Writer(vec![b'l', 2, 1, 1]);
        message.number(body.len());
        message.number(1);
        message.number(8);
        message.0.extend_from_slice(&[5, 1, b'u', 0, 1, 0, 0, 0]);
        message.0.extend_from_slice(body);
        message.0
    }

    fn unit(to: &mut Writer, name: &str, active: &str) {
        to.align(8);
        for text in [name, "what it is", "loaded", active, "", "", "/path"] {
            to.string(text);
        }
        to.number(0);
        to.string("");
        to.string("/");
    }

    fn long(number: u64) -> Vec<u8> {
        [&[1, b't', 0, 0, 0, 0, 0, 0], number.to_le_bytes().as_slice()].concat()
    }

    fn text(text: &str) -> Vec<u8> {
        let mut body = Writer(vec![1, b's', 0]);
        body.string(text);
        body.0
    }

    #[test]
    fn systemd_is_asked_when_timers_ran_and_run() {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets");
        let manager = std::thread::spawn(move || {
            let mut seen = Vec::new();
            let mut until = |theirs: &mut UnixStream, end: &[u8]| {
                while !seen.windows(end.len()).any(|window| window == end) {
                    let mut byte = [0];
                    theirs.read_exact(&mut byte).expect("the call");
                    seen.push(byte[0]);
                }
            };
            let mut units = Writer(Vec::new());
            unit(&mut units, "logrotate.timer", "active");
            unit(&mut units, "logrotate.service", "failed");
            let mut body = Writer(Vec::new());
            body.number(units.0.len());
            body.align(8);
            body.0.extend_from_slice(&units.0);
            until(&mut theirs, b"\r\n");
            theirs.write_all(b"OK 0123\r\n").expect("written");
            for (asked, answer) in [
                ("ListUnits\0", body.0),
                ("LastTriggerUSec\0", long(1_714_554_000_000_000)),
                ("NextElapseUSecRealtime\0", long(0)),
                ("NextElapseUSecMonotonic\0", long(7_000_000)),
                ("Timer\0\x04\0\0\0Unit\0", text("logrotate.service")),
                ("Result\0", text("exit-code")),
            ] {
                // Arguments are padded; the last word is enough.
                let word = asked.rsplit('\0').nth(1).unwrap_or(asked);
                until(&mut theirs, format!("{word}\0").as_bytes());
                theirs.write_all(&reply(&answer)).expect("written");
            }
            let _ = io::copy(&mut theirs, &mut io::sink());
        });

        let timers = ask(ours, false).expect("an answer");
        manager.join().expect("the manager ends");

        let expected = Timer {
            name: "logrotate.timer".into(),
            last: Some(1_714_554_000_000_000),
            next: None,
            next_monotonic: Some(7_000_000),
            failed: Some("exit-code".into()),
        };
        assert_eq!(timers, [expected]);
    }
}
