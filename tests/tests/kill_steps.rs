//! Link, executor and both are killed again and again while runbooks run: no step is done twice, no result is lost, and
//! what nobody can tell is reported as such. The short form of `befund-kills`; `BEFUND_KILLS` sets how often and
//! `BEFUND_SEED` repeats a plan. What is judged, and how, is in `src/bin/befund-kills/verdict.rs`.

use std::process::Command;

/// How often unless the environment says otherwise: half a minute or so.
const KILLS: &str = "80";

#[test]
fn whatever_is_killed_during_a_step_nothing_is_done_twice_and_no_result_is_lost() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_befund-kills"));
    let kills = std::env::var("BEFUND_KILLS").unwrap_or_else(|_| KILLS.to_owned());
    command.args(["--kills", &kills]);
    if let Ok(seed) = std::env::var("BEFUND_SEED") {
        command.args(["--seed", &seed]);
    }

    // It has deadlines of its own.
    let output = command.output().unwrap();

    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{complained}");
    assert!(said.contains(&format!("\nkills: {kills}\n")), "{said}");
}
