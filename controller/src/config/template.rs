//! The `config.toml` that `init` writes: every key, with what it means.

use std::net::SocketAddr;

/// What `init` knows.
#[derive(Clone, Copy, Debug)]
pub struct Template<'a> {
    /// The organisation's name.
    pub organisation: &'a str,
    /// `sqlite` or a URL.
    pub database: &'a str,
    /// Where the gate listens.
    pub gate: SocketAddr,
    /// Where the console listens.
    pub console: SocketAddr,
    /// The host's names and addresses.
    pub names: &'a [String],
}

impl Template<'_> {
    /// The file's text.
    #[must_use]
    pub fn render(&self) -> String {
        let quote = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let names = self.names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ");
        format!(
            r#"# Befund's controller. Unknown keys are refused. After a change: restart `befund-controller serve`.

# The name of the organisation, as the people at the machines see it.
organisation = {organisation}

# "sqlite" keeps everything in befund.db in this folder; for PostgreSQL: "postgres://user:password@host/database".
database = {database}

# What agents talk to: gRPC over TLS 1.3 with the own CA, always.
[gate]
# Address and port to listen on; port 0 takes any free one.
listen = "{gate}"
# The names and IP addresses in its certificate. Agents must reach it under one of them.
names = [{names}]
# "host:port" as agents reach it, in order of preference, 8 at most; it goes into enrollment tokens.
# Empty: each of the names, with the port above.
addresses = []
# How often an agent says that it is there, seconds (5 to 3600).
heartbeat_seconds = 30

# What people and programs talk to: the console and the API.
[console]
# On loopback it speaks plain HTTP (put a proxy in front, or use it on this host); elsewhere TLS.
listen = "{console}"
# The names and IP addresses in its certificate, where it comes from the own CA.
names = [{names}]
# A certificate chain and its key (PEM) of your own, read again on SIGHUP. Without: one of the own CA.
# certificate = "/etc/befund/console.pem"
# key = "/etc/befund/console.key"

[retention]
# Days that a snapshot is kept, unless it is a machine's latest or on a ticket.
snapshot_days = 90

# The figures for a monitor (Prometheus). Without this, https://…/metrics of the console answers to an
# administrator's access token only, also on this host: a proxy on it makes everybody look local.
[metrics]
# An address of its own, on which /metrics answers over plain HTTP to whoever reaches it: loopback, or
# a network that only the monitor is on.
# listen = "127.0.0.1:9464"
"#,
            organisation = quote(self.organisation),
            database = quote(self.database),
            gate = self.gate,
            console = self.console,
        )
    }
}
