//! Two accounts at one machine's door: each sees what it may read, and nothing of the other's.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use befund_agent::door::client::{Door, DoorError};
use befund_agent::door::protocol::{Answer, Ask};
use befund_model::snapshot::SectionKind;
use befund_tests::agent::ticket_in;
use befund_tests::process::run;
use befund_tests::{TestAgent, TestController};

/// The account of nobody in particular.
const NOBODY: &str = "65534";
/// What the preview says of a section that its account may not read.
const WITHHELD: &str = "not shown to this account";

/// Runs a command of the agent's as another account.
fn as_nobody(agent: &TestAgent, arguments: &[&str]) -> Output {
    let command = agent.command(arguments);
    let mut wrapped = std::process::Command::new("setpriv");
    wrapped.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"]);
    wrapped.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    run(&mut wrapped)
}

fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// The sections of a preview, and whether each may be read by the account that it was made for.
fn previewed(preview: &str) -> Vec<(String, bool)> {
    let mut sections: Vec<(String, bool)> = Vec::new();
    for line in preview.lines() {
        let named = line.split_once('[').and_then(|(_, rest)| rest.split_once("] "));
        match (named, sections.last_mut()) {
            (Some((kind, _)), _) if line.starts_with("  ") && !line.starts_with("      ") => {
                sections.push((kind.to_owned(), true));
            }
            (_, Some(last)) if line.contains(WITHHELD) => last.1 = false,
            _ => {}
        }
    }
    sections
}

#[test]
fn each_account_is_shown_what_it_may_read_and_answers_for_itself() {
    let controller = TestController::start();
    let agent = TestAgent::connected_to(&controller);
    let operator = controller.admin();
    // On the way to the door.
    std::fs::set_permissions(agent.folder(), Permissions::from_mode(0o711)).unwrap();
    let own = agent.run(&["send", "--yes", "-m", "mine"]);
    let own_sections = previewed(&text(&own));
    assert!(own_sections.len() > 10, "{}", text(&own));
    assert!(own_sections.iter().all(|(_, readable)| *readable), "the agent's own account");
    if !rustix::process::getuid().is_root() {
        // Only root can be somebody else.
        return;
    }

    let other = as_nobody(&agent, &["send", "--yes", "-m", "somebody else's"]);
    assert!(other.status.success(), "{}", text(&other));
    let sections = previewed(&text(&other));
    let kinds = |sections: &[(String, bool)]| {
        sections.iter().map(|(kind, _)| kind.clone()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&sections), kinds(&own_sections), "the same is sent");
    let withheld: Vec<&String> =
        sections.iter().filter(|(_, readable)| !readable).map(|(kind, _)| kind).collect();
    for private in ["processes", "sessions", "errors"] {
        assert!(withheld.iter().any(|kind| *kind == private), "{private}: {withheld:?}");
    }
    for (kind, readable) in &sections {
        let shown = as_nobody(&agent, &["send", "--show", kind]);
        assert_eq!(shown.status.success(), *readable, "{kind}: {}", text(&shown));
        assert!(agent.run(&["send", "--show", kind]).status.success(), "{kind}");
    }
    for (sent, requester) in [(&own, "root"), (&other, "nobody")] {
        let shown = operator.json(&["ticket", "show", &ticket_in(sent)]);
        assert_eq!(shown["ticket"]["requester"], requester, "as the kernel says, not as claimed");
    }
}

#[tokio::test]
async fn a_preview_belongs_to_the_connection_that_asked_for_it() {
    let controller = TestController::start();
    let agent = TestAgent::connected_to(&controller);
    let run = agent.folder().join("run");
    let mut one = Door::open(&run).await.unwrap();
    let mut other = Door::open(&run).await.unwrap();
    assert!(matches!(one.ask(&Ask::Preview).await.unwrap().header, Answer::Preview { .. }));
    let kind = SectionKind::known("os");
    let show = Ask::Show { kind };
    assert!(matches!(one.ask(&show).await.unwrap().header, Answer::Section(_)));
    for ask in [show, Ask::Send { message: "theirs, not mine".to_owned() }] {
        let declined = other.ask(&ask).await.unwrap_err();
        assert!(matches!(&declined, DoorError::Declined(why) if why.contains("preview first")));
    }
    let operator = controller.admin();
    assert_eq!(operator.json(&["ticket", "list"])["items"], serde_json::json!([]));
}
