//! Programs that do as they are told, and what they find around them.

use std::path::PathBuf;

use befund_executor::confine::{ConfineError, Confinement, End, Lasting, Left, Means, Privileges};
use rustix::process::Signal;
use tokio_util::sync::CancellationToken;

use crate::common::*;

#[tokio::test]
async fn a_program_reads_its_input_and_tells_its_status() {
    for means in MEANS {
        let mut cat = shell("cat; echo oops >&2; exit 3");
        cat.input = b"one\ntwo".to_vec();

        let ran = run(means, cat, limits()).await;

        assert_eq!((ran.end, ran.cut), (End::Exited(3), 0), "{ran:?}");
        let mut lines: Vec<_> = ran.output.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["one", "oops", "two"]);
    }
}

#[tokio::test]
async fn what_it_has_started_goes_on_where_that_may_last() {
    let daemon = "setsid sleep 100 < /dev/null > /dev/null 2>&1 & echo pid $!; exit STATUS";
    for means in MEANS {
        for (lasting, status, goes_on) in [
            (Lasting::Whatever, "0", true),
            (Lasting::Whatever, "1", false),
            (Lasting::Nothing, "0", false),
        ] {
            let program = shell(&daemon.replace("STATUS", status));
            let confined = Confinement::find(means).start(program, limits()).expect("it starts");

            let ran = confined.lasting(lasting).run(&CancellationToken::new(), |_| {}).await;

            assert_eq!(ran.left, Left::Nothing, "{ran:?}");
            let [pid] = pids(&ran.output)[..] else { panic!("{ran:?}") };
            assert_eq!(!is_gone(pid), goes_on, "{lasting:?} {ran:?}");
            if goes_on {
                let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
                let _ = rustix::process::kill_process(pid.expect("a number"), Signal::KILL);
            }
        }
    }
}

#[tokio::test]
async fn nothing_of_ours_is_around_it() {
    use rustix::io::{FdFlags, fcntl_setfd};
    // As a careless library would leave it.
    let open = std::fs::File::open("/dev/null").expect("a file");
    fcntl_setfd(&open, FdFlags::empty()).expect("a flag");
    for means in MEANS {
        let environment = run(means, program("/usr/bin/env", &[]), limits()).await;
        assert_eq!(environment.output, "PATH=/usr/bin:/bin\n");

        let around = run(means, shell("pwd; umask; ls /proc/$$/fd; ulimit -c"), limits()).await;
        let lines: Vec<_> = around.output.lines().collect();
        assert_eq!(
            (lines[0], lines[1].trim_start_matches('0'), lines[lines.len() - 1]),
            ("/", "77", "0")
        );
        assert_eq!(lines[2..lines.len() - 1], ["0", "1", "2"], "descriptors");
    }
}

#[tokio::test]
async fn it_gains_no_rights_where_it_must_not() {
    for (privileges, expected) in [(Privileges::Kept, "0"), (Privileges::NoNew, "1")] {
        let mut status = program("/bin/grep", &["NoNewPrivs", "/proc/self/status"]);
        status.privileges = privileges;

        let ran = run(Means::Best, status, limits()).await;

        let told = ran.output.trim().strip_prefix("NoNewPrivs:").map(str::trim);
        // Whoever runs this may be held to it already.
        let own = std::fs::read_to_string("/proc/self/status").expect("it is there");
        if own.contains("NoNewPrivs:\t0") {
            assert_eq!(told, Some(expected));
        }
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error_and_leaves_nothing() {
    for means in MEANS {
        let started = Confinement::find(means).start(program("/nowhere/at/all", &[]), limits());
        assert!(matches!(started, Err(ConfineError::Start { .. })), "{started:?}");
    }
    let mut relative = shell("true");
    relative.path = PathBuf::from("sh");
    let started = Confinement::find(Means::Plain).start(relative, limits());
    assert!(matches!(started, Err(ConfineError::Relative(_))), "{started:?}");
}

#[tokio::test]
async fn it_is_told_what_held_the_limits() {
    use befund_executor::confine::ConfinedBy;
    use std::io::Write as _;
    let plain = run(Means::Plain, shell("true"), limits()).await;
    let best = run(Means::Best, shell("true"), limits()).await;

    assert_eq!(plain.by, ConfinedBy::Rlimits);
    writeln!(std::io::stderr(), "confine: this machine has {:?}", best.by).expect("standard error");
}
