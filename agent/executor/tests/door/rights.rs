//! Children that change nothing have given up the rights to, before they are told what to do.

use std::process::{Command, Stdio};

use crate::common::eventually;

/// `CAP_DAC_READ_SEARCH`, `CAP_NET_ADMIN`, `CAP_NET_RAW`, `CAP_SYS_RAWIO`, `CAP_SYS_PTRACE`, `CAP_SYS_ADMIN` and
/// `CAP_SYSLOG` of linux/capability.h.
const READING: u64 = 1 << 2 | 1 << 12 | 1 << 13 | 1 << 17 | 1 << 19 | 1 << 21 | 1 << 34;

/// The permitted rights of a process, and those that it and whatever it starts can still get.
fn rights(pid: &str) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let of = |field: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
        u64::from_str_radix(line.trim_start_matches(':').trim(), 16).unwrap_or(u64::MAX)
    };
    (of("CapPrm"), of("CapBnd"))
}

#[tokio::test]
async fn a_child_that_changes_nothing_has_no_right_to() {
    let (own, bound) = rights("self");
    for (part, kept) in [("collect", READING), ("judge", 0)] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_executor-fixture"))
            .arg(part)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the fixture");
        let pid = child.id().to_string();
        // Who is not root has nothing to give up, and keeps its bound.
        let can = own & (1 << 8) != 0;
        let expected = (own & kept, if can { bound & kept } else { bound });
        eventually(|| (rights(&pid) == expected).then_some(())).await;
        drop(child.stdin.take());
        child.wait().expect("it ends with its input");
    }
}
