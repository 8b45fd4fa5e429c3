//! A whole controller in one process: what listens, what the ready file says, what `init` refuses.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(60);

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_befund-controller"))
}

fn init(data: &Path, more: &[&str]) -> Output {
    let password = data.with_extension("password");
    std::fs::write(&password, "correct horse battery staple\n").expect("a password");
    program()
        .args(["init", "--gate", "127.0.0.1:0", "--console", "127.0.0.1:0", "--data"])
        .arg(data)
        .arg("--admin-password-file")
        .arg(&password)
        .args(more)
        .output()
        .expect("run init")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn init_makes_a_private_folder_and_refuses_to_make_it_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("controller");
    let made = init(&data, &["--name", "Example Ltd"]);
    assert!(made.status.success(), "{}", said(&made));
    let text = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(text.contains("sha256:"), "{text}");
    let mode = |path: &Path| rustix::fs::stat(path).expect("there").st_mode & 0o777;
    assert_eq!(mode(&data), 0o700);
    for file in ["root.key", "issuing-1.key", "root.crt"] {
        assert_eq!(mode(&data.join("ca").join(file)), 0o600, "{file}");
    }
    let before = std::fs::read(data.join("ca/root.key")).expect("a key");
    let again = init(&data, &[]);
    assert!(!again.status.success());
    assert!(said(&again).contains("already"), "{}", said(&again));
    assert_eq!(std::fs::read(data.join("ca/root.key")).expect("a key"), before);
}

#[test]
fn what_init_cannot_use_is_named_and_nothing_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("controller");
    let bad_host = init(&data, &["--host", "no name"]);
    assert!(!bad_host.status.success() && said(&bad_host).contains("no name"));
    let bad_url = init(&data, &["--database", "mysql://x"]);
    assert!(!bad_url.status.success() && said(&bad_url).contains("database"));
    std::fs::write(data.with_extension("short"), "short").expect("a file");
    let short = data.with_extension("short").display().to_string();
    let output = program()
        .args(["init", "--admin-password-file", &short, "--data"])
        .arg(&data)
        .output()
        .expect("run init");
    assert!(!output.status.success() && said(&output).contains("12"), "{}", said(&output));
    assert!(!data.exists());
}

#[test]
fn serve_names_what_is_missing_or_unknown_in_its_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("controller");
    let serve = || program().args(["serve", "--data"]).arg(&data).output().expect("run serve");
    let missing = serve();
    assert!(!missing.status.success() && said(&missing).contains("init"), "{}", said(&missing));
    assert!(init(&data, &[]).status.success());
    let config = data.join("config.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    std::fs::write(&config, format!("{text}snapshot_dayz = 1\n")).expect("written");
    let unknown = serve();
    assert!(!unknown.status.success());
    assert!(said(&unknown).contains("snapshot_dayz"), "{}", said(&unknown));
}

#[test]
fn a_port_in_use_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("controller");
    assert!(init(&data, &[]).status.success());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let config = data.join("config.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    std::fs::write(&config, text.replacen("127.0.0.1:0", &address, 1)).expect("written");
    let refused = program().args(["serve", "--data"]).arg(&data).output().expect("run serve");
    assert!(!refused.status.success());
    let said = said(&refused);
    assert!(said.contains(&address) && said.contains("gate.listen"), "{said}");
}

#[test]
fn a_controller_says_where_it_serves_and_stops_when_it_is_told_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("controller");
    assert!(init(&data, &[]).status.success());
    let ready = folder.path().join("ready.json");
    let mut serving = program()
        .args(["serve", "--data"])
        .arg(&data)
        // A name alone, in the folder where it runs.
        .args(["--ready-file", "ready.json"])
        .current_dir(folder.path())
        .stderr(Stdio::null())
        .spawn()
        .expect("run serve");
    let started = Instant::now();
    let told: serde_json::Value = loop {
        if let Ok(text) = std::fs::read(&ready) {
            break serde_json::from_slice(&text).expect("whole");
        }
        assert!(started.elapsed() < DEADLINE, "it does not serve");
        assert!(serving.try_wait().expect("looked at").is_none(), "it ended");
        std::thread::sleep(Duration::from_millis(10));
    };
    let gate = told["gate"].as_str().expect("an address");
    std::net::TcpStream::connect(gate).expect("the gate listens");
    let console = told["console"].as_str().expect("a URL").trim_start_matches("http://");
    std::net::TcpStream::connect(console).expect("the console listens");
    assert_eq!(told["pid"], serving.id());
    let pid = rustix::process::Pid::from_child(&serving);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("told to stop");
    assert!(serving.wait().expect("ended").success());
    assert!(std::net::TcpStream::connect(gate).is_err());
}
