//! Counting who signed: signatures become keys, keys become people, people are counted against a role. A key that
//! signs twice counts once, and so does a person with two keys.

use std::collections::BTreeSet;

use super::{Person, Role, Root};
use crate::key::PublicKey;
use crate::signature::{Namespace, Refusal, Signature};

/// The most signatures that are looked at.
pub const MAX_SIGNATURES: usize = 64;

/// The different keys that signed certain bytes for something. Only [`signers`] makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signers(BTreeSet<PublicKey>);

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

/// The keys that signed exactly these bytes. Every signature has to be good, whoever's it is.
///
/// # Errors
/// If there is no signature, there are too many, or one is not good.
pub fn signers(
    namespace: Namespace,
    message: &[u8],
    signatures: &[impl AsRef<[u8]>],
) -> Result<Signers, Unsigned> {
    if signatures.is_empty() {
        return Err(Unsigned::Missing);
    }
    if signatures.len() > MAX_SIGNATURES {
        return Err(Unsigned::TooMany(signatures.len()));
    }
    let mut keys = BTreeSet::new();
    for (place, armored) in signatures.iter().enumerate() {
        let bad = |source| Unsigned::Bad { number: place + 1, source };
        let signature = Signature::parse(armored.as_ref()).map_err(bad)?;
        keys.insert(signature.verify(namespace, message).map_err(bad)?.clone());
    }
    Ok(Signers(keys))
}

impl Signers {
    /// The keys.
    pub fn keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.0.iter()
    }
}

impl Root {
    /// The different people of a role among those who signed, if they are as many as it demands; in the order of the
    /// role's list.
    ///
    /// # Errors
    /// If they are too few.
    pub fn demand(&self, role: Role, signers: &Signers) -> Result<Vec<Person>, TooFew> {
        let owners: BTreeSet<&str> = signers
            .keys()
            .filter_map(|key| self.owner(key))
            .map(|person| person.id.as_str())
            .collect();
        let quorum = self.quorum(role);
        let signed: Vec<Person> = quorum
            .people
            .iter()
            .filter(|id| owners.contains(id.as_str()))
            .filter_map(|id| self.document().people.iter().find(|person| person.id == *id))
            .cloned()
            .collect();
        if usize::try_from(quorum.threshold).is_ok_and(|needed| signed.len() >= needed) {
            return Ok(signed);
        }
        let signed = signed.into_iter().map(|person| person.id).collect();
        Err(TooFew { role, needed: quorum.threshold, signed })
    }
}
