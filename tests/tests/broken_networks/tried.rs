//! What `runbooks/tried/net.md` says of each cause, held against the runbooks.

/// The page.
const PAGE: &str = include_str!("../../../runbooks/tried/net.md");
/// The runbooks that it is about.
const RUNBOOKS: [(&str, &str); 8] = [
    ("net.no-internet", include_str!("../../../runbooks/net.no-internet.yaml")),
    ("net.slow-dns", include_str!("../../../runbooks/net.slow-dns.yaml")),
    ("net.proxy", include_str!("../../../runbooks/net.proxy.yaml")),
    ("net.tls", include_str!("../../../runbooks/net.tls.yaml")),
    ("net.vpn", include_str!("../../../runbooks/net.vpn.yaml")),
    ("net.wifi", include_str!("../../../runbooks/net.wifi.yaml")),
    ("time.wrong", include_str!("../../../runbooks/time.wrong.yaml")),
    ("share.unreachable", include_str!("../../../runbooks/share.unreachable.yaml")),
];

/// The rows: runbook, cause, whether it was tried, how or why not.
fn rows() -> impl Iterator<Item = [&'static str; 4]> {
    PAGE.lines().filter(|line| line.starts_with("| `")).map(|line| {
        let mut cells = line.trim_matches('|').splitn(4, '|').map(str::trim);
        let mut next = || cells.next().unwrap_or_default().trim_matches('`');
        [next(), next(), next(), next()]
    })
}

/// The causes that the page leaves out, tells twice, or invents.
pub(crate) fn missing() -> Vec<String> {
    let mut causes: Vec<(&str, &str)> = Vec::new();
    for (runbook, text) in RUNBOOKS {
        let ids = text.lines().filter_map(|line| line.strip_prefix("  - id: "));
        causes.extend(ids.map(|id| (runbook, id.trim())));
    }
    let told: Vec<_> = rows().map(|[runbook, cause, ..]| (runbook, cause)).collect();
    let times = |cause| told.iter().filter(|one| **one == cause).count();
    let odd = causes.iter().filter(|cause| times(**cause) != 1);
    let invented = told.iter().filter(|cause| !causes.contains(cause));
    odd.chain(invented).map(|(runbook, cause)| format!("{runbook}/{cause}")).collect()
}

/// What was only rehearsed, and why.
pub(crate) fn rehearsed() -> impl Iterator<Item = String> {
    rows()
        .filter(|[_, _, tried, _]| *tried == "rehearsed")
        .map(|[runbook, cause, _, why]| format!("{why}: {runbook}/{cause}"))
}
