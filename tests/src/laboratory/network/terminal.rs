//! A person's terminal: a program of theirs, each of whose questions is answered as soon as it stands on the screen.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take to ask, and to end: runbooks verify for some minutes.
const PATIENCE: Duration = Duration::from_secs(150);
const LOOK: Duration = Duration::from_millis(50);

/// What is answered: what stands on the screen, and the line that is typed then.
const ANSWERS: [(&str, &str); 2] = [("[y/N]", "y"), ("otherwise: ", "")];

/// A program on a terminal of its own. It ends when this is dropped.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    screen: Arc<Mutex<String>>,
}

impl Terminal {
    /// Opens one.
    ///
    /// # Panics
    /// If it cannot be opened.
    #[must_use]
    pub fn open(command: &Command) -> Self {
        let words = [command.get_program()].into_iter().chain(command.get_args());
        let line = words.map(|word| format!("'{}'", word.to_str().expect("UTF-8")));
        let line = line.collect::<Vec<_>>().join(" ");
        let mut script = Command::new("script");
        script.args(["-qefc", &line, "/dev/null"]).env("SHELL", "/bin/sh");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        let script = script.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = script.spawn().expect("open a terminal");
        let mut keyboard = child.stdin.take().expect("a pipe");
        let mut output = child.stdout.take().expect("a pipe");
        let screen = Arc::new(Mutex::new(String::new()));
        let shown = Arc::clone(&screen);
        thread::spawn(move || {
            let (mut bytes, mut answered) = ([0; 4096], 0);
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
                shown.push_str(&String::from_utf8_lossy(&bytes[..length]));
                for (asked, line) in ANSWERS {
                    if let Some(at) = shown[answered..].find(asked) {
                        answered += at + asked.len();
                        let _ = writeln!(keyboard, "{line}");
                    }
                }
            }
        });
        Self { child, screen }
    }

    /// All that was shown.
    #[must_use]
    pub fn screen(&self) -> String {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until this stands on the screen.
    ///
    /// # Panics
    /// If it does not, with what stands there.
    pub fn wait_for(&self, text: &str) {
        self.eventually(text, || self.screen().contains(text));
    }

    /// Waits for the program's end; its exit code.
    ///
    /// # Panics
    /// If it does not end, with what stands on the screen.
    pub fn end(&mut self) -> Option<i32> {
        let mut status = None;
        let until = Instant::now() + PATIENCE;
        while status.is_none() && Instant::now() < until {
            thread::sleep(LOOK);
            status = self.child.try_wait().expect("look at the program");
        }
        assert!(status.is_some(), "the program did not end: {}", self.screen());
        status.and_then(|status| status.code())
    }

    fn eventually(&self, what: &str, is_so: impl Fn() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < until, "waited in vain for {what:?}: {}", self.screen());
            thread::sleep(LOOK);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
