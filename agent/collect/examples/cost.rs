//! What a full collection costs on this machine: processor time, wall time and the most memory of a process
//! that starts, collects and ends, best, median and mean over several runs. The measured command is this example
//! itself, started again with `once`; `show` prints the sections instead.
//!
//! `cargo run --profile agent -p befund-collect --example cost [-- show [KIND]]`

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use befund_collect::child::run_collect;
use befund_collect::{Plan, Root, collect};
use befund_model::snapshot::PrivacyClass;

const ROUNDS: u32 = 40;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Root::system()?;
    let plan = Plan::all(PrivacyClass::Consent);
    let mut out = std::io::stdout().lock();
    match std::env::args().nth(1).as_deref() {
        Some("once") => {
            run_collect(&root, &plan, std::io::BufWriter::new(out))?;
            write!(std::io::stderr(), "{}", peak()?)?;
        }
        Some("show") => {
            let only = std::env::args().nth(2);
            collect(&root, &plan, |section| {
                let line = &section.line;
                let wanted = only.as_deref() == Some(line.kind.as_str());
                if only.is_none() || wanted {
                    let _ = writeln!(
                        out,
                        "{:20} {:11} {:>8} B {:>7} us {:>3} redacted  {}",
                        line.kind.as_str(),
                        line.status.as_str(),
                        line.size,
                        line.took_us,
                        line.redacted,
                        line.reason
                    );
                }
                if wanted {
                    let _ = writeln!(out, "{}", String::from_utf8_lossy(&section.bytes));
                }
            });
        }
        _ => {
            let (mut walls, mut peaks) = (Vec::new(), Vec::new());
            let before = children()?;
            for _ in 0..ROUNDS {
                let started = Instant::now();
                let ended = Command::new(std::env::current_exe()?)
                    .arg("once")
                    .stdout(Stdio::null())
                    .output()?;
                walls.push(started.elapsed());
                if !ended.status.success() {
                    return Err(format!("the collection ended with {}", ended.status).into());
                }
                peaks.push(String::from_utf8_lossy(&ended.stderr).parse::<u64>()?);
            }
            let cpu = (children()? - before) / ROUNDS;
            walls.sort();
            writeln!(
                out,
                "wall: best {:?}, median {:?} of {ROUNDS}",
                walls[0],
                walls[walls.len() / 2]
            )?;
            writeln!(out, "CPU:  mean {cpu:?}")?;
            peaks.sort_unstable();
            let (most, median) = (peaks.last().unwrap_or(&0), peaks[peaks.len() / 2]);
            writeln!(out, "memory: median {} KiB, most {most} KiB (VmHWM)", median)?;
        }
    }
    Ok(())
}

/// Processor time of children that have ended, in steps of 10 ms (proc(5): `cutime`, `cstime`),
/// which is why it is taken over all rounds together.
fn children() -> Result<Duration, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace().collect();
    let ticks = |field: usize| {
        fields.get(field).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or_default()
    };
    Ok(Duration::from_millis((ticks(13) + ticks(14)) * 10))
}

/// The most memory that this process has occupied, in KiB (proc_pid_status(5): `VmHWM`).
fn peak() -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let words = line.unwrap_or_default().split_ascii_whitespace().next();
    Ok(words.ok_or("no VmHWM")?.parse()?)
}
