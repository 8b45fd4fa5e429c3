//! Protection: malware, what programs may do, administrators, ways in from afar.

use befund_model::section::security::{Antivirus, RemoteAccess, Security};

use crate::collector::{Context, Gap};
use crate::platform::macos::asked::ask;
use crate::platform::macos::decode::launchd;
use crate::platform::macos::{files, people};

/// What the system brings along against malware, and its rules.
const XPROTECT: &str =
    "/Library/Apple/System/Library/CoreServices/XProtect.bundle/Contents/Info.plist";
/// Is there while remote management is switched on.
const ARD: &str = "/Library/Application Support/Apple/Remote Desktop/RemoteManagement.launchd";
const SSHD: &str = "/etc/ssh/sshd_config";

/// Section `security`.
pub(super) fn security(cx: &Context) -> Result<Security, Gap> {
    let gatekeeper = cx.note(ask("/usr/sbin/spctl", &["--status"]).text_at_any_end(cx));
    let gatekeeper = gatekeeper.as_deref().and_then(assessments);
    let integrity = cx.note(ask("/usr/bin/csrutil", &["status"]).text_at_any_end(cx));
    let mut antivirus = antivirus(cx);
    antivirus.sort_by(|a, b| a.name.cmp(&b.name));
    let mut administrators = cx.note(people::administrators(cx)).unwrap_or_default();
    administrators.sort_unstable();
    Ok(Security {
        antivirus,
        access_control: gatekeeper
            .map(|on| format!("gatekeeper: {}", if on { "enforcing" } else { "disabled" })),
        lockdown: integrity.as_deref().and_then(protection),
        user_account_control: None,
        administrators,
        without_password: without_password(cx),
        remote_access: remote_access(cx),
    })
}

/// `assessments enabled`.
fn assessments(told: &str) -> Option<bool> {
    let told = told.trim();
    let on = told.starts_with("assessments enabled");
    (on || told.starts_with("assessments disabled")).then_some(on)
}

/// `System Integrity Protection status: enabled.`, or `unknown (Custom Configuration).`
fn protection(told: &str) -> Option<String> {
    let (_, state) = told.split_once("status: ")?;
    let state = state.lines().next()?.trim().trim_end_matches('.');
    Some(format!("system integrity protection: {state}"))
}

/// Programs of others that watch for malware have an extension of the system for it; what the system brings
/// along is none of them, but says what it knows.
fn antivirus(cx: &Context) -> Vec<Antivirus> {
    let mut found: Vec<Antivirus> = cx
        .note(extensions(cx))
        .unwrap_or_default()
        .into_iter()
        .filter(|extension| extension.watches)
        .map(|extension| Antivirus {
            name: extension.title,
            enabled: Some(extension.active),
            ..Antivirus::default()
        })
        .collect();
    if cx.root.exists(XPROTECT) {
        let updated_at = cx.note(cx.root.modified(XPROTECT));
        found.push(Antivirus { name: "XProtect".into(), updated_at, ..Antivirus::default() });
    }
    found
}

/// An extension of the system that a program has brought along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::platform::macos) struct Extension {
    pub(in crate::platform::macos) name: String,
    pub(in crate::platform::macos) version: Option<String>,
    pub(in crate::platform::macos) title: String,
    pub(in crate::platform::macos) team: String,
    pub(in crate::platform::macos) active: bool,
    /// Whether it is asked of each program that starts and each file that is opened.
    pub(in crate::platform::macos) watches: bool,
}

/// Extensions of the system. Those that were replaced and wait for a restart are left out.
pub(in crate::platform::macos) fn extensions(cx: &Context) -> Result<Vec<Extension>, Gap> {
    let told = ask("/usr/bin/systemextensionsctl", &["list"]).text(cx)?;
    Ok(extensions_of(&told))
}

/// A head `--- com.apple.system_extension.endpoint_security`, and below it lines of columns: marks for
/// enabled and active, team, name with versions, title, and state in brackets.
fn extensions_of(text: &str) -> Vec<Extension> {
    let mut watches = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(head) = line.trim_start().strip_prefix("--- ") {
            watches = head.contains("endpoint_security");
            continue;
        }
        let columns: Vec<&str> = line.split('\t').collect();
        let &[_, _, team, named, title, state] = columns.as_slice() else { continue };
        if team == "teamID" || state.contains("uninstall") || state.contains("replaced") {
            continue;
        }
        let (name, version) = match named.split_once(" (") {
            Some((name, versions)) => (name, versions.split(['/', ')']).next()),
            None => (named, None),
        };
        found.push(Extension {
            name: name.to_owned(),
            version: version.map(str::to_owned),
            title: title.trim().to_owned(),
            team: team.to_owned(),
            active: state.contains("activated enabled"),
            watches,
        });
    }
    found
}

