//! What confines programs (AppArmor, SELinux and their like), and what keeps administrators from the kernel.

use crate::collector::Context;
use crate::platform::linux::software::os::settings;

/// Which one is in force, and whether it only watches.
pub(super) fn access_control(cx: &Context) -> Option<String> {
    selinux(cx).or_else(|| apparmor(cx)).or_else(|| others(cx))
}

fn selinux(cx: &Context) -> Option<String> {
    match cx.root.line("/sys/fs/selinux/enforce").ok().flatten().as_deref() {
        Some("1") => return Some("selinux: enforcing".into()),
        Some("0") => return Some("selinux: permissive".into()),
        _ => {}
    }
    // What is set up and not in force was switched off at the start.
    let text = cx.root.text("/etc/selinux/config").ok()?;
    settings(&text).iter().any(|(name, _)| name == "SELINUX").then(|| "selinux: disabled".into())
}

fn apparmor(cx: &Context) -> Option<String> {
    let enabled = cx.root.line("/sys/module/apparmor/parameters/enabled").ok().flatten()?;
    if enabled != "Y" {
        return Some("apparmor: disabled".into());
    }
    let profiles = cx.note(cx.root.text("/sys/kernel/security/apparmor/profiles"));
    Some(profiles.map_or_else(|| "apparmor: enabled".into(), |text| profiles_told(&text)))
}

/// `/usr/bin/man (enforce)`, a line for each profile.
pub(crate) fn profiles_told(text: &str) -> String {
    let in_mode = |mode: &str| text.lines().filter(|line| line.trim_end().ends_with(mode)).count();
    let (enforced, complaining) = (in_mode("(enforce)") + in_mode("(kill)"), in_mode("(complain)"));
    match (enforced, complaining) {
        (0, 0) => "apparmor: enabled, without profiles".into(),
        (0, watched) => format!("apparmor: complaining ({watched} profiles)"),
        (enforced, 0) => format!("apparmor: enforcing ({enforced} profiles)"),
        (enforced, watched) => {
            format!("apparmor: enforcing ({enforced} profiles, {watched} complaining)")
        }
    }
}

fn others(cx: &Context) -> Option<String> {
    let active = cx.root.line("/sys/kernel/security/lsm").ok().flatten()?;
    let name = active.split(',').find(|name| matches!(*name, "smack" | "tomoyo"))?;
    Some(format!("{name}: enabled"))
}

/// `[none] integrity confidentiality`: the one in brackets is in force.
pub(super) fn lockdown(cx: &Context) -> Option<String> {
    let line = cx.root.line("/sys/kernel/security/lockdown").ok().flatten()?;
    let (_, rest) = line.split_once('[')?;
    rest.split_once(']').map(|(mode, _)| mode.to_owned())
}

#[cfg(test)]
mod tests {
    use super::profiles_told;

    #[test]
    fn profiles_are_counted_by_their_mode() {
        let text = "/usr/bin/man (enforce)\nman_filter (enforce)\nlibreoffice-oosplash (complain)\nx (unconfined)\n";
        assert_eq!(profiles_told(text), "apparmor: enforcing (2 profiles, 1 complaining)");
        assert_eq!(profiles_told(""), "apparmor: enabled, without profiles");
    }
}
