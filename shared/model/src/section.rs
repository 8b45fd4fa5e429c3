//! Sections: what a snapshot says of a machine, one type for each kind, and the table of all kinds.
//!
//! A section's bytes are `serde_json` of its type: fields in the order in which they are declared,
//! lists sorted by their natural key, what is not known left out. Readers tolerate fields that they
//! do not know, so that a newer agent may add some. Units stand in the names (`_bytes`, `_us`,
//! `_percent`) or in the docs. The types say nothing of how a fact was read, so that Windows and
//! macOS fill the same ones.

use crate::language::{Language, Words};
use crate::snapshot::{PrivacyClass, Section, SectionKind, SectionRef, Status, Volatility};

pub mod devices;
pub mod hardware;
pub mod load;
pub mod maintenance;
pub mod network;
pub mod people;
pub mod reach;
pub mod security;
pub mod software;
pub mod storage;
pub mod trouble;

/// A kind of section that this version knows.
#[derive(Debug)]
pub struct Known {
    /// Its name.
    pub kind: SectionKind,
    /// One line for people.
    pub title: Words,
    /// What it is of.
    pub area: Area,
    /// When it may be taken.
    pub class: PrivacyClass,
    /// Whether it counts into the manifest's root hash.
    pub volatility: Volatility,
    /// The fields that tell the objects of its lists apart, for comparing two of them.
    pub keys: &'static [&'static str],
}

/// What a section is of, in the order in which people read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// What went wrong.
    Trouble,
    /// What the machine is busy with.
    Load,
    /// The network.
    Network,
    /// The machine, and what is plugged in.
    Hardware,
    /// The operating system and its upkeep.
    System,
    /// Programs, and what starts them.
    Software,
    /// Accounts, and who uses them.
    People,
    /// How it is protected.
    Security,
    /// What this version does not know.
    Other,
}

impl Area {
    /// What people read.
    #[must_use]
    pub const fn title(self) -> Words {
        let (english, german) = match self {
            Self::Trouble => ("Trouble", "Störungen"),
            Self::Load => ("Load", "Auslastung"),
            Self::Network => ("Network", "Netzwerk"),
            Self::Hardware => ("Hardware", "Hardware"),
            Self::System => ("Operating system", "Betriebssystem"),
            Self::Software => ("Software", "Software"),
            Self::People => ("People", "Personen"),
            Self::Security => ("Security", "Sicherheit"),
            Self::Other => ("Other", "Weiteres"),
        };
        Words { english, german }
    }

    /// Of a kind of section.
    #[must_use]
    pub fn of(kind: &str) -> Self {
        known(kind).map_or(Self::Other, |known| known.area)
    }
}

macro_rules! sections {
    ($($name:ident = $kind:literal, $area:ident, $class:ident, $volatility:ident, [$($key:literal),*],
       $english:literal, $german:literal;)+) => {
        $(
            #[doc = $english]
            pub static $name: Known = Known {
                kind: SectionKind::known($kind),
                title: Words { english: $english, german: $german },
                area: Area::$area,
                class: PrivacyClass::$class,
                volatility: Volatility::$volatility,
                keys: &[$($key),*],
            };
        )+

        /// Every kind, sorted by name.
        pub static ALL: &[&Known] = &[$(&$name),+];
    };
}

