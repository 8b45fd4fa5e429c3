//! What came out of verifying, as a type: whoever has one need not ask again. Not the verifying itself.

use crate::digest::Sha256;
use crate::root::Person;

/// What was verified, and who signed it. Nothing but verifying makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<T> {
    value: T,
    digest: Sha256,
    signers: Vec<Person>,
}

impl<T> Verified<T> {
    /// For the verifying functions of this crate alone.
    pub(crate) const fn new(value: T, digest: Sha256, signers: Vec<Person>) -> Self {
        Self { value, digest, signers }
    }

    /// What was verified.
    #[must_use]
    pub const fn get(&self) -> &T {
        &self.value
    }

    /// The SHA-256 of its exact bytes.
    #[must_use]
    pub const fn digest(&self) -> Sha256 {
        self.digest
    }

    /// Those of the role who signed it.
    #[must_use]
    pub fn signers(&self) -> &[Person] {
        &self.signers
    }
}
