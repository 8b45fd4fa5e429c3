//! Whether an order for a runbook is taken on: the checks in their order, each refusal with who makes it. It fails
//! closed, and nothing in an order skips a check.
//!
//! ```text
//! size; machine; number unseen; clock; trust root; catalogue; system; inputs; policy
//! ```
//!
//! What each step needs beyond that (consent, signatures, the policy's hours) is asked when the step comes:
//! [`crate::drive`]. Orders for probes go the shorter way of [`crate::jobs`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use befund_model::Timestamp;
use befund_model::action::Risk;
use befund_model::id::AgentId;
use befund_model::job::{Order, Work};
use befund_runbook::document::{Act, Runbook, System, UndoBy};
use befund_runbook::machine::FixOrder;
use befund_trust::approval::{CatalogueRef, RunbookRef};
use befund_trust::digest::Sha256;
use befund_trust::floor::{Clock, Now, RESYNC};
use befund_trust::root::Standing;

use crate::journal::StartedBy;
use crate::keep::{Held, Keep};
use crate::policy::Policy;

/// The most bytes of an order, as JSON.
const MAX_BYTES: usize = 64 << 10;

/// Who refuses an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refuser {
    /// The machine itself: the order is not for it, or for another time.
    Machine,
    /// What was signed does not allow it.
    Signature,
    /// The machine's owner.
    Policy,
}

impl fmt::Display for Refuser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Machine => "the machine",
            Self::Signature => "the signature",
            Self::Policy => "the policy",
        })
    }
}

/// Why an order is not taken on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused by {by}: {why}")]
pub(crate) struct Refusal {
    /// Who refuses.
    pub(crate) by: Refuser,
    /// Why, and what to do.
    pub(crate) why: String,
}

fn refused(by: Refuser, why: impl fmt::Display) -> Refusal {
    Refusal { by, why: why.to_string() }
}

/// A runbook as it was signed, with all that a run of it needs of the catalogue: another catalogue may come meanwhile.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) runbook: Arc<Runbook>,
    pub(crate) reference: RunbookRef,
    pub(crate) catalogue: CatalogueRef,
    /// When the catalogue expired, if it had when this was taken: then nothing of it is done but setting the clock.
    pub(crate) expired: Option<Timestamp>,
    /// The scripts that it names, by path, with their exact bytes.
    pub(crate) scripts: BTreeMap<String, (Vec<u8>, Sha256)>,
}

/// What an order comes to.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) book: Arc<Book>,
    pub(crate) inputs: BTreeMap<String, Value>,
}

/// The time to judge a step by: the machine's clock if it may be right; for setting it right, the latest that was seen.
/// `expired` is when the catalogue of its runbook did, if it had when the run began.
///
/// # Errors
/// If the clock was set back, or says that the catalogue has expired, and this is something else.
pub(crate) fn time_for(
    keep: &Keep,
    clock: Timestamp,
    act: &Act,
    expired: Option<Timestamp>,
) -> Result<Now, String> {
    let now = match keep.now(clock) {
        Clock::SetBack { floor, .. } if is_resync(act) => keep.now(floor).now(),
        judged @ (Clock::Good(_) | Clock::SetBack { .. }) => judged.now(),
    };
    let now = now.map_err(|error| error.to_string())?;
    match expired {
        Some(expired) if !is_resync(act) && now.timestamp() >= expired => Err(format!(
            "the catalogue expired at {expired}, and here it is {}: set the clock right with `{RESYNC}` if it is wrong, else \
             have the runbooks signed anew and published; nothing else is run before",
            now.timestamp()
        )),
        Some(_) | None => Ok(now),
    }
}

fn is_resync(act: &Act) -> bool {
    matches!(act, Act::Action(name) if name == RESYNC)
}

/// Whether a runbook may set the clock, so that it is begun whatever the clock says.
pub(crate) fn sets_clock(runbook: &Runbook) -> bool {
    acts(runbook).any(is_resync)
}

/// The checks that need neither the journal nor the catalogue.
///
/// # Errors
/// The first that fails.
pub(crate) fn look_at(order: &Order, agent: Option<AgentId>) -> Result<(), Refusal> {
    let size = serde_json::to_vec(order).map_or(usize::MAX, |bytes| bytes.len());
    if size > MAX_BYTES {
        let why = format!("the order has {size} bytes, and {MAX_BYTES} are the most");
        return Err(refused(Refuser::Machine, why));
    }
    match agent {
        None => {
            let why = "this machine is not enrolled, so it runs no orders; run befund-agent enroll";
            Err(refused(Refuser::Machine, why))
        }
        Some(agent) if agent != order.agent => {
            let why = format!("the order is for agent {}, this machine is {agent}", order.agent);
            Err(refused(Refuser::Machine, why))
        }
        Some(_) => Ok(()),
    }
}

