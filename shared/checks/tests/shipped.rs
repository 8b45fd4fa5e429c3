//! The shipped checks over facts: each can pass, and says what is wrong where something is.

use befund_checks::{Facts, Patterns, judge, shipped};
use befund_model::Timestamp;
use befund_model::finding::Finding;
use befund_model::probe::Verdict;
use befund_model::section::{self, Known};
use befund_model::snapshot::{Section, SectionRef, Status};
use serde_json::{Value, json};

fn line(known: &Known, status: Status, reason: &str) -> SectionRef {
    Section::missing(known.kind.clone(), known.class, known.volatility, status, reason).line
}

/// A sound machine, by section.
fn sound() -> Vec<(&'static str, Value)> {
    vec![
        (
            "batteries.state",
            json!({ "batteries": [{ "name": "BAT0", "health_percent": 97, "cycles": 12 }] }),
        ),
        (
            "clock",
            json!({ "synchronised": true, "offset_us": 120, "service": "systemd-timesyncd" }),
        ),
        ("cpu", json!({ "vulnerabilities": [{ "name": "meltdown", "verdict": "Not affected" }] })),
        (
            "disks",
            json!({ "arrays": [{ "name": "md0", "state": "active", "wanted": 2, "working": 2 }] }),
        ),
        ("errors", json!({ "source": "journal", "entries": [] })),
        (
            "filesystems",
            json!({ "filesystems": [{ "mount_point": "/", "source": "/dev/sda1", "kind": "ext4", "read_only": false }] }),
        ),
        (
            "filesystems.usage",
            json!({ "filesystems": [{ "mount_point": "/", "size_bytes": 1000, "used_bytes": 400, "available_bytes": 600, "inodes": 100, "inodes_used": 5 }] }),
        ),
        ("firmware", json!({ "secure_boot": true, "boot_mode": "uefi" })),
        (
            "memory.usage",
            json!({ "total_bytes": 8000, "available_bytes": 4000, "pressure_percent": 0.0 }),
        ),
        (
            "network.addresses",
            json!({ "addresses": [{ "interface": "eth0", "address": "192.0.2.2" }] }),
        ),
        (
            "network.counters",
            json!({ "interfaces": [{ "name": "eth0", "rx_packets": 90000, "tx_packets": 90000, "rx_errors": 0, "tx_errors": 0 }] }),
        ),
        (
            "network.dns",
            json!({ "servers": ["192.0.2.53"], "hosts": [{ "address": "127.0.1.1", "names": ["pc-17"] }] }),
        ),
        (
            "network.interfaces",
            json!({ "interfaces": [{ "name": "eth0", "driver": "e1000e", "carrier": true, "state": "up", "duplex": "full" }] }),
        ),
        (
            "network.ports",
            json!({ "ports": [{ "protocol": "tcp", "address": "0.0.0.0", "port": 22 }] }),
        ),
        ("network.proxy", json!({ "settings": [] })),
        (
            "network.routes",
            json!({ "routes": [{ "destination": "0.0.0.0/0", "gateway": "192.0.2.1", "interface": "eth0" }] }),
        ),
        ("os", json!({ "restart_required": false })),
        (
            "packages",
            json!({ "packages": [{ "name": "bash", "version": "5.2", "manager": "dpkg", "held": false }] }),
        ),
        ("services.state", json!({ "services": [{ "name": "ssh.service", "state": "active" }] })),
        ("system", json!({ "chassis": "laptop" })),
        (
            "uptime",
            json!({ "uptime_s": 90000, "load": [0.1, 0.1, 0.1], "cpu_pressure_percent": 0.5, "io_pressure_percent": 0.0 }),
        ),
        (
            "wifi",
            json!({ "interfaces": [{ "name": "wlan0", "signal_dbm": -50 }], "radios": [{ "name": "phy0", "kind": "wlan", "soft_blocked": false, "hard_blocked": false }] }),
        ),
    ]
}

fn findings(sections: &[(&str, Value)]) -> Vec<Finding> {
    let lines: Vec<(SectionRef, Vec<u8>)> = sections
        .iter()
        .map(|(kind, content)| {
            let known = section::known(kind).expect("a section");
            (line(known, Status::Ok, ""), content.to_string().into_bytes())
        })
        .collect();
    let all = lines.iter().map(|(line, bytes)| (line, Some(bytes.as_slice())));
    let facts = Facts::new(Timestamp::UNIX_EPOCH, &Patterns::default(), all);
    shipped().iter().filter_map(|check| judge(check, &facts)).collect()
}

/// The same machine with one section otherwise.
fn with(kind: &str, content: Value) -> Vec<Finding> {
    let mut sections = sound();
    let place = sections.iter().position(|(name, _)| *name == kind).expect("a section of it");
    sections[place].1 = content;
    findings(&sections)
}

