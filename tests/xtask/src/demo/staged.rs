//! What is there only to be photographed: a runbook that finds something on any machine, and whose fix then waits for a
//! signature that nobody gives. What it would change is a file of the demo's own.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The runbook's name.
pub(super) const RUNBOOK: &str = "vpn.profile";

const TEXT: &str = r#"# The VPN client's profile has an end: when it comes, the tunnel drops again and again.
api: befund/v1
runbook: vpn.profile
version: 1
title: {en: "VPN drops again and again", de: "VPN bricht immer wieder ab"}
about:
  en: "Looks in the VPN client's log why the tunnel ends, and renews the profile."
  de: "Sieht im Protokoll des VPN-Programms nach, warum der Tunnel endet, und erneuert das Profil."
fits:
  words: [vpn, tunnel]
collect:
  log: {probe: log.tail@1, timeout: 10s, with: {log: vpn}}
  link: {probe: net.link@1, timeout: 10s}
causes:
  - id: link-down
    title: {en: "No network card has a signal", de: "Keine Netzwerkkarte hat ein Signal"}
    when: "link.interfaces.size() > 0 && !link.interfaces.exists(i, i.up)"
    explains: [profile-old]
  - id: profile-old
    title: {en: "The VPN profile has expired", de: "Das VPN-Profil ist abgelaufen"}
    when: "log.lines.exists(l, l.contains('profile has expired'))"
    evidence: {Log: "log.lines.filter(l, l.contains('profile has expired'))"}
    fix:
      - script: scripts/vpn-profile.sh
        interpreter: sh
        risk: change
        repeat: idempotent
        consent: policy
        timeout: 30s
        text: {en: "The VPN profile is fetched anew. The tunnel is gone for some seconds.", de: "Das VPN-Profil wird neu geholt. Der Tunnel fehlt einige Sekunden."}
    verify: {within: 30s, every: 5s, until: "!log.lines.exists(l, l.contains('profile has expired'))"}
escalate: {to: "'L2-network'"}
"#;

const LOG: &str = "\
08:02:11 tunnel up, profile valid for 0 days\n\
08:59:40 server: your profile has expired, closing\n\
08:59:41 tunnel down\n\
09:00:02 tunnel up, profile valid for 0 days\n";

/// The files that are signed beside the shipped ones.
pub(super) fn files(folder: &Path) -> Vec<(&'static str, String)> {
    let script = format!("echo '09:30:00 a new profile' > '{}'\n", log(folder).display());
    vec![("vpn.profile.yaml", TEXT.to_owned()), ("scripts/vpn-profile.sh", script)]
}

fn log(folder: &Path) -> PathBuf {
    folder.join("vpn.log")
}

/// Writes the log, and a policy that names it.
pub(super) fn policy(folder: &Path) -> Result<PathBuf> {
    let (log, policy) = (log(folder), folder.join("policy.toml"));
    std::fs::write(&log, LOG).context("cannot write a log")?;
    let text = format!("[logs]\nvpn = {log:?}\n[runbooks]\nunattended = \"change\"\n");
    std::fs::write(&policy, text).context("cannot write a policy")?;
    Ok(policy)
}
