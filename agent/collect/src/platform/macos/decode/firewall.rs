//! The firewall: socketfilterfw, and pfctl(8).

use befund_model::section::reach::{Firewall, FirewallProfile};

/// What `socketfilterfw --getglobalstate` and `--getblockall` say, the rules of `--listapps`, and what
/// `pfctl -s info` says, as far as each is known. The application firewall filters what comes in; which
/// program may take what is asked of whoever sits there, or follows from its signature, so that there is no
/// one answer but where everything is blocked.
pub(crate) fn firewall(
    state: Option<&str>,
    block: Option<&str>,
    apps: Option<&str>,
    filter: Option<&str>,
) -> Firewall {
    let on = state.and_then(global);
    let all = block.is_some_and(blocks_all);
    let filters = filter.and_then(|told| {
        let line = told.lines().find_map(|line| line.trim().strip_prefix("Status: "))?;
        Some(line.starts_with("Enabled"))
    });
    let mut managers = Vec::new();
    managers.extend((on == Some(true)).then(|| "application firewall".to_owned()));
    managers.extend((filters == Some(true)).then(|| "pf".to_owned()));
    let profile = on.map(|enabled| FirewallProfile {
        name: "input".into(),
        enabled,
        inbound: (enabled && all).then(|| "block".to_owned()),
        outbound: None,
        rules: apps.and_then(count),
    });
    Firewall { active: on, managers, profiles: profile.into_iter().collect() }
}

/// `Firewall is enabled. (State = 1)`; 2 is on with everything blocked.
fn global(told: &str) -> Option<bool> {
    if let Some((_, rest)) = told.split_once("State = ") {
        let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next()?;
        return digits.parse::<u32>().ok().map(|state| state > 0);
    }
    let told = told.to_ascii_lowercase();
    match (told.contains("enabled"), told.contains("disabled")) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

/// `Block all ENABLED!`, `Firewall is set to block all non-essential incoming connections`, or
/// `Block all DISABLED!`.
fn blocks_all(told: &str) -> bool {
    let told = told.to_ascii_lowercase();
    told.contains("block all enabled")
        || told.contains("set to block all")
        || told.contains("block all state set to enabled")
}

/// `ALF: total number of apps = 5`, `Total number of apps = 5`.
fn count(told: &str) -> Option<u32> {
    let (_, rest) = told.split_once("number of apps = ")?;
    rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_state_is_read() {
        let told = firewall(
            Some("Firewall is enabled. (State = 1) \n"),
            Some("Block all DISABLED! \n"),
            Some("ALF: total number of apps = 3 \n\n1 :  /Applications/a.app\n"),
            Some("Status: Disabled                             Debug: Urgent\n"),
        );
        assert_eq!((told.active, told.managers.len()), (Some(true), 1));
        assert_eq!((told.profiles[0].rules, told.profiles[0].inbound.as_deref()), (Some(3), None));
        let told = firewall(Some("Firewall is disabled. (State = 0)\n"), None, None, None);
        assert_eq!((told.active, told.profiles[0].enabled), (Some(false), false));
        let told = firewall(
            Some("Firewall is blocking all. (State = 2)"),
            Some("Block all ENABLED!"),
            None,
            None,
        );
        assert_eq!(told.profiles[0].inbound.as_deref(), Some("block"));
        assert_eq!(firewall(None, None, None, None).active, None);
    }
}