fn verdict(findings: &[Finding], check: &str) -> Verdict {
    let finding = findings.iter().find(|finding| finding.check == check);
    finding.unwrap_or_else(|| panic!("{check} said nothing")).verdict
}

#[test]
fn a_sound_machine_passes_every_check() {
    let findings = findings(&sound());
    let other: Vec<_> =
        findings.iter().filter(|finding| finding.verdict != Verdict::Pass).collect();
    assert!(other.is_empty(), "{other:#?}");
    let silent: Vec<String> = shipped()
        .into_iter()
        .map(|check| check.id)
        .filter(|id| !findings.iter().any(|finding| finding.check == *id))
        .collect();
    // One proxy setting alone cannot disagree.
    assert_eq!(silent, ["net.proxy-agrees"]);
}

#[test]
fn what_is_wrong_is_found_with_its_evidence() {
    let entry = |message: &str| json!({ "entries": [{ "severity": "error", "message": message }] });
    let fs = |used: u64, free: u64| json!({ "filesystems": [{ "mount_point": "/home", "used_bytes": used, "available_bytes": free }] });
    let wrong: Vec<(&str, Value, &str, Verdict)> = vec![
        ("filesystems.usage", fs(97, 3), "disk.space", Verdict::Fail),
        ("filesystems.usage", fs(90, 10), "disk.space", Verdict::Warn),
        (
            "filesystems.usage",
            json!({ "filesystems": [{ "mount_point": "/", "used_bytes": 1, "available_bytes": 9, "inodes": 100, "inodes_used": 96 }] }),
            "disk.inodes",
            Verdict::Fail,
        ),
        (
            "filesystems",
            json!({ "filesystems": [{ "mount_point": "/", "source": "/dev/sda1", "kind": "ext4", "read_only": true }] }),
            "disk.read-only",
            Verdict::Fail,
        ),
        (
            "errors",
            entry("Buffer I/O error on dev sda1, logical block 3"),
            "disk.errors",
            Verdict::Fail,
        ),
        (
            "errors",
            entry("Out of memory: Killed process 77 (chromium)"),
            "memory.killed",
            Verdict::Warn,
        ),
        (
            "errors",
            entry("watchdog: BUG: soft lockup - CPU#1 stuck for 23s!"),
            "kernel.crash",
            Verdict::Fail,
        ),
        (
            "errors",
            entry("mce: [Hardware Error]: Machine check events logged"),
            "hardware.errors",
            Verdict::Fail,
        ),
        (
            "disks",
            json!({ "arrays": [{ "name": "md0", "state": "active", "wanted": 2, "working": 1 }] }),
            "raid.degraded",
            Verdict::Fail,
        ),
        (
            "network.interfaces",
            json!({ "interfaces": [{ "name": "eth0", "driver": "e1000e", "carrier": false, "state": "down" }] }),
            "net.link",
            Verdict::Fail,
        ),
        (
            "network.interfaces",
            json!({ "interfaces": [{ "name": "eth0", "driver": "e1000e", "carrier": true, "duplex": "half" }] }),
            "net.duplex",
            Verdict::Warn,
        ),
        (
            "network.addresses",
            json!({ "addresses": [{ "interface": "eth0", "address": "169.254.7.7" }] }),
            "net.address",
            Verdict::Fail,
        ),
        (
            "network.addresses",
            json!({ "addresses": [{ "interface": "eth0", "address": "192.0.2.2", "trouble": "duplicate" }] }),
            "net.address-conflict",
            Verdict::Fail,
        ),
        ("network.routes", json!({ "routes": [] }), "net.route", Verdict::Fail),
        ("network.dns", json!({ "servers": [] }), "net.dns-servers", Verdict::Fail),
        (
            "network.dns",
            json!({ "servers": ["192.0.2.53"], "hosts": [{ "address": "192.0.2.9", "names": ["shop.example"] }] }),
            "net.hosts-overrides",
            Verdict::Warn,
        ),
        (
            "network.proxy",
            json!({ "settings": [{ "source": "environment", "scheme": "http", "value": "a:1" }, { "source": "apt", "scheme": "http", "value": "b:1" }] }),
            "net.proxy-agrees",
            Verdict::Warn,
        ),
        (
            "network.counters",
            json!({ "interfaces": [{ "name": "eth0", "rx_packets": 90000, "tx_packets": 1, "rx_errors": 2000, "tx_errors": 0 }] }),
            "net.errors",
            Verdict::Warn,
        ),
        (
            "network.ports",
            json!({ "ports": [{ "protocol": "tcp", "address": "0.0.0.0", "port": 23 }] }),
            "ports.remote-access",
            Verdict::Warn,
        ),
        (
            "wifi",
            json!({ "interfaces": [{ "name": "wlan0", "signal_dbm": -80 }] }),
            "wifi.signal",
            Verdict::Fail,
        ),
        (
            "wifi",
            json!({ "radios": [{ "name": "phy0", "kind": "wlan", "soft_blocked": true, "hard_blocked": false }] }),
            "wifi.radio",
            Verdict::Fail,
        ),
        ("clock", json!({ "synchronised": false }), "clock.synchronised", Verdict::Warn),
        (
            "clock",
            json!({ "synchronised": true, "offset_us": -400_000_000i64 }),
            "clock.synchronised",
            Verdict::Fail,
        ),
        (
            "memory.usage",
            json!({ "total_bytes": 8000, "available_bytes": 300 }),
            "memory.available",
            Verdict::Fail,
        ),
        (
            "memory.usage",
            json!({ "total_bytes": 8000, "available_bytes": 4000, "pressure_percent": 12.5 }),
            "memory.pressure",
            Verdict::Warn,
        ),
        ("uptime", json!({ "uptime_s": 5_000_000 }), "os.uptime", Verdict::Warn),
        (
            "uptime",
            json!({ "uptime_s": 5, "cpu_pressure_percent": 90.0 }),
            "cpu.pressure",
            Verdict::Fail,
        ),
        (
            "uptime",
            json!({ "uptime_s": 5, "io_pressure_percent": 30.0 }),
            "io.pressure",
            Verdict::Warn,
        ),
        (
            "os",
            json!({ "restart_required": true, "restart_for": ["linux-image"] }),
            "os.restart",
            Verdict::Fail,
        ),
        (
            "services.state",
            json!({ "services": [{ "name": "cups.service", "state": "failed" }] }),
            "services.failed",
            Verdict::Fail,
        ),
        (
            "packages",
            json!({ "packages": [{ "name": "vim", "version": "9", "manager": "dpkg", "trouble": "half-configured" }] }),
            "packages.broken",
            Verdict::Fail,
        ),
        (
            "packages",
            json!({ "packages": [{ "name": "vim", "version": "9", "manager": "dpkg", "held": true }] }),
            "packages.held",
            Verdict::Warn,
        ),
        (
            "batteries.state",
            json!({ "batteries": [{ "name": "BAT0", "health_percent": 55 }] }),
            "battery.health",
            Verdict::Fail,
        ),
        (
            "cpu",
            json!({ "vulnerabilities": [{ "name": "mds", "verdict": "Vulnerable: no microcode" }] }),
            "cpu.vulnerable",
            Verdict::Warn,
        ),
        ("firmware", json!({ "secure_boot": false }), "firmware.secure-boot", Verdict::Warn),
    ];
    for (kind, content, check, expected) in &wrong {
        let findings = with(kind, content.clone());
        assert_eq!(verdict(&findings, check), *expected, "{check} of {content}");
        let finding = findings.iter().find(|finding| finding.check == *check).expect("found");
        let shown = finding.evidence.iter().any(|evidence| !evidence.value.is_empty());
        let nothing_to_show =
            matches!(*check, "net.route" | "net.dns-servers" | "firmware.secure-boot");
        assert!(shown || nothing_to_show, "{check} shows nothing");
    }
    let mut never: Vec<String> = shipped().into_iter().map(|check| check.id).collect();
    never.retain(|id| !wrong.iter().any(|(_, _, check, _)| check == id));
    assert!(never.is_empty(), "these were never seen to find anything: {never:?}");
}

