//! A machine of its own that a real systemd boots, in namespaces on this kernel: this system's files
//! under a layer that goes with the test. Needs root and version 2 of control groups.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::process::{Process, eventually, run};

const SYSTEMD: &str = "/lib/systemd/systemd";
const BOOT: &str = include_str!("systemd/boot.sh");
/// What the machine boots to; the units of [`Layer::unit`] belong to it.
const TARGET: &str = "befund-test.target";

/// What is laid over this system's files.
#[derive(Debug)]
pub struct Layer {
    folder: TempDir,
    wanted: Vec<String>,
}

impl Layer {
    /// Nothing yet.
    ///
    /// # Panics
    /// If no folder can be made.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("make a folder");
        Self { folder, wanted: Vec::new() }
    }

    /// Puts a file there, readable by all; one that is a program may be run.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn file(&mut self, path: &str, from: &Path) {
        let to = self.at(path);
        // A copy keeps the mode.
        std::fs::copy(from, to).unwrap_or_else(|error| panic!("copy {}: {error}", from.display()));
    }

    /// Writes a file there, readable by all.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn text(&mut self, path: &str, text: &str) {
        std::fs::write(self.at(path), text).expect("write");
    }

    /// Puts a unit there, and starts it at boot.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn unit(&mut self, name: &str, text: &str) {
        std::fs::write(self.at(&format!("/etc/systemd/system/{name}")), text).expect("write");
        self.wanted.push(name.to_owned());
    }

    /// Keeps a unit from being started at all.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn mask(&mut self, name: &str) {
        let at = self.at(&format!("/etc/systemd/system/{name}"));
        std::os::unix::fs::symlink("/dev/null", at).expect("make a link");
    }

    /// Starts a unit that is there at boot.
    pub fn wants(&mut self, name: &str) {
        self.wanted.push(name.to_owned());
    }

    fn at(&self, path: &str) -> PathBuf {
        let path = self.folder.path().join("files").join(path.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("make a folder");
        path
    }
}

impl Default for Layer {
    fn default() -> Self {
        Self::new()
    }
}

/// A machine that runs. It ends when this is dropped.
#[derive(Debug)]
pub struct TestMachine {
    process: Process,
    /// The number of its first process, as it is seen here.
    init: u32,
    group: PathBuf,
    _folder: TempDir,
}

impl TestMachine {
    /// Boots one, and waits until its units were started.
    ///
    /// # Errors
    /// Why it cannot be done on this system, in words.
    ///
    /// # Panics
    /// If it can be done and fails.
    pub fn boot(mut layer: Layer) -> Result<Self, String> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if !rustix::process::geteuid().is_root() {
            return Err("only root can boot a machine".to_owned());
        }
        if !Path::new(SYSTEMD).exists() {
            return Err(format!("there is no {SYSTEMD}"));
        }
        let groups = control_groups().ok_or("control groups of version 2 are not mounted")?;
        let target = format!(
            "[Unit]\nRequires=basic.target\nAfter=basic.target\nWants={}\n",
            layer.wanted.join(" ")
        );
        layer.unit(TARGET, &target);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let group = groups.join(format!("befund-test-{}-{number}", std::process::id()));
        std::fs::create_dir(&group).map_err(|error| format!("no control group: {error}"))?;
        let mut command = Command::new("/bin/sh");
        // The group is entered first: the namespace begins where its first process is.
        let enter = "echo $$ > \"$1/cgroup.procs\" && shift && exec \"$@\"";
        command.args(["-c", enter, "sh"]).arg(&group);
        command.args(["unshare", "--mount", "--pid", "--uts", "--ipc", "--cgroup"]);
        command.args(["--fork", "--kill-child", "/bin/sh", "-c", BOOT, "sh"]);
        command.arg(layer.folder.path());
        let process = Process::start("machine", command, layer.folder.path());
        let mut this = Self { process, init: 0, group, _folder: layer.folder };
        this.wait();
        Ok(this)
    }

    /// Until systemd has started everything. Some of it may have failed; that is told, too.
    fn wait(&mut self) {
        let outer = self.process.pid();
        let children = format!("/proc/{outer}/task/{outer}/children");
        eventually("the machine to boot", || {
            assert!(self.process.is_running(), "the machine ended: {}", self.process.log());
            let text = std::fs::read_to_string(&children).unwrap_or_default();
            let Some(init) = text.split_whitespace().next().and_then(|pid| pid.parse().ok()) else {
                return false;
            };
            self.init = init;
            let name = std::fs::read_to_string(format!("/proc/{init}/comm")).unwrap_or_default();
            if name.trim() != "systemd" {
                return false;
            }
            let state = self.run(&["systemctl", "is-system-running", "--wait"]);
            matches!(state.stdout.trim_ascii(), b"running" | b"degraded")
        });
    }

    /// A command in it, as root.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--mount", "--pid", "--uts", "--ipc", "--cgroup", "--target"]);
        command.arg(self.init.to_string()).arg("--").args(arguments);
        command
    }

    /// Runs a command in it, as root.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        run(&mut self.command(arguments))
    }

    /// Runs a command in it as another account, that must succeed; what it printed.
    ///
    /// # Panics
    /// If it fails.
    #[must_use]
    pub fn says_as(&self, account: &str, arguments: &[&str]) -> String {
        let user = ["setpriv", "--reuid", account, "--regid", account, "--clear-groups", "--"];
        self.says(&[&user, arguments].concat())
    }

    /// Runs a command in it, as root, that must succeed; what it printed.
    ///
    /// # Panics
    /// If it fails.
    #[must_use]
    pub fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?} ended with {}: {}{}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
            String::from_utf8_lossy(&self.run(&["journalctl", "--no-pager", "--lines=60"]).stdout)
        );
        String::from_utf8(output.stdout).expect("it prints UTF-8").trim().to_owned()
    }
}

impl Drop for TestMachine {
    fn drop(&mut self) {
        // All that is in it ends with its first process, and that with the one that started it.
        self.process.kill();
        let _ = std::fs::write(self.group.join("cgroup.kill"), "1");
        let events = self.group.join("cgroup.events");
        eventually("the machine to end", || {
            std::fs::read_to_string(&events).is_ok_and(|text| text.contains("populated 0"))
        });
        remove(&self.group);
    }
}

/// Where version 2 of control groups is mounted.
fn control_groups() -> Option<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        (kind.split(' ').next() == Some("cgroup2"))
            .then(|| mount.split(' ').nth(4).map(PathBuf::from))
            .flatten()
    })
}

/// Removes a control group and those below it. They hold nothing but the kernel's own files.
fn remove(group: &Path) {
    for entry in std::fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            remove(&entry.path());
        }
    }
    let _ = std::fs::remove_dir(group);
}
