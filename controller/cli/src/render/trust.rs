//! Trust roots: who may sign what, and who signed them.

use std::fmt::Write as _;
use std::path::Path;

use befund_model::Timestamp;
use befund_model::api::{MachineView, TrustRootView};
use befund_model::machine::{MachineTrust, TrustStanding};
use befund_trust::key::PublicKey;
use befund_trust::root::{Role, Root};

use crate::render::table::{Tone, cell, table, toned};
use crate::render::{table as tables, text};
use crate::screen::Look;

/// What a root says, and whose signatures it has.
pub(crate) fn signed(look: &Look, root: &Root, signatures: &[PublicKey]) -> String {
    let mut out = format!(
        "{}, version {}, until {}\n",
        look.strong(&text::line(root.organisation())),
        root.version(),
        look.time(root.expires())
    );
    let _ = writeln!(out, "  SHA-256 {}", root.digest());
    let mut rows = table(look, &["person", "name", "contact", "key", "kind"]);
    for (key, person) in root.keys() {
        rows.add_row(vec![
            cell(&person.id),
            cell(&person.name),
            cell(&person.contact),
            cell(key.fingerprint()),
            toned(key.kind(), Tone::Faint),
        ]);
    }
    for (key, _, person) in root.browser_keys() {
        rows.add_row(vec![
            cell(&person.id),
            cell(&person.name),
            cell(&person.contact),
            cell(key.fingerprint()),
            toned("in the browser, changes only", Tone::Faint),
        ]);
    }
    out.push_str(&tables::text(&rows, 2));
    if let Some(pages) = root.pages() {
        let _ = writeln!(out, "  in browsers on {}", text::line(&pages.origins.join(", ")));
    }
    for role in Role::ALL {
        let quorum = root.quorum(role);
        let _ = writeln!(
            out,
            "  {:<10} {} of {}",
            role.as_str(),
            quorum.threshold,
            text::line(&quorum.people.join(", "))
        );
    }
    let names: Vec<String> = signatures
        .iter()
        .map(|key| match root.owner(key) {
            Some(person) => text::line(&person.id),
            None => key.fingerprint(),
        })
        .collect();
    match names.as_slice() {
        [] => out.push_str("  nobody has signed it yet"),
        names => {
            let _ = write!(out, "  signed by  {}", names.join(", "));
        }
    }
    out
}

/// What is printed once a controller has a root.
pub(crate) fn added(look: &Look, view: &TrustRootView, path: &Path) -> String {
    let mut out = format!(
        "The controller hands out version {} of the trust root, until {}.\n  SHA-256 {}",
        view.version,
        look.time(view.expires),
        text::line(&view.sha256)
    );
    if view.version == 1 {
        let _ = write!(
            out,
            "\nMachines take it by that digest, from their installer; technicians by: befund trust pin {}",
            path.display()
        );
    }
    out
}

/// The roots that a controller hands out.
pub(crate) fn list(look: &Look, views: &[TrustRootView], pinned: Option<&str>) -> String {
    if views.is_empty() {
        return "There is no trust root yet, so that no runbook can be run. Begin with: befund trust new".to_owned();
    }
    let mut rows = table(look, &["version", "expires", "signatures", "sha-256", ""]);
    for view in views {
        let mark = if pinned == Some(view.sha256.as_str()) { "pinned here" } else { "" };
        rows.add_row(vec![
            cell(view.version.to_string()),
            cell(look.time(view.expires)),
            cell(view.signatures.len().to_string()),
            cell(&view.sha256),
            toned(mark, Tone::Good),
        ]);
    }
    let mut out = tables::text(&rows, 0);
    if let Some(newest) = views.last().and_then(|view| Root::parse(view.root.as_bytes()).ok()) {
        let _ = write!(
            out,
            "\n{}",
            signed(look, &newest, &[]).trim_end_matches("  nobody has signed it yet")
        );
    }
    if pinned.is_none() {
        out.push_str("\nNone is pinned here: have a colleague hand you the root, then: befund trust pin FILE");
    }
    out
}

/// What a controller hands out now; 0 for none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handed {
    /// The newest root's version.
    pub(crate) root: u32,
    /// Until when it is good.
    pub(crate) root_expires: Option<Timestamp>,
    /// The current catalogue's version.
    pub(crate) catalogue: u64,
    /// Until when it is good.
    pub(crate) catalogue_expires: Option<Timestamp>,
    /// The time.
    pub(crate) now: Timestamp,
}

