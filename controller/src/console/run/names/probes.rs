//! What probes look at, in two or three words, for whoever follows a run. Not what they are called where one is
//! chosen: there a sentence stands in the probe's own table.

use befund_model::language::Words;

const fn words(english: &'static str, german: &'static str) -> Words {
    Words { english, german }
}

/// What the probe of this name looks at; none for one that is not known here.
#[must_use]
pub(super) const fn looks_at(probe: &str) -> Option<Words> {
    Some(match probe.as_bytes() {
        b"clock.offset" => words("Clock", "Uhr"),
        b"disk.space" => words("Free disk space", "Freier Speicherplatz"),
        b"log.tail" => words("Latest log lines", "Letzte Protokollzeilen"),
        b"net.addr" => words("Network addresses", "Netzwerkadressen"),
        b"net.client-cert" => words("Certificates of this machine", "Zertifikate dieses Rechners"),
        b"net.dns" => words("Name servers", "Namensserver"),
        b"net.dns-truth" => {
            words("Name servers' answers, compared", "Antworten der Namensserver im Vergleich")
        }
        b"net.gateway" => words("Router", "Router"),
        b"net.http" => words("Web pages", "Webseiten"),
        b"net.interception" => words(
            "Whether secure connections are opened",
            "Ob sichere Verbindungen geöffnet werden",
        ),
        b"net.ipv6" => words("IPv6", "IPv6"),
        b"net.link" => words("Network cards and signal", "Netzwerkkarten und Signal"),
        b"net.loss" => words("Lost packets", "Verlorene Pakete"),
        b"net.mtu" => words("Packet size on the way", "Paketgröße auf dem Weg"),
        b"net.overrides" => words("Names that were set by hand", "Von Hand gesetzte Namen"),
        b"net.pac" => words("Proxy script", "Proxy-Skript"),
        b"net.proxy" => words("Proxies", "Proxys"),
        b"net.tcp" => words("Connections to servers", "Verbindungen zu Servern"),
        b"net.tls" => words("Secure connections", "Sichere Verbindungen"),
        b"process.top" => words("Busiest programs", "Programme, die am meisten brauchen"),
        b"service.state" => words("Services", "Dienste"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probe_says_what_it_looks_at() {
        for spec in befund_model::probe::spec::PROBES {
            assert!(looks_at(spec.name).is_some(), "{} has no words", spec.name);
        }
    }
}
