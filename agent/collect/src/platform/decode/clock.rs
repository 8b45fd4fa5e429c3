//! The time service's settings and words.

use super::event::Event;

/// The servers by the kind of synchronisation: `NTP` and `AllSync` use the list, `NT5DS` the domain's,
/// `NoSync` none. In the list flags stand behind a comma (`time.windows.com,0x9`).
pub(crate) fn servers(kind: Option<&str>, list: Option<&str>) -> Vec<String> {
    if !matches!(kind, Some("NTP" | "AllSync")) {
        return Vec::new();
    }
    let words = list.unwrap_or_default().split_whitespace();
    words
        .filter_map(|word| word.split(',').next())
        .filter(|server| !server.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether the service is in step by its latest word; `None` if it has not said any.
pub(crate) fn in_step(last: Option<&Event>) -> Option<bool> {
    match last?.id {
        35 | 37 => Some(true),
        36 | 47 | 129 | 134 => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_of_a_domain_has_no_servers_of_its_own() {
        let list = Some("time.windows.com,0x9 ntp.example.org,0x8");
        assert_eq!(servers(Some("NTP"), list), ["time.windows.com", "ntp.example.org"]);
        assert!(servers(Some("NT5DS"), list).is_empty());
        assert_eq!(in_step(None), None);
        let event = Event { id: 36, ..Event::default() };
        assert_eq!(in_step(Some(&event)), Some(false));
    }
}
