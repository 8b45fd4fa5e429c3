//! An agent on Windows, built for it and run by Wine, and a real controller: the main job, a kill in
//! the middle, and life as a service. What Wine cannot answer shows what a Windows API's failure comes
//! to. Run with `cargo xtask windows`.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Output;

use befund_model::probe::names::OverridesFacts;
use befund_model::probe::path::{Ipv6Facts, LossFacts, MtuFacts};
use befund_model::probe::trust::{ClientCertFacts, InterceptionFacts, PacFacts, Root};
use befund_model::probe::{ProbeResult, Verdict};
use befund_tests::agent::ticket_in;
use befund_tests::catalogue::LOOK;
use befund_tests::process::eventually;
use befund_tests::windows::TestWindows;
use befund_tests::{Books, TestController, TestOperator, TestSigners};
use serde_json::Value;

/// The exit code of `send` when the request is kept on the machine.
const KEPT: i32 = 3;

fn assert_done(output: &Output) {
    let (out, error) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{}: {out}{error}", output.status);
}

/// Whether all is there, or it is said what is missing.
fn assert_explained(of: &Value, what: &str) {
    let reason = of["reason"].as_str().unwrap_or_default();
    assert_eq!(of["status"] == "ok", reason.is_empty(), "{what}: {of}");
}

fn run(operator: &TestOperator, agent: &str, work: &str) -> Value {
    let job = operator.json(&["run", work, "--on", agent, "--detach"]);
    ended(operator, job["id"].as_str().unwrap())
}

fn ended(operator: &TestOperator, job: &str) -> Value {
    let mut shown = Value::Null;
    eventually("the job to end", || {
        shown = operator.json(&["job", "show", job]);
        ["done", "failed", "refused"].contains(&shown["state"].as_str().unwrap())
    });
    shown
}

#[test]
fn from_enrollment_to_the_results_of_every_probe_and_of_a_signed_runbook() {
    let controller = TestController::start();
    let operator = controller.admin();
    let _signers = TestSigners::publishing(&controller, &operator, Books::Look);
    let mut windows = TestWindows::enrolled_with(&operator.token());
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let policy = format!("[targets.tcp]\nhere = \"{}\"\n", open.local_addr().unwrap());
    std::fs::write(windows.at("befund/policy.toml"), policy).unwrap();
    windows.link(&["--policy", r"C:\befund\policy.toml"]);

    let machine = operator.json(&["machine", "show", &windows.id()]);
    assert!(machine.to_string().contains("Windows"), "it says what it is: {machine}");

    let sent = windows.send("the printer hums\nand prints nothing");
    assert_done(&sent);
    let view = operator.json(&["ticket", "show", &ticket_in(&sent)]);
    assert_eq!(view["ticket"]["subject"], "the printer hums");
    assert_eq!(view["ticket"]["machine"], windows.id().as_str());
    let requester = view["ticket"]["requester"].to_string();
    assert!(requester.contains("root") || requester.contains('\\'), "{requester}");
    let snapshot = view["timeline"][1]["event"]["snapshot"].as_str().unwrap();
    let record = operator.json(&["snapshot", "show", snapshot]);
    let sections = record["manifest"]["sections"].as_array().unwrap();
    assert!(sections.len() > 20, "every kind is told of: {record}");
    for section in sections {
        assert_explained(section, section["kind"].as_str().unwrap());
    }

    let ended = run(&operator, &windows.id(), "net.tcp");
    assert_eq!(ended["outcome"]["status"], "ok", "{ended}");
    assert!(ended["outcome"]["result"].to_string().contains("\"open\""), "{ended}");
    for info in befund_model::probe::catalogue(befund_model::language::Language::English) {
        let work = info.work.name();
        let ended = run(&operator, &windows.id(), work);
        assert_eq!(ended["state"], "done", "{work}: {ended}");
        assert_explained(&ended["outcome"], work);
    }

    let ended = run(&operator, &windows.id(), LOOK);
    assert_eq!(ended["state"], "done", "{ended}");
    let result = &ended["outcome"]["result"];
    assert_eq!((&result["runbook"], &result["accepted"]), (&LOOK.into(), &true.into()), "{ended}");
    assert_eq!(result["causes"][0]["verdict"], "excluded", "it was judged there: {ended}");
    let machine = operator.json(&["machine", "show", &windows.id()]);
    assert_eq!(machine["trust"]["pinned"], true, "the token carried the root: {machine}");
}