/// Those that sudo asks for no password, by its file and the folder beside it.
fn without_password(cx: &Context) -> Vec<String> {
    let mut paths = vec!["/etc/sudoers".to_owned()];
    let folder = "/private/etc/sudoers.d";
    paths.extend(
        files::ending(cx, folder, "").into_iter().filter(|path| !path.contains(['~', '.'])),
    );
    let mut found: Vec<String> = Vec::new();
    for path in paths {
        let text = files::text(cx, &path).unwrap_or_default();
        found.extend(text.lines().filter_map(no_password).map(str::to_owned));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// `anna ALL=(ALL) NOPASSWD: ALL`, `%admin …`.
fn no_password(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.starts_with(['#', '@']) || !line.contains("NOPASSWD:") {
        return None;
    }
    line.split_ascii_whitespace().next().filter(|who| !who.starts_with("Defaults"))
}

fn remote_access(cx: &Context) -> Vec<RemoteAccess> {
    let told = ask("/bin/launchctl", &["print-disabled", "system"]).text(cx);
    let told = cx.note(told).map(|told| launchd::switched_off(&told));
    // These come switched off: who is not named has never been switched on.
    let mut ways = Vec::new();
    if let Some(off) = &told {
        let is_on = |label: &str| off.get(label) == Some(&false);
        ways.push(ssh(cx, is_on("com.openssh.sshd")));
        let enabled = is_on("com.apple.screensharing");
        ways.push(RemoteAccess { name: "vnc".into(), enabled, ..RemoteAccess::default() });
    }
    ways.push(RemoteAccess {
        name: "apple remote desktop".into(),
        enabled: cx.root.exists(ARD),
        ..RemoteAccess::default()
    });
    let off = told.unwrap_or_default();
    const PRODUCTS: &[(&str, &str)] = &[
        ("com.teamviewer", "teamviewer"),
        ("com.philandro.anydesk", "anydesk"),
        ("com.carriez.rustdesk", "rustdesk"),
        ("com.splashtop", "splashtop"),
        ("com.bomgar", "beyondtrust"),
        ("com.logmein", "logmein"),
        ("com.screenconnect", "screenconnect"),
        ("com.microsoft.rdc", "rdp"),
    ];
    let daemons = cx.note(cx.root.list("/Library/LaunchDaemons")).unwrap_or_default();
    for (sign, name) in PRODUCTS {
        let own = daemons.iter().find(|file| file.to_ascii_lowercase().starts_with(sign));
        if let Some(label) = own.and_then(|file| file.strip_suffix(".plist")) {
            let enabled = off.get(label) != Some(&true);
            ways.push(RemoteAccess { name: (*name).into(), enabled, ..RemoteAccess::default() });
        }
    }
    ways.sort_by(|a, b| a.name.cmp(&b.name));
    ways
}

/// By sshd's file; the first word counts, and without one what OpenSSH has by default.
fn ssh(cx: &Context, enabled: bool) -> RemoteAccess {
    let mut text = String::new();
    for path in files::ending(cx, "/private/etc/ssh/sshd_config.d", ".conf") {
        text.push_str(&files::text(cx, &path).unwrap_or_default());
        text.push('\n');
    }
    text.push_str(&files::text(cx, SSHD).unwrap_or_default());
    let said = |name: &str| {
        // What stands behind `Match` is only for some.
        let lines = text.lines().map(str::trim).take_while(|line| !line.starts_with("Match "));
        lines.filter_map(|line| line.split_once([' ', '\t', '='])).find_map(|(known, value)| {
            known.eq_ignore_ascii_case(name).then(|| value.trim().to_ascii_lowercase())
        })
    };
    let root = said("PermitRootLogin").unwrap_or_else(|| "prohibit-password".into());
    let root = if root == "without-password" { "prohibit-password".into() } else { root };
    RemoteAccess {
        name: "ssh".into(),
        enabled,
        root: Some(root),
        passwords: Some(said("PasswordAuthentication").as_deref() != Some("no")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_read() {
        // macOS 13.
        let text = "2 extension(s)\n--- com.apple.system_extension.network_extension\nenabled\tactive\tteamID\tbundleID (version)\tname\t[state]\n*\t*\tUBF8T346G9\tcom.microsoft.wdav.netext (101.1/101.1)\tMicrosoft Defender Network Extension\t[activated enabled]\n--- com.apple.system_extension.endpoint_security\nenabled\tactive\tteamID\tbundleID (version)\tname\t[state]\n\t\tUBF8T346G9\tcom.microsoft.wdav.epsext (101.1/101.1)\tMicrosoft Defender\t[activated waiting for user]\n\t\tX\tcom.old (1/1)\tOld\t[terminated waiting to uninstall on reboot]\n";
        let told = extensions_of(text);
        assert_eq!(told.len(), 2);
        assert!(told[0].active && !told[0].watches && told[1].watches && !told[1].active);
        assert_eq!(told[1].version.as_deref(), Some("101.1"));
    }

    #[test]
    fn states_are_read() {
        assert_eq!(assessments("assessments enabled\n"), Some(true));
        assert_eq!(assessments("assessments disabled\n"), Some(false));
        let told = protection("System Integrity Protection status: enabled.\n");
        assert_eq!(told.as_deref(), Some("system integrity protection: enabled"));
        assert_eq!(no_password("%admin ALL = (ALL) NOPASSWD: ALL"), Some("%admin"));
        assert_eq!(no_password("# anna ALL=NOPASSWD: ALL"), None);
    }
}
