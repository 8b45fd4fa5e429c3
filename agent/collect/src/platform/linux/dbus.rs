//! The two questions that systemd is asked over D-Bus: the state of the system, and its units.
//!
//! Just as much of the protocol as these need (D-Bus specification 0.43): little endian, strings,
//! one array. The answer comes from a program that runs as root, yet lengths are checked: a message
//! that does not fit its own lengths is an error, never a panic.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use befund_model::section::software::{ServiceState, ServicesState};

/// How long each answer may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// The most bytes of an answer.
const MAX_MESSAGE_BYTES: usize = 16 << 20;

const SYSTEMD: &str = "org.freedesktop.systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";

/// Asks systemd, on its private socket (root only) or over the system bus.
pub(super) fn list_units() -> io::Result<ServicesState> {
    match UnixStream::connect("/run/systemd/private") {
        Ok(stream) => ask(stream, false),
        Err(_) => ask(UnixStream::connect("/run/dbus/system_bus_socket")?, true),
    }
}

/// Signs in and asks; on a bus one says hello first.
pub(super) fn ask(mut stream: UnixStream, bus: bool) -> io::Result<ServicesState> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let uid = rustix::process::geteuid().as_raw().to_string();
    let hex: String = uid.bytes().map(|digit| format!("{digit:02x}")).collect();
    stream.write_all(format!("\0AUTH EXTERNAL {hex}\r\n").as_bytes())?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n") && answer.len() < 512 {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        answer.push(byte[0]);
    }
    if !answer.starts_with(b"OK ") {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the sign-in was refused"));
    }
    stream.write_all(b"BEGIN\r\n")?;
    if bus {
        let to = Call {
            path: "/org/freedesktop/DBus",
            interface: "org.freedesktop.DBus",
            member: "Hello",
            to: "org.freedesktop.DBus",
        };
        call(&mut stream, &to, &[])?;
    }
    let state = Call {
        path: MANAGER_PATH,
        interface: "org.freedesktop.DBus.Properties",
        member: "Get",
        to: SYSTEMD,
    };
    let state = call(&mut stream, &state, &[MANAGER, "SystemState"])?;
    let units = Call { path: MANAGER_PATH, interface: MANAGER, member: "ListUnits", to: SYSTEMD };
    let units = call(&mut stream, &units, &[])?;
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "the answer could not be understood");
    Ok(ServicesState {
        system: Reader::new(&state).variant_string(),
        services: services(&units).ok_or_else(wrong)?,
    })
}

struct Call<'a> {
    path: &'a str,
    interface: &'a str,
    member: &'a str,
    to: &'a str,
}

/// Calls a method whose arguments are strings, and gives the body of the answer.
fn call(stream: &mut UnixStream, call: &Call<'_>, arguments: &[&str]) -> io::Result<Vec<u8>> {
    let mut body = Writer(Vec::new());
    for argument in arguments {
        body.string(argument);
    }
    let mut fields = Writer(Vec::new());
    fields.field(1, "o", call.path);
    fields.field(2, "s", call.interface);
    fields.field(3, "s", call.member);
    fields.field(6, "s", call.to);
    if !arguments.is_empty() {
        fields.align(8);
        fields.0.extend_from_slice(&[8, 1, b'g', 0]);
        fields.signature(&"s".repeat(arguments.len()));
    }
    let mut message = Writer(vec![b'l', 1, 0, 1]);
    message.number(body.0.len());
    message.number(1);
    message.number(fields.0.len());
    message.0.extend_from_slice(&fields.0);
    message.align(8);
    message.0.extend_from_slice(&body.0);
    stream.write_all(&message.0)?;
    loop {
        let (kind, body) = receive(stream)?;
        match kind {
            2 => return Ok(body),
            3 => return Err(io::Error::other(format!("{} was refused", call.member))),
            // Signals that nobody asked for.
            _ => {}
        }
    }
}

/// One message: its kind and its body.
fn receive(stream: &mut UnixStream) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 16];
    stream.read_exact(&mut head)?;
    let number = |at: usize| {
        u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize
    };
    let (body, fields) = (number(4), number(12).next_multiple_of(8));
    if head[0] != b'l' || body > MAX_MESSAGE_BYTES || fields > MAX_MESSAGE_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a message of a foreign kind or size",
        ));
    }
    io::copy(&mut stream.take(fields as u64), &mut io::sink())?;
    let mut bytes = vec![0; body];
    stream.read_exact(&mut bytes)?;
    Ok((head[1], bytes))
}

