//! Programs that do not do as they are told.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use befund_executor::confine::{ConfinedBy, Confinement, End, Line, Means};
use tokio_util::sync::CancellationToken;

use crate::common::*;

/// Detaches itself as daemons do, hears no request to stop, and names itself before it is left alone.
const DAEMON: &str = "mkfifo \"$F\"; (setsid sh -c 'trap \"\" TERM HUP INT; echo $$ > \"$F\"; \
    exec >/dev/null 2>&1; while :; do sleep 1; done' &) ; read pid < \"$F\"; rm \"$F\"; echo pid $pid; ";

fn daemon(then: &str) -> (tempfile::TempDir, befund_executor::confine::Program) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut daemon = shell(&format!("{DAEMON}{then}"));
    daemon.environment.push(("F".into(), folder.path().join("note").into()));
    (folder, daemon)
}

#[tokio::test]
async fn a_detached_daemon_goes_when_its_program_has_ended() {
    for means in MEANS {
        let (_folder, daemon) = daemon("exit 0");
        let ran = run(means, daemon, limits()).await;
        assert_eq!((ran.end, pids(&ran.output).len()), (End::Exited(0), 1), "{ran:?}");
    }
}

#[tokio::test]
async fn a_cancel_ends_the_program_and_its_daemon_and_keeps_what_was_told() {
    for means in MEANS {
        let (_folder, daemon) =
            daemon("trap '' TERM; echo cancel; printf half; while :; do sleep 1; done");
        let ran = run(means, daemon, limits()).await;
        assert_eq!((ran.end, pids(&ran.output).len()), (End::Cancelled, 1), "{ran:?}");
        assert!(ran.output.contains("cancel\n"), "{ran:?}");
    }
}

#[tokio::test]
async fn a_program_that_is_asked_to_stop_may_say_a_last_word() {
    for means in MEANS {
        let script = "trap 'echo bye; exit 0' TERM; echo cancel; while :; do sleep 0.05; done";
        let ran = run(means, shell(script), limits()).await;
        assert_eq!(ran.end, End::Cancelled, "{ran:?}");
        // The shell may tell of its own child.
        assert!(ran.output.starts_with("cancel\n") && ran.output.contains("bye\n"), "{ran:?}");
    }
}

/// More than may be, by far, and yet a number that any machine bears: were the limit to fail, so would the
/// story, and not the machine.
const MANY: [&str; 2] = [
    "echo pid $$; i=0; while [ $i -lt 200 ]; do sleep 600 & i=$((i+1)); done; wait",
    // Doubled six times: 64 at the end, each with those that it came from.
    "double() { [ $1 = 0 ] && exec sleep 600; double $(($1 - 1)) & double $(($1 - 1)) & wait; }; double 6",
];

#[tokio::test]
async fn more_processes_than_there_may_be_are_held_or_ended() {
    for means in MEANS {
        for script in MANY {
            let mut limits = limits();
            limits.wall = Duration::from_secs(2);
            limits.output_bytes = 1_000;
            let ran = run(means, shell(script), limits).await;
            // Either the system holds them, and the shell gives up or goes on in vain, or they are counted.
            let held = matches!(ran.end, End::Exited(_) | End::Late) && ran.output.contains("fork");
            let counted = ran.by == ConfinedBy::Rlimits && ran.end == End::OverProcesses;
            assert!(held || counted, "{ran:?}");
        }
    }
}

#[tokio::test]
async fn memory_without_end_is_refused() {
    for means in MEANS {
        let mut limits = limits();
        limits.memory_bytes = 48 << 20;
        // It keeps the last line, which has no end.
        let ran =
            run(means, shell("head -c 2000000000 /dev/zero | tail -n 1 | wc -c"), limits).await;
        let refused = ran.end == End::OverMemory
            || ran.by == ConfinedBy::Rlimits && !ran.output.contains("2000000000");
        assert!(refused, "{ran:?}");
    }
}

#[tokio::test]
async fn the_time_of_processors_is_that_of_all_processes_together() {
    for means in MEANS {
        let mut limits = limits();
        limits.cpu = Duration::from_millis(600);
        let script = "echo pid $$; (while :; do :; done) & echo pid $!; wait";
        let ran = run(means, shell(script), limits).await;
        assert_eq!(ran.end, End::OverCpu, "{ran:?}");
        assert!(ran.cpu >= limits.cpu, "{ran:?}");
    }
}

