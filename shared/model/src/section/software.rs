//! What runs on the machine: system, accounts, services, packages, processes, log, clock.

use serde::{Deserialize, Serialize};

use super::absent;
use crate::Timestamp;
use crate::redaction::Redacted;

/// Section `os`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Os {
    /// The machine's name in its network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// `linux`, `windows` or `macos`.
    pub family: String,
    /// Name and version for people (`Debian GNU/Linux 12 (bookworm)`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The distribution or edition, in one lower-case word (`debian`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The edition (`Professional`, `Server`), where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
    /// The version (`12`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The version's name (`bookworm`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codename: Option<String>,
    /// The point release, where the distribution tells (`12.5`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The build (`22631.3447`), where the system counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// When it was installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installed_at: Option<Timestamp>,
    /// What tells when it was installed (a file, a property of the system).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installed_by: Option<String>,
    /// Whether the licence is in order (`licensed`, `grace period`, `not licensed`), where there is such a thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// The instruction set that the kernel was built for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// The kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<Kernel>,
    /// The time zone (`Europe/Berlin`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// The system's language (`de_DE.UTF-8`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// A number that stands for this installation, hashed: it tells two machines apart and names
    /// neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub installation: Option<String>,
    /// Whether the system asks for a restart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_required: Option<bool>,
    /// What asks for the restart (packages, or a newer kernel), sorted.
    #[serde(skip_serializing_if = "absent")]
    pub restart_for: Vec<String>,
}

/// The running kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kernel {
    /// Its name (`Linux`).
    pub name: String,
    /// Its release (`6.1.0-18-amd64`).
    pub release: String,
    /// Its build, as it describes it itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it was started with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_line: Option<Redacted>,
    /// Why it calls itself tainted: the bits' letters (`POE`), empty if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taint: Option<String>,
}

/// Section `uptime`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Uptime {
    /// When the system was started, by its own clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booted_at: Option<Timestamp>,
    /// Seconds since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uptime_s: Option<u64>,
    /// Tasks that run or want to, on average over 1, 5 and 15 minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<[f64; 3]>,
    /// Share of the last 60 s in which some task waited for a processor, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_pressure_percent: Option<f64>,
    /// Share of the last 60 s in which some task waited for a disk, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub io_pressure_percent: Option<f64>,
}

/// Section `users`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Users {
    /// The accounts that this machine keeps itself, sorted by name.
    pub users: Vec<User>,
}

/// A local account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// Its name.
    pub name: String,
    /// Its number or SID.
    pub id: String,
    /// The person's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// Its folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    /// Its shell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    /// Whether it is a person's (rather than a service's), by its number and shell.
    pub person: bool,
    /// Whether it may become administrator, by its groups.
    pub administrator: bool,
    /// The groups that it is a member of, sorted, its primary one left out.
    #[serde(skip_serializing_if = "absent")]
    pub groups: Vec<String>,
}

/// Section `sessions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sessions {
    /// Who is signed in, sorted by start.
    pub sessions: Vec<Session>,
}

/// A session of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// The system's name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The account.
    pub user: String,
    /// The terminal or seat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminal: Option<String>,
    /// `tty`, `x11`, `wayland`, `ssh`, `rdp`, `console` (at the screen of a Windows PC or a Mac), or what else
    /// logind calls it (`mir`, `web`, `unspecified`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The host that it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// `active`, `online` or `closing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// Section `services`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Services {
    /// The services, sorted by name.
    pub services: Vec<Service>,
}

/// A service as it is configured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Service {
    /// Its name, without the system's suffix (`ssh`).
    pub name: String,
    /// What it says of itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Redacted>,
    /// `enabled`, `disabled`, `masked`, `static` (started by others), `indirect` (enabling it
    /// enables others), `alias` or `template`.
    pub start: String,
    /// What it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Redacted>,
    /// The account that it runs as, if not the administrator's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The file that defines it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Whether the machine's owner has changed it beside that file.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub overridden: bool,
}