#[test]
fn what_cannot_be_asked_is_unknown_with_its_reason_and_never_a_pass() {
    let denied = line(&section::SERVICES_STATE, Status::Denied, "only root may ask systemd");
    let facts = Facts::new(Timestamp::UNIX_EPOCH, &Patterns::default(), [(&denied, None)]);
    for check in shipped() {
        let finding = judge(&check, &facts).expect("said");
        assert_eq!(finding.verdict, Verdict::Unknown, "{}", check.id);
        assert!(!finding.reason.is_empty(), "{}", check.id);
    }
    let services = shipped().into_iter().find(|check| check.id == "services.failed");
    let finding = judge(&services.expect("there"), &facts).expect("said");
    assert_eq!(finding.reason, "services.state is denied: only root may ask systemd");
    let shapeless = with("memory.usage", json!({ "total_bytes": 8000 }));
    let finding = shapeless.iter().find(|finding| finding.check == "memory.available");
    assert_eq!(finding.expect("said").reason, "the snapshot does not tell `available_bytes`");
    assert_eq!(verdict(&shapeless, "memory.available"), Verdict::Unknown);
}

#[test]
fn a_list_that_would_take_too_long_is_not_walked() {
    let many: Vec<Value> = (0..2_000)
        .map(|n| json!({ "source": "x", "scheme": "http", "value": n.to_string() }))
        .collect();
    let findings = with("network.proxy", json!({ "settings": many }));
    let finding = findings.iter().find(|finding| finding.check == "net.proxy-agrees");
    assert_eq!(finding.expect("said").reason, "a list of 2000 entries is too long for this check");
}
