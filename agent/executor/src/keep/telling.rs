//! What is told of what this machine trusts and keeps: to the link, and to whoever wants something of it run. It decides
//! nothing.

use super::Keep;
use crate::door::TrustReport;

impl Keep {
    /// What is said of it to the link.
    pub(crate) fn report(&self) -> TrustReport {
        let root = self.root.as_ref();
        let manifest = self.held.as_ref().map(|held| &held.manifest);
        // One that withdraws is kept as well, though there is nothing in it.
        let kept = manifest.map(|manifest| (manifest.get().version, manifest.digest()));
        let kept = kept.or(self.withdrawn);
        TrustReport {
            root_version: root.map_or(0, |root| root.root().version()),
            pinned: self.is_pinned(),
            catalogue_version: kept.map_or(0, |(version, _)| version),
            catalogue: kept.map(|(_, digest)| digest.to_string()).unwrap_or_default(),
            files: manifest
                .map(|m| m.get().files.values().map(|file| file.sha256.to_string()).collect())
                .unwrap_or_default(),
            policy: String::new(),
            policy_refusal: None,
        }
    }

    /// Why there is no catalogue that is good now, and what to do.
    pub(crate) fn lacking(&self) -> String {
        match (&self.held, self.withdrawn, &self.spoilt) {
            (Some(held), ..) => {
                let manifest = held.manifest.get();
                let version = manifest.version;
                match self.kept() {
                    Some((_, ends)) if ends < manifest.expires => format!(
                        "the trust root, by which this machine keeps version {version} of the catalogue, expired at {ends}; \
                         a new one has to be signed"
                    ),
                    Some(_) | None => format!(
                        "version {version} of the catalogue, which this machine keeps, expired at {}; have the runbooks \
                         signed anew and published",
                        manifest.expires
                    ),
                }
            }
            (None, Some((version, _)), _) => format!(
                "version {version} of the catalogue withdrew all runbooks; nothing is run until others are published"
            ),
            (None, None, Some(why)) => format!(
                "the catalogue that this machine keeps cannot be used ({why}); have the runbooks signed anew and \
                 published"
            ),
            (None, None, None) => {
                "this machine has no catalogue of runbooks yet; publish one, or wait until it was \
                                   fetched"
                    .to_owned()
            }
        }
    }
}
