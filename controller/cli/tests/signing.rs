//! Runbooks from their author to a signature, by the program itself, with the real `ssh-keygen` and a real `ssh-agent`. No
//! controller is asked here.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

const RUNBOOK: &str = "\
api: befund/v1
runbook: net.small
version: 1
title: {en: Small, de: Klein}
about: {en: A little of everything., de: Von allem ein wenig.}
collect:
  web: {probe: net.http@1}
causes:
  - id: dead
    title: {en: Nothing answers, de: Nichts antwortet}
    when: \"web.result == 'none'\"
    fix: [{act: dns.flush_cache, text: {en: Names are asked for anew., de: Namen werden neu erfragt.}}]
    verify: {within: 10s}
escalate: {to: \"'L2'\"}
";

const REHEARSAL: &str = "\
runbook: net.small
scenario: nothing answers
facts:
  web: {result: none}
then:
  dead/0: {web: {result: open}}
expect:
  causes: {dead: found}
  attempts: {dead/0: verified}
";

/// A desk with a folder of runbooks on it.
struct Desk {
    folder: TempDir,
    agent: Option<PathBuf>,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let desk = Self { folder, agent: None };
        fs::create_dir_all(desk.path("runbooks/tests/net.small")).expect("a folder");
        desk.write("runbooks/net.small.yaml", RUNBOOK);
        desk.write("runbooks/tests/net.small/nothing.yaml", REHEARSAL);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    fn keygen(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("ssh-keygen");
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        let output = command.output().expect("ssh-keygen is needed here: install openssh-client");
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    }

    /// A key pair, without a passphrase unless one is named.
    fn key(&self, name: &str, passphrase: &str) {
        let comment = format!("{name}@laptop");
        self.keygen(&["-q", "-t", "ed25519", "-N", passphrase, "-C", &comment, "-f", name]);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_befund"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("BEFUND_CONFIG", self.path("cli.toml")).env("NO_COLOR", "1");
        command.env_remove("SSH_AUTH_SOCK");
        if let Some(socket) = &self.agent {
            command.env("SSH_AUTH_SOCK", socket);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("befund runs")
    }

    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        said(&output)
    }

    fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        said(&output)
    }

    /// A root of Anna and Ben, both of whom have to sign catalogues.
    fn root(&self) {
        let people = ["--person", "Anna=anna.pub", "--person", "ben=ben.pub"];
        let new = ["trust", "new", "--organisation", "Example Works", "--threshold", "catalogue=2"];
        self.says(&[&new[..], &people].concat());
    }
}

fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

fn assert_says(said: &str, part: &str) {
    assert!(said.contains(part), "{part:?} is missing in: {said}");
}

/// An ssh-agent with a socket of its own, which ends with this.
struct Agent(Child);

