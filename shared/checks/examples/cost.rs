//! Prints what it costs to read the shipped checks, to make a snapshot's facts ready for them, and to
//! judge: `cargo run --release -p befund-checks --example cost`. The facts are those of a machine with
//! 900 packages, 140 services, 150 processes and 200 errors in its log.

use std::collections::BTreeMap;
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
            let known = section::known(&kind)?;
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

/// A sound machine, as the tests know it, with long lists where real machines have them.
fn contents() -> BTreeMap<String, Value> {
    let many = |count: usize, row: &dyn Fn(usize) -> Value| (0..count).map(row).collect::<Vec<_>>();
    let mut sections: BTreeMap<String, Value> =
        serde_json::from_str(include_str!("../tests/shipped/sound.json")).unwrap_or_default();
    let long = [
        (
            "certificates",
            json!({ "certificates": many(30, &|n| json!({ "store": "x", "subject": format!("CN={n}"), "serial": "1", "until": "2030-01-01T00:00:00Z" })) }),
        ),
        (
            "cpu",
            json!({ "threads": 8, "vulnerabilities": many(20, &|n| json!({ "name": format!("v{n}"), "verdict": "Mitigation: x" })) }),
        ),
        (
            "devices",
            json!({ "devices": many(60, &|n| json!({ "bus": "pci", "address": format!("0000:00:{n:02x}.0"), "model": "x", "driver": "y" })) }),
        ),
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
        (
            "network.neighbours",
            json!({ "neighbours": many(60, &|n| json!({ "interface": "eth0", "address": format!("192.0.2.{n}"), "state": "stale" })) }),
        ),
        (
            "network.ports",
            json!({ "ports": many(40, &|n| json!({ "protocol": "tcp", "address": "0.0.0.0", "port": 8000 + n })) }),
        ),
        (
            "packages",
            json!({ "packages": many(900, &|n| json!({ "name": format!("package-{n}"), "version": "1.2.3-4", "arch": "amd64", "manager": "deb", "held": false })) }),
        ),
        (
            "processes",
            json!({ "processes": many(150, &|n| json!({ "pid": n, "name": format!("p{n}"), "cpu_ms": 3, "memory_bytes": 4096 })) }),
        ),
        (
            "services.state",
            json!({ "services": many(140, &|n| json!({ "name": format!("s{n}.service"), "state": "active" })) }),
        ),
        (
            "updates.state",
            json!({ "pending": many(120, &|n| json!({ "name": format!("package-{n}"), "version": "2" })) }),
        ),
    ];
    sections.extend(long.map(|(kind, content)| (kind.to_owned(), content)));
    sections
}
