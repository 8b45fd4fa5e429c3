//! What is done by other programs: real ones on a folder where they can, scripts in their place elsewhere.

use std::process::Command;

use befund_act::SessionUser;
use befund_model::action::Holds;
use befund_model::snapshot::Status;
use serde_json::{Value, json};

use crate::common::{Made, is_root, skipped};

#[test]
fn an_account_that_was_locked_is_unlocked_by_the_real_faillock() {
    let made = Made::new();
    if !made.real("faillock") || !is_root() {
        return skipped("an_account_that_was_locked", "it needs root and faillock");
    }
    made.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    // Three failures: struct tally of faillock.h.
    let mut record = [0; 64];
    record[54] = 1;
    record[56..].copy_from_slice(&1_700_000_000_u64.to_ne_bytes());
    made.write("/run/faillock/root", record.repeat(3));
    let root = json!({"account": "root"});
    assert_eq!(made.predict("account.unlock", &root).lines, ["forget 3 wrong passwords of root"]);
    made.lives("account.unlock", &root);
    let none = made.perform("account.unlock", &json!({"account": "nobody-here"}));
    assert_eq!(none.reason, "this machine knows no account nobody-here");
}

#[test]
fn a_machine_that_counts_no_wrong_passwords_says_so() {
    let made = Made::new();
    made.write("/etc/passwd", "anna:x:1000:1000::/home/anna:/bin/sh\n");
    let told = made.perform("account.unlock", &json!({"account": "anna"}));
    assert_eq!(told.status, Status::Unsupported);
    assert!(told.reason.contains("pam_faillock's /run/faillock"), "{told:?}");
}

#[test]
fn an_interrupted_installation_is_finished_by_the_real_dpkg() {
    let made = Made::new();
    if !made.real("dpkg") || !is_root() {
        return skipped("an_interrupted_installation", "it needs root and dpkg");
    }
    // A package without scripts, unpacked and not configured.
    made.write("/pack/DEBIAN/control", "Package: tiny\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: x\n")
        .write("/pack/usr/share/tiny", "x")
        .write("/var/lib/dpkg/status", "");
    for folder in ["info", "updates"] {
        std::fs::create_dir_all(made.path(&format!("/var/lib/dpkg/{folder}"))).expect("a folder");
    }
    let (pack, deb) = (made.path("/pack"), made.folder.path().join("tiny.deb"));
    let built = Command::new("dpkg-deb").arg("-b").args([&pack, &deb]).output().expect("runs");
    assert!(built.status.success(), "{built:?}");
    let root = format!("--root={}", made.machine.root.display());
    let unpacked = Command::new("dpkg").args([&root, "--unpack"]).arg(&deb).output().expect("runs");
    assert!(unpacked.status.success(), "{unpacked:?}");

    assert_eq!(made.predict("packages.repair", &Value::Null).lines[0], "finish tiny (unpacked)");
    made.lives("packages.repair", &Value::Null);
    assert!(made.read("/var/lib/dpkg/status").contains("install ok installed"));
}

#[test]
fn a_package_that_cannot_be_finished_is_told() {
    let made = Made::new();
    made.write("/var/lib/dpkg/status", "Package: a\nStatus: install ok half-configured\n");
    made.program("dpkg", "echo 'dpkg: error processing package a (--configure)' >&2; exit 1");
    let told = made.perform("packages.repair", &Value::Null);
    assert!(told.reason.ends_with("error processing package a (--configure)"), "{told:?}");
    assert_eq!(made.holds("packages.repair", &Value::Null), Holds::NotDone);
    assert_eq!(Made::new().perform("packages.repair", &Value::Null).status, Status::Unsupported);
}

#[test]
fn lists_of_updates_are_fetched_by_whoever_owns_the_packages() {
    let made = Made::new();
    made.write("/var/lib/rpm/rpmdb.sqlite", "");
    made.program("apt-get", "exit 9").program("dnf", "echo \"$@\"");
    let acted = made.perform("updates.refresh", &Value::Null);
    assert_eq!(acted.status, Status::Ok, "{acted:?}");
    assert_eq!(acted.commands[0].output, "-q makecache --refresh\n");
    assert_eq!(Made::new().perform("updates.refresh", &Value::Null).status, Status::Unsupported);
    made.program("dnf", "echo 'Error: Failed to download metadata' >&2; exit 1");
    let told = made.perform("updates.refresh", &Value::Null);
    assert!(told.reason.contains("Failed to download metadata"), "{told:?}");
}

#[test]
fn the_list_of_certificates_is_built_anew() {
    let made = Made::new();
    let bundle = made.path("/etc/ssl/certs/ca-certificates.crt");
    made.write("/etc/ssl/certs/ca-certificates.crt", "");
    made.program("update-ca-certificates", ":");
    assert_eq!(made.holds("certificates.refresh", &Value::Null), Holds::NotDone);
    // What does not help is not called done.
    assert_eq!(made.perform("certificates.refresh", &Value::Null).status, Status::Failed);
    made.program(
        "update-ca-certificates",
        &format!("printf -- '-----BEGIN CERTIFICATE-----\\n' > {}", bundle.display()),
    );
    let acted = made.perform("certificates.refresh", &Value::Null);
    assert!(acted.summary.ends_with("with 1 certificates"), "{acted:?}");
    assert_eq!(
        Made::new().perform("certificates.refresh", &Value::Null).status,
        Status::Unsupported
    );
}