impl Handed {
    /// How a machine stands to it; `None` if it never said what it trusts.
    pub(crate) fn standing(&self, view: &MachineView) -> Option<TrustStanding> {
        view.trust.as_ref().map(|trust| trust.standing(self.root, self.catalogue))
    }
}

/// How many digits of a policy's digest are shown.
const DIGEST_SHOWN: usize = 12;

/// What machines trust, and which of them lag: so many of so many.
pub(crate) fn machines(
    look: &Look,
    handed: &Handed,
    machines: &[MachineView],
    (lagging, total): (usize, usize),
) -> String {
    let until = |version: u64, expires: Option<Timestamp>| match expires {
        None => "none".to_owned(),
        Some(expires) if expires <= handed.now => {
            format!("{version}, {}", look.bad(&format!("expired {}", look.time(expires))))
        }
        Some(expires) => format!("{version}, until {}", look.time(expires)),
    };
    let mut out = format!(
        "Handed out: trust root {}; catalogue {}\n",
        until(handed.root.into(), handed.root_expires),
        until(handed.catalogue, handed.catalogue_expires)
    );
    if !machines.is_empty() {
        let mut rows =
            table(look, &["machine", "root", "catalogue", "policy", "state", "last seen"]);
        for view in machines {
            let seen = match (view.connected, view.machine.last_seen) {
                (true, _) => toned("connected", Tone::Good),
                (false, Some(at)) => toned(look.time(at), Tone::Faint),
                (false, None) => toned("never", Tone::Faint),
            };
            let version = |version: u64| match version {
                0 => "none".to_owned(),
                version => version.to_string(),
            };
            let (state, tone) = state(handed, view);
            let trust = view.trust.clone().unwrap_or_default();
            rows.add_row(vec![
                cell(&view.machine.name),
                cell(version(trust.root_version.into())),
                cell(version(trust.catalogue_version)),
                cell(trust.policy.get(..DIGEST_SHOWN).unwrap_or("as shipped")),
                toned(state, tone),
                seen,
            ]);
        }
        out.push_str(&tables::text(&rows, 0));
    }
    if handed.catalogue_expires.is_some_and(|expires| expires <= handed.now) {
        out.push_str(&look.bad("The catalogue expired: machines run nothing of it."));
        out.push_str(" Sign it anew and publish it: befund runbook sign FOLDER, befund runbook publish FOLDER\n");
    }
    if handed.root_expires.is_some_and(|expires| expires <= handed.now) {
        out.push_str(&look.bad("The trust root expired: machines take no signatures under it."));
        out.push_str(" Make the next one: befund trust next FILE\n");
    }
    let _ = match (lagging, total) {
        (_, 0) => write!(out, "There are no machines."),
        (0, total) => write!(out, "{} up to date.", all_of(total)),
        (lagging, total) => write!(
            out,
            "{lagging} of {} not up to date. One that is connected fetches what is new within seconds; another when it is \
             back.",
            text::count(total, "machine")
        ),
    };
    out
}

fn all_of(total: usize) -> String {
    match total {
        1 => "The one machine is".to_owned(),
        total => format!("All {total} machines are"),
    }
}

/// A machine's state in words.
fn state(handed: &Handed, view: &MachineView) -> (String, Tone) {
    let Some(trust) = &view.trust else {
        return ("has not said yet what it trusts".to_owned(), Tone::Faint);
    };
    let why = |words: &str, trust: &MachineTrust| match trust.complaint() {
        Some(why) => format!("{words}: {}", text::line(why)),
        None => words.to_owned(),
    };
    match trust.standing(handed.root, handed.catalogue) {
        TrustStanding::Current => ("up to date".to_owned(), Tone::Good),
        TrustStanding::Behind => {
            let mut lacks = Vec::new();
            if trust.root_version != handed.root {
                lacks.push(format!("root {} of {}", trust.root_version, handed.root));
            }
            if trust.catalogue_version != handed.catalogue {
                lacks
                    .push(format!("catalogue {} of {}", trust.catalogue_version, handed.catalogue));
            }
            (format!("behind: {}", lacks.join(", ")), Tone::Bad)
        }
        TrustStanding::Unpinned => {
            ("nobody vouched for its root: only reading steps run".to_owned(), Tone::Bad)
        }
        TrustStanding::Refused => (why("refused what was handed out", trust), Tone::Bad),
        TrustStanding::NoPolicy => (why("its policy cannot be used", trust), Tone::Bad),
        TrustStanding::NoExecutor => (why("its executor does not answer", trust), Tone::Bad),
    }
}
