//! Control groups: finding those that may be used, making one for a program, reading what it used, killing all
//! of it.
//!
//! A group is made below this process's own, in the unified hierarchy and in each of the older ones that
//! matters, wherever that is allowed; nobody else's group is touched. In the unified hierarchy a group with
//! processes has no groups with limits below it, so that where this one was delegated to the executor
//! (`Delegate=yes`), the executor moves into a group beside the programs'.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::confine::{ConfinedBy, Limits};

/// What the groups of programs are called, before the number of the process that made it.
const NAME: &str = "befund-run-";
/// What the executor's own is called, where it moves into one.
const OWN: &str = "executor";

/// The folders in which groups may be made.
#[derive(Clone, Debug, Default)]
pub(super) struct Hierarchies {
    unified: Option<PathBuf>,
    memory: Option<PathBuf>,
    pids: Option<PathBuf>,
    cpuacct: Option<PathBuf>,
    freezer: Option<PathBuf>,
}

impl Hierarchies {
    /// Looks what there is, and ends what is in groups whose executor has gone.
    pub(super) fn find() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let mut found = Self::parse(&read("/proc/self/cgroup"), &read("/proc/self/mounts"));
        found.unified = found.unified.map(|own| delegated(&own).unwrap_or(own));
        for folder in found.folders() {
            sweep(folder);
        }
        found
    }

    /// The groups of the first process, in which is what the system itself has started where nobody manages groups.
    pub(super) fn of_init() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        Self::parse(&read("/proc/1/cgroup"), &read("/proc/self/mounts"))
    }

    /// The older ones alone.
    pub(super) fn without_unified(&mut self) {
        self.unified = None;
    }

    /// Takes a process into these groups.
    pub(super) fn take(&self, pid: i32) {
        for folder in self.folders() {
            // Looked at afterwards, in the groups that it has left or not.
            let _ = fs::write(folder.join("cgroup.procs"), pid.to_string());
        }
    }

    /// This process's groups: `/proc/self/cgroup` (cgroups(7)) says where in each hierarchy, the mounts where
    /// that is.
    fn parse(groups: &str, mounts: &str) -> Self {
        let mut found = Self::default();
        for line in groups.lines() {
            let mut parts = line.splitn(3, ':');
            let (Some(_), Some(controllers), Some(path)) =
                (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            // Outside of what this namespace sees.
            if path.contains("..") {
                continue;
            }
            let folder = |kind: &str, controller: &str| {
                let mount = mounts.lines().find_map(|line| {
                    let mut words = line.split(' ').skip(1);
                    let (at, of, options) = (words.next()?, words.next()?, words.next()?);
                    let fits =
                        controller.is_empty() || options.split(',').any(|word| word == controller);
                    (of == kind && fits).then_some(at)
                });
                mount.map(|mount| Path::new(mount).join(path.trim_start_matches('/')))
            };
            if controllers.is_empty() {
                found.unified = folder("cgroup2", "");
            }
            for controller in controllers.split(',') {
                match controller {
                    "memory" => found.memory = folder("cgroup", "memory"),
                    "pids" => found.pids = folder("cgroup", "pids"),
                    "cpuacct" => found.cpuacct = folder("cgroup", "cpuacct"),
                    "freezer" => found.freezer = folder("cgroup", "freezer"),
                    _of_no_use => {}
                }
            }
        }
        found
    }

    fn folders(&self) -> impl Iterator<Item = &Path> {
        [&self.unified, &self.memory, &self.pids, &self.cpuacct, &self.freezer]
            .into_iter()
            .filter_map(|folder| folder.as_deref())
    }

    /// Makes a program's groups, as many as may be made.
    pub(super) fn make(&self, random: [u8; 8], limits: &Limits) -> Groups {
        let name = format!("{NAME}{}-{:016x}", std::process::id(), u64::from_ne_bytes(random));
        let make = |folder: &Option<PathBuf>| {
            let path = folder.as_ref()?.join(&name);
            fs::create_dir(&path).ok()?;
            Some(path)
        };
        let mut groups = Groups {
            unified: make(&self.unified),
            memory: None,
            pids: None,
            cpuacct: None,
            freezer: None,
            by: ConfinedBy::Rlimits,
        };
        let holds = |file: &str, most: u64| {
            let write = |group: &PathBuf| fs::write(group.join(file), most.to_string()).is_ok();
            groups.unified.as_ref().is_some_and(write)
        };
        if holds("memory.max", limits.memory_bytes) && holds("pids.max", limits.processes.into()) {
            // Neither is needed for the limit to hold, and older systems lack them.
            let _ = holds("memory.swap.max", 0);
            let _ = holds("memory.oom.group", 1);
            groups.by = ConfinedBy::CgroupV2;
            return groups;
        }
        groups.memory = make(&self.memory);
        groups.pids = make(&self.pids);
        groups.cpuacct = make(&self.cpuacct);
        groups.freezer = make(&self.freezer);
        let write = |group: &Option<PathBuf>, file: &str, most: u64| {
            group
                .as_ref()
                .is_some_and(|group| fs::write(group.join(file), most.to_string()).is_ok())
        };
        let memory = write(&groups.memory, "memory.limit_in_bytes", limits.memory_bytes);
        let _ = write(&groups.memory, "memory.memsw.limit_in_bytes", limits.memory_bytes);
        if write(&groups.pids, "pids.max", limits.processes.into()) && memory {
            groups.by = ConfinedBy::CgroupV1;
        }
        groups
    }
}

