//! The attacker owns the link's process, too: what its account can say to the executor directly, and do to the files that
//! are its own.

use std::path::PathBuf;

use befund_executor::door::Request;
use befund_model::id::{AgentId, JobId};
use befund_model::job::{Order, Said};
use befund_runtime::clock::random;
use befund_tests::adversary::attack::Group;
use befund_tests::adversary::door::{as_account, ask, say, try_connect};
use befund_tests::adversary::machine::{LINK, PERSON, STRANGER};
use befund_tests::adversary::organisation::{
    ADA, BEN, Catalogue, EVE, TINA, now, root_of_eve, signed,
};
use befund_tests::adversary::{Scene, books};
use befund_tests::attacks;
use befund_tests::process::eventually;
use befund_trust::signature::Namespace;

use crate::orders::no_job;

fn asked(scene: &Scene, request: &Request) -> String {
    with(scene, request, &[])
}

fn with(scene: &Scene, request: &Request, blob: &[u8]) -> String {
    ask(&scene.main.socket(), LINK, request, blob)
}

fn said(scene: &Scene, bytes: &[u8]) -> String {
    say(&scene.main.socket(), LINK, bytes)
}

/// A frame with this header, whatever it is.
fn framed(header: &str, blob: u32) -> Vec<u8> {
    let length = u32::try_from(header.len()).unwrap();
    [&length.to_be_bytes()[..], &blob.to_be_bytes(), header.as_bytes()].concat()
}

fn runs(scene: &Scene, change: impl FnOnce(&mut Order)) -> String {
    let mut order = scene.order("test.note");
    change(&mut order);
    asked(scene, &Request::Run { order, clock_offset_ms: 0 })
}

/// Says something to the run that waits, past the link's own process; what becomes of it.
fn to_the_run(scene: &mut Scene, signatures: Vec<String>) -> String {
    let run = scene.waiting();
    let mark = scene.controller.lanes.mark(run.agent);
    let said = Said::Approval { fix: run.fix.clone(), signatures };
    assert_eq!(asked(scene, &Request::Say { job: run.job, said }), "done");
    let told = run.verdict(&scene.controller.lanes, mark);
    scene.keep_waiting(run);
    told
}

/// Waits until the link has told the executor that the controller has acknowledged all of a run.
pub(crate) fn until_reported(scene: &Scene, job: JobId) {
    let unreported = || asked(scene, &Request::Unreported).contains(&job.to_string());
    eventually("the run to be reported", || !unreported());
}

/// What the link's account makes of a file: what the system says to that.
fn written(scene: &Scene, path: PathBuf) -> String {
    let before = std::fs::read(&path).ok();
    let written = as_account(LINK, || std::fs::write(&path, b"mine"));
    assert_eq!(std::fs::read(&path).ok(), before, "{} was changed", path.display());
    assert!(path.starts_with(scene.main.path("")), "it is the machine's own");
    written.map_or_else(|error| error.to_string(), |()| "written".to_owned())
}

/// What the link's account reads of a file.
fn read(path: PathBuf) -> String {
    as_account(LINK, || std::fs::read(path))
        .map_or_else(|error| error.to_string(), |_| "read".into())
}

/// The link says that it is another machine, and hands over an order for that one.
fn impersonated(scene: &mut Scene) -> String {
    let (path, other) =
        (scene.main.state().join("identity/identity.json"), AgentId::new(now(), random()));
    let text = std::fs::read_to_string(&path).unwrap();
    let forged = text.replace(&scene.main.id.to_string(), &other.to_string());
    assert_ne!(text, forged);
    as_account(LINK, || std::fs::write(&path, forged)).unwrap();
    scene.restart_executor();
    let said = runs(scene, |order| order.agent = other);
    as_account(LINK, || std::fs::write(&path, text)).unwrap();
    scene.restart_executor();
    said
}