impl Agent {
    fn start(socket: &Path) -> Self {
        let mut child = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(socket)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("ssh-agent is needed here: install openssh-client");
        // It says where its socket is once it listens there.
        let mut line = String::new();
        let output = child.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("it says where");
        assert!(line.contains("SSH_AUTH_SOCK"), "{line}");
        Self(child)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn two_people_sign_a_folder_and_everybody_can_verify_it() {
    let desk = Desk::new();
    desk.key("anna", "");
    desk.key("ben", "");
    desk.root();
    let sign = ["runbook", "sign", "runbooks", "--key"];
    let unnamed = desk.fails(2, &[&sign[..], &["anna"]].concat());
    assert_says(&unnamed, "--organisation");
    desk.says(&[&sign[..], &["anna", "--organisation", "Example Works"]].concat());
    let again = desk.fails(5, &[&sign[..], &["anna"]].concat());
    assert_says(&again, "has signed it already");
    let verify = ["runbook", "verify", "runbooks", "--root"];
    let few = desk.fails(1, &[&verify[..], &["root.json"]].concat());
    assert_says(&few, "2 different people of the role catalogue have to sign, and 1 did (anna)");
    assert_says(&few, "the signatures are by anna (SHA256:");
    desk.says(&[&sign[..], &["ben"]].concat());
    let good = desk.says(&[&verify[..], &["root.json"]].concat());
    assert_says(&good, "signed by Anna (SHA256:");
    assert_says(&good, "signed by ben (SHA256:");

    // OpenSSH says the same of each.
    for (number, name) in [(1, "anna"), (2, "ben")] {
        let public = fs::read_to_string(desk.path(&format!("{name}.pub"))).expect("a key");
        desk.write("allowed", &format!("{name} {public}"));
        let signature = format!("runbooks/manifest.json.{number}.sig");
        let mut command = Command::new("ssh-keygen");
        command.args(["-Y", "verify", "-f", "allowed", "-I", name, "-n", "befund-catalogue", "-s"]);
        command.arg(&signature).current_dir(desk.folder.path());
        let manifest = fs::File::open(desk.path("runbooks/manifest.json")).expect("a manifest");
        let output = command.stdin(manifest).output().expect("ssh-keygen runs");
        assert!(output.status.success(), "{}", said(&output));
        let listed = desk.says(&[&verify[..], &["allowed"]].concat());
        assert_says(&listed, &format!("signed by {name} (SHA256:"));
    }
    desk.key("eve", "");
    let public = fs::read_to_string(desk.path("eve.pub")).expect("a key");
    desk.write("allowed", &format!("eve {public}"));
    assert_says(&desk.fails(1, &[&verify[..], &["allowed"]].concat()), "nobody signed it");
}

#[test]
fn a_folder_that_was_changed_is_a_new_version_that_nobody_has_signed() {
    let desk = Desk::new();
    desk.key("anna", "");
    desk.key("ben", "");
    desk.root();
    let anna = ["runbook", "sign", "runbooks", "--key", "anna"];
    desk.says(&[&anna[..], &["--organisation", "Example Works", "--version", "7"]].concat());
    desk.write("runbooks/net.small.yaml", &RUNBOOK.replace("version: 1", "version: 2"));
    let changed = desk.fails(5, &["runbook", "verify", "runbooks", "--root", "root.json"]);
    assert_says(&changed, "changed since it was signed: net.small.yaml");
    let old = desk.fails(2, &[&anna[..], &["--version", "7"]].concat());
    assert_says(&old, "--version 8");
    let signed = desk.says(&["runbook", "sign", "runbooks", "--key", "ben"]);
    assert_says(&signed, "version 8");
    assert_says(&signed, "net.small.yaml");
    assert_says(&signed, "1 signature now");
    assert!(!desk.path("runbooks/manifest.json.2.sig").exists(), "Anna signed something else");
    // A signature of something else is noticed before one is added to it.
    fs::copy(desk.path("runbooks/manifest.json.1.sig"), desk.path("kept")).expect("a copy");
    desk.write("runbooks/net.small.yaml", RUNBOOK);
    desk.says(&["runbook", "sign", "runbooks", "--key", "ben"]);
    fs::copy(desk.path("kept"), desk.path("runbooks/manifest.json.2.sig")).expect("a copy");
    assert_says(&desk.fails(2, &anna), "have it signed anew");
}

#[test]
fn the_ssh_agent_signs_with_the_key_that_is_meant() {
    let mut desk = Desk::new();
    for name in ["anna", "ben", "eve"] {
        desk.key(name, "");
    }
    desk.root();
    let gone = desk.fails(1, &["trust", "sign", "root.json"]);
    assert_says(&gone, "SSH_AUTH_SOCK is not set");
    let socket = desk.path("agent.sock");
    let _agent = Agent::start(&socket);
    desk.agent = Some(socket.clone());
    let add = |name: &str| {
        let mut command = Command::new("ssh-add");
        command.arg("-q").arg(desk.path(name)).env("SSH_AUTH_SOCK", &socket);
        let output = command.output().expect("ssh-add runs");
        assert!(output.status.success(), "{}", said(&output));
    };
    assert_says(&desk.fails(2, &["trust", "sign", "root.json"]), "no key that could sign");
    add("eve");
    let strange = desk.fails(2, &["trust", "sign", "root.json"]);
    assert_says(&strange, "none of the ssh-agent's keys is one of the trust root's");
    assert_says(&strange, "eve@laptop");
    add("anna");
    // The only one of the agent's that the root knows.
    assert_says(&desk.says(&["trust", "sign", "root.json"]), "signed by  anna");
    assert_says(&desk.fails(2, &["trust", "sign", "root.json", "--key", "ben.pub"]), "ssh-add");

    let sign = ["runbook", "sign", "runbooks", "--organisation", "Example Works"];
    assert_says(&desk.fails(2, &sign), "it is not said with which key");
    let listed = desk.keygen(&["-l", "-f", "anna.pub"]);
    let print = listed.split(' ').nth(1).expect("a fingerprint").to_owned();
    desk.says(&[&sign[..], &["--agent", &print]].concat());
    desk.says(&["runbook", "sign", "runbooks", "--key", "eve.pub"]);
    let few = desk.fails(1, &["runbook", "verify", "runbooks", "--root", "root.json"]);
    assert_says(&few, "1 did (anna)");
    assert_says(&few, "which is nobody's in the trust root");
    assert_says(&desk.fails(2, &[&sign[..], &["--agent", "SHA256:x"]].concat()), "no key SHA256:x");
}

#[test]
fn the_agent_signs_with_rsa_too() {
    let mut desk = Desk::new();
    desk.keygen(&["-q", "-t", "rsa", "-b", "3072", "-N", "", "-C", "anna@laptop", "-f", "anna"]);
    desk.says(&["trust", "new", "--organisation", "Example Works", "--person", "anna=anna.pub"]);
    let socket = desk.path("agent.sock");
    let _agent = Agent::start(&socket);
    let mut add = Command::new("ssh-add");
    add.arg("-q").arg(desk.path("anna")).env("SSH_AUTH_SOCK", &socket);
    assert!(add.output().expect("ssh-add runs").status.success());
    desk.agent = Some(socket);
    assert_says(&desk.says(&["trust", "sign", "root.json"]), "signed by  anna");
}

#[test]
fn a_key_with_a_passphrase_is_ssh_keygens_to_read() {
    let desk = Desk::new();
    desk.key("anna", "a long and boring passphrase");
    desk.says(&["trust", "new", "--organisation", "Example Works", "--person", "anna=anna.pub"]);
    let script = desk.path("passphrase");
    let mut file = fs::File::create(&script).expect("a script");
    file.write_all(b"#!/bin/sh\necho 'a long and boring passphrase'\n").expect("a script");
    drop(file);
    let mut executable = Command::new("chmod");
    assert!(executable.arg("700").arg(&script).status().expect("chmod runs").success());
    // Without its public half beside it: that stands in the private key's file as well.
    fs::remove_file(desk.path("anna.pub")).expect("it was there");
    let mut sign = desk.command(&["trust", "sign", "root.json", "--key", "anna"]);
    sign.env("SSH_ASKPASS", &script).env("SSH_ASKPASS_REQUIRE", "force");
    let output = sign.output().expect("befund runs");
    assert!(output.status.success(), "{}", said(&output));
    assert_says(&said(&output), "signed by  anna");
    desk.write("passphrase", "#!/bin/sh\necho wrong\n");
    desk.says(&["trust", "next", "root.json"]);
    let mut sign = desk.command(&["trust", "sign", "root.2.json", "--key", "anna"]);
    sign.env("SSH_ASKPASS", &script).env("SSH_ASKPASS_REQUIRE", "force");
    let output = sign.output().expect("befund runs");
    assert_eq!(output.status.code(), Some(1));
    assert_says(&said(&output), "is the passphrase right");
    assert!(!desk.path("root.2.json.1.sig").exists());
}

#[test]
fn what_cannot_be_used_is_told_by_line_and_is_not_signed() {
    let desk = Desk::new();
    desk.key("anna", "");
    desk.write("runbooks/net.small.yaml", &RUNBOOK.replace("dns.flush_cache", "dns.flush_cash"));
    let told = desk.fails(1, &["runbook", "lint", "runbooks"]);
    assert_says(&told, "net.small.yaml:12:");
    assert_says(&told, "dns.flush_cash");
    assert_says(&told, "^");
    let json = desk.run(&["runbook", "lint", "runbooks/net.small.yaml", "--json"]);
    assert_eq!(json.status.code(), Some(1));
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    assert_eq!((&json[0]["line"], &json[0]["severity"]), (&12.into(), &"error".into()));
    let sign = ["runbook", "sign", "runbooks", "--key", "anna", "--organisation", "Example Works"];
    assert_says(&desk.fails(1, &sign), "befund runbook lint");

    desk.write("runbooks/net.small.yaml", RUNBOOK);
    let wrong =
        REHEARSAL.replace("dead/0: verified", "dead/0: failed").replace("net.small", "net.smal");
    desk.write("runbooks/tests/net.small/nothing.yaml", &wrong);
    let told = desk.fails(1, &["runbook", "test", "runbooks"]);
    assert_says(&told, "fix dead/0: expected failed, found verified");
    assert_says(&told, "runbook net.smal: expected in the runbook");
    assert_says(&desk.fails(1, &sign), "befund runbook test");
    assert!(!desk.path("runbooks/manifest.json").exists());
    assert_says(&desk.fails(4, &["runbook", "test", "runbooks", "net.other"]), "net.other");

    let renamed = desk.path("runbooks/small.yaml");
    fs::rename(desk.path("runbooks/net.small.yaml"), &renamed).expect("renamed");
    assert_says(&desk.fails(1, &["runbook", "lint", "runbooks"]), "has to stand in net.small.yaml");
    fs::remove_file(renamed).expect("it was there");
    assert_says(&desk.fails(2, &sign), "there is no runbook in it");
}

#[test]
fn a_root_is_followed_by_another_and_never_written_over() {
    let desk = Desk::new();
    for name in ["anna", "ben", "cara"] {
        desk.key(name, "");
    }
    desk.root();
    assert_says(
        &desk.fails(2, &["trust", "next", "root.json", "--to", "root.json"]),
        "never written over",
    );
    let next = ["trust", "next", "root.json", "--person", "cara=cara.pub", "--remove", "ben"];
    let json = desk.run(&[&next[..], &["--threshold", "root=2", "--json"]].concat());
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    assert_eq!((&json["file"], &json["version"]), (&"root.2.json".into(), &2.into()));
    let shown = desk.says(&["trust", "show", "root.2.json"]);
    assert_says(&shown, "root       2 of anna, cara");
    assert_says(&shown, json["sha256"].as_str().expect("a digest"));
    let pinned = desk.says(&["trust", "pin", "root.2.json"]);
    assert_says(&pinned, json["sha256"].as_str().expect("a digest"));
    let few = ["--to", "x.json", "--threshold", "catalogue=3"];
    assert_says(
        &desk.fails(2, &[&["trust", "next", "root.json"][..], &few].concat()),
        "demands 3 people",
    );
    assert_says(
        &desk.fails(2, &["trust", "next", "root.json", "--remove", "dan"]),
        "nobody in it is called dan",
    );
}

#[test]
fn a_root_lets_changes_be_signed_in_the_browser() {
    const KEY: &str = "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAA\
        AIbmlzdHAyNTYAAABBBAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8AAAAT\
        Y29uc29sZS5leGFtcGxlLm9yZw==";
    let desk = Desk::new();
    for name in ["anna", "ben"] {
        desk.key(name, "");
    }
    desk.root();
    let line = format!("{KEY} webauthn:q83vASNFZ4k");
    let fails = |more: &[&str], why: &str| assert_says(&desk.fails(2, &following(more)), why);
    let (tina, origin) = (format!("tina={line}"), "https://console.example.org");
    fails(&["--webauthn", &tina], "--origin https://console.example.org");
    fails(&["--origin", origin], "no key that signs in a browser");
    fails(&["--webauthn", &tina, "--origin", "https://example.com"], "of the relying party");
    let bare = format!("tina={KEY}");
    fails(&["--webauthn", &bare, "--origin", origin], "the credential behind the key is missing");
    desk.write("tina.pub", &line);
    fails(&["--person", "tina=tina.pub"], "add it with --webauthn");
    fails(&["--webauthn", "tina=anna.pub", "--origin", origin], "add it with --person");
    fails(
        &["--webauthn", &tina, "--origin", origin, "--role", "root=tina", "--threshold", "root=1"],
        "0 of its people have a key that counts",
    );
    let shown = desk.says(&following(&["--webauthn", "tina=tina.pub", "--origin", origin]));
    assert_says(&shown, "in the browser, changes only");
    assert_says(&shown, "in browsers on https://console.example.org");
    assert_says(&shown, "change     1 of anna, ben, tina");
}

fn following<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["trust", "next", "root.json", "--to", "next.json"][..], more].concat()
}