sections! {
    AUTOSTART = "autostart", Software, Scheduled, Stable, ["name", "source"],
        "Programs that start when somebody signs in", "Programme, die bei der Anmeldung starten";
    BATTERIES = "batteries", Hardware, Scheduled, Stable, ["name"],
        "Batteries as built", "Akkus im Neuzustand";
    BATTERIES_STATE = "batteries.state", Hardware, Scheduled, Volatile, ["name"],
        "Batteries: charge and wear", "Akkus: Ladung und Abnutzung";
    BOOTS = "boots", System, Scheduled, Volatile, ["started_at"],
        "Latest starts, and how each time ended", "Letzte Starts und wie sie endeten";
    BROWSERS = "browsers", Software, Scheduled, Stable, ["name"],
        "Web browsers", "Browser";
    BROWSERS_EXTENSIONS = "browsers.extensions", Software, OnRequest, Stable, ["browser", "user", "profile", "id"],
        "Extensions of browsers", "Browser-Erweiterungen";
    CERTIFICATES = "certificates", Security, Scheduled, Stable, ["store", "subject", "serial"],
        "Certificates of the machine", "Zertifikate des Geräts";
    CLOCK = "clock", System, Scheduled, Volatile, [],
        "Clock and its synchronisation", "Uhr und ihr Abgleich";
    CPU = "cpu", Hardware, Scheduled, Stable, ["name", "level", "kind"],
        "Processor", "Prozessor";
    CRASHES = "crashes", Trouble, OnRequest, Volatile, ["at", "program"],
        "Crashes of programs and of the system", "Abstürze von Programmen und System";
    DEVICES = "devices", Hardware, Scheduled, Stable, ["bus", "address"],
        "Devices and their drivers", "Geräte und ihre Treiber";
    DIRECTORY = "directory", People, Scheduled, Stable, [],
        "Domain or directory", "Domäne oder Verzeichnis";
    DIRECTORY_STATE = "directory.state", People, OnRequest, Volatile, ["user"],
        "Domain or directory: whether it is reached", "Domäne oder Verzeichnis: ob erreichbar";
    DISKS = "disks", Hardware, Scheduled, Stable, ["name"],
        "Disks and RAID arrays", "Laufwerke und RAID-Verbünde";
    DISKS_HEALTH = "disks.health", Hardware, Scheduled, Volatile, ["name"],
        "Disks: health and wear", "Laufwerke: Zustand und Abnutzung";
    DISPLAYS = "displays", Hardware, Scheduled, Stable, ["name"],
        "Graphics adapters and monitors", "Grafikkarten und Bildschirme";
    DRIVERS = "drivers", System, Scheduled, Stable, ["name"],
        "Drivers in use", "Benutzte Treiber";
    ENCRYPTION = "encryption", Security, Scheduled, Stable, ["name"],
        "Encryption of disks", "Verschlüsselung der Laufwerke";
    ERRORS = "errors", Trouble, OnRequest, Volatile, [],
        "Recent errors in the system log", "Neuere Fehler im Systemprotokoll";
    FILESYSTEMS = "filesystems", Hardware, Scheduled, Stable, ["mount_point"],
        "Mounted file systems", "Eingehängte Dateisysteme";
    FILESYSTEMS_USAGE = "filesystems.usage", Hardware, Scheduled, Volatile, ["mount_point"],
        "File systems: space and inodes in use", "Dateisysteme: belegter Platz und Inodes";
    FIRMWARE = "firmware", Hardware, Scheduled, Stable, [],
        "Firmware, secure boot, TPM", "Firmware, Secure Boot, TPM";
    GROUPS = "groups", People, Scheduled, Stable, ["name"],
        "Local groups", "Lokale Gruppen";
    LOAD = "load", Load, Scheduled, Volatile, ["name", "pid"],
        "Processor and disks at work", "Auslastung von Prozessor und Laufwerken";
    MEDIA = "media", Hardware, Scheduled, Stable, ["name", "id"],
        "Sound and cameras", "Ton und Kameras";
    MEDIA_STATE = "media.state", Hardware, OnRequest, Volatile, ["device", "program"],
        "Sound and cameras: what is used and muted", "Ton und Kameras: was benutzt und stumm ist";
    MEMORY = "memory", Hardware, Scheduled, Stable, ["slot", "name"],
        "Memory and swap as built", "Eingebauter Speicher und Auslagerung";
    MEMORY_USAGE = "memory.usage", Load, Scheduled, Volatile, [],
        "Memory in use, and pressure", "Belegter Speicher und Engpässe";
    NETWORK_ADDRESSES = "network.addresses", Network, Scheduled, Stable, ["interface", "address"],
        "IP addresses", "IP-Adressen";
    NETWORK_CONNECTIONS = "network.connections", Network, OnRequest, Volatile, ["protocol", "local", "local_port", "remote", "remote_port"],
        "Connections", "Verbindungen";
    NETWORK_COUNTERS = "network.counters", Network, Scheduled, Volatile, ["name"],
        "Network traffic and errors", "Netzverkehr und Fehler";
    NETWORK_DNS = "network.dns", Network, Scheduled, Stable, ["address", "names", "interface"],
        "Name resolution", "Namensauflösung";
    NETWORK_FIREWALL = "network.firewall", Security, Scheduled, Stable, ["name"],
        "Firewall", "Firewall";
    NETWORK_INTERFACES = "network.interfaces", Network, Scheduled, Stable, ["name"],
        "Network interfaces", "Netzwerkschnittstellen";
    NETWORK_LEASES = "network.leases", Network, Scheduled, Volatile, ["interface", "address"],
        "Addresses given by DHCP", "Von DHCP vergebene Adressen";
    NETWORK_NEIGHBOURS = "network.neighbours", Network, OnRequest, Volatile, ["interface", "address"],
        "Neighbours in the network", "Nachbarn im Netz";
    NETWORK_PORTS = "network.ports", Network, Scheduled, Stable, ["protocol", "address", "port"],
        "Listening ports", "Offene Ports";
    NETWORK_PROXY = "network.proxy", Network, Scheduled, Stable, ["source", "scheme"],
        "Proxy settings", "Proxy-Einstellungen";
    NETWORK_ROUTES = "network.routes", Network, Scheduled, Stable, ["destination", "gateway", "interface", "metric"],
        "Routes", "Routen";
    NETWORK_VPN = "network.vpn", Network, Scheduled, Stable, ["name"],
        "VPN tunnels", "VPN-Tunnel";
    OS = "os", System, Scheduled, Stable, [],
        "Operating system and kernel", "Betriebssystem und Kernel";
    PACKAGES = "packages", Software, Scheduled, Stable, ["name", "arch", "user"],
        "Installed packages", "Installierte Pakete";
    PRINTERS = "printers", Hardware, Scheduled, Stable, ["name"],
        "Printers", "Drucker";
    PRINTERS_STATE = "printers.state", Hardware, Scheduled, Volatile, ["name"],
        "Printers: state and queue", "Drucker: Zustand und Warteschlange";
    PROCESSES = "processes", Load, OnRequest, Volatile, ["pid"],
        "Processes", "Prozesse";
    SECURITY = "security", Security, Scheduled, Stable, ["name"],
        "Protection: malware, administrators, remote access", "Schutz: Schadsoftware, Administratoren, Fernzugriff";
    SENSORS = "sensors", Hardware, Scheduled, Volatile, ["chip", "name"],
        "Temperatures and fans", "Temperaturen und Lüfter";
    SERVICES = "services", Software, Scheduled, Stable, ["name"],
        "Services and whether they start by themselves", "Dienste und ob sie von selbst starten";
    SERVICES_STATE = "services.state", Software, Scheduled, Volatile, ["name"],
        "Services: what runs and what failed", "Dienste: was läuft und was ausfiel";
    SESSIONS = "sessions", People, OnRequest, Volatile, ["id", "terminal"],
        "Who is signed in", "Wer angemeldet ist";
    SYSTEM = "system", Hardware, Scheduled, Stable, [],
        "Maker, model, serial number, virtual machine", "Hersteller, Modell, Seriennummer, virtuelle Maschine";
    TASKS = "tasks", Software, Scheduled, Stable, ["name", "source"],
        "Scheduled tasks", "Geplante Aufgaben";
    TASKS_STATE = "tasks.state", Software, Scheduled, Volatile, ["name"],
        "Scheduled tasks: last and next run", "Geplante Aufgaben: letzter und nächster Lauf";
    UPDATES = "updates", System, Scheduled, Stable, ["name"],
        "Where updates come from", "Woher Aktualisierungen kommen";
    UPDATES_STATE = "updates.state", System, Scheduled, Volatile, ["name", "at"],
        "Updates: installed, pending, failed", "Aktualisierungen: installiert, ausstehend, fehlgeschlagen";
    UPTIME = "uptime", Load, Scheduled, Volatile, [],
        "Boot time and load", "Startzeit und Auslastung";
    USERS = "users", People, Scheduled, Stable, ["name"],
        "Local accounts", "Lokale Konten";
    USERS_STATE = "users.state", People, OnRequest, Volatile, ["name"],
        "Accounts: last sign-ins, locks, expiry", "Konten: letzte Anmeldungen, Sperren, Ablauf";
    WIFI = "wifi", Network, Scheduled, Volatile, ["name"],
        "Wi-Fi signal and radio switches", "WLAN-Signal und Funkschalter";
    WIFI_NETWORK = "wifi.network", Network, OnRequest, Volatile, ["interface"],
        "Wi-Fi network in use", "Genutztes WLAN";
}

