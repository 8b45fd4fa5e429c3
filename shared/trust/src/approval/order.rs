//! An order: a step that changes something, signed before the machine finds out whether it needs it. It has no
//! challenge, so that it works for a machine that is off for the moment; in exchange it is never disruptive, lives
//! for a bounded time, and fits one step of one job on one machine. Not the job itself (`befund_model::job::Order`).

use std::time::Duration;

use befund_model::Timestamp;
use befund_model::action::Risk;
use serde::{Deserialize, Serialize};

use super::verify::{Refusal, check_root, check_time, order_signers};
use super::{MAX_BYTES, Malformed, Statement, Step, check_common, check_span, field};
use crate::digest::Sha256;
use crate::floor::{Floors, Now, Number};
use crate::json;
use crate::root::Trusted;
use crate::verified::Verified;

/// The longest that an order may live: as long as a catalogue, so that what a machine remembers of used numbers
/// stays bounded.
pub const MAX_ORDER_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

/// The first field of an order: what it is, so that no other signed document can be taken for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderFormat {
    /// The only one.
    #[default]
    #[serde(rename = "befund-order/1")]
    V1,
}

/// One step on one machine, that somebody lets happen once, if the machine comes to need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// What it is.
    pub format: OrderFormat,
    /// Whose machine; as in the trust root.
    pub organisation: String,
    /// What is to be done. Its risk is `change`.
    pub step: Step,
    /// Its number: it is used once.
    pub number: Number,
    /// Not before.
    pub not_before: Timestamp,
    /// From then on not; at most [`MAX_ORDER_LIFE`] later.
    pub expires: Timestamp,
}

/// An order is for something else than the step at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "using an order: {0} is another one than that of the step at hand; have this step signed by itself"
)]
pub struct Differs(pub &'static str);

impl Order {
    /// The bytes to be signed: the document, indented, in this type's order, the names of parameters in order.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut written = self.clone();
        written.step.parameters = json::sorted(&self.step.parameters);
        json::write(&written)
    }

    /// The bytes to be signed, if they make sense and can be read again.
    ///
    /// # Errors
    /// If they are too many, or a field may not be so.
    pub fn seal(&self) -> Result<Vec<u8>, Malformed> {
        let bytes = self.bytes();
        Self::parse(&bytes)?;
        Ok(bytes)
    }

    /// Reads an order, to show it. This says nothing of who signed it: see [`Self::verify`].
    ///
    /// # Errors
    /// If it is too large, is not written in the one way, or makes no sense.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let order: Self = json::read("an order", bytes, MAX_BYTES)?;
        check_common(&order.organisation, &order.step)?;
        check_span(order.not_before, order.expires)?;
        let latest = order.not_before.checked_add(MAX_ORDER_LIFE).unwrap_or(Timestamp::MAX);
        if order.expires > latest {
            return Err(field("the expiry of an order", "at most 30 days after its beginning"));
        }
        if order.bytes() != bytes {
            return Err(Malformed::NotCanonical);
        }
        Ok(order)
    }

    /// Verifies that as many different people of the role `change` signed exactly these bytes, in the namespace
    /// `befund-approval`, as the root demands. Then [`Self::covers`] tells whether it is for the step at hand, and
    /// [`crate::floor::Seen::take`] uses up its number.
    ///
    /// The order of checks: size; signatures; people; form; risk; organisation; root; time.
    ///
    /// # Errors
    /// Each reason by itself.
    pub fn verify(
        bytes: &[u8],
        signatures: &[impl AsRef<[u8]>],
        root: &Trusted,
        floors: &Floors,
        now: Now,
    ) -> Result<Verified<Self>, Refusal> {
        let people = order_signers(bytes, signatures, root)?;
        let order = Self::parse(bytes)?;
        match order.step.risk {
            Risk::Change => {}
            Risk::Read => return Err(Refusal::NothingToApprove),
            Risk::Disruptive => return Err(Refusal::NeedsChallenge),
        }
        check_root(&order.organisation, root, floors)?;
        check_time(order.not_before, order.expires, root, now)?;
        Ok(Verified::new(order, Sha256::of(bytes), people))
    }

    /// Whether it is for exactly the step of this statement, which the machine made of what it is about to do.
    ///
    /// # Errors
    /// The first thing in which they differ.
    pub fn covers(&self, statement: &Statement) -> Result<(), Differs> {
        let (ours, theirs) = (&self.step, &statement.step);
        let same = [
            ("the organisation", self.organisation == statement.organisation),
            ("the machine", ours.agent == theirs.agent),
            ("the job", ours.job == theirs.job),
            ("the ticket", ours.ticket == theirs.ticket),
            ("the catalogue", ours.catalogue == theirs.catalogue),
            ("the runbook", ours.runbook == theirs.runbook),
            ("the fix", ours.fix == theirs.fix),
            ("what is done", ours.act == theirs.act),
            ("a parameter", json::sorted(&ours.parameters) == json::sorted(&theirs.parameters)),
            ("the risk", ours.risk == theirs.risk),
        ];
        same.into_iter().find(|(_, same)| !same).map_or(Ok(()), |(what, _)| Err(Differs(what)))
    }
}
