//! Printers: with CUPS' own tools against a CUPS of the test's own where it can be had, and made of scripts.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use befund_model::snapshot::Status;
use serde_json::json;

use crate::common::{Made, is_root, skipped};

/// A CUPS of our own, in a folder, on a socket of its own.
struct Cups {
    server: Child,
    socket: String,
    _folder: tempfile::TempDir,
}

impl Cups {
    fn start() -> Option<Self> {
        if !is_root() || !fs::exists("/usr/sbin/cupsd").is_ok_and(|there| there) {
            return None;
        }
        let folder = tempfile::Builder::new().prefix("cups").tempdir_in("/run").ok()?;
        let at = folder.path().display().to_string();
        let socket = format!("{at}/sock");
        fs::write(
            folder.path().join("cupsd.conf"),
            format!(
                "Listen {socket}\nLogLevel warn\nDefaultAuthType None\nWebInterface No\nBrowsing No\n\
                 <Location />\nOrder allow,deny\nAllow all\n</Location>\n\
                 <Location /admin>\nOrder allow,deny\nAllow all\n</Location>\n\
                 <Policy default>\n<Limit All>\nOrder allow,deny\nAllow all\n</Limit>\n</Policy>\n"
            ),
        )
        .ok()?;
        fs::write(
            folder.path().join("cups-files.conf"),
            format!(
                "ServerRoot {at}\nRequestRoot {at}/spool\nStateDir {at}/state\nCacheDir {at}/cache\n\
                 AccessLog {at}/access\nErrorLog {at}/error\nPageLog {at}/page\nFileDevice Yes\nSystemGroup root\nGroup lp\n"
            ),
        )
        .ok()?;
        let server = Command::new("/usr/sbin/cupsd")
            .args(["-f", "-c", &format!("{at}/cupsd.conf"), "-s", &format!("{at}/cups-files.conf")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let cups = Self { server, socket, _folder: folder };
        for _ in 0..100 {
            if cups.tool("lpstat", &["-r"]).1.contains("is running") {
                let made =
                    cups.tool("lpadmin", &["-p", "Lab", "-E", "-v", "file:/dev/null", "-m", "raw"]);
                return made.0.then_some(cups);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        None
    }

    fn tool(&self, name: &str, words: &[&str]) -> (bool, String) {
        let output = Command::new(name).env("CUPS_SERVER", &self.socket).args(words).output();
        output.map_or((false, String::new()), |output| {
            (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
        })
    }

    /// A machine whose tools speak to it.
    fn machine(&self) -> Made {
        let made = Made::new();
        for name in ["lpstat", "cancel", "cupsenable", "cupsdisable", "cupsaccept", "cupsreject"] {
            made.program(name, &format!("CUPS_SERVER={} exec {name} \"$@\"", self.socket));
        }
        made
    }
}

impl Drop for Cups {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn a_queue_of_cups_is_emptied_and_goes_on() {
    let Some(cups) = Cups::start() else {
        return skipped("a_queue_of_cups", "no CUPS can be started here");
    };
    let made = cups.machine();
    let lab = json!({"printer": "Lab"});
    assert!(!made.predict("printer.resume", &lab).changes);
    assert!(cups.tool("cupsdisable", &["Lab"]).0);
    let paper = made.folder.path().join("paper");
    fs::write(&paper, "words").expect("a file");
    for _ in 0..2 {
        assert!(cups.tool("lp", &["-d", "Lab", &paper.display().to_string()]).0);
    }
    assert!(cups.tool("cupsreject", &["Lab"]).0);

    let told = made.predict("printer.cancel_jobs", &lab);
    assert_eq!(told.lines, ["remove Lab-1", "remove Lab-2"]);
    let acted = made.lives("printer.cancel_jobs", &lab);
    assert_eq!(acted.summary, "2 documents were removed from Lab");

    let acted = made.lives("printer.resume", &lab);
    assert!(cups.tool("lpstat", &["-p", "Lab"]).1.contains("enabled"));
    let undone = made.undo("printer.resume", &lab, &acted.before);
    assert_eq!(undone.status, Status::Ok, "{undone:?}");
    assert!(cups.tool("lpstat", &["-p", "Lab"]).1.contains("disabled"));
    assert!(cups.tool("lpstat", &["-a", "Lab"]).1.contains("not accepting"));

    let none = made.perform("printer.resume", &json!({"printer": "Other"}));
    assert_eq!(none.reason, "this machine has no printer Other; it has Lab");
}

#[test]
fn a_machine_without_cups_says_so() {
    let told = Made::new().perform("printer.resume", &json!({"printer": "Lab"}));
    assert_eq!(told.status, Status::Unsupported);
    assert!(told.reason.contains("lpstat is missing"), "{told:?}");
}
