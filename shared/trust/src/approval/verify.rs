//! Whether enough different people signed a statement, now, under a root that somebody vouched for. The statement is
//! the one that the machine made itself, as it kept it: nothing that came from elsewhere is read as one.

use befund_model::Timestamp;
use befund_model::action::Risk;

use super::{Browsers, MAX_BYTES, Malformed, Statement, Terms};
use crate::floor::{Floors, Now};
use crate::root::{NotHere, Person, Role, Signers, Standing, TooFew, Trusted, Unsigned, approvers};

/// Why a step is not approved.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Too large to be looked at.
    #[error("verifying an approval: what is signed has {0} bytes, and {MAX_BYTES} are the most")]
    TooLarge(usize),
    /// Reading is signed by nobody.
    #[error(
        "verifying an approval: a step that only reads is not approved by signatures, but by the machine's policy"
    )]
    NothingToApprove,
    /// Its signatures are not good.
    #[error("verifying an approval")]
    Unsigned(#[from] Unsigned),
    /// One was made in a browser, and does not count here.
    #[error("verifying an approval")]
    NotHere(#[from] NotHere),
    /// Too few people signed it.
    #[error("verifying an approval")]
    TooFew(#[from] TooFew),
    /// It makes no sense.
    #[error("verifying an approval")]
    Malformed(#[from] Malformed),
    /// It says another risk than the step has.
    #[error("verifying an approval: it is for a {} step, and this one is {}", said.as_str(), has.as_str())]
    OtherRisk {
        /// What was signed.
        said: Risk,
        /// What the step has.
        has: Risk,
    },
    /// Another organisation's.
    #[error("verifying an approval: it is of {found:?}, and this machine belongs to {ours:?}")]
    OtherOrganisation {
        /// Ours.
        ours: String,
        /// Theirs.
        found: String,
    },
    /// Nobody vouched for the trust root.
    #[error(
        "verifying an approval: the controller handed out this machine's trust root, and nobody vouched for it; pin its \
         digest with the installer, or enroll anew with a token that has it"
    )]
    Unpinned,
    /// The trust root is older than one that the machine had.
    #[error(
        "verifying an approval: the trust root has version {found}, and this machine has had {floor}; fetch the newest root"
    )]
    OldRoot {
        /// What the machine has had.
        floor: u64,
        /// What it has.
        found: u64,
    },
    /// The trust root has expired.
    #[error("verifying an approval: the trust root expired at {0}; a new one has to be signed")]
    RootExpired(Timestamp),
    /// It is not good yet.
    #[error("verifying an approval: it is good from {not_before}, and here it is {now}")]
    NotYet {
        /// From then.
        not_before: Timestamp,
        /// The machine's time.
        now: Timestamp,
    },
    /// It is no longer good.
    #[error(
        "verifying an approval: it expired at {expires}, and here it is {now}; have it signed anew"
    )]
    Expired {
        /// From then on not.
        expires: Timestamp,
        /// The machine's time.
        now: Timestamp,
    },
}

/// Verifies that as many different people of the role `change` or `disruptive` signed exactly these bytes, in the
/// namespace `befund-approval`, as the step's risk takes; `expected` is the statement as the machine made and kept it, and
/// `terms` are what the machine says of the step. Then who signed.
///
/// The order of checks: size; risk; signatures; browsers; people; form; organisation; root; time. The number is used up
/// after it, with [`crate::floor::Seen::take`].
///
/// # Errors
/// Each reason by itself.
pub fn verify(
    expected: &[u8],
    signatures: &[impl AsRef<[u8]>],
    root: &Trusted,
    terms: impl Into<Terms>,
    floors: &Floors,
    now: Now,
) -> Result<Vec<Person>, Refusal> {
    let Terms { risk, browsers } = terms.into();
    let role = role(expected, risk)?;
    let signers = approvers(expected, signatures)?;
    check_browsers(root, role, browsers, &signers)?;
    let people = root.root().demand(role, &signers)?;
    let statement = Statement::parse(expected)?;
    if statement.step.risk != risk {
        return Err(Refusal::OtherRisk { said: statement.step.risk, has: risk });
    }
    check_root(&statement.organisation, root, floors)?;
    check_time(statement.not_before, statement.expires, root, now)?;
    Ok(people)
}

/// Whom a risk takes, of bytes that are not too many.
pub(super) fn role(bytes: &[u8], risk: Risk) -> Result<Role, Refusal> {
    if bytes.len() > MAX_BYTES {
        return Err(Refusal::TooLarge(bytes.len()));
    }
    match risk {
        Risk::Read => Err(Refusal::NothingToApprove),
        Risk::Change => Ok(Role::Change),
        Risk::Disruptive => Ok(Role::Disruptive),
    }
}

/// Whether everything that was signed in a browser counts. As with signatures, one that does not spoils the others beside
/// it: an honest console hands over none that does not.
pub(super) fn check_browsers(
    root: &Trusted,
    role: Role,
    browsers: Browsers,
    signers: &Signers,
) -> Result<(), NotHere> {
    for assertion in signers.assertions() {
        root.root().asserted(role, assertion)?;
        match browsers {
            Browsers::AsRootSays => {}
            Browsers::Forbidden => return Err(NotHere::Policy),
        }
    }
    Ok(())
}

pub(super) fn check_root(
    organisation: &str,
    root: &Trusted,
    floors: &Floors,
) -> Result<(), Refusal> {
    let ours = root.root().organisation();
    if organisation != ours {
        let found = organisation.to_owned();
        return Err(Refusal::OtherOrganisation { ours: ours.to_owned(), found });
    }
    match root.standing() {
        Standing::Pinned => {}
        Standing::Unpinned => return Err(Refusal::Unpinned),
    }
    let found = root.root().version();
    if found < floors.root_version {
        return Err(Refusal::OldRoot { floor: floors.root_version, found });
    }
    Ok(())
}

pub(super) fn check_time(
    not_before: Timestamp,
    expires: Timestamp,
    root: &Trusted,
    now: Now,
) -> Result<(), Refusal> {
    if root.is_expired(now) {
        return Err(Refusal::RootExpired(root.root().expires()));
    }
    let now = now.timestamp();
    if now < not_before {
        return Err(Refusal::NotYet { not_before, now });
    }
    if now >= expires {
        return Err(Refusal::Expired { expires, now });
    }
    Ok(())
}