#[test]
fn whatever_remembers_names_forgets_them() {
    let made = Made::new();
    let told = made.predict("dns.flush_cache", &Value::Null);
    assert!(!told.changes && told.lines[0].contains("systemd-resolved, nscd, unbound"), "{told:?}");
    made.write("/run/systemd/resolve/resolv.conf", "").write("/run/nscd/socket", "");
    made.program("resolvectl", "[ \"$*\" = flush-caches ]")
        .program("nscd", "[ \"$*\" = '-i hosts' ]");
    let acted = made.perform("dns.flush_cache", &Value::Null);
    assert_eq!(acted.summary, "the cache of systemd-resolved, nscd was emptied");
    assert_eq!(acted.commands.len(), 2);
    made.program("resolvectl", "echo 'Failed to flush caches: Unit not found' >&2; exit 1");
    assert_eq!(made.perform("dns.flush_cache", &Value::Null).status, Status::Failed);
}

/// A machine at which somebody is signed in: this very account.
fn somebody() -> Made {
    let mut made = Made::new();
    let uid = rustix::process::geteuid().as_raw();
    made.write("/etc/passwd", format!("anna:x:{uid}:0::/home/anna:/bin/sh\n"));
    made.user = Some(SessionUser { name: "anna".to_owned(), id: uid.to_string() });
    made
}

#[test]
fn the_sound_is_switched_on_and_off_again_by_each_mixer() {
    for (name, asked, off, on, words) in [
        (
            "wpctl",
            "get-volume",
            "Volume: 0.4 [MUTED]",
            "Volume: 0.4",
            "set-mute @DEFAULT_AUDIO_SINK@",
        ),
        ("pactl", "get-sink-mute", "Mute: yes", "Mute: no", "set-sink-mute @DEFAULT_SINK@"),
    ] {
        let made = somebody();
        let state = made.path("/state").display().to_string();
        made.write("/state", "1");
        made.program(
            name,
            &format!(
                "[ -n \"$XDG_RUNTIME_DIR\" ] || exit 9\ncase \"$1 $2\" in '{words}') echo $3 > {state};; {asked}*) [ $(cat {state}) = 1 ] && echo '{off}' || echo '{on}';; esac"
            ),
        );
        let acted = made.lives("sound.unmute", &Value::Null);
        assert_eq!(made.undo("sound.unmute", &Value::Null, &acted.before).status, Status::Ok);
        assert_eq!(made.read("/state"), "1\n", "{name}");
    }
    let none = somebody().perform("sound.unmute", &Value::Null);
    assert_eq!(none.status, Status::Unsupported);
    let nobody = Made::new().perform("sound.unmute", &Value::Null);
    assert!(nobody.reason.contains("nobody is signed in"), "{nobody:?}");
}

#[test]
fn the_sound_service_of_the_person_is_restarted() {
    let made = somebody();
    made.program(
        "systemctl",
        "[ \"$1\" = --user ] || exit 9\ncase $2 in is-active) printf 'active\\nactive\\nactive\\ninactive\\n'; exit 3;; restart) echo \"$@\";; esac",
    );
    let acted = made.perform("sound.restart", &Value::Null);
    assert_eq!(acted.status, Status::Ok, "{acted:?}");
    assert_eq!(
        acted.commands[0].output,
        "--user restart pipewire.service pipewire-pulse.service wireplumber.service\n"
    );
    made.program("systemctl", "echo 'Failed to connect to bus' >&2; exit 1");
    assert_eq!(made.perform("sound.restart", &Value::Null).status, Status::Unsupported);
}

#[test]
fn the_proxy_of_a_person_is_removed_and_set_again() {
    let made = somebody();
    let state = made.path("/mode").display().to_string();
    made.write("/mode", "manual").write("/kde", "1");
    let kde = made.path("/kde").display().to_string();
    made.program(
        "gsettings",
        &format!("case $1 in get) echo \"'$(cat {state})'\";; set) echo $4 > {state};; esac"),
    )
    .program("kreadconfig5", &format!("cat {kde}"))
    .program("kwriteconfig5", &format!("echo $7 > {kde}"));
    let acted = made.lives("proxy.clear_user", &Value::Null);
    assert_eq!((made.read("/mode"), made.read("/kde")), ("none\n".to_owned(), "0\n".to_owned()));
    let undone = made.undo("proxy.clear_user", &Value::Null, &acted.before);
    assert_eq!(undone.status, Status::Ok, "{undone:?}");
    assert_eq!((made.read("/mode"), made.read("/kde")), ("manual\n".to_owned(), "1\n".to_owned()));
    let mut other = somebody();
    other.user = Some(SessionUser { name: "anna".to_owned(), id: "4711".to_owned() });
    let refused = other.perform("proxy.clear_user", &Value::Null);
    assert!(refused.reason.contains("not 4711"), "{refused:?}");
}

