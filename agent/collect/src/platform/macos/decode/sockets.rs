//! Sockets, by `lsof -nP -i -F pcuPntT`: a line for each field, with its letter in front.

use befund_model::section::network::Port;
use befund_model::section::reach::Connection;

/// Everything that lsof tells of sockets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sockets {
    pub(crate) ports: Vec<Port>,
    pub(crate) connections: Vec<Connection>,
}

#[derive(Clone, Debug, Default)]
struct Process {
    pid: Option<u32>,
    name: Option<String>,
    uid: Option<u32>,
}

#[derive(Clone, Debug, Default)]
struct Socket {
    protocol: String,
    six: bool,
    name: String,
    state: String,
}

/// Reads the fields: `p` begins a process, `f` a socket of it.
pub(crate) fn parse(text: &str) -> Sockets {
    let mut told = Sockets::default();
    let (mut process, mut socket): (Process, Option<Socket>) = Default::default();
    for line in text.lines() {
        let Some(letter) = line.chars().next() else { continue };
        let value = &line[letter.len_utf8()..];
        match letter {
            'p' => {
                told.add(&process, socket.take());
                process = Process { pid: value.parse().ok(), ..Process::default() };
            }
            'c' => process.name = Some(unescaped(value)),
            'u' => process.uid = value.parse().ok(),
            'f' => {
                told.add(&process, socket.take());
                socket = Some(Socket::default());
            }
            _ => {
                let Some(socket) = &mut socket else { continue };
                match letter {
                    'P' => socket.protocol = value.to_ascii_lowercase(),
                    't' => socket.six = value == "IPv6",
                    'n' => socket.name = value.to_owned(),
                    'T' => {
                        if let Some(state) = value.strip_prefix("ST=") {
                            socket.state = state.to_owned();
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    told.add(&process, socket);
    told.ports.sort_by(|a, b| {
        (&a.protocol, a.port, &a.address, &a.process).cmp(&(
            &b.protocol,
            b.port,
            &b.address,
            &b.process,
        ))
    });
    // A process that has handed its socket on to others, or has it twice.
    told.ports
        .dedup_by(|a, b| (&a.protocol, a.port, &a.address) == (&b.protocol, b.port, &b.address));
    told.connections.sort_by(|a, b| {
        (&a.protocol, &a.remote, a.remote_port, a.local_port).cmp(&(
            &b.protocol,
            &b.remote,
            b.remote_port,
            b.local_port,
        ))
    });
    told.connections.dedup_by(|a, b| {
        (&a.local, a.local_port, &a.remote, a.remote_port)
            == (&b.local, b.local_port, &b.remote, b.remote_port)
    });
    told
}

impl Sockets {
    fn add(&mut self, process: &Process, socket: Option<Socket>) {
        let Some(socket) = socket else { return };
        let (local, remote) = match socket.name.split_once("->") {
            Some((local, remote)) => (local, Some(remote)),
            None => (socket.name.as_str(), None),
        };
        let Some((address, port)) = end(local, socket.six) else { return };
        match (socket.protocol.as_str(), remote.map(|remote| end(remote, socket.six))) {
            ("tcp", None) if socket.state == "LISTEN" => {
                self.ports.push(port_of("tcp", address, port, process));
            }
            // A socket of a client has a port of the system's range for such (`net.inet.ip.portrange`).
            ("udp", None) if port < 49_152 => {
                self.ports.push(port_of("udp", address, port, process));
            }
            ("tcp", Some(Some((remote, remote_port)))) => {
                let loopback = |address: &str| address.starts_with("127.") || address == "::1";
                if loopback(&address) && loopback(&remote) {
                    return;
                }
                self.connections.push(Connection {
                    protocol: "tcp".into(),
                    local: address,
                    local_port: port,
                    remote,
                    remote_port,
                    state: state(&socket.state),
                    process: process.name.clone(),
                    pid: process.pid,
                });
            }
            _ => {}
        }
    }
}

fn port_of(protocol: &str, address: String, port: u16, process: &Process) -> Port {
    Port {
        protocol: protocol.to_owned(),
        address,
        port,
        process: process.name.clone(),
        uid: process.uid,
    }
}

/// `*:22`, `127.0.0.1:631`, `[fe80:1::1]:88`; a port that is not chosen yet is `*`.
fn end(text: &str, six: bool) -> Option<(String, u16)> {
    let (address, port) = text.rsplit_once(':')?;
    let port = port.parse().ok()?;
    let address = match address {
        "*" if six => "::".to_owned(),
        "*" => "0.0.0.0".to_owned(),
        address => address.trim_start_matches('[').trim_end_matches(']').to_owned(),
    };
    Some((address, port))
}

/// In the words of RFC 9293.
fn state(name: &str) -> String {
    match name {
        "SYN_RCVD" | "SYN_RECEIVED" => "syn received".into(),
        "FIN_WAIT_1" | "FIN_WAIT1" => "fin wait 1".into(),
        "FIN_WAIT_2" | "FIN_WAIT2" => "fin wait 2".into(),
        "CLOSED" => "closed".into(),
        other => other.to_ascii_lowercase().replace('_', " "),
    }
}

/// Blanks in a name are written as `\x20`.
fn unescaped(name: &str) -> String {
    name.replace("\\x20", " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_connections_are_read() {
        let text = "p1\nclaunchd\nu0\nf7\ntIPv6\nPTCP\nn*:22\nTST=LISTEN\nTQR=0\nTQS=0\nf8\ntIPv4\nPTCP\nn*:22\nTST=LISTEN\nf9\ntIPv4\nPTCP\nn*:22\nTST=LISTEN\np392\ncGoogle\\x20Chrome\\x20He\nu501\nf20\ntIPv4\nPTCP\nn192.168.1.17:51000->192.0.2.7:443\nTST=ESTABLISHED\nf21\ntIPv4\nPUDP\nn*:5353\nf22\ntIPv4\nPUDP\nn*:*\nf23\ntIPv4\nPTCP\nn127.0.0.1:50000->127.0.0.1:631\nTST=CLOSE_WAIT\nf24\ntIPv4\nPUDP\nn*:60123\n";
        let told = parse(text);
        let ports: Vec<_> = told
            .ports
            .iter()
            .map(|port| {
                format!(
                    "{} {} {} {}",
                    port.protocol,
                    port.address,
                    port.port,
                    port.uid.unwrap_or(9)
                )
            })
            .collect();
        assert_eq!(ports, ["tcp 0.0.0.0 22 0", "tcp :: 22 0", "udp 0.0.0.0 5353 501"]);
        assert_eq!(told.connections.len(), 1);
        assert_eq!(told.connections[0].process.as_deref(), Some("Google Chrome He"));
        assert_eq!(told.connections[0].state, "established");
    }
}