/// A probe's result, and its status, which goes with its reason.
fn measured(operator: &TestOperator, agent: &str, probe: &str) -> (ProbeResult, String) {
    let ended = run(operator, agent, probe);
    assert_explained(&ended["outcome"], probe);
    let result = serde_json::from_value(ended["outcome"]["result"].clone());
    let result: ProbeResult = result.unwrap_or_else(|error| panic!("{error}: {ended}"));
    (result, ended["outcome"]["status"].as_str().unwrap().to_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// A certificate as Windows keeps it, with where its key is or without, and its thumbprint.
fn kept_certificate(name: &str, has_key: bool) -> (Vec<u8>, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let property = |id: u32, value: &[u8]| {
        let length = u32::try_from(value.len()).unwrap();
        [&[id, 1, length].map(u32::to_le_bytes).concat(), value].concat()
    };
    let mut blob = if has_key { property(2, b"somewhere") } else { Vec::new() };
    blob.extend(property(32, certificate.der()));
    let print = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, certificate.der());
    (blob, hex(print.as_ref()))
}

/// Gives one proxy script to whoever asks first.
fn serve_script(proxy: &str) -> (String, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/proxy.pac?user=anna", listener.local_addr().unwrap());
    let text = format!("function FindProxyForURL(u, h) {{ return 'PROXY {proxy}'; }}");
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 1024];
        assert!(stream.read(&mut asked).unwrap() > 0);
        write!(stream, "HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()).unwrap();
    });
    (url, serving)
}

