//! What a message is about, by its words: those of the kernel's drivers, of PAM, OpenSSH, chrony and
//! their like, in lower case.

/// The words, by topic; the first topic that knows one counts. What stands further up is more
/// particular.
const TOPICS: &[(&str, &[&str])] = &[
    (
        "memory",
        &[
            "out of memory",
            "oom-kill",
            "oom_reaper",
            "oom killer",
            "page allocation failure",
            "cannot allocate memory",
            "systemd-oomd",
            "memory pressure",
        ],
    ),
    (
        "filesystem",
        &[
            "ext4-fs error",
            "ext4-fs warning",
            "ext3-fs error",
            "remounting filesystem read-only",
            "aborting journal",
            "jbd2",
            "xfs_",
            "xfs (",
            "metadata corruption",
            "btrfs error",
            "btrfs: error",
            "btrfs critical",
            "btrfs warning",
            "checksum verify failed",
            "csum failed",
            "fat-fs",
            "structure needs cleaning",
            "read-only file system",
            "no space left on device",
            "disk quota exceeded",
            "stale file handle",
            "nfs: server",
        ],
    ),
    (
        "disk",
        &[
            "i/o error",
            "blk_update_request",
            "medium error",
            "unrecovered read error",
            "failed command: ",
            "exception emask",
            "uncorrectable",
            "currently unreadable",
            "sense key",
            "disk failure on",
            "controller is down",
            "nvme nvme",
            "hard resetting link",
            "rejecting i/o to offline device",
            "read error corrected",
            "smartd",
            "md/raid",
        ],
    ),
    (
        "graphics",
        &[
            "gpu hang",
            "gpu reset",
            "*error* ring",
            "nvrm: xid",
            "amdgpu",
            "i915",
            "[drm",
            "nouveau",
            "nvidia-modeset",
            "gpu fault",
        ],
    ),
    (
        "hardware",
        &[
            "[hardware error]",
            "machine check",
            "mce: ",
            "edac ",
            "pcie bus error",
            "aer: ",
            "clock throttled",
            "critical temperature",
            "temperature above threshold",
            "unable to enumerate usb device",
            "over-current",
            "device descriptor read",
            "[firmware bug]",
            "firmware load for",
            "failed to load firmware",
            "nmi received",
            "acpi error",
            "acpi bios error",
        ],
    ),
    (
        "crash",
        &[
            "segfault at",
            "general protection fault",
            "trap invalid opcode",
            "trap divide error",
            "trap int3",
            "dumped core",
            "core dump",
            "kernel panic",
            "oops: ",
            "bug: ",
            "kernel bug at",
            "soft lockup",
            "hard lockup",
            "blocked for more than",
            "call trace",
            "rcu_sched self-detected",
            "terminated abnormally",
        ],
    ),
    (
        "sign-in",
        &[
            "authentication failure",
            "failed password",
            "invalid user",
            "failed login",
            "login incorrect",
            "incorrect password",
            "conversation failed",
            "account has expired",
            "account is locked",
            "maximum authentication attempts",
            "auth could not identify",
            "pam_faillock",
            "preauthentication failed",
            "user not known",
            "pam_unix",
            "pam_sss",
            "not in the sudoers file",
        ],
    ),
    (
        "network",
        &[
            "link is down",
            "link down",
            "lost carrier",
            "netdev watchdog",
            "transmit queue",
            "deauthenticat",
            "disassociated",
            "authentication timed out",
            "association timed out",
            "no dhcpoffers",
            "dhcp lease",
            "name resolution",
            "name or service not known",
            "network is unreachable",
            "no route to host",
            "could not resolve",
            "duplicate address",
            "using degraded feature set",
            "connection timed out",
            "address already in use",
        ],
    ),
    (
        "time",
        &[
            "no selectable sources",
            "system clock wrong",
            "clock skew",
            "clocksource",
            "time has been changed",
            "can't synchronise",
            "timed out waiting for reply",
            "clock is unsynchronized",
        ],
    ),
];

