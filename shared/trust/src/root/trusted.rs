//! The root that a machine trusts, and what may take its place. Not where it is kept.

use befund_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Malformed, Role, Root, TooFew, Unsigned, signers};
use crate::digest::Sha256;
use crate::floor::{Floors, Now};
use crate::signature::Namespace;

/// Where a machine's trust comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// From a digest that the installer or the enrollment token brought, by an unbroken chain of roots.
    Pinned,
    /// The controller handed it out, and nobody vouched for it: only steps that read are run under it.
    Unpinned,
}

/// The root that a machine trusts. It is made by [`accept`] and [`follow`], and by [`Trusted::restore`] of what the
/// machine kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    root: Root,
    bytes: Vec<u8>,
    standing: Standing,
}

impl Trusted {
    /// What a machine kept: bytes that [`Self::bytes`] gave and a standing that [`Self::standing`] gave, from a place
    /// where only it can write. Nothing is verified again.
    ///
    /// # Errors
    /// If the bytes are damaged.
    pub fn restore(bytes: Vec<u8>, standing: Standing) -> Result<Self, Malformed> {
        Ok(Self { root: Root::parse(&bytes)?, bytes, standing })
    }

    /// The root.
    #[must_use]
    pub const fn root(&self) -> &Root {
        &self.root
    }

    /// Its exact bytes, to be kept.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the trust comes from.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// Whether it still holds.
    #[must_use]
    pub fn is_expired(&self, now: Now) -> bool {
        now.timestamp() >= self.root.expires()
    }
}

/// A root that somebody hands out, with its signatures.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a, S> {
    /// The exact bytes.
    pub bytes: &'a [u8],
    /// The armored signatures, in the namespace `befund-root`.
    pub signatures: &'a [S],
}