/// Reads `a(ssssssouso)`: name, description, loaded, active, detail, following, path, job.
fn services(body: &[u8]) -> Option<Vec<ServiceState>> {
    let mut reader = Reader::new(body);
    let length = reader.number()?;
    reader.align(8);
    let end = reader.at.checked_add(length).filter(|end| *end <= body.len())?;
    let mut services = Vec::new();
    while reader.at < end {
        reader.align(8);
        let (name, _, loaded) = (reader.string()?, reader.string()?, reader.string()?);
        let (active, detail) = (reader.string()?, reader.string()?);
        reader.string()?;
        reader.string()?;
        reader.number()?;
        reader.string()?;
        reader.string()?;
        if let Some(name) = name.strip_suffix(".service")
            && loaded != "not-found"
        {
            services.push(ServiceState {
                name: name.into(),
                state: active,
                detail: Some(detail),
                processes: None,
            });
        }
    }
    services.sort_by(|a, b| a.name.cmp(&b.name));
    Some(services)
}

struct Writer(Vec<u8>);

impl Writer {
    fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }

    fn number(&mut self, number: usize) {
        self.align(4);
        self.0.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn string(&mut self, text: &str) {
        self.number(text.len());
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
    }

    fn signature(&mut self, text: &str) {
        self.0.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
    }

    fn field(&mut self, code: u8, kind: &str, value: &str) {
        self.align(8);
        self.0.push(code);
        self.signature(kind);
        self.string(value);
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn align(&mut self, to: usize) {
        self.at = self.at.next_multiple_of(to);
    }

    fn number(&mut self) -> Option<usize> {
        self.align(4);
        let bytes = self.bytes.get(self.at..self.at + 4)?;
        self.at += 4;
        Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
    }

    fn string(&mut self) -> Option<String> {
        let length = self.number()?;
        let bytes = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length + 1;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    /// A variant that holds a string: the signature `s`, then the string.
    fn variant_string(&mut self) -> Option<String> {
        if self.bytes.get(..3)? != [1, b's', 0] {
            return None;
        }
        self.at = 3;
        self.string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(body: &Writer) -> Vec<u8> {
        let mut message = Writer(vec![b'l', 2, 1, 1]);
        message.number(body.0.len());
        message.number(1);
        message.number(8);
        message.0.extend_from_slice(&[5, 1, b'u', 0, 1, 0, 0, 0]);
        message.0.extend_from_slice(&body.0);
        message.0
    }

    fn unit(to: &mut Writer, name: &str, loaded: &str, active: &str, detail: &str) {
        to.align(8);
        for text in [name, "what it is", loaded, active, detail, "", "/path"] {
            to.string(text);
        }
        to.number(0);
        to.string("");
        to.string("/");
    }

    #[test]
    fn systemd_is_asked_for_its_state_and_its_units() {
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
            until(&mut theirs, b"\r\n");
            theirs.write_all(b"OK 0123\r\n").expect("written");
            until(&mut theirs, b"SystemState\0");
            let mut state = Writer(vec![1, b's', 0]);
            state.string("degraded");
            theirs.write_all(&reply(&state)).expect("written");
            until(&mut theirs, b"ListUnits\0");
            let mut units = Writer(Vec::new());
            unit(&mut units, "ssh.service", "loaded", "active", "running");
            unit(&mut units, "cups.service", "loaded", "failed", "failed");
            unit(&mut units, "gone.service", "not-found", "inactive", "dead");
            unit(&mut units, "dev-sda.device", "loaded", "active", "plugged");
            let mut body = Writer(Vec::new());
            body.number(units.0.len());
            body.align(8);
            body.0.extend_from_slice(&units.0);
            theirs.write_all(&reply(&body)).expect("written");
            // Whatever is left of the last call.
            let _ = io::copy(&mut theirs, &mut io::sink());
        });

        let state = ask(ours, false).expect("an answer");
        manager.join().expect("the manager ends");

        assert_eq!(state.system.as_deref(), Some("degraded"));
        let told: Vec<(&str, &str)> =
            state.services.iter().map(|unit| (unit.name.as_str(), unit.state.as_str())).collect();
        assert_eq!(told, [("cups", "failed"), ("ssh", "active")]);
    }

    #[test]
    fn answers_cut_short_are_no_units() {
        let mut body = Writer(Vec::new());
        body.number(400);
        body.align(8);
        unit(&mut body, "ssh.service", "loaded", "active", "running");
        for end in 0..body.0.len() {
            assert!(services(&body.0[..end]).is_none());
        }
    }
}
