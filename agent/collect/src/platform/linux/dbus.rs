//! What systemd is asked over D-Bus: the state of the system, its units, and how those failed that
//! did.
//!
//! Just as much of the protocol as this needs (D-Bus specification 0.43): little endian, strings,
//! numbers, one array. The answer comes from a program that runs as root, yet lengths are checked: a message
//! that does not fit its own lengths is an error, never a panic.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use befund_model::section::software::{ServiceState, ServicesState};

/// How long each answer may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// The most bytes of an answer.
const MAX_MESSAGE_BYTES: usize = 16 << 20;
/// How many failed units are asked how they failed.
const MAX_ASKED: usize = 32;

const SYSTEMD: &str = "org.freedesktop.systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const SERVICE: &str = "org.freedesktop.systemd1.Service";

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
    sign_in(&mut stream)?;
    if bus {
        let to = Call {
            path: "/org/freedesktop/DBus",
            interface: "org.freedesktop.DBus",
            member: "Hello",
            to: "org.freedesktop.DBus",
        };
        call(&mut stream, &to, &[])?;
    }
    let system = get(&mut stream, MANAGER_PATH, MANAGER, "SystemState")?;
    let units = Call { path: MANAGER_PATH, interface: MANAGER, member: "ListUnits", to: SYSTEMD };
    let units = call(&mut stream, &units, &[])?;
    let wrong = || io::Error::new(io::ErrorKind::InvalidData, "the answer could not be understood");
    let units = services(&units).ok_or_else(wrong)?;
    let mut services = Vec::with_capacity(units.len());
    let mut asked = 0;
    for Unit { path, mut state } in units {
        if state.state == "failed" && asked < MAX_ASKED {
            asked += 1;
            // A unit that went meanwhile is told as it was.
            let result = get(&mut stream, &path, SERVICE, "Result");
            state.result = result.ok().and_then(|body| Reader::new(&body).variant_string());
            let code = get(&mut stream, &path, SERVICE, "ExecMainStatus");
            state.exit_status = code.ok().and_then(|body| Reader::new(&body).variant_number());
        }
        services.push(state);
    }
    Ok(ServicesState { system: Reader::new(&system).variant_string(), services })
}

/// Signs in as the account that this process runs as. All of it is sent at once: systemd takes no
/// notice of a message that comes together with the end of a sign-in until another one comes.
pub(super) fn sign_in(stream: &mut UnixStream) -> io::Result<()> {
    let uid = rustix::process::geteuid().as_raw().to_string();
    let hex: String = uid.bytes().map(|digit| format!("{digit:02x}")).collect();
    stream.write_all(format!("\0AUTH EXTERNAL {hex}\r\nBEGIN\r\n").as_bytes())?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n") && answer.len() < 512 {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        answer.push(byte[0]);
    }
    if answer.starts_with(b"OK ") {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "the sign-in was refused"))
}

/// Asks for a property.
fn get(stream: &mut UnixStream, path: &str, of: &str, name: &str) -> io::Result<Vec<u8>> {
    let interface = "org.freedesktop.DBus.Properties";
    call(stream, &Call { path, interface, member: "Get", to: SYSTEMD }, &[of, name])
}

/// A call of a method.
pub(super) struct Call<'a> {
    /// The object's path.
    pub(super) path: &'a str,
    /// The interface that the method is of.
    pub(super) interface: &'a str,
    /// The method.
    pub(super) member: &'a str,
    /// Whose object it is.
    pub(super) to: &'a str,
}

/// Calls a method whose arguments are strings, and gives the body of the answer. Nobody is started for
/// it who does not run.
pub(super) fn call(
    stream: &mut UnixStream,
    call: &Call<'_>,
    arguments: &[&str],
) -> io::Result<Vec<u8>> {
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
    // NO_AUTO_START is 2.
    let mut message = Writer(vec![b'l', 1, 2, 1]);
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

/// A service, and where it is asked for more.
struct Unit {
    path: String,
    state: ServiceState,
}

/// Reads `a(ssssssouso)`: name, description, loaded, active, detail, following, path, job.
fn services(body: &[u8]) -> Option<Vec<Unit>> {
    let mut reader = Reader::new(body);
    let length = reader.number()?;
    reader.align(8);
    let end = reader.at.checked_add(length).filter(|end| *end <= body.len())?;
    let mut services = Vec::new();
    while reader.at < end {
        reader.align(8);
        let (name, _, loaded) = (reader.string()?, reader.string()?, reader.string()?);
        let (active, detail) = (reader.string()?, reader.string()?);
        let (_, path) = (reader.string()?, reader.string()?);
        reader.number()?;
        reader.string()?;
        reader.string()?;
        if let Some(name) = name.strip_suffix(".service")
            && loaded != "not-found"
        {
            let name = name.to_owned();
            let detail = Some(detail);
            let state = ServiceState { name, state: active, detail, ..ServiceState::default() };
            services.push(Unit { path, state });
        }
    }
    services.sort_by(|a, b| a.state.name.cmp(&b.state.name));
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

    /// A variant that holds a signed number: the signature `i`, then the number.
    fn variant_number(&mut self) -> Option<i32> {
        if self.bytes.get(..3)? != [1, b'i', 0] {
            return None;
        }
        self.at = 3;
        self.align(4);
        self.bytes.get(self.at..self.at + 4)?.try_into().ok().map(i32::from_le_bytes)
    }
}

mod timers;

pub(super) use timers::{Timer, list_timers};

#[cfg(test)]
mod tests;