#[test]
fn shares_that_are_not_mounted_are_mounted() {
    let made = Made::new();
    made.write("/etc/fstab", "srv:/home /home nfs4 rw 0 0\nsrv:/data /data nfs rw 0 0\n")
        .write("/proc/self/mounts", "srv:/home /home nfs4 rw 0 0\n");
    std::fs::create_dir_all(made.path("/home")).expect("a folder");
    std::fs::create_dir_all(made.path("/data")).expect("a folder");
    let mounts = made.path("/proc/self/mounts").display().to_string();
    made.program("mount", &format!("echo \"srv:$2 $2 nfs rw 0 0\" >> {mounts}"));
    assert_eq!(made.predict("share.reconnect", &Value::Null).lines, ["mount srv:/data on /data"]);
    made.lives("share.reconnect", &Value::Null);

    // One that does not answer is mounted anew.
    std::fs::remove_dir(made.path("/data")).expect("removed");
    made.program("umount", "[ \"$4\" = /data ]");
    made.program("mount", &format!("mkdir {}", made.path("/data").display()));
    made.lives("share.reconnect", &Value::Null);
    std::fs::remove_dir(made.path("/data")).expect("removed");
    made.program("mount", "echo 'mount.nfs: Connection refused' >&2; exit 32");
    let told = made.perform("share.reconnect", &Value::Null);
    assert!(told.reason.ends_with("ended with 32: mount.nfs: Connection refused"), "{told:?}");
    made.write("/etc/fstab", "UUID=1 / ext4 defaults 0 1\n");
    assert_eq!(made.perform("share.reconnect", &Value::Null).status, Status::Unsupported);

    // What a program keeps has to outlive this one.
    made.write("/etc/fstab", "me@srv:/home /ssh fuse.sshfs rw 0 0\n");
    let told = made.perform("share.reconnect", &Value::Null);
    assert!(told.reason.contains("/ssh is kept by a program"), "{told:?}");
    std::fs::create_dir_all(made.path("/run/systemd/system")).expect("a folder");
    made.program("systemd-run", &format!("echo \"me@srv:/home $7 fuse.sshfs rw 0 0\" >> {mounts}"));
    std::fs::create_dir_all(made.path("/ssh")).expect("a folder");
    made.lives("share.reconnect", &Value::Null);
}

#[test]
fn wifi_is_reconnected_by_whoever_connects_it() {
    let made = Made::new();
    std::fs::create_dir_all(made.path("/sys/class/net/wlan0/wireless")).expect("a folder");
    std::fs::create_dir_all(made.path("/sys/class/net/eth9")).expect("a folder");
    let told = made.perform("net.wifi_reconnect", &json!({"interface": "eth9"}));
    assert_eq!(told.reason, "eth9 is no Wi-Fi interface");
    assert_eq!(made.perform("net.wifi_reconnect", &Value::Null).status, Status::Unsupported);
    made.write("/run/wpa_supplicant/wlan0", "").program("wpa_cli", "echo OK");
    let acted = made.perform("net.wifi_reconnect", &Value::Null);
    assert_eq!(acted.status, Status::Ok, "{acted:?}");
    assert_eq!(acted.commands.len(), 2);
    made.program("wpa_cli", "echo FAIL");
    assert_eq!(made.perform("net.wifi_reconnect", &Value::Null).status, Status::Failed);
    std::fs::create_dir_all(made.path("/run/NetworkManager")).expect("a folder");
    made.program("nmcli", "case $1 in -g) echo '30 (disconnected)';; *) echo \"$@\";; esac");
    let acted = made.perform("net.wifi_reconnect", &Value::Null);
    assert_eq!(acted.commands[1].output, "device connect wlan0\n");
}

#[test]
fn a_connection_of_networkmanager_takes_the_servers_of_the_network_and_gives_them_back() {
    let made = Made::new();
    std::fs::create_dir_all(made.path("/run/NetworkManager")).expect("a folder");
    std::fs::create_dir_all(made.path("/values")).expect("a folder");
    made.write("/values/ipv4.dns", "192.0.2.1").write("/values/ipv4.ignore-auto-dns", "yes");
    let values = made.path("/values").display().to_string();
    made.program(
        "nmcli",
        &format!(
            "cd {values}; case \"$1 $2\" in\n'-g GENERAL.CON-UUID') echo 0b1c6f0a-1d2e-4c3b-8a9f-0123456789ab;;\n-g*) cat $2 2>/dev/null; exit 0;;\n'connection modify') shift 4; while [ $# -gt 0 ]; do printf %s \"$2\" > $1; shift 2; done;;\nesac"
        ),
    );
    let lo = json!({"interface": "lo"});
    let acted = made.lives("dns.use_dhcp_servers", &lo);
    assert_eq!(made.read("/values/ipv4.dns"), "");
    let undone = made.undo("dns.use_dhcp_servers", &lo, &acted.before);
    assert_eq!(undone.status, Status::Ok, "{undone:?}");
    assert_eq!(made.read("/values/ipv4.dns"), "192.0.2.1");
    assert_eq!(made.read("/values/ipv4.ignore-auto-dns"), "yes");
}