/// The link puts something endless in the place of its identity, which the executor reads when it starts.
fn endless(scene: &mut Scene) -> String {
    let path = scene.main.state().join("identity/identity.json");
    let aside = path.with_extension("aside");
    as_account(LINK, || {
        std::fs::rename(&path, &aside).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    });
    scene.restart_executor();
    let said = runs(scene, |order| order.agent = AgentId::new(now(), random()));
    as_account(LINK, || std::fs::rename(&aside, &path)).unwrap();
    scene.restart_executor();
    said
}

/// The link says that it is a hundred years later: the executor is to forget what it did, and to do it again.
fn forgotten(scene: &mut Scene) -> String {
    let lanes = &scene.controller.lanes;
    let done = scene.order("test.note");
    let _ = scene.begin(&scene.main, &done).cancel(lanes);
    until_reported(scene, done.job);
    let century = 100 * 365 * 24 * 3_600_000;
    let later = Order { job: no_job(), ..scene.order("test.note") };
    let path = scene.main.socket();
    let request = Request::Run { order: later.clone(), clock_offset_ms: century };
    // The run goes on without whoever asked for it.
    drop(asked_and_left(&path, &request));
    eventually("the other run", || {
        asked(scene, &Request::Unreported).contains(&later.job.to_string())
    });
    let said = asked(scene, &Request::Run { order: done, clock_offset_ms: 0 });
    let _ = asked(scene, &Request::Cancel { job: later.job });
    said
}

fn asked_and_left(path: &std::path::Path, request: &Request) -> std::os::unix::net::UnixStream {
    let mut stream = try_connect(path, LINK).unwrap();
    befund_runtime::frame::write(&mut stream, request, &[]).unwrap();
    // Its first event says that it was taken on.
    let _ = befund_runtime::frame::read::<befund_executor::door::Reply>(&mut stream);
    stream
}

