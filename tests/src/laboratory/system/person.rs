//! Whoever works at a machine: signed in by its records of sessions, with the agent's program open on a terminal of
//! their own, who agrees to whatever they are asked, and has one answer to every question.

use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use super::{PERSON, UID};
use crate::process::eventually;
use crate::systemd::TestMachine;

/// What the login manager notes of a session.
const SESSION: &str = "/run/systemd/sessions/1";
/// What stands behind whatever wants a yes or a no.
const CONSENT: &str = "[y/N]";
/// What stands before whatever wants a number.
const QUESTION: &str = "Your answer?";
/// Where the number of their terminal's process is noted.
const NUMBER: &str = "/tmp/person";

/// Somebody who is signed in. They leave when this is dropped.
#[derive(Debug)]
pub struct Person {
    child: Child,
    screen: Arc<Mutex<String>>,
    leave: std::process::Command,
}

impl Person {
    pub(super) fn sit_down(machine: &TestMachine, answer: &str) -> Self {
        let answer = format!("{answer}\n");
        let session = format!(
            "UID={UID}\nUSER={PERSON}\nACTIVE=1\nSTATE=active\nREMOTE=0\nCLASS=user\nSEAT=seat0\n"
        );
        let note = format!("mkdir -p /run/systemd/sessions && printf '%s' '{session}' > {SESSION}");
        let _ = machine.says(&["/bin/sh", "-ec", &note]);
        let attend = format!(
            "echo $$ > {NUMBER}; exec script -qefc '/usr/bin/befund-agent attend' /dev/null"
        );
        let user = ["setpriv", "--reuid", UID, "--regid", UID, "--clear-groups", "--"];
        let words = [&user[..], &["/bin/sh", "-c", &attend]].concat();
        let mut command = machine.command(&words);
        command.env("LANG", "C.UTF-8").env("SHELL", "/bin/sh");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("open a terminal");
        let mut output = child.stdout.take().expect("a pipe");
        let mut keyboard = child.stdin.take().expect("a pipe");
        let screen = Arc::new(Mutex::new(String::new()));
        let shown = Arc::clone(&screen);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            let (mut agreed, mut answered) = (0, 0);
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                let mut shown = shown.lock().expect("whole");
                shown.push_str(&String::from_utf8_lossy(&bytes[..length]));
                let asked = (shown.matches(CONSENT).count(), shown.matches(QUESTION).count());
                if asked.0 > agreed {
                    let _ = keyboard.write_all(b"y\n");
                }
                if asked.1 > answered {
                    let _ = keyboard.write_all(answer.as_bytes());
                }
                (agreed, answered) = asked;
            }
        });
        let leave = format!("rm -f {SESSION}; kill $(cat {NUMBER})");
        let leave = machine.command(&["/bin/sh", "-c", &leave]);
        let this = Self { child, screen, leave };
        eventually("the person to be ready to be asked", || {
            this.screen().contains("You will be asked here")
        });
        this
    }

    /// What was shown so far.
    ///
    /// # Panics
    /// If whoever reads it broke down.
    #[must_use]
    pub fn screen(&self) -> String {
        self.screen.lock().expect("whole").clone()
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        let _ = crate::process::run(&mut self.leave);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
