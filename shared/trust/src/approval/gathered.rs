//! Signatures of one statement that come in one after the other, until enough different people have signed. People who
//! sign a disruptive step sit at different desks, so that nobody has all of the signatures at once; the machine keeps those
//! that count. Not here: how long it waits.

use std::collections::BTreeSet;

use super::verify::{Refusal, check_browsers, check_root, check_time, role, verify};
use super::{Browsers, Statement, Terms};
use crate::floor::{Floors, Now};
use crate::root::{Person, Role, Trusted, approvers};

/// The signatures of a statement that count so far: one of each person. They are of one statement; for another one,
/// begin anew.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    signatures: Vec<Vec<u8>>,
}

/// How far the signatures reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// Enough different people signed: who.
    Enough(Vec<Person>),
    /// Others have to sign as well.
    Short {
        /// Who signed so far, in the order of the role's list.
        signed: Vec<Person>,
        /// How many people it takes in all.
        needed: u32,
    },
}

/// Why signatures were not taken. Those that were taken before stay.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// They are not good, or the statement is not.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// They are good, and bring nobody who counts and has not signed before.
    #[error(
        "taking a signature: it brings nobody new: {needed} different people have to sign, {} did already ({}), and \
         nobody counts twice; it takes another one of {}",
        signed.len(), listed(signed), listed(others)
    )]
    NobodyNew {
        /// How many people it takes in all.
        needed: u32,
        /// Who signed before.
        signed: Vec<String>,
        /// Who of the role did not.
        others: Vec<String>,
    },
}

fn listed(ids: &[String]) -> String {
    if ids.is_empty() { "nobody".to_owned() } else { ids.join(", ") }
}

impl Gathered {
    /// Whether nobody has signed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.signatures.is_empty()
    }

    /// Takes more signatures of `expected`, the statement as the machine made and kept it, and says how far all of
    /// them reach under the root that holds now: see [`verify`], which has the last word. Each new signature has to be
    /// good; of a person who has signed already, nothing more is kept.
    ///
    /// # Errors
    /// Why they are not taken.
    pub fn take(
        &mut self,
        expected: &[u8],
        signatures: &[impl AsRef<[u8]>],
        root: &Trusted,
        terms: impl Into<Terms>,
        floors: &Floors,
        now: Now,
    ) -> Result<Reached, NotTaken> {
        let terms @ Terms { risk, browsers } = terms.into();
        let role = role(expected, risk)?;
        let brought = approvers(expected, signatures).map_err(Refusal::from)?;
        check_browsers(root, role, browsers, &brought).map_err(Refusal::from)?;
        let statement = Statement::parse(expected).map_err(Refusal::from)?;
        check_root(&statement.organisation, root, floors)?;
        check_time(statement.not_before, statement.expires, root, now)?;

        self.forget_browsers(expected, root, role, browsers)?;
        let before = people(expected, &self.signatures, root, role)?;
        let mut known: BTreeSet<String> = before.iter().map(|person| person.id.clone()).collect();
        let mut all = self.signatures.clone();
        for signature in signatures {
            let one = [signature.as_ref().to_vec()];
            let brought = people(expected, &one, root, role)?;
            if brought.into_iter().any(|person| known.insert(person.id)) {
                all.extend(one);
            }
        }
        let quorum = root.root().quorum(role);
        if all.len() == self.signatures.len() {
            let signed: Vec<String> = before.into_iter().map(|person| person.id).collect();
            let others = quorum.people.iter().filter(|id| !signed.contains(id)).cloned().collect();
            return Err(NotTaken::NobodyNew { needed: quorum.threshold, signed, others });
        }
        match verify(expected, &all, root, terms, floors, now) {
            Ok(people) => {
                self.signatures = all;
                Ok(Reached::Enough(people))
            }
            Err(Refusal::TooFew(_)) => {
                let signed = people(expected, &all, root, role)?;
                self.signatures = all;
                Ok(Reached::Short { signed, needed: quorum.threshold })
            }
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Forgets what was signed in browsers and counts no longer, since the root or the policy is another one than then:
    /// it would spoil what others sign after it.
    fn forget_browsers(
        &mut self,
        message: &[u8],
        root: &Trusted,
        role: Role,
        browsers: Browsers,
    ) -> Result<(), Refusal> {
        let mut kept = Vec::with_capacity(self.signatures.len());
        for signature in &self.signatures {
            let by = approvers(message, std::slice::from_ref(signature))?;
            if check_browsers(root, role, browsers, &by).is_ok() {
                kept.push(signature.clone());
            }
        }
        self.signatures = kept;
        Ok(())
    }
}

/// Whose signatures of a role these are, each person once; none of none.
fn people(
    message: &[u8],
    signatures: &[Vec<u8>],
    root: &Trusted,
    role: Role,
) -> Result<Vec<Person>, Refusal> {
    if signatures.is_empty() {
        return Ok(Vec::new());
    }
    Ok(root.root().counted(role, &approvers(message, signatures)?))
}
