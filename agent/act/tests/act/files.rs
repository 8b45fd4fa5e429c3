//! Files of the system's: changed, and put back exactly as they were.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use befund_model::snapshot::Status;
use serde_json::{Value, json};

use crate::common::Made;

#[test]
fn an_entry_of_the_hosts_file_is_switched_off_and_back_on() {
    let mut made = Made::new();
    made.machine.names = vec!["intranet.example".to_owned()];
    let before = "127.0.0.1 localhost\n10.0.0.9 intranet.example other\n";
    made.write("/etc/hosts", before);
    std::fs::set_permissions(made.path("/etc/hosts"), std::fs::Permissions::from_mode(0o640))
        .expect("a mode");
    let name = json!({"name": "intranet.example"});

    let acted = made.lives("hosts.entry_disable", &name);

    assert_eq!(
        made.read("/etc/hosts"),
        "127.0.0.1 localhost\n# switched off by Befund: 10.0.0.9 intranet.example other\n10.0.0.9\tother\n"
    );
    let about = std::fs::metadata(made.path("/etc/hosts")).expect("a file");
    assert_eq!(about.mode() & 0o7777, 0o640);
    let undone = made.undo("hosts.entry_disable", &name, &acted.before);
    assert_eq!((undone.status, made.read("/etc/hosts").as_str()), (Status::Ok, before));
    // Undone twice is as once.
    assert_eq!(made.undo("hosts.entry_disable", &name, &acted.before).status, Status::Ok);
}

#[test]
fn what_somebody_changed_since_is_not_overwritten_by_undoing() {
    let mut made = Made::new();
    made.machine.names = vec!["a.example".to_owned()];
    made.write("/etc/hosts", "10.0.0.9 a.example\n");
    let name = json!({"name": "a.example"});
    let acted = made.perform("hosts.entry_disable", &name);
    made.write("/etc/hosts", "10.0.0.7 printer\n");

    let undone = made.undo("hosts.entry_disable", &name, &acted.before);

    assert_eq!(undone.status, Status::Failed);
    assert!(undone.reason.contains("somebody has changed it since"), "{}", undone.reason);
    assert_eq!(made.read("/etc/hosts"), "10.0.0.7 printer\n");
}

#[test]
fn links_and_large_files_are_refused() {
    let mut made = Made::new();
    made.machine.names = vec!["a.example".to_owned()];
    made.write("/srv/hosts", "10.0.0.9 a.example\n");
    std::fs::create_dir(made.path("/etc")).expect("a folder");
    symlink("/srv/hosts", made.path("/etc/hosts")).expect("a link");
    let name = json!({"name": "a.example"});
    let refused = made.perform("hosts.entry_disable", &name);
    assert!(refused.reason.contains("symbolic link"), "{}", refused.reason);
    assert_eq!(made.read("/srv/hosts"), "10.0.0.9 a.example\n");

    std::fs::remove_file(made.path("/etc/hosts")).expect("removed");
    made.write("/etc/hosts", "10.0.0.9 a.example\n".repeat(20_000));
    let refused = made.perform("hosts.entry_disable", &name);
    assert!(refused.reason.contains("larger than"), "{}", refused.reason);
}

#[test]
fn a_name_that_the_policy_does_not_list_stays() {
    let made = Made::new();
    made.write("/etc/hosts", "10.0.0.9 a.example\n");
    let refused = made.perform("hosts.entry_disable", &json!({"name": "a.example"}));
    assert!(refused.reason.contains("does not list it"), "{}", refused.reason);
}

#[test]
fn proxies_of_the_system_are_switched_off_and_back_on() {
    let made = Made::new();
    let environment = "PATH=/bin\nHTTP_PROXY=http://anna:secret@proxy:3128\n";
    let apt = "Acquire::http::Proxy \"http://proxy:3142\";\n";
    made.write("/etc/environment", environment)
        .write("/etc/apt/apt.conf.d/95proxy", apt)
        .write("/etc/dnf/dnf.conf", "[main]\nproxy=http://proxy\n")
        .write("/etc/profile.d/lang.sh", "export LANG=C\n");

    let told = made.predict("proxy.clear_system", &Value::Null);
    assert_eq!(told.lines.len(), 3);
    assert!(told.lines.iter().all(|line| !line.contains("secret")), "{told:?}");
    let acted = made.lives("proxy.clear_system", &Value::Null);

    assert!(!made.read("/etc/environment").contains("\nHTTP_PROXY"));
    assert_eq!(made.read("/etc/profile.d/lang.sh"), "export LANG=C\n");
    let undone = made.undo("proxy.clear_system", &Value::Null, &acted.before);
    assert_eq!(undone.status, Status::Ok, "{undone:?}");
    assert_eq!(made.read("/etc/environment"), environment);
    assert_eq!(made.read("/etc/apt/apt.conf.d/95proxy"), apt);
}

