//! What a machine without a policy is asked for: services and logs that most have.

/// Services.
pub(in crate::probe) const SERVICES: &[&str] = &[
    "NetworkManager.service",
    "cron.service",
    "cups.service",
    "ssh.service",
    "systemd-journald.service",
    "systemd-networkd.service",
    "systemd-resolved.service",
    "systemd-timesyncd.service",
];

/// Logs that hold no messages of people: name and file.
pub(in crate::probe) const LOGS: &[(&str, &str)] = &[
    ("kernel", "/var/log/kern.log"),
    ("messages", "/var/log/messages"),
    ("packages", "/var/log/dpkg.log"),
    ("system", "/var/log/syslog"),
];

/// Names that are set by hand.
pub(in crate::probe) const HOSTS: &str = "/etc/hosts";

/// What is asked for names, and in which order.
pub(in crate::probe) const SWITCH: Option<&str> = Some("/etc/nsswitch.conf");

/// Whether a path names one file of the whole system.
pub(in crate::probe) fn is_absolute(path: &str) -> bool {
    path.starts_with('/') && path.split('/').all(|part| part != "..")
}