/// Makes room for limits below a group that was delegated to this process, and gives the folder for them.
fn delegated(own: &Path) -> Option<PathBuf> {
    let enable = |folder: &Path| {
        fs::write(folder.join("cgroup.subtree_control"), "+memory +pids")
            .ok()
            .map(|()| folder.to_owned())
    };
    if own.file_name().is_some_and(|name| name == OWN) {
        return enable(own.parent().filter(|above| is_delegated(above))?);
    }
    if !is_delegated(own) {
        return None;
    }
    let inner = own.join(OWN);
    match fs::create_dir(&inner) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return None,
        _ => {}
    }
    for pid in processes(own) {
        // One that has ended meanwhile needs no moving.
        let _ = fs::write(inner.join("cgroup.procs"), pid.to_string());
    }
    enable(own)
}

/// Whether whoever manages groups here has left this one to its processes
/// (<https://systemd.io/CGROUP_DELEGATION>).
fn is_delegated(group: &Path) -> bool {
    ["trusted.delegate", "user.delegate"].iter().any(|name| {
        let mut value = [0; 8];
        rustix::fs::getxattr(group, *name, &mut value).is_ok_and(|length| value[..length] == *b"1")
    })
}

/// Ends what is in groups whose executor has gone.
fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|name| name.strip_prefix(NAME)?.split('-').next());
        let Some(maker) = maker.and_then(|maker| maker.parse::<i32>().ok()) else { continue };
        if super::tree::process(maker).is_none() {
            kill(&entry.path());
            // Fails while something is dying in it; the next executor looks again.
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// The groups of one program.
#[derive(Debug)]
pub(super) struct Groups {
    unified: Option<PathBuf>,
    memory: Option<PathBuf>,
    pids: Option<PathBuf>,
    cpuacct: Option<PathBuf>,
    freezer: Option<PathBuf>,
    by: ConfinedBy,
}

impl Groups {
    /// None: what a machine without control groups has.
    pub(super) const fn none() -> Self {
        Self {
            unified: None,
            memory: None,
            pids: None,
            cpuacct: None,
            freezer: None,
            by: ConfinedBy::Rlimits,
        }
    }

    pub(super) const fn by(&self) -> ConfinedBy {
        self.by
    }

    fn all(&self) -> impl Iterator<Item = &Path> {
        [&self.unified, &self.memory, &self.pids, &self.cpuacct, &self.freezer]
            .into_iter()
            .filter_map(|group| group.as_deref())
    }

    /// What a process writes to in order to enter them.
    pub(super) fn doors(&self) -> io::Result<Vec<OwnedFd>> {
        let open = |group: &Path| {
            let file = fs::OpenOptions::new().write(true).open(group.join("cgroup.procs"))?;
            Ok(OwnedFd::from(file))
        };
        self.all().map(open).collect()
    }

    /// The time of processors, if a group counts it.
    pub(super) fn cpu(&self) -> Option<Duration> {
        let read =
            |group: &Option<PathBuf>, file| fs::read_to_string(group.as_ref()?.join(file)).ok();
        if let Some(stat) = read(&self.unified, "cpu.stat") {
            let used = stat.lines().find_map(|line| line.strip_prefix("usage_usec "));
            return used.and_then(|used| used.trim().parse().ok()).map(Duration::from_micros);
        }
        let used = read(&self.cpuacct, "cpuacct.usage")?;
        used.trim().parse().ok().map(Duration::from_nanos)
    }

    /// Whether the system killed something for using too much memory.
    pub(super) fn ran_out_of_memory(&self) -> bool {
        let kills = |group: &Option<PathBuf>, file| {
            let text = fs::read_to_string(group.as_ref()?.join(file)).ok()?;
            let kills = text.lines().find_map(|line| line.strip_prefix("oom_kill "))?;
            kills.trim().parse::<u64>().ok()
        };
        kills(&self.unified, "memory.events").is_some_and(|kills| kills > 0)
            || kills(&self.memory, "memory.oom_control").is_some_and(|kills| kills > 0)
    }

    /// Lets nothing in the groups start anything more, and nothing run where that can be had.
    pub(super) fn stop(&self) {
        // What cannot be stopped is killed all the same, only less quickly.
        for group in [&self.unified, &self.pids].into_iter().flatten() {
            let _ = fs::write(group.join("pids.max"), "0");
        }
        if let Some(group) = &self.freezer {
            let _ = fs::write(group.join("freezer.state"), "FROZEN");
        }
    }

    /// Kills all that is in the groups, once.
    pub(super) fn kill(&self) {
        for group in self.all() {
            kill(group);
        }
        if let Some(group) = &self.freezer {
            // What is frozen dies when it thaws.
            let _ = fs::write(group.join("freezer.state"), "THAWED");
        }
    }

    /// Whether nothing is in the groups.
    pub(super) fn are_empty(&self) -> bool {
        self.all().all(|group| processes(group).is_empty())
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for group in self.all() {
            // Fails while something is dying in it; the next executor looks again.
            let _ = fs::remove_dir(group);
        }
    }
}

fn kill(group: &Path) {
    if fs::write(group.join("cgroup.kill"), "1").is_ok() {
        return;
    }
    for pid in processes(group) {
        if let Some(pid) = rustix::process::Pid::from_raw(pid) {
            // Fails only if it has ended.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

fn processes(group: &Path) -> Vec<i32> {
    let text = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).filter(|pid| *pid > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_found_in_every_kind_of_hierarchy() {
        let hybrid = Hierarchies::parse(
            "8:pids:/a\n4:memory:/b/c\n2:cpu,cpuacct:/\n0::/user.slice\n3:freezer:/../x\n",
            "cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0\ncgroup /m cgroup rw,nosuid,memory 0 0\n\
             cgroup /sys/fs/cgroup/cpu cgroup rw,cpu,cpuacct 0 0\ncgroup2 /u cgroup2 rw 0 0\n\
             cgroup /f cgroup rw,freezer 0 0\n",
        );
        let folders: Vec<_> = hybrid.folders().map(|path| path.display().to_string()).collect();
        assert_eq!(
            folders,
            ["/u/user.slice", "/m/b/c", "/sys/fs/cgroup/pids/a", "/sys/fs/cgroup/cpu/"]
        );
        assert_eq!(Hierarchies::parse("0::/x\nnonsense", "").folders().count(), 0);
    }
}