/// What speaks of trouble although it is only mentioned in passing: not said as a warning.
const ASIDES: &[&str] = &[
    "link is down",
    "link down",
    "lost carrier",
    "deauthenticat",
    "disassociated",
    "segfault at",
    "general protection fault",
    "trap invalid opcode",
    "trap divide error",
    "out of memory",
    "authentication failure",
    "failed password",
    "invalid user",
    "failed login",
    "login incorrect",
    "incorrect password attempt",
    "maximum authentication attempts",
    "not in the sudoers file",
    "preauthentication failed",
    "remounting filesystem read-only",
];

/// What a service says of itself, as it says everything: on its standard error.
const OWN: &[&str] = &["address already in use"];

/// How much of a message is looked at, in bytes.
const MAX_BYTES: usize = 512;

fn lower(message: &str) -> String {
    let mut end = message.len().min(MAX_BYTES);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    message[..end].to_ascii_lowercase()
}

/// What a message is about, if that is recognised.
pub(crate) fn topic(message: &str) -> Option<&'static str> {
    let message = lower(message);
    let known = |words: &[&str]| words.iter().any(|word| message.contains(word));
    TOPICS.iter().find(|(_, words)| known(words)).map(|(topic, _)| *topic)
}

/// What a message is about that speaks of trouble without being grave.
pub(crate) fn aside(message: &str) -> Option<&'static str> {
    let small = lower(message);
    ASIDES.iter().any(|word| small.contains(word)).then(|| topic(message)).flatten()
}

/// The same of what a service prints, of which less is meant.
pub(crate) fn of_service(message: &str) -> Option<&'static str> {
    let small = lower(message);
    OWN.iter().any(|word| small.contains(word)).then(|| topic(message)).flatten()
}

#[cfg(test)]
mod tests {
    use super::{ASIDES, OWN, aside, of_service, topic};

    #[test]
    fn messages_of_the_kernel_and_of_services_are_recognised() {
        for (message, expected) in [
            ("Buffer I/O error on dev sdb1, logical block 3, async page read", "disk"),
            ("ata1.00: exception Emask 0x0 SAct 0x0 SErr 0x0 action 0x0", "disk"),
            ("nvme nvme0: I/O 12 QID 3 timeout, aborting", "disk"),
            (
                "EXT4-fs error (device sda2): ext4_lookup:1855: inode #2: comm ls: deleted inode",
                "filesystem",
            ),
            ("XFS (dm-0): Metadata corruption detected at xfs_agi_verify+0x1", "filesystem"),
            ("BTRFS error (device sdc): bdev /dev/sdc errs: wr 0, rd 1", "filesystem"),
            ("mce: [Hardware Error]: CPU 2: Machine Check: 0 Bank 5: be00000000800400", "hardware"),
            ("EDAC MC0: 1 CE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0", "hardware"),
            ("Out of memory: Killed process 812 (firefox) total-vm:1kB", "memory"),
            ("i915 0000:00:02.0: [drm] GPU HANG: ecode 12:1:8ed9fff3", "graphics"),
            ("NVRM: Xid (PCI:0000:01:00): 79, pid=1, GPU has fallen off the bus.", "graphics"),
            ("e1000e 0000:00:1f.6 eno1: NIC Link is Down", "network"),
            ("wlan0: deauthenticated from aa:bb:cc:dd:ee:ff (Reason: 2)", "network"),
            ("Failed password for invalid user admin from 192.0.2.1 port 2222 ssh2", "sign-in"),
            ("pam_unix(sudo:auth): authentication failure; logname=anna uid=1000", "sign-in"),
            ("foo[77]: segfault at 0 ip 00007f sp 00007f error 4 in libc.so.6[7f+1]", "crash"),
            ("INFO: task jbd2/dm-0-8:300 blocked for more than 120 seconds.", "filesystem"),
            ("watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [kworker:12]", "crash"),
            ("No selectable sources", "time"),
        ] {
            assert_eq!(topic(message), Some(expected), "{message}");
        }
        for ordinary in ["Started Daily apt download activities.", "", "é", "using 3 threads"] {
            assert_eq!(topic(ordinary), None, "{ordinary}");
        }
    }

    #[test]
    fn what_is_only_mentioned_has_a_topic_too() {
        for word in ASIDES {
            assert!(aside(word).is_some(), "{word}");
        }
        for word in OWN {
            assert!(of_service(word).is_some(), "{word}");
        }
        assert_eq!(aside("EDAC MC: Ver: 3.0.0"), None);
    }
}
