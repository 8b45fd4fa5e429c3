//! Through an HTTP proxy that others have made: enrollment, a session, a request, a job.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::net::{TcpListener, TcpStream};
use std::process::Command;

use befund_tests::agent::ticket_in;
use befund_tests::process::{Process, eventually, run};
use befund_tests::{TestAgent, TestController};
use tempfile::TempDir;

const MISSING: &str =
    "tinyproxy is needed: run `apt-get install tinyproxy` (or `cargo xtask test`)";

struct Tinyproxy {
    process: Process,
    port: u16,
    _folder: TempDir,
}

impl Tinyproxy {
    fn start(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let file = folder.path().join("tinyproxy.conf");
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 600\nMaxClients 20\nAllow 127.0.0.1\n{more}"
        );
        std::fs::write(&file, text).unwrap();
        let found = ["/usr/bin/tinyproxy", "/usr/sbin/tinyproxy"];
        let program = found.iter().find(|path| std::path::Path::new(path).exists());
        let mut command = Command::new(program.expect(MISSING));
        command.args(["-d", "-c"]).arg(&file);
        let process = Process::start("tinyproxy", command, folder.path());
        eventually("the proxy to listen", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { process, port, _folder: folder }
    }

    /// How often it was asked for a way to this address.
    fn asked_for(&self, address: &str) -> usize {
        let log = self.process.log();
        log.lines().filter(|line| line.contains(&format!("CONNECT {address} "))).count()
    }
}

#[test]
fn a_machine_behind_a_proxy_enrolls_and_works() {
    let controller = TestController::start();
    let proxy = Tinyproxy::start("BasicAuth me secret\n");
    let mut agent = TestAgent::new();
    let token = controller.token(&[]);

    let url = |account: &str| format!("http://{account}127.0.0.1:{}", proxy.port);
    let mut refused = agent.command(&["enroll", &token]);
    let refused = run(refused.env("HTTPS_PROXY", url("")));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("407"), "{said}");
    let mut enroll = agent.command(&["enroll", &token]);
    let enrolled = run(enroll.env("HTTPS_PROXY", url("me:secret@")));
    assert!(enrolled.status.success(), "{}", String::from_utf8_lossy(&enrolled.stderr));
    let through = proxy.asked_for(controller.gate());
    assert!(through > 0, "it went another way: {}", proxy.process.log());

    let settings = format!("[proxy]\nurl = {:?}\nuser = \"me\"\npassword = \"secret\"\n", url(""));
    std::fs::write(agent.folder().join("agent.toml"), settings).unwrap();
    agent.link();
    assert!(proxy.asked_for(controller.gate()) > through, "{}", proxy.process.log());
    let operator = controller.admin();
    let ticket = ticket_in(&agent.send("from behind a proxy"));
    let shown = operator.json(&["ticket", "show", &ticket]);
    assert_eq!(shown["ticket"]["subject"], "from behind a proxy");
    let ran = operator.run(&["run", "disk.space", "--on", &agent.id()]);
    assert!(matches!(ran.status.code(), Some(0 | 7)), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn a_proxy_that_does_not_let_it_through_is_told_so() {
    let controller = TestController::start();
    // Only the port of HTTPS, as many are set up.
    let proxy = Tinyproxy::start("ConnectPort 443\n");
    let agent = TestAgent::new();
    let mut enroll = agent.command(&["enroll", &controller.token(&[])]);
    let refused = run(enroll.env("HTTPS_PROXY", format!("http://127.0.0.1:{}", proxy.port)));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success(), "{said}");
    assert!(said.contains("403") && said.contains("proxy"), "{said}");
    assert!(!agent.state().join("identity/identity.json").exists());
}