/// A number that the journal knows is not taken again.
pub(crate) fn seen(order: &Order) -> Refusal {
    let why = format!("job {} was run on this machine already; start it anew", order.job);
    refused(Refuser::Machine, why)
}

/// The checks of an order for a runbook, from the clock on.
///
/// # Errors
/// The first that fails.
pub(crate) fn admit(
    order: &Order,
    by: &StartedBy,
    keep: &Keep,
    clock: Timestamp,
    policy: &Policy,
) -> Result<Admitted, Refusal> {
    let Work::Runbook(name) = &order.work else {
        return Err(refused(Refuser::Machine, "the order is for no runbook"));
    };
    let Some(wanted) = &order.runbook else {
        let why = "the order names no catalogue, and only runbooks that were signed are run; sign a folder with \
                   `befund runbook sign`, hand it out with `befund runbook publish`, and start it anew";
        return Err(refused(Refuser::Signature, why));
    };
    let book = book(keep, name, &wanted.catalogue, clock)?;
    let systems = &book.runbook.fits.systems;
    if !systems.is_empty() && !here().is_some_and(|here| systems.contains(&here)) {
        let why = format!("the runbook {name} is not for this system");
        return Err(refused(Refuser::Machine, why));
    }
    let inputs = befund_runbook::inputs::admit(&book.runbook, &order.parameters)
        .map_err(|error| refused(Refuser::Signature, error))?;
    policy.rules.admit(name).map_err(|refusal| refused(Refuser::Policy, refusal))?;
    match by {
        StartedBy::Afar => {}
        StartedBy::Here { .. } if policy.rules.is_self_service(name) => {}
        StartedBy::Here { .. } => {
            let why = format!(
                "the policy of this machine does not let {name} be started here; ask the help desk"
            );
            return Err(refused(Refuser::Policy, why));
        }
    }
    Ok(Admitted { book: Arc::new(book), inputs })
}

/// The runbook of this name in the catalogue of this digest, if that is the one that is kept, and good now; if it sets the
/// clock, also where the catalogue has expired by that (docs/adr/0009).
///
/// # Errors
/// If not.
fn book(keep: &Keep, name: &str, catalogue: &str, clock: Timestamp) -> Result<Book, Refusal> {
    let (judged, now) = time(keep, clock)?;
    let (held, expired) = current(keep, now)?;
    if held.manifest.digest().to_string() != catalogue {
        let why = format!(
            "the order is for another catalogue than the one that this machine keeps (version {})",
            held.manifest.get().version
        );
        return Err(refused(Refuser::Signature, why));
    }
    take(keep, held, name, judged, expired)
}

/// The runbook of this name in the catalogue of this digest, for a run that began with it: another one may have come
/// since.
///
/// # Errors
/// If it is not kept any more, or not good now.
pub(crate) fn begun(
    keep: &Keep,
    name: &str,
    catalogue: &str,
    clock: Timestamp,
) -> Result<Book, Refusal> {
    let (judged, now) = time(keep, clock)?;
    if let Ok((held, expired)) = current(keep, now)
        && held.manifest.digest().to_string() == catalogue
    {
        return take(keep, held, name, judged, expired);
    }
    match keep.former(catalogue, now.timestamp()) {
        Ok(former) => take(keep, &former, name, judged, None),
        Err(error) => {
            // Where nothing is good now, that is the reason.
            current(keep, now)?;
            let why = format!("the catalogue that it began with: {}", crate::told(&error));
            Err(refused(Refuser::Signature, why))
        }
    }
}

/// What is to be thought of the clock, and the time to judge a catalogue by. A clock that was set back is set right by
/// a runbook, which is judged by the latest time that was seen.
fn time(keep: &Keep, clock: Timestamp) -> Result<(Clock, Now), Refusal> {
    if keep.root().is_none() {
        let why = "this machine has no trust root yet, so nothing that anybody signed; pin one with the installer or \
                   the enrollment token";
        return Err(refused(Refuser::Signature, why));
    }
    let judged = keep.now(clock);
    let now = match judged {
        Clock::Good(now) => now,
        Clock::SetBack { floor, .. } => {
            keep.now(floor).now().map_err(|error| refused(Refuser::Machine, error))?
        }
    };
    Ok((judged, now))
}

