//! Running a shell's command in limits.

use std::path::{Path, PathBuf};
use std::time::Duration;

use befund_executor::confine::{Confinement, Left, Limits, Line, Means, Privileges, Program, Ran};
use tokio_util::sync::CancellationToken;

/// What is used whatever the machine has, and what is used where it has nothing.
pub(crate) const MEANS: [Means; 2] = [Means::Best, Means::Plain];

pub(crate) fn limits() -> Limits {
    Limits {
        wall: Duration::from_secs(60),
        cpu: Duration::from_secs(30),
        memory_bytes: 256 << 20,
        processes: 40,
        output_bytes: 1 << 20,
    }
}

pub(crate) fn program(path: &str, arguments: &[&str]) -> Program {
    Program {
        path: PathBuf::from(path),
        arguments: arguments.iter().map(Into::into).collect(),
        environment: vec![("PATH".into(), "/usr/bin:/bin".into())],
        folder: PathBuf::from("/"),
        input: Vec::new(),
        privileges: Privileges::Kept,
    }
}

pub(crate) fn shell(script: &str) -> Program {
    program("/bin/sh", &["-c", script])
}

/// Runs it to its end; cancelled when it prints `cancel`. Whatever it named as `pid N` must have gone.
pub(crate) async fn run(means: Means, program: Program, limits: Limits) -> Ran {
    let cancel = CancellationToken::new();
    let confined = Confinement::find(means).start(program, limits).expect("it starts");
    let ran = confined
        .run(&cancel, |line: &Line| {
            if line.text == "cancel" {
                cancel.cancel();
            }
        })
        .await;
    assert_eq!(ran.left, Left::Nothing, "{ran:?}");
    for pid in pids(&ran.output) {
        assert!(is_gone(pid), "process {pid} is left of {ran:?}");
    }
    ran
}

pub(crate) fn pids(output: &str) -> Vec<u32> {
    let pid = |line: &str| line.strip_prefix("pid ")?.trim().parse().ok();
    output.lines().filter_map(pid).collect()
}

/// Gone, or dead and waiting for whoever started it.
pub(crate) fn is_gone(pid: u32) -> bool {
    match std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")) {
        Err(_) => true,
        Ok(stat) => stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')),
    }
}