/// Section `services.state`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServicesState {
    /// The state of the system as its service manager sums it up (`running`, `degraded`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The services that are loaded, sorted by name.
    pub services: Vec<ServiceState>,
}

/// A service as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceState {
    /// Its name, as in `services`.
    pub name: String,
    /// `active`, `inactive`, `failed`, `activating`, `deactivating`, `reloading`.
    pub state: String,
    /// The state in the service manager's own words (`running`, `exited`, `auto-restart`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The processes that it has, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<u32>,
    /// How it failed, in the service manager's words (`exit-code`, `signal`, `timeout`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// What the main process of one that failed ended with: its exit status, or the number of the
    /// signal where `result` names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<i32>,
}

/// Section `packages`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Packages {
    /// The packages, sorted by name and architecture.
    pub packages: Vec<Package>,
}

/// An installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, as the package system orders them.
    pub version: String,
    /// The architecture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arch: Option<String>,
    /// The package system: `deb`, `rpm`, `apk`, `pacman`, `snap`, `flatpak`; on Windows `windows`, `store`; on
    /// macOS `app` (a bundle that nobody manages), `store`, `pkg` (an installer's receipt), `brew`.
    pub manager: String,
    /// The maker, where the package system names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// The account that it is installed for; absent if for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The source package, if it has another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What is wrong with its installation (`half-configured`, `unpacked`, `reinstall required`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Whether it is held back from updates.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

/// Section `processes`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Processes {
    /// The processes, sorted by number; threads of the kernel are counted, not listed.
    pub processes: Vec<Process>,
    /// How many threads the kernel runs itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_threads: Option<u32>,
}

/// A process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its parent's number.
    pub parent: u32,
    /// Its name.
    pub name: String,
    /// How it was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Redacted>,
    /// The account that it runs as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `running`, `sleeping`, `waiting for a disk`, `stopped`, `zombie`, `idle`.
    pub state: String,
    /// Processor time that it has used, in milliseconds.
    pub cpu_ms: u64,
    /// Share of one processor that it used while it was looked at, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_percent: Option<f64>,
    /// Read from disks since it was started, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_bytes: Option<u64>,
    /// Written to disks since it was started, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_bytes: Option<u64>,
    /// The kernel's function that it waits in, if it waits for a disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_in: Option<String>,
    /// Memory that it occupies, in bytes.
    pub memory_bytes: u64,
    /// Its threads.
    pub threads: u32,
    /// When it was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
}

/// Section `errors`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Errors {
    /// Where they were read: `journal`, `kernel`, or a file; on Windows `event log`, on macOS `unified log`.
    pub source: String,
    /// From when on there are entries, if the log was looked at for a whole day or less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The latest, newest last; what was said several times stands once.
    pub entries: Vec<LogEntry>,
}

/// A line of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogEntry {
    /// When it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// `emergency`, `alert`, `critical`, `error` or `warning` (RFC 5424).
    pub severity: String,
    /// Who wrote it: a service or program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it is about, where that is recognised: `disk`, `filesystem`, `memory`, `hardware`, `network`,
    /// `graphics`, `crash`, `sign-in`, `time`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// What it says.
    pub message: Redacted,
    /// How often it was said in what was looked at, if more than once; `at` is the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// When it was said for the first time, if more than once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
}

/// Section `clock`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Clock {
    /// Whether the system considers its clock synchronised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synchronised: Option<bool>,
    /// How wrong the clock may be at most, as the system believes, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_error_us: Option<u64>,
    /// How far the system is still moving the clock, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset_us: Option<i64>,
    /// What synchronises it (`chrony`, `systemd-timesyncd`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The servers that are configured, in order.
    #[serde(skip_serializing_if = "absent")]
    pub servers: Vec<String>,
    /// When it was last set from the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_sync: Option<Timestamp>,
    /// What the kernel counts time with (`tsc`, `kvm-clock`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}
