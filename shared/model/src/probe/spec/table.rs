//! The table of probes.

use super::{Kind, List, Parameter, Spec};

const fn named(name: &'static str, list: List, title: &'static str) -> Parameter {
    Parameter { name, kind: Kind::Named(list), title }
}

/// The probes.
pub const PROBES: &[Spec] = &[
    Spec {
        name: "clock.offset",
        version: 1,
        title: "This machine's clock against the policy's time servers",
        parameters: &[named("server", List::NtpServers, "Only this time server")],
        within_ms: 6_000,
    },
    Spec {
        name: "disk.space",
        version: 1,
        title: "Free space and inodes of each file system",
        parameters: &[],
        within_ms: 5_000,
    },
    Spec {
        name: "log.tail",
        version: 1,
        title: "The last lines of a log, redacted",
        parameters: &[
            named("log", List::Logs, "The log; the policy's first if absent"),
            Parameter {
                name: "lines",
                kind: Kind::Number { min: 1, max: 500, default: 50 },
                title: "How many lines",
            },
        ],
        within_ms: 5_000,
    },
    Spec {
        name: "net.addr",
        version: 1,
        title: "Addresses, and whether they reach beyond the link",
        parameters: &[],
        within_ms: 5_000,
    },
    Spec {
        name: "net.client-cert",
        version: 1,
        title: "Certificates that this machine shows to networks: expiry, and whether their keys are there",
        parameters: &[],
        within_ms: 5_000,
    },
    Spec {
        name: "net.dns",
        version: 1,
        title: "Name resolution against each configured server",
        parameters: &[named("name", List::DnsNames, "Only this name")],
        within_ms: 10_000,
    },
    Spec {
        name: "net.dns-truth",
        version: 1,
        title: "What the system resolves, against each server and a reference server",
        parameters: &[
            named("name", List::DnsNames, "Only this name"),
            named("reference", List::Resolvers, "The reference; the policy's first if absent"),
        ],
        within_ms: 15_000,
    },
    Spec {
        name: "net.gateway",
        version: 1,
        title: "Whether the default gateway answers on the link",
        parameters: &[],
        within_ms: 12_000,
    },
    Spec {
        name: "net.http",
        version: 1,
        title: "Plain HTTP to known places: open, captive portal or no answer",
        parameters: &[named("check", List::HttpChecks, "Only this check")],
        within_ms: 10_000,
    },
    Spec {
        name: "net.interception",
        version: 1,
        title: "Whether somebody on the way signs for other servers: who issued what is shown",
        parameters: &[
            named("target", List::TlsTargets, "Only this server"),
            named("issuer", List::Issuers, "Who is expected to have signed"),
        ],
        within_ms: 15_000,
    },
    Spec {
        name: "net.ipv6",
        version: 1,
        title: "Whether IPv6 connects where IPv4 does",
        parameters: &[named("target", List::TcpTargets, "Only this target")],
        within_ms: 15_000,
    },
    Spec {
        name: "net.link",
        version: 1,
        title: "Interfaces and whether they have a signal",
        parameters: &[],
        within_ms: 5_000,
    },
    Spec {
        name: "net.loss",
        version: 1,
        title: "Lost packets and latency, to the gateway and to a target",
        parameters: &[
            named("target", List::TcpTargets, "The target; the policy's first if absent"),
            Parameter {
                name: "count",
                kind: Kind::Number { min: 5, max: 200, default: 20 },
                title: "How many packets to each",
            },
        ],
        within_ms: 20_000,
    },
    Spec {
        name: "net.mtu",
        version: 1,
        title: "The largest packet that reaches a target in one piece",
        parameters: &[named(
            "target",
            List::TcpTargets,
            "The target; the policy's first if absent",
        )],
        within_ms: 20_000,
    },
    Spec {
        name: "net.overrides",
        version: 1,
        title: "Names that this machine answers for itself, and where it looks names up",
        parameters: &[],
        within_ms: 5_000,
    },
    Spec {
        name: "net.pac",
        version: 1,
        title: "The proxy script: whether it comes, how fast, and whether it is one",
        parameters: &[],
        within_ms: 15_000,
    },
    Spec {
        name: "net.proxy",
        version: 1,
        title: "Configured proxies and whether they take connections",
        parameters: &[],
        within_ms: 10_000,
    },
    Spec {
        name: "net.tcp",
        version: 1,
        title: "Whether ports are open, closed or filtered",
        parameters: &[named("target", List::TcpTargets, "Only this target")],
        within_ms: 10_000,
    },
    Spec {
        name: "net.tls",
        version: 1,
        title: "TLS handshake, certificate chain and expiry",
        parameters: &[named("target", List::TlsTargets, "Only this target")],
        within_ms: 15_000,
    },
    Spec {
        name: "process.top",
        version: 1,
        title: "The processes that use the most processor time and memory",
        parameters: &[
            Parameter {
                name: "count",
                kind: Kind::Number { min: 1, max: 50, default: 10 },
                title: "How many processes",
            },
            Parameter {
                name: "window_ms",
                kind: Kind::Number { min: 50, max: 5_000, default: 200 },
                title: "How long to measure, in milliseconds",
            },
        ],
        within_ms: 10_000,
    },
    Spec {
        name: "service.state",
        version: 1,
        title: "Whether services are installed, switched on and running",
        parameters: &[named("service", List::Services, "Only this service")],
        within_ms: 5_000,
    },
];
