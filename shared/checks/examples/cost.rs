//! Prints what it costs to read the shipped checks, to make a snapshot's facts ready for them, and to
//! judge: `cargo run --release -p befund-checks --example cost`. The facts are those of a machine with
//! 900 packages, 140 services, 150 processes and 200 errors in its log.

use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use befund_checks::{Facts, Patterns, judge, shipped};
use befund_model::Timestamp;
use befund_model::section;
use befund_model::snapshot::{Section, SectionRef, Status};
use serde_json::{Value, json};

const ROUNDS: u32 = 200;

fn main() -> std::io::Result<()> {
    let (checks, reading) = timed(1, shipped);
    let sections: Vec<(SectionRef, Vec<u8>)> = contents()
        .into_iter()
        .filter_map(|(kind, content)| {
            let known = section::known(kind)?;
            let line =
                Section::missing(known.kind.clone(), known.class, known.volatility, Status::Ok, "");
            Some((line.line, content.to_string().into_bytes()))
        })
        .collect();
    let patterns = Patterns::default();
    let ready = || {
        let all = sections.iter().map(|(line, bytes)| (line, Some(bytes.as_slice())));
        Facts::new(Timestamp::UNIX_EPOCH, &patterns, all)
    };
    let (facts, making) = timed(ROUNDS, ready);
    let (findings, judging) = timed(ROUNDS, || {
        checks.iter().filter_map(|check| judge(check, &facts)).collect::<Vec<_>>()
    });
    let bytes: usize = sections.iter().map(|(_, bytes)| bytes.len()).sum();
    let mut out = std::io::stdout().lock();
    writeln!(out, "reading {} checks, once              {reading:>10.2?}", checks.len())?;
    writeln!(
        out,
        "facts of {} sections, {} KB          {making:>10.2?}",
        sections.len(),
        bytes / 1000
    )?;
    writeln!(out, "judging by all checks, {} findings   {judging:>10.2?}", findings.len())
}

/// The last result, and the mean time of one round.
fn timed<T>(rounds: u32, work: impl Fn() -> T) -> (T, Duration) {
    let begun = Instant::now();
    for _ in 1..rounds {
        black_box(work());
    }
    let last = work();
    (last, begun.elapsed() / rounds)
}

fn contents() -> Vec<(&'static str, Value)> {
    let many = |count: usize, row: &dyn Fn(usize) -> Value| (0..count).map(row).collect::<Vec<_>>();
    vec![
        ("batteries.state", json!({ "batteries": [{ "name": "BAT0", "health_percent": 97 }] })),
        ("clock", json!({ "synchronised": true, "offset_us": 120 })),
        (
            "cpu",
            json!({ "vulnerabilities": many(20, &|n| json!({ "name": format!("v{n}"), "verdict": "Mitigation: x" })) }),
        ),
        ("disks", json!({ "disks": [], "arrays": [] })),
        (
            "errors",
            json!({ "entries": many(200, &|n| json!({ "severity": "error", "from": "kernel", "message": format!("usb 1-{n}: device descriptor read/64, error -71") })) }),
        ),
        (
            "filesystems",
            json!({ "filesystems": many(20, &|n| json!({ "mount_point": format!("/m{n}"), "source": "/dev/sda1", "kind": "ext4", "read_only": false })) }),
        ),
        (
            "filesystems.usage",
            json!({ "filesystems": many(20, &|n| json!({ "mount_point": format!("/m{n}"), "used_bytes": 40, "available_bytes": 60, "inodes": 100, "inodes_used": 3 })) }),
        ),
        ("firmware", json!({ "secure_boot": true })),
        (
            "memory.usage",
            json!({ "total_bytes": 8000, "available_bytes": 4000, "pressure_percent": 0.1 }),
        ),
        (
            "network.addresses",
            json!({ "addresses": [{ "interface": "eth0", "address": "192.0.2.2" }] }),
        ),
        (
            "network.counters",
            json!({ "interfaces": [{ "name": "eth0", "rx_packets": 9, "tx_packets": 9, "rx_errors": 0, "tx_errors": 0 }] }),
        ),
        ("network.dns", json!({ "servers": ["192.0.2.53"], "hosts": [] })),
        (
            "network.interfaces",
            json!({ "interfaces": [{ "name": "eth0", "driver": "e1000e", "carrier": true, "state": "up" }] }),
        ),
        (
            "network.ports",
            json!({ "ports": many(40, &|n| json!({ "protocol": "tcp", "address": "0.0.0.0", "port": 8000 + n })) }),
        ),
        ("network.proxy", json!({ "settings": [] })),
        (
            "network.routes",
            json!({ "routes": [{ "destination": "0.0.0.0/0", "gateway": "192.0.2.1" }] }),
        ),
        ("os", json!({ "restart_required": false })),
        (
            "packages",
            json!({ "packages": many(900, &|n| json!({ "name": format!("package-{n}"), "version": "1.2.3-4", "arch": "amd64", "manager": "dpkg", "held": false })) }),
        ),
        (
            "processes",
            json!({ "processes": many(150, &|n| json!({ "pid": n, "name": format!("p{n}"), "cpu_ms": 3, "memory_bytes": 4096 })) }),
        ),
        (
            "services.state",
            json!({ "services": many(140, &|n| json!({ "name": format!("s{n}.service"), "state": "active" })) }),
        ),
        ("system", json!({ "chassis": "laptop" })),
        (
            "uptime",
            json!({ "uptime_s": 90000, "cpu_pressure_percent": 0.5, "io_pressure_percent": 0.0 }),
        ),
        ("wifi", json!({ "interfaces": [{ "name": "wlan0", "signal_dbm": -50 }], "radios": [] })),
    ]
}