#[test]
fn what_windows_is_asked_comes_as_facts_or_with_the_reason() {
    /// The one person whom Wine knows.
    const PERSON: &str = "S-1-5-21-0-0-0-1000";
    const SETTINGS: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings";
    const PROFILES: &str = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList";
    const STORE: &str = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\MY\Certificates";
    const IN_PROFILE: &str = "AppData/Roaming/Microsoft/SystemCertificates/My/Certificates";
    let controller = TestController::start();
    let operator = controller.admin();
    let mut windows = TestWindows::enrolled(&controller);
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = open.local_addr().unwrap().to_string();
    let gate = controller.gate();
    let policy = format!(
        "[targets]\ndns = [\"printer.example\"]\n[targets.tcp]\nhere = {here:?}\n[targets.tls]\ngate = {gate:?}\n"
    );
    std::fs::write(windows.at("befund/policy.toml"), policy).unwrap();
    let hosts = windows.at("windows/system32/drivers/etc");
    std::fs::create_dir_all(&hosts).unwrap();
    std::fs::write(hosts.join("hosts"), "192.0.2.7 printer.example # by hand\r\n").unwrap();
    let (url, serving) = serve_script(&here);
    windows.set(SETTINGS, "AutoConfigURL", "REG_SZ", &url);
    // Direct, and what the network names.
    let connection = hex(&[&[70, 0, 0, 0, 1, 0, 0, 0, 9][..], &[0; 47]].concat());
    let connections = format!(r"{SETTINGS}\Connections");
    windows.set(&connections, "DefaultConnectionSettings", "REG_BINARY", &connection);
    let (blob, print) = kept_certificate("pc.example", false);
    windows.set(&format!(r"{STORE}\{print}"), "Blob", "REG_BINARY", &hex(&blob));
    let profile = format!(r"{PROFILES}\{PERSON}");
    windows.set(&profile, "ProfileImagePath", "REG_EXPAND_SZ", r"C:\befund\anna");
    let (blob, annas) = kept_certificate("anna.example", true);
    let folder = windows.at("befund/anna").join(IN_PROFILE);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(&annas), blob).unwrap();
    windows.link(&["--policy", r"C:\befund\policy.toml"]);
    let id = windows.id();

    // By echoes where Wine may send them, else by connections: none is lost on this machine.
    let (result, _) = measured(&operator, &id, "net.loss");
    let facts: LossFacts = result.facts().unwrap();
    let target = facts.hops.iter().find(|hop| hop.what == "target").unwrap();
    assert_eq!((target.sent, target.received), (20, 20), "{target:?}");
    assert!(["icmp", "tcp"].contains(&target.method.as_deref().unwrap()), "{target:?}");
    assert_ne!(result.verdict, Verdict::Fail, "{}", result.summary);

    let (result, status) = measured(&operator, &id, "net.mtu");
    let facts: MtuFacts = result.facts().unwrap();
    assert_eq!(status == "ok", facts.mtu.is_some(), "{facts:?}");
    match facts.method.as_deref() {
        Some("icmp") => assert_eq!(facts.mtu, Some(1_500), "{facts:?}"),
        _ => assert!(facts.error.is_some_and(|error| !error.is_empty()), "{}", result.summary),
    }

    let (result, _) = measured(&operator, &id, "net.pac");
    let facts: PacFacts = result.facts().unwrap();
    serving.join().unwrap();
    let script = facts.scripts.iter().find(|script| script.url.ends_with("/proxy.pac")).unwrap();
    assert!(script.usable && script.source.starts_with("user "), "{script:?}");
    assert!(script.proxies[0].address == here && script.proxies[0].reachable, "{script:?}");
    assert_eq!(result.verdict, Verdict::Pass, "{}", result.summary);

    let (result, status) = measured(&operator, &id, "net.client-cert");
    let facts: ClientCertFacts = result.facts().unwrap();
    let key = |print: &str| {
        let end = print.to_lowercase();
        let found = facts.certificates.iter().find(|one| one.file.to_lowercase().ends_with(&end));
        found.unwrap_or_else(|| panic!("{facts:?}")).key
    };
    assert_eq!((status.as_str(), key(&print), key(&annas)), ("ok", Some(false), None));
    assert_eq!(result.verdict, Verdict::Fail, "{}", result.summary);

    let (result, status) = measured(&operator, &id, "net.interception");
    let facts: InterceptionFacts = result.facts().unwrap();
    assert_eq!((status.as_str(), facts.targets[0].root), ("ok", Root::Unknown), "{facts:?}");
    assert_eq!(result.verdict, Verdict::Fail, "{}", result.summary);
    // Wine puts this machine's roots where Windows has those that were added.
    assert!(!facts.managed_roots.is_empty());

    let (result, _) = measured(&operator, &id, "net.overrides");
    let facts: OverridesFacts = result.facts().unwrap();
    assert_eq!(facts.listed[0].name, "printer.example");
    assert!(facts.order.is_empty(), "there is no such file on Windows: {facts:?}");
    assert_eq!(result.verdict, Verdict::Warn, "{}", result.summary);

    let (result, status) = measured(&operator, &id, "net.ipv6");
    let facts: Ipv6Facts = result.facts().unwrap();
    assert_eq!((status.as_str(), facts.targets.len()), ("ok", 1), "{facts:?}");
}

