//! Namespaces, and how something is done within them.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::process::run;

/// Namespaces that a process holds: that of the network alone, or all that make a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// The process.
    pub holder: u32,
    /// Which of its namespaces are entered.
    pub reach: Reach,
}

/// Which namespaces are entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The network.
    Network,
    /// Network, mounts, processes and names.
    Machine,
}

impl Space {
    /// The command, run there.
    #[must_use]
    pub fn enter(&self, command: &Command) -> Command {
        let mut entered = Command::new("nsenter");
        entered.args(["--target", &self.holder.to_string(), "--net"]);
        match self.reach {
            Reach::Network => {}
            Reach::Machine => {
                entered.args(["--mount", "--pid", "--uts"]);
            }
        }
        entered.arg("--").arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => entered.env(name, value),
                None => entered.env_remove(name),
            };
        }
        entered
    }

    /// A line of the shell, run there.
    #[must_use]
    pub fn shell(&self, line: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-ec", line]);
        self.enter(&command)
    }

    /// Runs lines of the shell that must succeed; what they printed.
    ///
    /// # Panics
    /// If they fail.
    pub fn says(&self, lines: &str) -> String {
        let output = run(&mut self.shell(lines));
        assert!(
            output.status.success(),
            "{lines} ended with {}: {}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs lines of the shell that must succeed.
    ///
    /// # Panics
    /// If they fail.
    pub fn does(&self, lines: &str) {
        let _ = self.says(lines);
    }

    /// Does something in the network's namespace, in a thread of its own. What it opens stays there.
    ///
    /// # Panics
    /// If the namespace has gone, or it panics.
    pub fn on<T: Send>(&self, what: impl FnOnce() -> T + Send) -> T {
        let file = File::open(format!("/proc/{}/ns/net", self.holder)).expect("a namespace");
        std::thread::scope(|scope| {
            let there = scope.spawn(|| {
                let kind = Some(LinkNameSpaceType::Network);
                move_into_link_name_space(file.as_fd(), kind).expect("enter a namespace");
                what()
            });
            there.join().expect("it ends well")
        })
    }
}

/// A network of its own with nothing in it, held by a process. It goes when this is dropped.
#[derive(Debug)]
pub struct Empty {
    holder: std::process::Child,
}

impl Empty {
    /// Makes one.
    ///
    /// # Panics
    /// If the system gives none.
    #[must_use]
    pub fn make() -> Self {
        let mut command = Command::new("unshare");
        command.args(["--net", "/bin/sh", "-c", "echo ready; exec sleep infinity"]);
        let mut holder = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start a process in a network of its own");
        ready(holder.stdout.take().expect("a pipe"));
        let this = Self { holder };
        this.space().does("ip link set lo up; echo 1 > /proc/sys/net/ipv4/ip_forward");
        this
    }

    /// Where it is.
    #[must_use]
    pub fn space(&self) -> Space {
        Space { holder: self.holder.id(), reach: Reach::Network }
    }
}

impl Drop for Empty {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// Waits until a process says that it is ready.
///
/// # Panics
/// If it ends before.
pub(super) fn ready(from: impl std::io::Read) {
    let mut line = String::new();
    let mut from = std::io::BufReader::new(from);
    std::io::BufRead::read_line(&mut from, &mut line).expect("read from a process");
    assert_eq!(line, "ready\n", "a process ended before it was ready");
}

/// Joins two networks by a cable, whose ends have these names.
///
/// # Panics
/// If that fails.
pub fn join(one: (&Space, &str), other: (&Space, &str)) {
    let line = format!(
        "link add {} netns {} type veth peer name {} netns {}",
        one.1, one.0.holder, other.1, other.0.holder
    );
    let made = run(Command::new("ip").args(line.split(' ')));
    assert!(made.status.success(), "ip {line}: {}", String::from_utf8_lossy(&made.stderr));
}