/// Why a root is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Nothing is offered.
    #[error("taking a trust root: none is offered")]
    Nothing,
    /// It makes no sense.
    #[error("taking a trust root")]
    Malformed(#[from] Malformed),
    /// It is not the one that was pinned.
    #[error(
        "taking a trust root: its SHA-256 is {found}, but the installer or the token pinned {pinned}; if the root was \
         changed since, offer the pinned one first and then its successors"
    )]
    OtherThanPinned {
        /// What is pinned.
        pinned: Sha256,
        /// What is offered.
        found: Sha256,
    },
    /// Another organisation's.
    #[error("taking a trust root: it is of {found:?}, and this machine belongs to {ours:?}")]
    OtherOrganisation {
        /// Ours.
        ours: String,
        /// Theirs.
        found: String,
    },
    /// Older than what the machine has, or once had.
    #[error(
        "taking a trust root: it has version {found}, and this machine has had {floor}; an older one is never taken"
    )]
    Older {
        /// What the machine has had.
        floor: u64,
        /// What is offered.
        found: u64,
    },
    /// The same version with another content.
    #[error(
        "taking a trust root: it has version {0} as the one that this machine has, but says something else; two roots \
         of one version mean that somebody's keys were misused"
    )]
    Equivocal(u64),
    /// Not the next one.
    #[error(
        "taking a trust root: it has version {found}, and this machine has {current}; offer those between, one after the other"
    )]
    Skips {
        /// What the machine has.
        current: u64,
        /// What is offered.
        found: u64,
    },
    /// Its signatures are not good.
    #[error("taking a trust root")]
    Unsigned(#[from] Unsigned),
    /// Too few of those whom the machine trusts so far signed.
    #[error("taking a trust root: those of the root before it have to sign")]
    TooFewOfOld(#[source] TooFew),
    /// Too few of those whom it names itself signed.
    #[error("taking a trust root: those whom it names itself have to sign")]
    TooFewOfNew(#[source] TooFew),
    /// It has expired.
    #[error("taking a trust root: it expired at {0}; a new one has to be signed")]
    Expired(Timestamp),
}

/// Takes a root in the place of `current`, or as a machine's first.
///
/// - The first is taken by its `pinned` digest; without one, it is taken as [`Standing::Unpinned`].
/// - The next one is exactly one version higher, of the same organisation, and signed by as many of the role `root` as
///   the root before it demands, and as it demands itself.
/// - A root that the machine has already is taken again. A pinned digest turns an unpinned root into a pinned one,
///   or refuses it.
///
/// The order of checks: size and form; pin; signatures; people; organisation; version; time.
///
/// # Errors
/// Each reason by itself.
pub fn accept(
    current: Option<&Trusted>,
    offered: &[u8],
    signatures: &[impl AsRef<[u8]>],
    pinned: Option<[u8; 32]>,
    floors: &Floors,
    now: Now,
) -> Result<Trusted, Refusal> {
    follow(current, &[Offer { bytes: offered, signatures }], pinned, floors, now)
}

/// Takes a chain of roots, one after the other, as a machine needs it that was off for long: those on the way may
/// have expired meanwhile, the last one may not. Otherwise as [`accept`] does.
///
/// # Errors
/// If one of them is not taken; then none is.
pub fn follow(
    current: Option<&Trusted>,
    chain: &[Offer<'_, impl AsRef<[u8]>>],
    pinned: Option<[u8; 32]>,
    floors: &Floors,
    now: Now,
) -> Result<Trusted, Refusal> {
    // What nobody vouched for does not bind a machine that has a pin.
    let unvouched = current.is_some_and(|current| current.standing == Standing::Unpinned);
    let mut reached = if unvouched && pinned.is_some() { None } else { current.cloned() };
    for offer in chain {
        reached = Some(match &reached {
            None => first(offer, pinned)?,
            Some(current) => next(current, offer)?,
        });
    }
    let Some(reached) = reached.filter(|_| !chain.is_empty()) else {
        return Err(Refusal::Nothing);
    };
    if reached.root.version() < floors.root_version {
        let found = reached.root.version();
        return Err(Refusal::Older { floor: floors.root_version, found });
    }
    if reached.is_expired(now) {
        return Err(Refusal::Expired(reached.root.expires()));
    }
    Ok(reached)
}

fn first(
    offer: &Offer<'_, impl AsRef<[u8]>>,
    pinned: Option<[u8; 32]>,
) -> Result<Trusted, Refusal> {
    let root = Root::parse(offer.bytes)?;
    let standing = match pinned.map(Sha256) {
        Some(pinned) if pinned == root.digest() => Standing::Pinned,
        Some(pinned) => {
            return Err(Refusal::OtherThanPinned { pinned, found: root.digest() });
        }
        None => Standing::Unpinned,
    };
    let signers = signers(Namespace::Root, offer.bytes, offer.signatures)?;
    root.demand(Role::Root, &signers).map_err(Refusal::TooFewOfNew)?;
    Ok(Trusted { root, bytes: offer.bytes.to_vec(), standing })
}

fn next(current: &Trusted, offer: &Offer<'_, impl AsRef<[u8]>>) -> Result<Trusted, Refusal> {
    let root = Root::parse(offer.bytes)?;
    let signers = signers(Namespace::Root, offer.bytes, offer.signatures)?;
    if root.digest() == current.root.digest() {
        return Ok(current.clone());
    }
    let (ours, found) = (current.root.organisation(), root.organisation());
    if ours != found {
        return Err(Refusal::OtherOrganisation { ours: ours.to_owned(), found: found.to_owned() });
    }
    let (ours, found) = (current.root.version(), root.version());
    if found < ours {
        return Err(Refusal::Older { floor: ours, found });
    }
    if found == ours {
        return Err(Refusal::Equivocal(found));
    }
    if found - ours != 1 {
        return Err(Refusal::Skips { current: ours, found });
    }
    current.root.demand(Role::Root, &signers).map_err(Refusal::TooFewOfOld)?;
    root.demand(Role::Root, &signers).map_err(Refusal::TooFewOfNew)?;
    Ok(Trusted { root, bytes: offer.bytes.to_vec(), standing: current.standing })
}
