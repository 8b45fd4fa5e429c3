//! Services, under each manager, made of scripts that keep their state in files.

use befund_model::action::Holds;
use befund_model::snapshot::Status;
use serde_json::json;

use crate::common::Made;

/// A systemd that knows `cups.service` and the instance of a template, and takes them for one.
fn systemd() -> Made {
    let made = Made::new();
    std::fs::create_dir_all(made.path("/run/systemd/system")).expect("a folder");
    made.write("/active", "inactive").write("/enabled", "disabled").write("/load", "loaded");
    let root = made.machine.root.display().to_string();
    made.program(
        "systemctl",
        &format!(
            "cd {root}\n\
             case \"$1\" in\n\
             show) if [ \"$4\" = cups.service ] || [ \"$4\" = openvpn-client@works.service ]; then echo Type=simple; echo LoadState=$(cat load); echo ActiveState=$(cat active); echo SubState=x; echo UnitFileState=$(cat enabled); else echo LoadState=not-found; fi;;\n\
             start|restart) [ -e broken ] && {{ echo 'Job for cups.service failed.' >&2; exit 1; }}; [ -e dies ] || echo active > active;;\n\
             stop) echo inactive > active;;\n\
             enable) echo enabled > enabled;;\n\
             disable) echo disabled > enabled;;\n\
             esac"
        ),
    );
    made
}

#[test]
fn a_service_is_started_and_stopped_again() {
    let made = systemd();
    let cups = json!({"service": "cups.service"});
    let acted = made.lives("service.start", &cups);
    assert_eq!(acted.commands.len(), 1);
    assert_eq!(acted.commands[0].line[1..], ["start", "--", "cups.service"]);
    assert_eq!(made.undo("service.start", &cups, &acted.before).status, Status::Ok);
    assert_eq!(made.read("/active"), "inactive\n");
}

#[test]
fn a_service_is_enabled_and_disabled_again() {
    let made = systemd();
    let cups = json!({"service": "cups.service"});
    let acted = made.lives("service.enable", &cups);
    assert_eq!(made.undo("service.enable", &cups, &acted.before).status, Status::Ok);
    assert_eq!(made.read("/enabled"), "disabled\n");
    made.write("/enabled", "masked");
    let told = made.perform("service.enable", &cups);
    assert!(told.reason.contains("is masked"), "{told:?}");
}

#[test]
fn a_service_is_restarted_and_has_to_run_then() {
    let made = systemd();
    let cups = json!({"service": "cups.service"});
    assert_eq!(made.holds("service.restart", &cups), Holds::NotDone);
    assert_eq!(made.perform("service.restart", &cups).status, Status::Ok);
    assert_eq!(made.holds("service.restart", &cups), Holds::Unknown);

    made.write("/broken", "");
    let told = made.perform("service.restart", &cups);
    assert!(told.reason.ends_with("ended with 1: Job for cups.service failed."), "{told:?}");
    std::fs::remove_file(made.path("/broken")).expect("removed");
    made.write("/dies", "").write("/active", "failed");
    let told = made.perform("service.restart", &cups);
    assert_eq!(told.reason, "the service cups.service does not run: it is failed (x)");
}

#[test]
fn a_service_that_is_not_installed_is_not_touched() {
    let made = systemd();
    for action in ["service.start", "service.restart", "service.enable", "net.vpn_reconnect"] {
        let name = if action.starts_with("net") { "connection" } else { "service" };
        let told = made.perform(action, &json!({ (name): "other.service" }));
        assert_eq!(told.status, Status::Failed, "{told:?}");
        assert_eq!(told.commands.len(), 0);
    }
}

#[test]
fn a_vpn_that_is_a_service_is_restarted() {
    let made = systemd();
    let vpn = json!({"connection": "cups.service"});
    let told = made.perform("net.vpn_reconnect", &vpn);
    assert_eq!(told.status, Status::Ok, "{told:?}");
    assert_eq!(made.read("/active"), "active\n");
}

#[test]
fn a_tunnel_s_service_is_found_by_its_configuration() {
    let made = systemd();
    let vpn = json!({"connection": "works"});
    assert_eq!(made.perform("net.vpn_reconnect", &vpn).status, Status::Failed);
    made.write("/etc/openvpn/client/works.conf", "client\n");
    let told = made.predict("net.vpn_reconnect", &vpn);
    assert_eq!(told.lines, ["restart the service openvpn-client@works.service"]);
    assert_eq!(made.perform("net.vpn_reconnect", &vpn).status, Status::Ok);
    assert_eq!(made.read("/active"), "active\n");
}

#[test]
fn scripts_of_init_are_called_where_there_is_no_systemd() {
    use std::os::unix::fs::PermissionsExt as _;
    let made = Made::new();
    let root = made.machine.root.display().to_string();
    made.write(
        "/etc/init.d/cups",
        format!("#!/bin/sh\ncd {root}\ncase $1 in status) [ -e up ];; start|restart) touch up;; stop) rm up;; esac\n"),
    );
    std::fs::set_permissions(made.path("/etc/init.d/cups"), std::fs::Permissions::from_mode(0o755))
        .expect("a mode");
    let rc = format!(
        "case $2 in enable) mkdir -p {root}/etc/rc2.d; touch {root}/etc/rc2.d/S01$1;; disable) rm {root}/etc/rc2.d/S01$1;; esac"
    );
    made.program("update-rc.d", &rc);
    let cups = json!({"service": "cups.service"});
    let acted = made.lives("service.start", &cups);
    assert_eq!(made.undo("service.start", &cups, &acted.before).status, Status::Ok);
    let acted = made.lives("service.enable", &cups);
    assert_eq!(made.undo("service.enable", &cups, &acted.before).status, Status::Ok);
    assert!(made.predict("service.enable", &cups).changes);
}

#[test]
fn openrc_is_asked_where_it_is() {
    let made = Made::new();
    made.write("/etc/init.d/cupsd", "");
    let root = made.machine.root.display().to_string();
    made.program(
        "rc-service",
        &format!(
            "cd {root}; case $2 in status) [ -e up ];; start|restart) touch up;; stop) rm up;; esac"
        ),
    );
    made.program("rc-update", &format!("cd {root}; case $1 in show) echo \"  $(cat levels 2>/dev/null || echo 'cupsd |')\";; add) echo \"$2 | $3\" > levels;; del) rm levels;; esac"));
    let cups = json!({"service": "cupsd"});
    made.lives("service.start", &cups);
    let acted = made.lives("service.enable", &cups);
    assert_eq!(made.undo("service.enable", &cups, &acted.before).status, Status::Ok);
    assert!(made.predict("service.enable", &cups).changes);
}

#[test]
fn a_machine_without_a_service_manager_says_what_was_looked_for() {
    let told = Made::new().perform("service.start", &json!({"service": "cups"}));
    assert_eq!(told.status, Status::Unsupported);
    assert!(told.reason.contains("systemd, OpenRC and /etc/init.d"), "{told:?}");
}
