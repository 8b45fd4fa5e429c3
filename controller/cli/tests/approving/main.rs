//! What a technician signs, by the program itself, against controllers of every kind: honest ones, and such that show one
//! thing and want another signed.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use befund_model::Timestamp;
use befund_model::action::Risk;
use befund_model::id::{AgentId, JobId, TicketNumber};
use befund_model::runbook::FixRef;
use befund_runtime::clock::Clock;
use befund_trust::approval::{self, Act, CatalogueRef, Challenge, RunbookRef, Statement, Step};
use befund_trust::catalogue::Manifest;
use befund_trust::digest::Sha256;
use befund_trust::floor::{Floors, Number};
use befund_trust::root::{self, Document, Key, Person, Quorum, Roles, Root, Standing, Trusted};
use befund_trust::signature::Namespace;
use befund_trust::signing::SigningKey;
use serde_json::{Value, json};
use tempfile::TempDir;

mod fake;

use fake::FakeController;

const RUNBOOK: &str = "\
api: befund/v1
runbook: net.small
version: 3
title: {en: Small, de: Klein}
about: {en: A little of everything., de: Von allem ein wenig.}
collect:
  web: {probe: net.http@1}
  link: {probe: net.link@1}
causes:
  - id: dead
    title: {en: Nothing answers, de: Nichts antwortet}
    when: \"web.result == 'none'\"
    fix:
      - {act: dns.flush_cache}
      - act: net.dhcp_renew
        with: {interface: \"${link.interfaces[0].name}\"}
        text: {en: The address is fetched anew., de: Die Adresse wird neu geholt.}
    verify: {within: 10s}
escalate: {to: \"'L2-network'\"}
";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed([seed; 32])
}

const ANNA: u8 = 1;
const EVE: u8 = 66;

fn document(version: u64) -> Document {
    let everybody = || Quorum { people: vec!["anna".into()], threshold: 1 };
    Document {
        format: root::Format::V1,
        organisation: "Example Works".into(),
        version,
        expires: now().checked_add(Duration::from_secs(86_400)).expect("a day"),
        people: vec![Person {
            id: "anna".into(),
            name: "Anna Berg".into(),
            contact: "anna@example.org".into(),
        }],
        keys: vec![Key {
            id: "anna-1".into(),
            person: "anna".into(),
            key: key(ANNA).public().to_string(),
            webauthn: false,
            credential: None,
        }],
        webauthn: None,
        roles: Roles {
            root: everybody(),
            catalogue: everybody(),
            change: everybody(),
            disruptive: everybody(),
        },
    }
}

fn now() -> Timestamp {
    Clock::system().now()
}

/// A technician, and what their controller says.
struct Story {
    folder: TempDir,
    controller: FakeController,
    root: Vec<u8>,
    statement: Statement,
}

impl Story {
    /// Everything is as it should be.
    fn honest() -> Self {
        let root = document(1).bytes();
        let files = [("net.small.yaml", RUNBOOK.as_bytes())];
        let life = Duration::from_secs(3_600);
        let manifest = Manifest::of("Example Works", 7, now(), life, files).expect("a manifest");
        let id = JobId::new(now(), [8; 10]);
        let fix = FixRef { cause: "dead".into(), index: 1 };
        let statement = Statement {
            format: approval::Format::V1,
            organisation: "Example Works".into(),
            machine: "pc-17".into(),
            step: Step {
                agent: AgentId::new(now(), [7; 10]),
                job: id,
                ticket: Some(TicketNumber(42)),
                catalogue: CatalogueRef { version: 7, digest: Sha256::of(&manifest.bytes()) },
                runbook: RunbookRef {
                    name: "net.small".into(),
                    version: 3,
                    digest: Sha256::of(RUNBOOK.as_bytes()),
                },
                fix,
                act: Act::Action("net.dhcp_renew".into()),
                parameters: json!({ "interface": "eth0" }),
                risk: Risk::Change,
            },
            prediction: vec!["eth0 gets another address".into()],
            number: Number([9; 16]),
            not_before: now(),
            expires: now().checked_add(Duration::from_secs(600)).expect("ten minutes"),
            challenge: Challenge([5; 32]),
        };
        let folder = tempfile::tempdir().expect("a folder");
        for (name, seed) in [("anna", ANNA), ("eve", EVE)] {
            fs::write(folder.path().join(name), key(seed).to_openssh(name)).expect("a key");
        }
        fs::write(folder.path().join("root.json"), &root).expect("a root");
        let controller = FakeController::start();
        let story = Self { folder, controller, root, statement };
        story.sign_in();
        story.tells(&manifest, ANNA);
        story.asks();
        story.trusts(&[(story.root.clone(), ANNA)]);
        story
    }

    fn sign_in(&self) {
        let text = format!(
            "url = \"{}\"\nname = \"tina\"\ntoken = \"x\"\nexpires_at = \"2999-01-01T00:00:00Z\"\n",
            self.controller.url()
        );
        let path = self.config();
        fs::write(&path, text).expect("a sign-in");
        let mut private = Command::new("chmod");
        assert!(private.arg("600").arg(&path).status().expect("chmod runs").success());
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("cli.toml")
    }

    /// The controller's catalogue.
    fn tells(&self, manifest: &Manifest, signer: u8) {
        let bytes = manifest.bytes();
        let signature = key(signer).sign(Namespace::Catalogue, &bytes);
        let text = String::from_utf8(bytes).expect("JSON");
        let document = json!({ "manifest": text, "signatures": [signature] });
        self.controller.answers("/api/v1/catalogues/current", &document);
        let digest = Sha256::of(RUNBOOK.as_bytes());
        let path = format!("/api/v1/catalogue-files/{digest}");
        self.controller.answers_bytes(&path, RUNBOOK.as_bytes());
    }

    /// The controller's trust roots.
    fn trusts(&self, roots: &[(Vec<u8>, u8)]) {
        let view = |(bytes, signer): &(Vec<u8>, u8)| {
            let root = Root::parse(bytes).expect("a root");
            json!({
                "version": root.version(), "sha256": root.digest().to_string(),
                "expires": root.expires(), "root": String::from_utf8_lossy(bytes),
                "signatures": [key(*signer).sign(Namespace::Root, bytes)],
            })
        };
        let views: Vec<Value> = roots.iter().map(view).collect();
        self.controller.answers("/api/v1/trust-roots", &json!(views));
    }

    /// The job, and what it wants signed.
    fn asks(&self) {
        let step = &self.statement.step;
        let job = json!({
            "id": step.job, "agent": step.agent, "ticket": 42, "work": { "runbook": "net.small" },
            "parameters": {}, "state": "needs_approval", "created_by": "bo",
            "created_at": now(), "deadline": "2999-01-01T00:00:00Z", "ended_at": null,
            "outcome": null,
        });
        let path = format!("/api/v1/jobs/{}", step.job);
        self.controller.answers(&path, &job);
        let statement = String::from_utf8(self.statement.bytes()).expect("JSON");
        let events = json!([
            { "seq": 1, "at": now(), "what": { "state": "needs_approval" } },
            { "seq": 2, "at": now(), "what": { "approval_asked": {
                "fix": { "cause": "dead", "index": 1 }, "statement": statement, "people": 1,
            }}},
        ]);
        self.controller.answers(&format!("{path}/news?after=0"), &events);
        self.controller.answers(&format!("{path}/news?after=2"), &json!([]));
        self.controller.answers(&format!("{path}/approval"), &job);
        self.controller.answers("/api/v1/jobs?state=needs_approval", &json!([job]));
    }

    fn command(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_befund"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("BEFUND_CONFIG", self.config()).env("NO_COLOR", "1").env("TZ", "UTC");
        command.env_remove("SSH_AUTH_SOCK").output().expect("befund runs")
    }

    fn pin(&self) {
        let output = self.command(&["trust", "pin", "root.json"]);
        assert!(output.status.success(), "{}", said(&output));
    }

    fn approve(&self, key: &str) -> Output {
        let job = self.statement.step.job.to_string();
        self.command(&["approve", &job, "--key", key, "--yes"])
    }

    /// That it refuses, says so, and hands nothing over.
    fn refuses(&self, part: &str) {
        let output = self.approve("anna");
        assert!(!output.status.success(), "{}", said(&output));
        assert!(said(&output).contains(part), "{part:?} is missing in: {}", said(&output));
        assert_eq!(self.controller.posted(), [], "nothing is handed over");
    }
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn what_colleagues_signed_is_shown_signed_and_verified_by_the_machine() {
    let story = Story::honest();
    story.pin();
    let output = story.approve("anna");
    let shown = said(&output);
    assert!(output.status.success(), "{shown}");
    for part in [
        "Machine    pc-17",
        "Ticket     #42",
        "Asked by   bo",
        "runbook net.small (version 3) found the cause dead",
        "the action net.dhcp_renew",
        "eth0 gets another address",
        "Vouched for. Anna Berg signed the catalogue",
        "Nothing answers",
        "is told: The address is fetched anew.",
        "by the machine: interface",
        "'L2-network'",
    ] {
        assert!(shown.contains(part), "{part:?} is missing in: {shown}");
    }
    let posted = story.controller.posted();
    let [(path, body)] = posted.as_slice() else { panic!("one post: {posted:?}") };
    assert!(path.ends_with("/approval"), "{path}");
    assert_eq!(body["fix"], json!({ "cause": "dead", "index": 1 }));
    let signature = body["signatures"][0].as_str().expect("a signature");
    let trusted = Trusted::restore(story.root.clone(), Standing::Pinned).expect("a root");
    let floors = Floors::new(Timestamp::UNIX_EPOCH);
    let at = floors.now(now()).now().expect("a time");
    let bytes = story.statement.bytes();
    let people = approval::verify(&bytes, &[signature], &trusted, Risk::Change, &floors, at)
        .expect("the machine takes it");
    assert_eq!(people[0].id, "anna");
}

#[test]
fn without_a_pin_nobody_vouches_and_yes_is_not_enough() {
    let story = Story::honest();
    story.refuses("NOBODY VOUCHES FOR THIS");
    story.refuses("befund trust pin FILE");
}

#[test]
fn a_key_that_may_not_sign_is_told_before_it_signs() {
    let story = Story::honest();
    story.pin();
    let output = story.approve("eve");
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("it takes 1 of anna"), "{}", said(&output));
    assert_eq!(story.controller.posted(), []);
}

#[test]
fn what_was_not_signed_so_is_refused() {
    type Change = fn(&mut Statement);
    let changes: [(Change, &str); 8] = [
        (|s| s.step.act = Act::Reboot, "something else than the runbook's fix"),
        (|s| s.step.parameters = json!({}), "its parameter interface is missing"),
        (
            |s| s.step.parameters = json!({ "interface": "eth0", "force": true }),
            "it has a parameter force",
        ),
        (|s| s.step.runbook.version = 4, "and the file is of net.small 3"),
        (|s| s.step.catalogue.digest = Sha256::of(b"x"), "another catalogue of the same version"),
        (|s| s.step.catalogue.version = 6, "the job was started with version 6 of the catalogue"),
        (|s| s.organisation = "Evil Works".into(), "it is of \"Evil Works\""),
        (
            |s| s.expires = s.not_before.checked_add(Duration::from_nanos(1)).expect("later"),
            "took no signature after",
        ),
    ];
    for (change, why) in changes {
        let mut story = Story::honest();
        story.pin();
        change(&mut story.statement);
        story.asks();
        story.refuses(why);
    }
}

#[test]
fn a_statement_of_another_job_is_refused_whatever_is_pinned() {
    let mut story = Story::honest();
    let job = story.statement.step.job;
    story.statement.step.agent = AgentId::new(now(), [99; 10]);
    // The job is one machine's, the statement another's.
    let text = String::from_utf8(story.statement.bytes()).expect("JSON");
    let path = format!("/api/v1/jobs/{job}/news?after=0");
    let asked = json!({ "approval_asked": {
        "fix": { "cause": "dead", "index": 1 }, "statement": text, "people": 1,
    }});
    story.controller.answers(&path, &json!([{ "seq": 2, "at": now(), "what": asked }]));
    story.refuses("of another job, machine, ticket or fix");
}

#[test]
fn a_controller_that_does_not_follow_from_the_pin_is_refused() {
    let other = |version| {
        let mut document = document(version);
        document.keys[0].key = key(EVE).public().to_string();
        document.bytes()
    };
    let story = Story::honest();
    story.pin();
    story.trusts(&[(other(1), EVE)]);
    story.refuses("does not have the trust root that you pinned");
    // The next root, signed by nobody of the one before.
    story.trusts(&[(story.root.clone(), ANNA), (other(2), EVE)]);
    story.refuses("those of the root before it have to sign");

    let story = Story::honest();
    story.pin();
    let files = [("net.small.yaml", RUNBOOK.as_bytes())];
    let manifest = |version| {
        Manifest::of("Example Works", version, now(), Duration::from_secs(60), files).expect("one")
    };
    story.tells(&manifest(8), EVE);
    story.refuses("1 different people of the role catalogue have to sign, and 0 did");
    // Once a newer catalogue was seen, an older one is not taken for the current one.
    story.tells(&manifest(9), ANNA);
    story.refuses("by now there is version 9");
    story.tells(&manifest(8), ANNA);
    story.refuses("an older one is never taken");
}

#[test]
fn what_waits_is_listed_and_can_be_declined() {
    let story = Story::honest();
    let listed = said(&story.command(&["approve"]));
    for part in ["pc-17", "#42", "net.dhcp_renew", "net.small: dead", "change"] {
        assert!(listed.contains(part), "{part:?} is missing in: {listed}");
    }
    let job = story.statement.step.job.to_string();
    let output = story.command(&["decline", &job]);
    assert!(output.status.success(), "{}", said(&output));
    let posted = story.controller.posted();
    assert_eq!(posted[0].1, json!({ "fix": { "cause": "dead", "index": 1 }, "signatures": [] }));
}
