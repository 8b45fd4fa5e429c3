//! Whether the client reaches the directory, by its own word: none of these asks the directory itself.

use std::time::Duration;

use befund_model::section::people::DirectoryState;

use super::configured::Client;
use crate::collector::{Context, Gap};
use crate::platform::linux::command::{self, CommandError};

/// How long each of them may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the client.
pub(super) fn online(cx: &Context, client: &Client, state: &mut DirectoryState) {
    let answer = match (client.name, client.asked_as()) {
        // A domain that looks like an option would be one.
        ("sssd", Some(domain)) if !domain.starts_with('-') => sssd(cx, domain),
        ("winbind", _) => winbind(cx),
        _ => return,
    };
    match answer {
        Ok((online, detail)) => {
            state.online = online;
            state.detail = Some(cx.redactor.text(&detail).to_string());
        }
        Err(error) => {
            let why = cx.redactor.text(&error.to_string());
            cx.gap(Gap::failed(format!("{} could not be asked: {why}", client.name)));
        }
    }
}

type Answer = Result<(Option<bool>, String), CommandError>;

fn sssd(cx: &Context, domain: &str) -> Answer {
    const SSSCTL: &str = "/usr/sbin/sssctl";
    // Where SSSD does not run, its tool would ask whether to start it.
    if !["/run/sssd.pid", "/var/run/sssd.pid"].iter().any(|path| cx.root.exists(path)) {
        return Ok((Some(false), "sssd does not run".into()));
    }
    cx.root.trail().at(SSSCTL);
    let arguments = ["domain-status", domain, "--online", "--active-server"];
    let output = command::run(SSSCTL, &arguments, PATIENCE, 64 << 10)?;
    Ok(sssctl(&String::from_utf8_lossy(&output.bytes)))
}

/// `Online status: Online` and the servers in use, as sssctl of SSSD 2 writes them.
pub(crate) fn sssctl(text: &str) -> (Option<bool>, String) {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let status = lines.iter().find_map(|line| line.strip_prefix("Online status:"));
    let online = match status.map(str::trim) {
        Some("Online") => Some(true),
        Some("Offline") => Some(false),
        _ => None,
    };
    (online, lines.join("; "))
}

fn winbind(cx: &Context) -> Answer {
    const WBINFO: &str = "/usr/bin/wbinfo";
    cx.root.trail().at(WBINFO);
    let output = command::run(WBINFO, &["--online-status"], PATIENCE, 64 << 10)?;
    Ok(wbinfo(&String::from_utf8_lossy(&output.bytes)))
}

/// `EXAMPLE : active connection`, a line for each domain; the machine's own and the built-in one always are.
pub(crate) fn wbinfo(text: &str) -> (Option<bool>, String) {
    let domains: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.split_once(" : ")).collect();
    let foreign: Vec<&(&str, &str)> =
        domains.iter().filter(|(name, _)| *name != "BUILTIN").collect();
    let reached = |(_, state): &&(&str, &str)| state.trim() == "active connection";
    let all = !foreign.is_empty() && foreign.iter().all(reached);
    let detail: Vec<String> =
        domains.iter().map(|(name, told)| format!("{name}: {told}")).collect();
    ((!foreign.is_empty()).then_some(all), detail.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_say_whether_they_are_online() {
        let (online, detail) = sssctl(
            "Online status: Offline\n\nActive servers:\nAD Domain Controller: dc1.example.org\n",
        );
        assert_eq!(online, Some(false));
        assert_eq!(
            detail,
            "Online status: Offline; Active servers:; AD Domain Controller: dc1.example.org"
        );
        assert_eq!(sssctl("Unable to get online status").0, None);
        let (online, _) = wbinfo(
            "BUILTIN : active connection\nPC17 : active connection\nEXAMPLE : no active connection\n",
        );
        assert_eq!(online, Some(false));
        assert_eq!(wbinfo("BUILTIN : active connection\n").0, None);
    }
}