pub(crate) const LINK_GROUP: Group = Group {
    title: "The link as well",
    about: "The attacker owns the link's process and account on the machine: it speaks to the executor's socket directly, and \
            changes the files that are the link's.",
    attacks: attacks! {
        "another account asks the executor", "may not use the executor", |it| {
            // The socket's mode keeps it out already; this is with a mode that does not.
            let open = |mode| std::fs::set_permissions(it.main.socket(), std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
            open(0o666);
            let said = ask(&it.main.socket(), STRANGER, &Request::Trust, &[]);
            open(0o660);
            said
        };
        "the person's account asks it", "ermission denied", |it| match try_connect(&it.main.socket(), PERSON) {
            Ok(_) => "it is open".to_owned(),
            Err(error) => error.to_string(),
        };
        "an order for another machine, past the link's own check", "the order is for agent", |it| runs(it, |order| order.agent = AgentId::new(now(), random()));
        "an order for an unsigned runbook, past the controller", "has no runbook evil.book", |it| runs(it, |order| order.work = befund_model::job::Work::Runbook("evil.book".into()));
        "a trust root of the attacker's", "those of the root before it have to sign", |it| {
            let bytes = root_of_eve(3).bytes();
            let signatures = signed(Namespace::Root, &bytes, &[EVE]);
            with(it, &Request::OfferRoot { signatures }, &bytes)
        };
        "a catalogue of the attacker's", "and 0 did (nobody)", |it| {
            let files = books::files_of_eve(it.world(), &books::fix("evil", "read", "policy", ""));
            let catalogue = Catalogue::new(99, &files).signed_by(&[EVE]);
            with(it, &Request::OfferCatalogue { signatures: catalogue.signatures }, &catalogue.manifest)
        };
        "more signatures than may be", "and 64 are the most", |it| {
            let catalogue = Catalogue::new(99, &it.current.files).signed_by(&[ADA; 65]);
            with(it, &Request::OfferCatalogue { signatures: catalogue.signatures }, &catalogue.manifest)
        };
        "a manifest of 16 MiB", "are the most", |it| {
            let bytes = vec![b'{'; 16 << 20];
            with(it, &Request::OfferCatalogue { signatures: signed(Namespace::Catalogue, &bytes, &[ADA, BEN]) }, &bytes)
        };
        "a file without a catalogue", "no catalogue was offered", |it| with(it, &Request::OfferFile { path: "scripts/note.sh".into() }, b"x");
        "a file outside the catalogue's folder", "there is no \"../../../etc/cron.d/x\"", |it| {
            let next = Catalogue::new(13, &books::files_of_eve(it.world(), &books::fix("evil", "change", "policy", "")));
            let wants = with(it, &Request::OfferCatalogue { signatures: next.signatures }, &next.manifest);
            assert!(wants.contains("it wants"), "{wants}");
            with(it, &Request::OfferFile { path: "../../../etc/cron.d/x".into() }, b"x")
        };
        "another file than the one that was signed", "checking a catalogue's file", |it| with(it, &Request::OfferFile { path: "scripts/evil.sh".into() }, b"x");
        "a run reported that is not over", "has not ended, so it cannot have been reported", |it| {
            let run = it.waiting();
            let said = asked(it, &Request::Reported { job: run.job });
            it.keep_waiting(run);
            said
        };
        "a forged approval, past the controller", "0 did already (nobody)", |it| {
            let run = it.waiting();
            let by = run.signatures(&[EVE]);
            it.keep_waiting(run);
            to_the_run(it, by)
        };
        "sixty-five approvals at once", "and 64 are the most", |it| {
            let run = it.waiting();
            let by = run.signatures(&[TINA]);
            it.keep_waiting(run);
            to_the_run(it, vec![by[0].clone(); 65])
        };
        "an approval for a run that nobody ordered", "done", |it| {
            let fix = befund_model::runbook::FixRef { cause: "not-noted".into(), index: 0 };
            asked(it, &Request::Say { job: no_job(), said: Said::Approval { fix, signatures: vec!["yes".into()] } })
        };
        "following a run that nobody ordered", "there is no run of job", |it| asked(it, &Request::Attach { job: no_job(), after: 0 });
        "a request that does not exist", "the request could not be understood", |it| said(it, &framed(r#"{"execute":{"command":"touch owned"}}"#, 0));
        "an order with an approval of its own", "has no runbook evil", |it| said(it, &framed(&format!(
            r#"{{"run":{{"order":{{"job":"{}","agent":"{}","work":{{"runbook":"evil"}},"parameters":{{}},"ticket":7,"within_ms":1000,
               "runbook":{{"mode":"run","catalogue":"{}"}},"approved":true,"by":"root"}},"clock_offset_ms":0}}}}"#,
            no_job(), it.main.id, it.current.digest()
        ), 0));
        "a frame that announces 4 GiB", "the request could not be understood", |it| said(it, &framed("{}", u32::MAX)[..8]);
        "a frame that is no JSON", "the request could not be understood", |it| said(it, &framed("\u{0}\u{1b}[2J", 0));
        "JSON of great depth", "the request could not be understood", |it| said(it, &framed(&"[".repeat(100_000), 0));
        "the executor's pin overwritten", "ermission denied", |it| written(it, it.main.keep().join("trust/pin"));
        "the trusted root overwritten", "ermission denied", |it| written(it, it.main.keep().join("trust/root.json"));
        "what the machine remembers overwritten", "ermission denied", |it| written(it, it.main.keep().join("trust/memory.json"));
        "a script of the catalogue overwritten", "ermission denied", |it| {
            let digest = befund_trust::digest::Sha256::of(&it.current.files["scripts/note.sh"]);
            written(it, it.main.keep().join(format!("trust/files/{digest}")))
        };
        "the policy overwritten", "ermission denied", |it| written(it, it.main.policy());
        "the journal of the runs read", "ermission denied", |it| read(it.main.keep().join("journal"));
        "the link claims to be another machine", "the order is for agent", impersonated;
        "something endless in the place of the link's identity", "the order is for agent", endless;
        "the link claims that it is a hundred years later, for the machine to forget what it did", "was run on this machine already", forgotten;
    },
};