#[tokio::test]
async fn output_without_end_is_cut_visibly_and_harms_nobody() {
    for means in MEANS {
        let mut limits = limits();
        limits.wall = Duration::from_millis(700);
        limits.output_bytes = 10_000;
        let ran = run(means, program("/usr/bin/yes", &["befund"]), limits).await;
        assert_eq!(ran.end, End::Late, "{ran:?}");
        assert!(ran.cut > 0);
        assert!(
            ran.output.ends_with("[cut: it printed more than its 10000 bytes]\n"),
            "{}",
            ran.output
        );
        assert!(ran.output.len() < 10_100);
    }
}

#[tokio::test]
async fn a_pipe_that_nobody_reads_blocks_nobody_else() {
    for means in MEANS {
        let mut limits = limits();
        limits.wall = Duration::from_millis(700);
        // Inside, and from us: it never reads what we write.
        let mut script = shell("echo pid $$; yes | sleep 600");
        script.input = vec![b'x'; 1 << 20];
        let ran = run(means, script, limits).await;
        assert_eq!(ran.end, End::Late, "{ran:?}");
    }
}

#[tokio::test]
async fn an_orphan_that_holds_the_pipe_open_keeps_nobody_waiting() {
    for means in MEANS {
        let ran = run(means, shell("sleep 600 & echo pid $!; echo done"), limits()).await;
        assert_eq!(ran.end, End::Exited(0), "{ran:?}");
        assert!(ran.output.ends_with("done\n"), "{ran:?}");
    }
}

#[tokio::test]
async fn what_is_no_text_is_shown_as_such() {
    let ran = run(Means::Best, shell(r"printf 'a\377b\033[31m\n'"), limits()).await;
    assert_eq!(ran.output, "a\u{FFFD}b\u{1b}[31m\n");
}

#[tokio::test]
async fn a_run_that_is_dropped_leaves_nothing() {
    for means in MEANS {
        let (_folder, daemon) = daemon("echo ready; sleep 600");
        let confined = Confinement::find(means).start(daemon, limits()).expect("it starts");
        let ready = CancellationToken::new();
        let pids = std::cell::RefCell::new(Vec::new());
        let never = CancellationToken::new();
        let run = confined.run(&never, |line: &Line| {
            pids.borrow_mut().extend(crate::common::pids(&line.text));
            if line.text == "ready" {
                ready.cancel();
            }
        });
        ready.run_until_cancelled(run).await;
        let pids = pids.take();
        assert_eq!(pids.len(), 1);
        while !is_gone(pids[0]) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn killing_the_keeper_frees_nobody() {
    // It is seen before: it goes on only when it is told that it was.
    let script =
        "sleep 600 & echo pid $!; read go; kill -9 $(cut -d' ' -f4 /proc/$$/stat); sleep 600";
    let confinement = Confinement::find(Means::Best);
    let mut program = shell(script);
    program.input = b"go\n".to_vec();
    if confinement.start(shell("true"), limits()).expect("it starts").by() == ConfinedBy::Rlimits {
        return;
    }
    let ran = run(Means::Best, program, limits()).await;
    assert_eq!((ran.end, pids(&ran.output).len()), (End::Lost, 1), "{ran:?}");
}

/// What makes this program a part of the story below.
const PART: &str = "BEFUND_TEST_RUNS_A_DAEMON";

/// A part of the story below, in a process of its own: runs a daemon until it is killed.
#[tokio::test]
async fn runs_a_daemon() {
    if std::env::var_os(PART).is_none() {
        return;
    }
    let (_folder, daemon) = daemon("sleep 600");
    let confined = Confinement::find(Means::Plain).start(daemon, limits()).expect("it starts");
    let tell = |line: &Line| writeln!(std::io::stderr(), "{}", line.text).expect("somebody reads");
    confined.run(&CancellationToken::new(), tell).await;
}

#[test]
fn what_was_started_ends_with_an_executor_that_is_killed() {
    let mut executor = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "misbehaves::runs_a_daemon", "--nocapture"])
        .env(PART, "1")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let told = BufReader::new(executor.stderr.take().expect("a pipe"));
    let mut lines = told.lines().map_while(Result::ok);
    let pid = lines.find_map(|line| pids(&line).first().copied()).expect("a daemon");
    assert!(!is_gone(pid));

    executor.kill().expect("killed");
    executor.wait().expect("waited for");

    while !is_gone(pid) {
        std::thread::sleep(Duration::from_millis(5));
    }
}
