//! Sections: what a snapshot says of a machine, one type for each kind, and the table of all kinds.
//!
//! A section's bytes are `serde_json` of its type: fields in the order in which they are declared,
//! lists sorted by their natural key, what is not known left out. Readers tolerate fields that they
//! do not know, so that a newer agent may add some. Units stand in the names (`_bytes`, `_us`,
//! `_percent`) or in the docs. The types say nothing of how a fact was read, so that Windows and
//! macOS fill the same ones.

use crate::snapshot::{PrivacyClass, Section, SectionKind, SectionRef, Status, Volatility};

pub mod hardware;
pub mod network;
pub mod software;
pub mod storage;

/// A kind of section that this version knows.
#[derive(Debug)]
pub struct Known {
    /// Its name.
    pub kind: SectionKind,
    /// One line for people.
    pub title: &'static str,
    /// When it may be taken.
    pub class: PrivacyClass,
    /// Whether it counts into the manifest's root hash.
    pub volatility: Volatility,
    /// The fields that tell the objects of its lists apart, for comparing two of them.
    pub keys: &'static [&'static str],
}

macro_rules! sections {
    ($($name:ident = $kind:literal, $class:ident, $volatility:ident, $title:literal, [$($key:literal),*];)+) => {
        $(
            #[doc = $title]
            pub static $name: Known = Known {
                kind: SectionKind::known($kind),
                title: $title,
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
    BATTERIES           = "batteries",          Scheduled, Stable,   "Batteries as built",                              ["name"];
    BATTERIES_STATE     = "batteries.state",    Scheduled, Volatile, "Batteries: charge and wear",                      ["name"];
    CLOCK               = "clock",              Scheduled, Volatile, "Clock and its synchronisation",                   [];
    CPU                 = "cpu",                Scheduled, Stable,   "Processor",                                       ["name"];
    DISKS               = "disks",              Scheduled, Stable,   "Disks and RAID arrays",                           ["name"];
    ERRORS              = "errors",             OnRequest, Volatile, "Recent errors in the system log",                 [];
    FILESYSTEMS         = "filesystems",        Scheduled, Stable,   "Mounted file systems",                            ["mount_point"];
    FILESYSTEMS_USAGE   = "filesystems.usage",  Scheduled, Volatile, "File systems: space and inodes in use",           ["mount_point"];
    FIRMWARE            = "firmware",           Scheduled, Stable,   "Firmware, secure boot, TPM",                      [];
    MEMORY              = "memory",             Scheduled, Stable,   "Memory and swap as built",                        ["slot", "name"];
    MEMORY_USAGE        = "memory.usage",       Scheduled, Volatile, "Memory in use, and pressure",                     [];
    NETWORK_ADDRESSES   = "network.addresses",  Scheduled, Stable,   "IP addresses",                                    ["interface", "address"];
    NETWORK_COUNTERS    = "network.counters",   Scheduled, Volatile, "Network traffic and errors",                      ["name"];
    NETWORK_DNS         = "network.dns",        Scheduled, Stable,   "Name resolution",                                 ["address", "names"];
    NETWORK_INTERFACES  = "network.interfaces", Scheduled, Stable,   "Network interfaces",                              ["name"];
    NETWORK_PORTS       = "network.ports",      Scheduled, Stable,   "Listening ports",                                 ["protocol", "address", "port"];
    NETWORK_PROXY       = "network.proxy",      Scheduled, Stable,   "Proxy settings",                                  ["source", "scheme"];
    NETWORK_ROUTES      = "network.routes",     Scheduled, Stable,   "Routes",                                          ["destination", "gateway", "interface", "metric"];
    OS                  = "os",                 Scheduled, Stable,   "Operating system and kernel",                     [];
    PACKAGES            = "packages",           Scheduled, Stable,   "Installed packages",                              ["name", "arch"];
    PROCESSES           = "processes",          OnRequest, Volatile, "Processes",                                       ["pid"];
    SERVICES            = "services",           Scheduled, Stable,   "Services and whether they start by themselves",   ["name"];
    SERVICES_STATE      = "services.state",     Scheduled, Volatile, "Services: what runs and what failed",             ["name"];
    SESSIONS            = "sessions",           OnRequest, Volatile, "Who is signed in",                                ["id", "terminal"];
    SYSTEM              = "system",             Scheduled, Stable,   "Maker, model, serial number, virtual machine",    [];
    UPTIME              = "uptime",             Scheduled, Volatile, "Boot time and load",                              [];
    USERS               = "users",              Scheduled, Stable,   "Local accounts",                                  ["name"];
    WIFI                = "wifi",               Scheduled, Volatile, "Wi-Fi signal and radio switches",                 ["name"];
}

/// The kind of this name, if this version knows it.
#[must_use]
pub fn known(kind: &str) -> Option<&'static Known> {
    ALL.iter().copied().find(|known| known.kind.as_str() == kind)
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
        assert_eq!(known("cpu").map(|known| known.title), Some("Processor"));
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
