//! Scripts: what they get, where they run, what is told of them.

use befund_act::{Interpreter, Purpose, Script, Told, Work};
use befund_model::snapshot::Status;
use serde_json::{Value, json};

use crate::common::{Made, acted, lines, skipped};

fn script(interpreter: Interpreter, arguments: Value) -> Work {
    Work::Script(Script { name: "scripts/try".to_owned(), interpreter, arguments })
}

fn made() -> Made {
    let mut made = Made::new();
    made.machine.programs = None;
    made
}

fn run(made: &Made, interpreter: Interpreter, bytes: &str) -> Vec<Told> {
    let work = script(interpreter, json!({"name": "a b; $(id)"}));
    made.order(work, Purpose::Perform, bytes.as_bytes())
}

#[test]
fn a_script_gets_its_arguments_as_json_and_an_empty_environment() {
    let told = run(&made(), Interpreter::Sh, "cat; echo; pwd; env | sort; echo password=hunter2");
    let lines = lines(&told);
    assert_eq!(lines[0], "{\"name\":\"a b; $(id)\"}");
    assert!(lines[1].contains("/befund-"), "{lines:?}");
    let names: Vec<&str> =
        lines[2..lines.len() - 1].iter().filter_map(|line| line.split('=').next()).collect();
    assert!(
        names
            .iter()
            .all(|name| ["HOME", "LC_ALL", "PATH", "PWD", "OLDPWD", "SHLVL", "_"].contains(name)),
        "{names:?}"
    );
    assert_eq!(lines.last(), Some(&"password=[redacted:password]"));
    let acted = acted(told);
    assert_eq!(acted.status, Status::Ok, "{acted:?}");
    assert_eq!(acted.commands[0].exit, Some(0));
    assert!(!acted.commands[0].output.contains("hunter2"));
}

#[test]
fn what_a_script_notes_is_what_its_undo_script_gets() {
    let made = made();
    let told = run(&made, Interpreter::Sh, "echo '{\"before\": {\"mtu\": 1500}}'; echo done");
    let acted_ = acted(told);
    assert_eq!(acted_.before, json!({"mtu": 1500}));
    let purpose = Purpose::Undo { before: acted_.before };
    let told = made.order(script(Interpreter::Sh, json!({"x": 1})), purpose, b"cat");
    assert_eq!(lines(&told), ["{\"arguments\":{\"x\":1},\"before\":{\"mtu\":1500}}"]);
    assert_eq!(acted(told).status, Status::Ok);
}

#[test]
fn a_script_that_fails_says_so_with_its_last_words_and_keeps_what_it_noted() {
    let failed =
        acted(run(&made(), Interpreter::Sh, "echo '{\"before\": 1}'; echo no luck >&2; exit 3"));
    assert_eq!(failed.status, Status::Failed);
    assert_eq!(failed.reason, "the script scripts/try ended with 3: no luck");
    assert_eq!(failed.before, json!(1));
}

/// A script whose starter is killed before it has read must not go on with half of it, or nothing.
#[test]
fn what_a_script_is_given_is_whole_before_it_starts_and_stays_as_it_is() {
    let told = run(
        &made(),
        Interpreter::Sh,
        "[ -f /dev/stdin ] && echo whole; echo x 2>&1 >> /dev/stdin || echo sealed; wc -c",
    );
    let lines = lines(&told);
    let given = json!({"name": "a b; $(id)"}).to_string().len().to_string();
    assert_eq!(lines.first(), Some(&"whole"), "{lines:?}");
    assert_eq!(lines.last().map(|line| line.trim()), Some(given.as_str()), "{lines:?}");
    assert!(lines.contains(&"sealed"), "{lines:?}");
}

#[test]
fn nobody_can_write_to_a_script_that_runs() {
    let told = run(&made(), Interpreter::Sh, "echo x >> \"$0\" && echo written || echo sealed");
    let lines = lines(&told);
    assert!(lines.contains(&"sealed") && !lines.contains(&"written"), "{lines:?}");
}

#[test]
fn a_script_that_overstays_is_killed_with_what_it_started() {
    let mut made = made();
    made.within_ms = 500;
    let told = run(&made, Interpreter::Sh, "sleep 4321 & echo $!; wait");
    let pid = lines(&told)[0].to_owned();
    let late = acted(told);
    assert_eq!(late.status, Status::Timeout, "{late:?}");
    // It was killed; when it is gone is the kernel's to say.
    let lives = || {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("4321")
    };
    let mut looks = 0;
    while lives() {
        looks += 1;
        assert!(looks < 1_000, "{pid} is alive");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn output_is_told_up_to_its_cap_and_no_further() {
    let mut made = made();
    made.output_bytes = 1_000;
    let told = run(
        &made,
        Interpreter::Sh,
        "i=0; while [ $i -lt 500 ]; do echo 0123456789; i=$((i+1)); done",
    );
    let lines = lines(&told);
    assert_eq!(lines.last(), Some(&"[more than 1000 bytes; the rest is left out]"));
    assert!(lines.iter().map(|line| line.len() + 1).sum::<usize>() < 1_100);
    let acted = acted(told);
    assert!(acted.commands[0].cut);
    assert_eq!(acted.status, Status::Ok);
}

#[test]
fn python_runs_isolated() {
    let told = run(
        &made(),
        Interpreter::Python,
        "import sys,json\nprint(json.load(sys.stdin)['name'], sys.flags.isolated)",
    );
    if acted(told.clone()).status == Status::Unsupported {
        return skipped("python_runs_isolated", "there is no /usr/bin/python3");
    }
    assert_eq!(lines(&told), ["a b; $(id) 1"]);
}

#[test]
fn a_script_cannot_be_predicted_and_an_empty_one_is_refused() {
    let made = made();
    let told = made.order(script(Interpreter::Sh, json!({})), Purpose::Predict, b"x");
    let Some(Told::Predicted(prediction)) = told.last() else { panic!("{told:?}") };
    assert!(!prediction.known && prediction.changes);
    assert_eq!(acted(run(&made, Interpreter::Sh, "")).status, Status::Failed);
}
