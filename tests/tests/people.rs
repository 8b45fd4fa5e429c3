//! Whoever works at the machine, at a terminal of their own: helping themselves without the help desk, and being asked by
//! it. The machine's record of sessions says who that is.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::fs::Permissions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use befund_tests::TestAgent;
use befund_tests::agent::ticket_in;
use befund_tests::browser::Language;
use befund_tests::browsing::Technician;
use befund_tests::noting::{Consent, NotingMachine};
use befund_tests::process::{eventually, run, under_mounts};

/// The account that is signed in: of nobody in particular.
const PERSON: &str = "65534";
/// What the login manager notes of a person's session.
const SESSION: &str =
    "UID=65534\nUSER=nobody\nACTIVE=1\nSTATE=active\nREMOTE=0\nCLASS=user\nSEAT=seat0\n";
/// Lays sessions of the test's own over the machine's: `$0` is the file of one.
const SESSIONS: &str = "mount -t tmpfs none /run && mkdir -p /run/systemd/sessions && \
                        cp \"$0\" /run/systemd/sessions/1 && exec \"$@\"";

/// A machine at which somebody is signed in, who may start the runbook.
fn machine() -> NotingMachine {
    machine_that_wants(Consent::User)
}

/// The same, whose runbook wants this consent.
fn machine_that_wants(consent: Consent) -> NotingMachine {
    let machine = NotingMachine::new(consent, "self_service = [\"test.*\"]", |folder, command| {
        // On the way to the door.
        std::fs::set_permissions(folder, Permissions::from_mode(0o711)).unwrap();
        let session = folder.join("session");
        std::fs::write(&session, SESSION).unwrap();
        under_mounts(SESSIONS, &[session.as_os_str()], &command)
    });
    eventually("the machine to have the catalogue", || {
        let shown = machine.operator.json(&["machine", "show", &machine.agent.id()]);
        shown["trust"]["catalogue_version"].as_u64().is_some_and(|version| version > 0)
    });
    machine
}

/// A command of the agent's in a language, as the account of the person.
fn as_person(agent: &TestAgent, language: &str, arguments: &[&str]) -> Command {
    let command = agent.command(arguments);
    let mut wrapped = Command::new("setpriv");
    wrapped.args(["--reuid", PERSON, "--regid", PERSON, "--clear-groups", "--"]);
    wrapped.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped.env("LANG", language);
    wrapped
}

/// A program on a terminal of its own.
struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<String>>,
    /// Ends once all was read.
    reader: Option<thread::JoinHandle<()>>,
}

