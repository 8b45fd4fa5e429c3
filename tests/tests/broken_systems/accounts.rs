//! `account.locked`, with pam_faillock counting for real.

use befund_tests::laboratory::system::{PASSWORD, SystemMachine};
use befund_tests::systemd::Layer;

/// pam_faillock around pam_unix, as faillock(8) has it, without its delays.
const PAM: &str = "auth required pam_faillock.so preauth silent deny=DENY\n\
    auth [success=1 default=ignore] pam_unix.so nodelay\n\
    auth [default=die] pam_faillock.so authfail deny=DENY\n\
    auth sufficient pam_faillock.so authsucc deny=DENY\n\
    account required pam_unix.so\nsession required pam_unix.so\n";

fn deny(machine: &SystemMachine, after: u32) {
    let text = PAM.replace("DENY", &after.to_string());
    machine.sh(&format!(
        "cat > /etc/pam.d/su <<'END'\n{text}END\n\
         echo deny = {after} > /etc/security/faillock.conf"
    ));
}

/// Somebody tries a password.
fn sign_in(machine: &SystemMachine, password: &str) -> bool {
    let line = format!(
        "echo '{password}' | setpriv --reuid 65534 --regid 65534 --clear-groups su anna -c true"
    );
    machine.inside().run(&["/bin/sh", "-c", &line]).status.success()
}

#[test]
fn accounts_that_cannot_sign_in() {
    let Some(machine) = super::machine(Layer::new(), "accounts that cannot sign in") else {
        return;
    };
    deny(&machine, 3);
    assert!(sign_in(&machine, PASSWORD), "a healthy account");

    for _ in 0..3 {
        assert!(!sign_in(&machine, "wrong"));
    }
    assert!(!sign_in(&machine, PASSWORD), "it is locked");
    let run = machine.tries("account.locked", "locked", &["account=anna"]);
    run.tried(&["account.unlock verified"]);
    run.is_accepted(true);
    assert!(sign_in(&machine, PASSWORD), "it is unlocked: {run}");
    let undone = machine.undo(&run);
    assert!(undone.contains("cannot be taken back"), "{undone}");

    // What an administrator has decided stays.
    machine.sh("usermod -L anna");
    let run = machine.tries("account.locked", "switched-off", &["account=anna"]);
    run.tried(&[]);
    run.is_accepted(false);
    assert!(machine.sh("passwd -S anna").starts_with("anna L"));
    machine.sh("usermod -U anna; usermod -e 2026-01-01 anna");
    let run = machine.tries("account.locked", "account-expired", &["account=anna"]);
    run.tried(&[]);
    run.is_accepted(false);
    machine.sh("usermod -e '' anna; chage -M 30 -d 2026-01-01 anna");
    let run = machine.tries_with("account.locked", "password-expired", &["account=anna"], || {
        machine.sh("chage -d $(date +%F) anna");
    });
    run.tried(&["user.instruct verified"]);
    run.is_accepted(true);
    machine.sh("chage -M 99999 anna");

    deny(&machine, 30);
    for _ in 0..11 {
        assert!(!sign_in(&machine, "old"));
    }
    let run = machine.finds("account.locked", "keeps-trying", &["account=anna"]);
    run.tried(&["user.instruct not_verified"]);
    machine.sh("faillock --user anna --reset; : > /var/log/btmp");

    // The clock of all machines here is one, and nothing here may set it: it is found, and not mended.
    machine.time_is_ahead(4_000);
    let run = machine.tries("account.locked", "clock-wrong", &["account=anna"]);
    run.tried(&["time.resync failed"]);
    machine.time_is_ahead(0);
}
