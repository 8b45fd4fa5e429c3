//! Counting who signed: signatures become keys, keys become people, people are counted against a role. A key that
//! signs twice counts once, and so does a person with two keys, one of them in a browser or not.

use std::collections::BTreeSet;

use super::{Person, Role, Root};
use crate::key::{Assertion, PublicKey};
use crate::signature::{Namespace, Refusal, Signature};

/// The most signatures that are looked at.
pub const MAX_SIGNATURES: usize = 64;

/// The different keys that signed certain bytes for something. Only [`signers`] and [`approvers`] make it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signers {
    keys: BTreeSet<PublicKey>,
    assertions: BTreeSet<Assertion>,
}

/// Why it cannot be told who signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// There is none.
    #[error(
        "verifying signatures: there is none; sign with `ssh-keygen -Y sign` or `befund approve`"
    )]
    Missing,
    /// There are more than are looked at.
    #[error("verifying signatures: there are {0}, and {MAX_SIGNATURES} are the most")]
    TooMany(usize),
    /// One of them is not good. An honest sender hands out none that is not, so the others are not looked at.
    #[error("verifying signatures: number {number} of them is not good")]
    Bad {
        /// Which, from 1.
        number: usize,
        /// Why.
        #[source]
        source: Refusal,
    },
}

/// Fewer people signed than a role demands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "counting who signed: {} different people of the role {} have to sign, and {} did ({}); other keys count for \
     nothing, and nobody counts twice", needed, role.as_str(), signed.len(), if signed.is_empty() { "nobody".to_owned() } else { signed.join(", ") }
)]
pub struct TooFew {
    /// The role.
    pub role: Role,
    /// How many it demands.
    pub needed: u32,
    /// The ids of those of its people who signed.
    pub signed: Vec<String>,
}

/// The keys that signed exactly these bytes. Every signature has to be good, whoever's it is, and none of a browser is.
///
/// # Errors
/// If there is no signature, there are too many, or one is not good.
pub fn signers(
    namespace: Namespace,
    message: &[u8],
    signatures: &[impl AsRef<[u8]>],
) -> Result<Signers, Unsigned> {
    gather(signatures, |signature, into| {
        into.keys.insert(signature.verify(namespace, message)?.clone());
        Ok(())
    })
}

/// The same of a statement, which may be signed in a browser as well. Whether a page may have it signed is seen
/// by [`Root::asserted`].
///
/// # Errors
/// If there is no signature, there are too many, or one is not good.
pub fn approvers(statement: &[u8], signatures: &[impl AsRef<[u8]>]) -> Result<Signers, Unsigned> {
    gather(signatures, |signature, into| {
        if signature.is_assertion() {
            into.assertions.insert(signature.verify_assertion(Namespace::Approval, statement)?);
        } else {
            into.keys.insert(signature.verify(Namespace::Approval, statement)?.clone());
        }
        Ok(())
    })
}

fn gather(
    signatures: &[impl AsRef<[u8]>],
    verify: impl Fn(&Signature, &mut Signers) -> Result<(), Refusal>,
) -> Result<Signers, Unsigned> {
    if signatures.is_empty() {
        return Err(Unsigned::Missing);
    }
    if signatures.len() > MAX_SIGNATURES {
        return Err(Unsigned::TooMany(signatures.len()));
    }
    let mut signers = Signers::default();
    for (place, armored) in signatures.iter().enumerate() {
        let bad = |source| Unsigned::Bad { number: place + 1, source };
        let signature = Signature::parse(armored.as_ref()).map_err(bad)?;
        verify(&signature, &mut signers).map_err(bad)?;
    }
    Ok(signers)
}

impl Signers {
    /// The keys, without those of browsers.
    pub fn keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.iter()
    }

    /// What was signed in browsers.
    pub fn assertions(&self) -> impl Iterator<Item = &Assertion> {
        self.assertions.iter()
    }
}

impl Root {
    /// The different people of a role among those who signed, if they are as many as it demands; in the order of the
    /// role's list.
    ///
    /// # Errors
    /// If they are too few.
    pub fn demand(&self, role: Role, signers: &Signers) -> Result<Vec<Person>, TooFew> {
        let quorum = self.quorum(role);
        let signed = self.counted(role, signers);
        if usize::try_from(quorum.threshold).is_ok_and(|needed| signed.len() >= needed) {
            return Ok(signed);
        }
        let signed = signed.into_iter().map(|person| person.id).collect();
        Err(TooFew { role, needed: quorum.threshold, signed })
    }

    /// The different people of a role among those who signed, in the order of the role's list.
    pub(crate) fn counted(&self, role: Role, signers: &Signers) -> Vec<Person> {
        let by_key = signers.keys().filter_map(|key| self.owner(key));
        let in_browsers = signers.assertions().filter_map(|one| self.asserted(role, one).ok());
        let owners: BTreeSet<&str> =
            by_key.chain(in_browsers).map(|person| person.id.as_str()).collect();
        let listed = self.quorum(role).people.iter().filter(|id| owners.contains(id.as_str()));
        let known = &self.document().people;
        listed.filter_map(|id| known.iter().find(|person| person.id == *id)).cloned().collect()
    }
}