impl Terminal {
    fn open(command: &Command) -> Self {
        let words = [command.get_program()].into_iter().chain(command.get_args());
        let line = words.map(|word| format!("'{}'", word.to_str().unwrap()));
        let line = line.collect::<Vec<_>>().join(" ");
        let mut script = Command::new("script");
        script.args(["-qefc", &line, "/dev/null"]).env("SHELL", "/bin/sh");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (keyboard, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let screen = Arc::new(Mutex::new(String::new()));
        let shown = Arc::clone(&screen);
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                shown.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..length]));
            }
        });
        Self { child, keyboard, screen, reader: Some(reader) }
    }

    fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    fn wait_for(&self, text: &str) {
        eventually(&format!("{text:?} on the screen"), || self.screen().contains(text));
    }

    fn press(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
    }

    /// Its exit code, and all that was shown.
    fn end(mut self) -> (Option<i32>, String) {
        let mut status = None;
        eventually("the program to end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let code = status.unwrap().code();
        self.reader.take().unwrap().join().unwrap();
        (code, self.screen())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(output: &std::process::Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

#[test]
fn whoever_works_here_helps_themselves_without_the_help_desk() {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let mut machine = machine();
    machine.controller.stop();

    let listed = run(&mut as_person(&machine.agent, "de_DE.UTF-8", &["fix"]));
    let offered = text(&listed);
    assert!(offered.contains("test.note  Nichts wurde notiert\n"), "{offered}");
    assert!(offered.contains("             Sieht nach, ob"), "{offered}");

    // What is not there, in words that a person understands.
    let wrong = run(&mut as_person(&machine.agent, "de_DE.UTF-8", &["fix", "test.nte", "--yes"]));
    assert_eq!(wrong.status.code(), Some(1), "{}", text(&wrong));
    let said = "„test.nte“ lässt sich hier nicht starten.\nDas lässt sich hier starten:";
    assert!(text(&wrong).contains(said), "{}", text(&wrong));

    // Whoever is not signed in decides nothing, whatever they may do otherwise.
    let root = machine.agent.run(&["fix", "test.note", "--yes"]);
    assert_eq!(root.status.code(), Some(1), "{}", text(&root));
    assert!(text(&root).contains("is not signed in"), "{}", text(&root));

    // Only looking.
    let look = run(&mut as_person(&machine.agent, "C.UTF-8", &["fix", "test.note", "--dry-run"]));
    assert_eq!(look.status.code(), Some(0), "{}", text(&look));
    let told = text(&look);
    assert!(told.contains("To have it put right: befund-agent fix test.note"), "{told}");
    assert!(told.contains("Nothing was changed."), "{told}");

    // No.
    let fix = ["fix", "test.note"];
    let mut terminal = Terminal::open(&as_person(&machine.agent, "de_DE.UTF-8", &fix));
    terminal.wait_for("[j/N]");
    terminal.press("");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(4), "{shown}");
    assert!(!machine.log().contains("noted"));

    // Yes.
    let mut terminal = Terminal::open(&as_person(&machine.agent, "de_DE.UTF-8", &fix));
    terminal.wait_for("[j/N]");
    assert!(!machine.log().contains("noted"), "nothing is done before");
    terminal.press("ja");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    for line in [
        "Wird geprüft: das Systemprotokoll",
        "Gefunden: Nichts ist notiert.",
        "Example Works: „Nichts wurde notiert“ würde an diesem Gerät etwas ändern.",
        "Ein Wort wird notiert.",
        "Das ist erledigt.",
        "Es hat geholfen.",
        "Es funktioniert jetzt.",
        "Was geändert wurde:",
    ] {
        assert!(shown.contains(line), "{line} in: {shown}");
    }
    assert!(machine.log().contains("noted"));
}

/// The runbook leaves the consent to the policy, which a technician's signature stands beside. Here none does.
#[test]
fn whoever_helps_themselves_is_asked_what_the_help_desk_would_not_ask() {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let machine = machine_that_wants(Consent::Policy);
    let fix = ["fix", "test.note"];
    let mut terminal = Terminal::open(&as_person(&machine.agent, "C.UTF-8", &fix));
    terminal.wait_for("[y/N]");
    terminal.press("n");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(4), "{shown}");
    assert!(!machine.log().contains("noted"), "{shown}");
    assert!(!shown.contains("approve"), "no signature is waited for: {shown}");

    let yes = run(&mut as_person(&machine.agent, "C.UTF-8", &["fix", "test.note", "--yes"]));
    assert_eq!(yes.status.code(), Some(0), "{}", text(&yes));
    assert!(text(&yes).contains("Agreed, by --yes."), "{}", text(&yes));
    assert!(machine.log().contains("noted"));
}

#[test]
fn the_help_desk_changes_something_once_whoever_works_here_agrees() {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let machine = machine();
    let ticket = ticket_in(&machine.agent.send("nothing was noted"));
    let mut terminal = Terminal::open(&as_person(&machine.agent, "C.UTF-8", &["attend"]));
    terminal.wait_for("You will be asked here");

    let job = machine.start(&ticket, &[]);
    terminal.wait_for("[y/N]");
    machine.wait_for(&job, "asking");
    terminal.press("y");
    machine.wait_for(&job, "needs_approval");
    assert!(!machine.log().contains("noted"), "a person's consent is no signature");
    let key = machine.signers.key_of("tina");
    let _ = machine.operator.says(&["approve", &job, "--yes", "--key", &key]);
    machine.wait_for(&job, "done");

    assert!(machine.log().contains("noted"));
    let shown = terminal.screen();
    let asked =
        format!("your help desk wants to change something on this machine (ticket #{ticket})");
    for line in [&*asked, "A word is written down.", "You agreed."] {
        assert!(shown.contains(line), "{line} in: {shown}");
    }
    let told = machine.job(&job);
    let consent = &told["outcome"]["result"]["attempts"][0]["consent"];
    assert_eq!(consent, "the user (nobody)", "{told}");
}

#[test]
fn two_different_people_sign_what_interrupts_work() {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let machine = machine();
    let ticket = ticket_in(&machine.agent.send("nothing was noted"));
    let mut terminal = Terminal::open(&as_person(&machine.agent, "C.UTF-8", &["attend"]));
    terminal.wait_for("You will be asked here");
    let agent = machine.agent.id();
    let run = ["run", "test.halt", "--on", &agent, "--ticket", &ticket, "--detach"];
    let job = machine.operator.json(&run)["id"].as_str().unwrap().to_owned();
    terminal.wait_for("[y/N]");
    terminal.press("y");
    eventually("the run to wait for signatures", || machine.job(&job)["state"] == "needs_approval");
    let waiting = || machine.operator.says(&["approve"]);
    eventually("the text to be signed", || waiting().contains("0 of 2"));

    let approve = |name: &str| {
        let key = machine.signers.key_of(name);
        machine.operator.run(&["approve", &job, "--yes", "--key", &key])
    };
    let first = approve("tina");
    assert!(first.status.success(), "{}", text(&first));
    assert!(text(&first).contains("2 different people have to sign; nobody has yet"));
    assert!(text(&first).contains("It is 1 of 2"), "{}", text(&first));
    eventually("the machine to have taken it", || waiting().contains("1 of 2"));
    for same in ["tina", "tina-too"] {
        let again = approve(same);
        assert_eq!(again.status.code(), Some(5), "{}", text(&again));
        let said = "tina (tina) has signed this already, and nobody counts twice";
        assert!(text(&again).contains(said), "{}", text(&again));
    }
    assert_eq!(machine.job(&job)["state"], "needs_approval");
    assert!(!machine.log().contains("noted"), "one person is not enough");

    let second = approve("otto");
    assert!(text(&second).contains("so far: tina (tina)"), "{}", text(&second));
    eventually("the run to end", || machine.job(&job)["state"] == "done");
    assert!(machine.log().contains("noted"));
    let told = machine.operator.json(&["job", "show", &job]);
    let approval = &told["outcome"]["result"]["attempts"][0]["approval"];
    assert_eq!(approval, "tina (tina), otto (otto)", "{told}");
    let view = machine.operator.says(&["ticket", "show", &ticket, "--all"]);
    let line = "signed by tina (tina): 1 of 2, waiting for another person";
    assert!(view.contains(line), "{view}");
}

#[tokio::test]
async fn what_interrupts_work_is_signed_in_no_browser() {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let machine = machine();
    let technician = Technician::with_key_in_root(&machine, Language::German).await;
    let ticket = ticket_in(&machine.agent.send("nothing was noted"));
    let mut terminal = Terminal::open(&as_person(&machine.agent, "C.UTF-8", &["attend"]));
    terminal.wait_for("You will be asked here");
    let agent = machine.agent.id();
    let run = ["run", "test.halt", "--on", &agent, "--ticket", &ticket, "--detach"];
    let job = machine.operator.json(&run)["id"].as_str().unwrap().to_owned();
    terminal.wait_for("[y/N]");
    terminal.press("y");
    machine.wait_for(&job, "needs_approval");

    technician.open(&format!("/tickets/{ticket}")).await;
    technician.browser.wait_for("div.box.sign").await.unwrap();
    assert_eq!(technician.count("form[data-sign]").await, 0, "an honest page does not ask for it");

    // One that is not honest does, and the key signs what it is given.
    technician.forge_form(&job, "not-noted", &technician.statement(&job).await).await;
    technician.browser.press("#forged button").await.unwrap();
    let why = "in a browser only steps that change something are signed";
    eventually("the machine to have refused it", || {
        machine.operator.says(&["ticket", "show", &ticket, "--all"]).contains(why)
    });
    assert_eq!(machine.job(&job)["state"], "needs_approval");
    assert!(!machine.log().contains("noted"));
    technician.browser.end().await;
}