#[test]
fn radios_are_unblocked_and_blocked_again() {
    let made = Made::new();
    let switch = |name: &str, kind: &str, soft: &str, hard: &str| {
        made.write(&format!("/sys/class/rfkill/{name}/type"), format!("{kind}\n"))
            .write(&format!("/sys/class/rfkill/{name}/soft"), soft)
            .write(&format!("/sys/class/rfkill/{name}/hard"), hard);
    };
    switch("rfkill0", "wlan", "1", "0");
    switch("rfkill1", "bluetooth", "1", "0");
    let acted = made.lives("net.wifi_radio_on", &Value::Null);
    assert_eq!(made.read("/sys/class/rfkill/rfkill0/soft"), "0");
    assert_eq!(made.read("/sys/class/rfkill/rfkill1/soft"), "1");
    assert_eq!(made.undo("net.wifi_radio_on", &Value::Null, &acted.before).status, Status::Ok);
    assert_eq!(made.read("/sys/class/rfkill/rfkill0/soft"), "1");

    switch("rfkill0", "wlan", "0", "1");
    let told = made.perform("net.wifi_radio_on", &Value::Null);
    assert!(told.reason.contains("no program can change"), "{}", told.reason);
    std::fs::remove_dir_all(made.path("/sys")).expect("removed");
    assert_eq!(made.perform("net.wifi_radio_on", &Value::Null).status, Status::Unsupported);
    // What comes back as noted names a switch and nothing else.
    let hostile = json!({"switches": ["../../../etc/x"], "by_manager": false});
    assert_eq!(made.undo("net.wifi_radio_on", &Value::Null, &hostile).status, Status::Failed);
}

#[test]
fn a_camera_that_was_barred_is_freed_and_barred_again() {
    let made = Made::new();
    made.write("/sys/bus/usb/devices/1-4:1.0/bInterfaceClass", "0e\n")
        .write("/sys/bus/usb/devices/1-4:1.0/authorized", "0")
        .write("/sys/bus/usb/devices/1-5:1.0/bInterfaceClass", "08\n")
        .write("/sys/bus/usb/devices/1-5:1.0/authorized", "0")
        .write("/sys/bus/platform/drivers/ideapad_acpi/VPC2004:00/camera_power", "0");
    let camera = json!({"device": "camera"});
    let acted = made.lives("devices.unblock", &camera);
    assert_eq!(made.read("/sys/bus/usb/devices/1-4:1.0/authorized"), "1");
    assert_eq!(made.read("/sys/bus/usb/devices/1-5:1.0/authorized"), "0");
    let power = "/sys/bus/platform/drivers/ideapad_acpi/VPC2004:00/camera_power";
    assert_eq!(made.read(power), "1");
    assert_eq!(made.undo("devices.unblock", &camera, &acted.before).status, Status::Ok);
    assert_eq!(made.read(power), "0");
    let hostile = json!({"files": ["/sys/bus/usb/devices/../../../etc/x"], "cards": []});
    assert_eq!(made.undo("devices.unblock", &camera, &hostile).status, Status::Failed);
}

#[test]
fn a_microphone_that_is_off_is_switched_on_by_amixer_and_off_again() {
    let made = Made::new();
    let state = made.folder.path().join("capture");
    std::fs::write(&state, "off").expect("a file");
    std::fs::create_dir_all(made.path("/proc/asound/card0")).expect("a folder");
    let state = state.display();
    made.program(
        "amixer",
        &format!(
            "[ \"$2\" = 0 ] || exit 2\ncase \"$5\" in cap) echo on > {state};; nocap) echo off > {state};; esac\n\
             echo \"  Mono: Capture 1 [10%] [$(cat {state})]\""
        ),
    );
    let microphone = json!({"device": "microphone"});
    let acted = made.lives("devices.unblock", &microphone);
    assert_eq!(made.undo("devices.unblock", &microphone, &acted.before).status, Status::Ok);
    assert!(made.predict("devices.unblock", &microphone).changes);
}
