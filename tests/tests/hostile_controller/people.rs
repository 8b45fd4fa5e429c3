//! Consent, which is the person's: what the controller, the link, and accounts that are not signed in make of it.

use std::path::Path;

use befund_executor::people::protocol::{FromPerson, ToPerson};
use befund_model::job::{JobNews, JobState, Said};
use befund_model::runbook::{FixRef, Mode};
use befund_runtime::frame;
use befund_tests::adversary::attack::Group;
use befund_tests::adversary::door::{Visitor, as_account, say};
use befund_tests::adversary::lanes::Heard;
use befund_tests::adversary::machine::{LINK, PERSON, STRANGER};
use befund_tests::adversary::run::Run;
use befund_tests::adversary::{Machine, Scene};
use befund_tests::attacks;
use befund_tests::process::run;

/// The person who is signed in at a machine, waiting to be asked.
pub(crate) struct Attending(Visitor);

impl Attending {
    pub(crate) fn at(machine: &Machine) -> Self {
        let mut visitor = Visitor::at(&machine.people(), PERSON);
        assert_eq!(visitor.attend(), "Welcome");
        Self(visitor)
    }

    /// Waits for what is to be agreed to, and answers.
    pub(crate) fn answer(&mut self, given: bool) {
        let number = loop {
            match self.0.hear() {
                Some(ToPerson::ConsentAsked(asked)) => break asked.number,
                Some(_) => {}
                None => panic!("nothing was asked"),
            }
        };
        self.0.say(&FromPerson::Consent { number, given, for_ticket: false });
    }
}

fn attended(scene: &Scene, account: u32) -> String {
    Visitor::at(&scene.main.people(), account).attend()
}

/// A run that asks the person, and words of the controller's in their place; then the person says no.
fn answered_from_afar(scene: &mut Scene, words: impl Fn(FixRef) -> Vec<Said>) -> String {
    let lanes = &scene.controller.lanes;
    let order = scene.order("test.asked");
    let mark = scene.give(&scene.main, &order);
    let mut person = Attending::at(&scene.main);
    lanes.wait(scene.main.id, mark, "a person to be asked", |heard| match heard {
        Heard::Event(of, event) if *of == order.job => {
            matches!(event.what, JobNews::State(JobState::Asking)).then_some(())
        }
        _ => None,
    });
    let mut run = Run::unasked(scene.main.id, order.job);
    for said in words(run.fix.clone()) {
        run.say_and_see(lanes, &said);
    }
    person.answer(false);
    run.end(lanes, mark)
}

/// The link's account, which owns the folder of the sockets, listens in the executor's place.
fn impostor(scene: &mut Scene) -> String {
    let machine = &scene.main;
    let (door, aside) = (machine.people(), machine.path("run/aside.sock"));
    let listener = as_account(LINK, || {
        std::fs::rename(&door, &aside).unwrap();
        std::os::unix::net::UnixListener::bind(&door).unwrap()
    });
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(&door, open).unwrap();
    let said = attend_as_person(&machine.path("run"));
    drop(listener);
    std::fs::rename(&aside, &door).unwrap();
    said
}

fn attend_as_person(folder: &Path) -> String {
    let mut command = std::process::Command::new("setpriv");
    let account = PERSON.to_string();
    command.args(["--reuid", &account, "--regid", &account, "--clear-groups", "--"]);
    command.arg(befund_tests::programs::program("befund-agent"));
    command.args(["fix", "--run"]).arg(folder).env("LANG", "C.UTF-8");
    let output = run(&mut command);
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

fn framed(what: &FromPerson) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::write(&mut bytes, what, &[]).unwrap();
    bytes
}

pub(crate) const CONSENT: Group = Group {
    title: "Consent",
    about: "A change needs the consent of whoever is signed in, at the executor's own door, where the kernel names the account. \
            The controller answers in the person's place, and so does the link, whose account owns the folder of the sockets.",
    attacks: attacks! {
        "the controller answers for the person", "said no", |it| answered_from_afar(it, |_| {
            ["consent", "not-noted", "fix/not-noted/0/consent"].map(|question| Said::Answer {
                question: question.to_owned(),
                answer: "yes".to_owned(),
                by: "the user (nobody)".to_owned(),
            }).to_vec()
        });
        "the controller sends an approval while the person is asked", "said no", |it| answered_from_afar(it, |fix| {
            vec![Said::Approval { fix, signatures: vec!["yes".to_owned()] }]
        });
        "the link's account answers", "is not signed in at this machine", |it| attended(it, LINK);
        "root answers, who is not signed in", "is not signed in at this machine", |it| attended(it, 0);
        "an account answers that is not signed in", "is not signed in at this machine", |it| attended(it, STRANGER);
        "the link's account starts a runbook for itself", "is not signed in at this machine", |it| {
            let mut visitor = Visitor::at(&it.main.people(), LINK);
            visitor.say(&FromPerson::Fix {
                runbook: "test.note".to_owned(),
                inputs: Default::default(),
                mode: Mode::Run,
                language: "en".to_owned(),
                ticket: None,
            });
            visitor.words()
        };
        "a consent before anything is asked", "that does not belong here", |it| {
            let mut visitor = Visitor::at(&it.main.people(), LINK);
            visitor.say(&FromPerson::Consent { number: 1, given: true, for_ticket: true });
            visitor.words()
        };
        "the person starts what the policy does not list", "does not let test.note be started here", |it| {
            let mut visitor = Visitor::at(&it.main.people(), PERSON);
            visitor.say(&FromPerson::Fix {
                runbook: "test.note".to_owned(),
                inputs: Default::default(),
                mode: Mode::Run,
                language: "en".to_owned(),
                ticket: None,
            });
            visitor.words()
        };
        "a consent at the link's own door to the executor", "the request could not be understood",
            |it| say(&it.main.socket(), LINK, &framed(&FromPerson::Consent { number: 1, given: true, for_ticket: true }));
        "the link listens at the people's door in the executor's place", "neither the system's nor your own", impostor;
    },
};
