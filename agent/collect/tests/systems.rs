//! How systems of different families are kept up, who has accounts on them, and how they are protected:
//! recorded trees of Ubuntu, Fedora, Arch and Alpine.

#[path = "support/layout.rs"]
#[expect(dead_code, reason = "each story uses a part of it")]
mod layout;

/// The sections of this area.
#[rustfmt::skip]
const KINDS: &[&str] = &[
    "autostart", "boots", "browsers", "browsers.extensions", "certificates", "directory", "directory.state",
    "drivers", "groups", "os", "packages", "security", "services", "services.state", "tasks", "tasks.state",
    "updates", "updates.state", "users", "users.state",
];

/// What must not be told of any of them.
const SECRETS: &[&str] = &[
    "hunter2",
    "N0bodyMaySeeThis",
    "An0therSecret",
    "Th1rdSecret",
    "SecretSecret",
    "SessionKey",
    "TicketTicket",
    "abcdefghijklmnop",
    "never read",
];

fn told(recorded: &str) -> String {
    let told = layout::told(recorded, Some(KINDS));
    for secret in SECRETS {
        assert!(!told.contains(secret), "{secret} is hidden everywhere");
    }
    told
}

#[test]
fn a_workstation_with_ubuntu() {
    insta::assert_snapshot!(told(include_str!("trees/ubuntu.tree")));
}

#[test]
fn a_workstation_with_fedora_in_a_domain() {
    insta::assert_snapshot!(told(include_str!("trees/fedora.tree")));
}

#[test]
fn a_notebook_with_arch() {
    insta::assert_snapshot!(told(include_str!("trees/arch.tree")));
}

#[test]
fn a_server_with_alpine() {
    insta::assert_snapshot!(told(include_str!("trees/alpine.tree")));
}
