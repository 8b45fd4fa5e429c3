//! The page that says of every cause whether it was tried: it has all of them, and is true.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The stories, as they are written.
const STORIES: [&str; 6] = [
    include_str!("accounts.rs"),
    include_str!("disks.rs"),
    include_str!("load.rs"),
    include_str!("packages.rs"),
    include_str!("printers.rs"),
    include_str!("services.rs"),
];
/// The runbooks that are tried here.
const RUNBOOKS: [&str; 12] = [
    "account.locked",
    "app.crashes",
    "devices.blocked",
    "disk.failing",
    "disk.full",
    "printer.queue",
    "service.down",
    "slow.cpu",
    "slow.memory",
    "sound.none",
    "system.pending-reboot",
    "updates.failing",
];

/// A row of the page.
struct Row {
    runbook: String,
    cause: String,
    tried: String,
    how: String,
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../runbooks")
}

fn rows() -> Vec<Row> {
    let page = std::fs::read_to_string(shipped().join("tried/system.md")).unwrap();
    let cells = |line: &str| {
        let cells = line.trim_matches('|').splitn(4, '|').map(|cell| cell.trim().to_owned());
        <[String; 4]>::try_from(cells.collect::<Vec<_>>()).ok()
    };
    let rows = page.lines().filter(|line| line.starts_with("| `")).filter_map(cells);
    rows.map(|[runbook, cause, tried, how]| {
        let name = |text: String| text.trim_matches('`').to_owned();
        Row { runbook: name(runbook), cause: name(cause), tried, how }
    })
    .collect()
}

/// The causes of a runbook, in its order.
fn causes(runbook: &str) -> Vec<String> {
    let text = std::fs::read_to_string(shipped().join(format!("{runbook}.yaml"))).unwrap();
    text.lines().filter_map(|line| line.strip_prefix("  - id: ")).map(str::to_owned).collect()
}

/// Whether a story tries this cause: names runbook and cause as the first words of a call.
fn is_told(runbook: &str, cause: &str) -> bool {
    let beginnings =
        [format!("(\"{runbook}\",\"{cause}\""), format!("(\"{runbook}\",&[\"{cause}\"")];
    STORIES.iter().any(|story| {
        let story: String = story.split_whitespace().collect();
        beginnings.iter().any(|beginning| story.contains(beginning))
    })
}

#[test]
fn the_page_tells_of_every_cause_and_is_true() {
    let rows = rows();
    for runbook in RUNBOOKS {
        let listed: Vec<&str> = rows
            .iter()
            .filter(|row| row.runbook == runbook)
            .map(|row| row.cause.as_str())
            .collect();
        assert_eq!(listed, causes(runbook), "the page's rows of {runbook}");
    }
    let mut not_run = String::from("Not run:\n");
    for Row { runbook, cause, tried, how } in &rows {
        assert!(!how.is_empty(), "{runbook} {cause} does not say how, or why not");
        match tried.as_str() {
            "yes" | "in part" => {
                assert!(is_told(runbook, cause), "no story tries {runbook} {cause}")
            }
            "no" => {
                assert!(!is_told(runbook, cause), "a story tries {runbook} {cause}");
                not_run.push_str(&format!("  {runbook}, {cause}: {how}\n"));
            }
            other => panic!("{runbook} {cause}: tried is yes, in part or no, not {other}"),
        }
    }
    std::io::stderr().write_all(not_run.as_bytes()).unwrap();
}
