//! What is kept, read back and verified again as if it were offered. What is offered is not taken here.

use befund_trust::catalogue;
use befund_trust::root::{self, Standing, Trusted};
use tracing::warn;

use super::{Held, Keep, KeepError, MOST_SIGNATURES};

impl Keep {
    /// Looks at the catalogue that is kept, by who is trusted now; by the time, whoever wants something of it. One that is
    /// of no use is no reason not to go on: a newer one may come.
    pub(super) fn judge_again(&mut self) {
        (self.held, self.spoilt) = match self.read_catalogue() {
            Ok(held) => (held, None),
            Err(error) => {
                let whole = befund_runtime::telemetry::chain(&error);
                warn!(error = whole, "the catalogue that is kept is of no use");
                (None, Some(crate::told(&error)))
            }
        };
    }

    pub(super) fn read_root(&self) -> Result<Option<Trusted>, KeepError> {
        let Some(bytes) = self.disk.read("root.json", root::MAX_BYTES as u64)? else {
            return Ok(None);
        };
        let standing = self.disk.read("standing.json", 64)?.unwrap_or_default();
        // Without a word about it, nobody vouched for it.
        let standing = serde_json::from_slice(&standing).unwrap_or(Standing::Unpinned);
        Trusted::restore(bytes, standing)
            .map(Some)
            .map_err(|error| self.disk.damaged("root.json", &error.to_string()))
    }

    fn read_catalogue(&self) -> Result<Option<Held>, KeepError> {
        let Some(root) = &self.root else { return Ok(None) };
        let Some(bytes) = self.disk.read("manifest.json", catalogue::MAX_BYTES as u64)? else {
            return Ok(None);
        };
        let signatures = self.read_signatures()?;
        let manifest = catalogue::verify_past(&bytes, &signatures, root, &self.memory.floors)?;
        self.hold(manifest).map(Some)
    }

    pub(super) fn read_signatures(&self) -> Result<Vec<String>, KeepError> {
        let signatures = self.disk.read("signatures.json", MOST_SIGNATURES)?.unwrap_or_default();
        serde_json::from_slice(&signatures)
            .map_err(|error| self.disk.damaged("signatures.json", &error.to_string()))
    }
}
