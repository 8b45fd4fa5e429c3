//! The table of probes.

use super::{Kind, List, Parameter, Spec};
use crate::language::Words;

const fn words(english: &'static str, german: &'static str) -> Words {
    Words { english, german }
}

const fn named(name: &'static str, list: List, title: Words) -> Parameter {
    Parameter { name, kind: Kind::Named(list), title }
}

/// The probes.
pub const PROBES: &[Spec] = &[
    Spec {
        name: "clock.offset",
        version: 1,
        title: words(
            "This machine's clock against the policy's time servers",
            "Die Uhr dieses Rechners gegen die Zeitserver der Richtlinie",
        ),
        parameters: &[named(
            "server",
            List::NtpServers,
            words("Only this time server", "Nur dieser Zeitserver"),
        )],
        within_ms: 6_000,
    },
    Spec {
        name: "disk.space",
        version: 1,
        title: words(
            "Free space and inodes of each file system",
            "Freier Platz und freie Inodes jedes Dateisystems",
        ),
        parameters: &[],
        within_ms: 5_000,
    },
    Spec {
        name: "log.tail",
        version: 1,
        title: words(
            "The last lines of a log, redacted",
            "Die letzten Zeilen eines Protokolls, geschwärzt",
        ),
        parameters: &[
            named(
                "log",
                List::Logs,
                words(
                    "The log; the policy's first if absent",
                    "Das Protokoll; sonst das erste der Richtlinie",
                ),
            ),
            Parameter {
                name: "lines",
                kind: Kind::Number { min: 1, max: 500, default: 50 },
                title: words("How many lines", "Wie viele Zeilen"),
            },
        ],
        within_ms: 5_000,
    },
    Spec {
        name: "net.addr",
        version: 1,
        title: words(
            "Addresses, and whether they reach beyond the link",
            "Adressen, und ob sie über das eigene Netz hinaus gelten",
        ),
        parameters: &[],
        within_ms: 5_000,
    },
    Spec {
        name: "net.client-cert",
        version: 1,
        title: words(
            "Certificates that this machine shows to networks: expiry, and whether their keys are there",
            "Zertifikate, die dieser Rechner Netzwerken zeigt: Ablauf, und ob ihre Schlüssel da sind",
        ),
        parameters: &[],
        within_ms: 5_000,
    },
    Spec {
        name: "net.dns",
        version: 1,
        title: words(
            "Name resolution against each configured server",
            "Namensauflösung bei jedem eingetragenen Server",
        ),
        parameters: &[named("name", List::DnsNames, words("Only this name", "Nur dieser Name"))],
        within_ms: 10_000,
    },
    Spec {
        name: "net.dns-truth",
        version: 1,
        title: words(
            "What the system resolves, against each server and a reference server",
            "Was das System auflöst, verglichen mit jedem Server und einem Referenzserver",
        ),
        parameters: &[
            named("name", List::DnsNames, words("Only this name", "Nur dieser Name")),
            named(
                "reference",
                List::Resolvers,
                words(
                    "The reference; the policy's first if absent",
                    "Die Referenz; sonst die erste der Richtlinie",
                ),
            ),
        ],
        within_ms: 15_000,
    },
    Spec {
        name: "net.gateway",
        version: 1,
        title: words(
            "Whether the default gateway answers on the link",
            "Ob das Standardgateway im eigenen Netz antwortet",
        ),
        parameters: &[],
        within_ms: 12_000,
    },
    Spec {
        name: "net.http",
        version: 1,
        title: words(
            "Plain HTTP to known places: open, captive portal or no answer",
            "Einfaches HTTP zu bekannten Stellen: offen, Anmeldeseite oder keine Antwort",
        ),
        parameters: &[named(
            "check",
            List::HttpChecks,
            words("Only this check", "Nur diese Prüfung"),
        )],
        within_ms: 10_000,
    },
    Spec {
        name: "net.interception",
        version: 1,
        title: words(
            "Whether somebody on the way signs for other servers: who issued what is shown",
            "Ob unterwegs jemand für andere Server unterschreibt: wer ausgestellt hat, was gezeigt wird",
        ),
        parameters: &[
            named("target", List::TlsTargets, words("Only this server", "Nur dieser Server")),
            named(
                "issuer",
                List::Issuers,
                words("Who is expected to have signed", "Wer unterschrieben haben soll"),
            ),
        ],
        within_ms: 15_000,
    },
    Spec {
        name: "net.ipv6",
        version: 1,
        title: words("Whether IPv6 connects where IPv4 does", "Ob IPv6 verbindet, wo IPv4 es tut"),
        parameters: &[named(
            "target",
            List::TcpTargets,
            words("Only this target", "Nur dieses Ziel"),
        )],
        within_ms: 15_000,
    },
    Spec {
        name: "net.link",
        version: 1,
        title: words(
            "Interfaces and whether they have a signal",
            "Netzwerkschnittstellen, und ob sie ein Signal haben",
        ),
        parameters: &[],
        within_ms: 5_000,
    },
    Spec {
        name: "net.loss",
        version: 1,
        title: words(
            "Lost packets and latency, to the gateway and to a target",
            "Verlorene Pakete und Laufzeit, zum Gateway und zu einem Ziel",
        ),
        parameters: &[
            named(
                "target",
                List::TcpTargets,
                words(
                    "The target; the policy's first if absent",
                    "Das Ziel; sonst das erste der Richtlinie",
                ),
            ),
            Parameter {
                name: "count",
                kind: Kind::Number { min: 5, max: 200, default: 20 },
                title: words("How many packets to each", "Wie viele Pakete an jedes"),
            },
        ],
        within_ms: 20_000,
    },
    Spec {
        name: "net.mtu",
        version: 1,
        title: words(
            "The largest packet that reaches a target in one piece",
            "Das größte Paket, das ein Ziel in einem Stück erreicht",
        ),
        parameters: &[named(
            "target",
            List::TcpTargets,
            words(
                "The target; the policy's first if absent",
                "Das Ziel; sonst das erste der Richtlinie",
            ),
        )],
        within_ms: 20_000,
    },
    Spec {
        name: "net.overrides",
        version: 1,
        title: words(
            "Names that this machine answers for itself, and where it looks names up",
            "Namen, die dieser Rechner selbst beantwortet, und wo er Namen nachschlägt",
        ),
        parameters: &[],
        within_ms: 5_000,
    },
    Spec {
        name: "net.pac",
        version: 1,
        title: words(
            "The proxy script: whether it comes, how fast, and whether it is one",
            "Das Proxy-Skript: ob es kommt, wie schnell, und ob es eines ist",
        ),
        parameters: &[],
        within_ms: 15_000,
    },
    Spec {
        name: "net.proxy",
        version: 1,
        title: words(
            "Configured proxies and whether they take connections",
            "Eingetragene Proxys, und ob sie Verbindungen annehmen",
        ),
        parameters: &[],
        within_ms: 10_000,
    },
    Spec {
        name: "net.tcp",
        version: 1,
        title: words(
            "Whether ports are open, closed or filtered",
            "Ob Ports offen, geschlossen oder gefiltert sind",
        ),
        parameters: &[named(
            "target",
            List::TcpTargets,
            words("Only this target", "Nur dieses Ziel"),
        )],
        within_ms: 10_000,
    },
    Spec {
        name: "net.tls",
        version: 1,
        title: words(
            "TLS handshake, certificate chain and expiry",
            "TLS-Handshake, Zertifikatskette und Ablauf",
        ),
        parameters: &[named(
            "target",
            List::TlsTargets,
            words("Only this target", "Nur dieses Ziel"),
        )],
        within_ms: 15_000,
    },
    Spec {
        name: "process.top",
        version: 1,
        title: words(
            "The processes that use the most processor time and memory",
            "Die Prozesse, die am meisten Rechenzeit und Speicher brauchen",
        ),
        parameters: &[
            Parameter {
                name: "count",
                kind: Kind::Number { min: 1, max: 50, default: 10 },
                title: words("How many processes", "Wie viele Prozesse"),
            },
            Parameter {
                name: "window_ms",
                kind: Kind::Number { min: 50, max: 5_000, default: 200 },
                title: words(
                    "How long to measure, in milliseconds",
                    "Wie lange gemessen wird, in Millisekunden",
                ),
            },
        ],
        within_ms: 10_000,
    },
    Spec {
        name: "service.state",
        version: 1,
        title: words(
            "Whether services are installed, switched on and running",
            "Ob Dienste installiert und eingeschaltet sind und laufen",
        ),
        parameters: &[named(
            "service",
            List::Services,
            words("Only this service", "Nur dieser Dienst"),
        )],
        within_ms: 5_000,
    },
];