/// The catalogue that is here, and when it expired, if it has.
fn current(keep: &Keep, now: Now) -> Result<(&Held, Option<Timestamp>), Refusal> {
    let (held, ends) = keep.kept().ok_or_else(|| refused(Refuser::Signature, keep.lacking()))?;
    Ok((held, Some(ends).filter(|ends| now.timestamp() >= *ends)))
}

/// A runbook with all that a run of it needs.
fn take(
    keep: &Keep,
    held: &Held,
    name: &str,
    judged: Clock,
    expired: Option<Timestamp>,
) -> Result<Book, Refusal> {
    let manifest = &held.manifest;
    let shelved = keep.runbook_of(held, name).map_err(|error| {
        refused(Refuser::Signature, format!("the runbook {name}: {}", crate::told(&error)))
    })?;
    let Some(shelved) = shelved else {
        let names: Vec<&str> = held.names().collect();
        let why = format!("the catalogue has no runbook {name}; it has {}", names.join(", "));
        return Err(refused(Refuser::Signature, why));
    };
    let runbook = Arc::clone(&shelved.runbook);
    if !sets_clock(&runbook) {
        judged.now().map_err(|set_back| refused(Refuser::Machine, set_back))?;
        if expired.is_some() {
            return Err(refused(Refuser::Signature, keep.lacking()));
        }
    }
    let mut scripts = BTreeMap::new();
    for path in paths(&runbook) {
        let script = keep.script_of(held, path).map_err(|error| {
            refused(Refuser::Signature, format!("its script {path}: {}", crate::told(&error)))
        })?;
        scripts.insert(path.to_owned(), script);
    }
    let reference =
        RunbookRef { name: name.to_owned(), version: runbook.version, digest: shelved.digest };
    let catalogue = CatalogueRef { version: manifest.get().version, digest: manifest.digest() };
    Ok(Book { runbook, reference, catalogue, expired, scripts })
}

/// Why a fix is not done here whoever signs it, if it is not: it may change something, and nobody vouched for the root
/// under which it is signed.
pub(crate) fn unvouched(keep: &Keep, fix: &FixOrder) -> Option<String> {
    if !may_change(fix) {
        return None;
    }
    match keep.root().map(befund_trust::root::Trusted::standing) {
        Some(Standing::Pinned) => None,
        Some(Standing::Unpinned) => Some(
            "nobody vouched for this machine's trust root, so that only steps of the agent's own that read are run, and no \
             scripts; pin its digest with the installer, or enroll anew with a token that has it"
                .to_owned(),
        ),
        None => Some("this machine has no trust root".to_owned()),
    }
}

/// Whether a fix may change something, whatever its runbook calls it: a script can do anything, and so can what undoes.
fn may_change(fix: &FixOrder) -> bool {
    let script = match &fix.act {
        Act::Script(_) => true,
        Act::Action(_) | Act::Instruct | Act::OpenUrl | Act::Reboot => false,
    };
    let undone = match &fix.undo {
        UndoBy::Action(_) | UndoBy::Script(_) => true,
        UndoBy::Auto | UndoBy::None => false,
    };
    fix.risk > Risk::Read || script || undone
}

/// This system, as runbooks name it.
pub(crate) fn here() -> Option<System> {
    match std::env::consts::OS {
        "linux" => Some(System::Linux),
        "windows" => Some(System::Windows),
        "macos" => Some(System::Macos),
        _ => None,
    }
}

fn acts(runbook: &Runbook) -> impl Iterator<Item = &Act> {
    runbook.causes.iter().flat_map(|cause| cause.fixes.iter()).map(|fix| &fix.act)
}

fn paths(runbook: &Runbook) -> impl Iterator<Item = &str> {
    runbook.causes.iter().flat_map(|cause| cause.fixes.iter()).flat_map(|fix| {
        let act = match &fix.act {
            Act::Script(script) => Some(script.path.as_str()),
            Act::Action(_) | Act::Instruct | Act::OpenUrl | Act::Reboot => None,
        };
        let undo = match &fix.undo {
            UndoBy::Script(script) => Some(script.path.as_str()),
            UndoBy::Auto | UndoBy::Action(_) | UndoBy::None => None,
        };
        act.into_iter().chain(undo)
    })
}