/// The kind of this name, if this version knows it.
#[must_use]
pub fn known(kind: &str) -> Option<&'static Known> {
    ALL.iter().copied().find(|known| known.kind.as_str() == kind)
}

/// What people read for this kind: its title, or its name if it is not known.
#[must_use]
pub fn title(kind: &str, language: Language) -> &str {
    known(kind).map_or(kind, |known| known.title.in_language(language))
}

/// Whether a list is empty, and so left out.
fn absent<T>(list: &[T]) -> bool {
    list.is_empty()
}

impl Section {
    /// A section that could not be taken: its bytes are JSON's `null`, the reason tells why.
    #[must_use]
    pub fn missing(
        kind: SectionKind,
        class: PrivacyClass,
        volatility: Volatility,
        status: Status,
        reason: impl Into<String>,
    ) -> Self {
        Self::new(
            SectionRef {
                kind,
                status,
                reason: reason.into(),
                hash: crate::id::Hash::of(b""),
                size: 0,
                class,
                volatility,
                redacted: 0,
                took_us: 0,
            },
            b"null".to_vec(),
        )
    }

    /// A section of these bytes; the line's hash and size are set from them.
    #[must_use]
    pub fn new(mut line: SectionRef, bytes: Vec<u8>) -> Self {
        line.hash = crate::id::Hash::of(&bytes);
        line.size = bytes.len() as u64;
        Self { line, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_sorted_and_named_once() {
        assert!(ALL.windows(2).all(|pair| pair[0].kind < pair[1].kind));
        assert_eq!(title("cpu", Language::English), "Processor");
        assert_eq!(title("cpu", Language::German), "Prozessor");
        assert_eq!(title("from.the.future", Language::German), "from.the.future");
        assert!(known("cpu.").is_none());
    }

    #[test]
    fn a_missing_section_hashes_what_it_carries() {
        let section = Section::missing(
            CPU.kind.clone(),
            CPU.class,
            CPU.volatility,
            Status::Timeout,
            "no answer within 2 s",
        );
        assert_eq!(section.bytes, b"null");
        assert_eq!(section.line.hash, crate::id::Hash::of(b"null"));
        assert_eq!(section.line.size, 4);
    }

    #[test]
    fn fields_of_newer_agents_are_tolerated_and_unknown_ones_left_out() {
        let cpu: hardware::Cpu =
            serde_json::from_str(r#"{"model":"x","from_the_future":[1]}"#).expect("tolerated");
        assert_eq!(serde_json::to_string(&cpu).expect("JSON"), r#"{"model":"x"}"#);
    }
}
