//! What somebody sees who asks the program how it is used.

use std::process::{Command, Output};

fn befund(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_befund")).args(arguments).output().expect("befund runs")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_exit_codes_are_documented() {
    let help = text(&befund(&["--help"]));
    for code in ["0", "1", "2", "3", "4", "5", "6", "7"] {
        assert!(
            help.lines().any(|line| line.split_whitespace().next() == Some(code)),
            "exit code {code} is not explained:\n{help}"
        );
    }
}

#[test]
fn every_command_has_help_of_its_own() {
    for command in [
        "login", "ticket", "machine", "snapshot", "run", "watch", "job", "works", "enroll",
        "agent", "runbook", "trust", "approve", "decline",
    ] {
        let output = befund(&[command, "--help"]);
        assert!(output.status.success(), "{command}");
        assert!(text(&output).contains("Usage: befund"), "{command}: {}", text(&output));
    }
}

#[test]
fn a_mistyped_command_is_a_usage_error_with_a_suggestion() {
    let output = befund(&["tickte", "list"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("ticket"));
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = befund(&["completions", shell]);
        assert!(output.status.success() && text(&output).contains("befund"), "{shell}");
    }
}
