//! What the machine itself says of a step before anybody's signature counts for it. Nothing of it comes from elsewhere.

use befund_model::action::Risk;

/// The step's risk, and whether what was signed in a browser may count for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What the step may do.
    pub risk: Risk,
    /// Whether browsers may sign for it.
    pub browsers: Browsers,
}

/// Whether what was signed in a browser may count. This narrows what the trust root allows, and never widens it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Browsers {
    /// It never counts.
    #[default]
    Forbidden,
    /// It counts where the trust root says so.
    AsRootSays,
}

/// A risk alone: nothing that was signed in a browser counts.
impl From<Risk> for Terms {
    fn from(risk: Risk) -> Self {
        Self { risk, browsers: Browsers::Forbidden }
    }
}