#[test]
fn what_was_kept_arrives_once_after_a_kill_and_what_ran_ends_with_the_link() {
    let mut controller = TestController::start();
    let operator = controller.admin();
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    mute.set_nonblocking(true).unwrap();
    let mut windows = TestWindows::enrolled(&controller);
    let url = format!("http://{}/", mute.local_addr().unwrap());
    let policy = format!("[targets]\ndns = []\n[targets.http.mute]\nurl = {url:?}\n");
    std::fs::write(windows.at("befund/policy.toml"), policy).unwrap();
    let policy = ["--policy", r"C:\befund\policy.toml"];
    windows.link(&policy);

    let job = operator.json(&["run", "net.http", "--on", &windows.id(), "--detach"]);
    let job = job["id"].as_str().unwrap().to_owned();
    let mut taken = None;
    eventually("the job to ask the one that never answers", || {
        taken = mute.accept().ok();
        taken.is_some()
    });
    assert!(windows.processes().len() > 2, "link, executor and collect child run");
    windows.kill_link();
    eventually("the link's children to be ended", || windows.processes().is_empty());

    windows.link(&policy);
    let shown = ended(&operator, &job);
    assert_eq!(shown["state"], "done", "the job was done again: {shown}");

    controller.kill();
    let sent = windows.run(&["send", "--yes", "--wait", "1", "-m", "no network"]);
    assert_eq!(sent.status.code(), Some(KEPT), "{}", String::from_utf8_lossy(&sent.stderr));
    windows.kill();
    eventually("the agent to be gone", || windows.processes().is_empty());
    windows.start_link(&policy);
    controller.serve();
    let tickets = || {
        let list = operator.json(&["ticket", "list"]);
        let items = list["items"].as_array().unwrap().iter();
        items.filter(|item| item["subject"] == "no network").count()
    };
    eventually("the request to arrive", || tickets() > 0);
    eventually("the spool to be empty", || {
        let told = windows.run(&["status", "--json"]);
        let report: Value = serde_json::from_slice(&told.stdout).unwrap();
        report["requests_waiting"].as_array().unwrap().is_empty()
    });
    assert_eq!(tickets(), 1, "it came once");
}

#[test]
fn as_services_it_is_installed_started_stopped_and_removed() {
    let controller = TestController::start();
    let operator = controller.admin();
    let windows = TestWindows::new();
    let says = |arguments: &[&str]| {
        let output = windows.installed(arguments);
        assert_done(&output);
        String::from_utf8(output.stdout).unwrap()
    };
    let not_there = windows.installed(&["service", "start"]);
    assert!(!not_there.status.success());
    let told = String::from_utf8_lossy(&not_there.stderr).into_owned();
    assert!(told.contains("befund-agent service install"), "it says what to do: {told}");

    let _ = says(&["enroll", &controller.token(&[])]);
    let installed = says(&["service", "install"]);
    assert!(installed.contains("befund-executor"), "{installed}");
    assert!(windows.at("Program Files/Befund/befund-agent.exe").is_file());
    let state = says(&["service", "status"]);
    assert!(!state.contains("not installed"), "{state}");

    for round in 0..2 {
        assert!(says(&["service", "start"]).contains("runs"));
        eventually("the service to be connected", || {
            let told = windows.installed(&["status", "--json"]);
            String::from_utf8_lossy(&told.stdout).contains("\"connected\"")
        });
        assert!(says(&["service", "status"]).contains("befund-link: running"));
        let message = format!("round {round}");
        let sent = windows.installed(&["send", "--yes", "-m", &message]);
        assert_done(&sent);
        let view = operator.json(&["ticket", "show", &ticket_in(&sent)]);
        assert_eq!(view["ticket"]["subject"], message.as_str());
        let state = says(&["service", "status"]);
        assert!(state.contains("befund-executor: running"), "the link had it started: {state}");
        assert!(says(&["service", "stop"]).contains("befund-executor is stopped"));
        eventually("the services to be gone", || windows.processes().is_empty());
    }
    let log = std::fs::read_to_string(windows.at("ProgramData/Befund/state/befund-link.log"));
    assert!(log.unwrap().contains("the link starts"), "its log is where it says");

    assert!(says(&["service", "uninstall"]).contains("befund-link is removed"));
    assert!(says(&["service", "status"]).contains("befund-link: not installed"));
    assert!(windows.at("ProgramData/Befund/state/identity/identity.json").is_file(), "it stays");
}
