//! A machine to be broken: a network, a process tree and files of its own. `/etc` and `/var/lib` are this system's
//! under a layer that goes with it, `/run` is empty but for one session: that of an account of nobody in particular.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::space::{Reach, Space, ready};
use crate::process::eventually;

/// The account that is signed in.
pub const PERSON: &str = "65534";
/// What the login manager notes of their session.
const SESSION: &str =
    "UID=65534\nUSER=nobody\nACTIVE=1\nSTATE=active\nREMOTE=0\nCLASS=user\nSEAT=seat0\n";
/// Makes the machine's files, and holds it. `$1` is a folder of its own.
const BOOT: &str = r#"
set -e
mount -t tmpfs -o mode=0755 tmpfs "$1"
for folder in etc var/lib; do
    mkdir -p "$1/$folder/upper" "$1/$folder/work"
    mount -t overlay -o "lowerdir=/$folder,upperdir=$1/$folder/upper,workdir=$1/$folder/work" overlay "/$folder"
done
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/systemd/sessions /var/lib/dhcp
mount -t tmpfs -o mode=0755 tmpfs /var/lib/dhcp
printf '%s' "$2" > /run/systemd/sessions/1
mount -t sysfs sysfs /sys
ip link set lo up
echo ready
while :; do sleep 3600 & wait $!; done
"#;

/// A machine. It ends, with all that runs on it, when this is dropped.
#[derive(Debug)]
pub struct Machine {
    process: Child,
    space: Space,
    folder: TempDir,
}

impl Machine {
    /// Starts one without a cable.
    ///
    /// # Panics
    /// If the system gives none.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("make a folder");
        let mut command = Command::new("unshare");
        command.args(["--net", "--mount", "--pid", "--uts", "--fork", "--kill-child"]);
        command.args(["--mount-proc", "/bin/sh", "-c", BOOT, "sh"]).arg(folder.path()).arg(SESSION);
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start a process in namespaces of its own");
        ready(process.stdout.take().expect("a pipe"));
        let outer = process.id();
        let children = format!("/proc/{outer}/task/{outer}/children");
        let text = std::fs::read_to_string(&children).expect("the kernel tells of children");
        let first = text.split_whitespace().next().and_then(|pid| pid.parse().ok());
        let holder = first.expect("the machine has a first process");
        Self { process, space: Space { holder, reach: Reach::Machine }, folder }
    }

    /// Where it is.
    #[must_use]
    pub const fn space(&self) -> &Space {
        &self.space
    }

    /// A folder for what belongs to it; on the machine it is another, empty one.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A path of the machine's, as it is reached from outside.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root", self.space.holder))
            .join(path.trim_start_matches('/'))
    }

    /// Writes a file of the machine's.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, path: &str, text: &str) {
        let at = self.path(path);
        std::fs::create_dir_all(at.parent().expect("a folder")).expect("make a folder");
        std::fs::write(&at, text).unwrap_or_else(|error| panic!("write {path}: {error}"));
    }

    /// Reads a file of the machine's.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path))
            .unwrap_or_else(|error| panic!("read {path}: {error}"))
    }

    /// How it is: interfaces, addresses, routes, and every file of `/etc` that is not this system's own. What only
    /// counts down is left out.
    ///
    /// # Panics
    /// If it cannot be told.
    #[must_use]
    pub fn state(&self) -> State {
        let json = |line: &str| -> Vec<Value> {
            serde_json::from_str(&self.space.says(line)).expect("ip prints JSON")
        };
        let interface = |one: &Value| {
            let addresses = one["addr_info"].as_array().into_iter().flatten();
            let addresses: Vec<_> = addresses
                .map(|one| json!([one["local"], one["prefixlen"], one["scope"]]))
                .collect();
            json!([one["ifname"], one["flags"], one["operstate"], one["mtu"], addresses])
        };
        let mut routes: Vec<String> = json("ip -j route show table all; ")
            .iter()
            .map(|one| json!([one["dst"], one["gateway"], one["dev"], one["table"], one["metric"]]))
            .map(|one| one.to_string())
            .collect();
        routes.sort_unstable();
        let mut files = BTreeMap::new();
        collect(&self.path(&format!("{}/etc/upper", self.folder.path().display())), &mut files);
        State { interfaces: json("ip -j addr").iter().map(interface).collect(), routes, files }
    }

    /// Waits until it has an address of IPv4.
    pub fn wait_for_address(&self) {
        eventually("the machine to have an address", || {
            self.space.says("ip -o -4 addr show dev eth0").contains("inet ")
        });
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // All that is in it ends with its first process, and that with the one that started it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How a machine is.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Name, flags, state, largest packet and addresses of each interface.
    pub interfaces: Vec<Value>,
    /// Destination, gateway, interface, table and metric of each, sorted.
    pub routes: Vec<String>,
    /// The files of `/etc` that were made or changed, with what is in them.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let kind = entry.file_type().expect("a file's kind");
        if kind.is_dir() {
            collect(&path, files);
        } else if kind.is_symlink() {
            let target = std::fs::read_link(&path).expect("a link's target");
            files.insert(path, target.into_os_string().into_encoded_bytes());
        } else {
            // One that was removed is a device without a number there, which reads as nothing.
            files.insert(path.clone(), std::fs::read(&path).unwrap_or_default());
        }
    }
}
