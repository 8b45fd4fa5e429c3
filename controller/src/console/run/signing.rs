//! What a change that waits for signatures says, for whoever is about to give theirs. It is shown here; it is signed where
//! people's keys are, which a browser reaches only of security keys that the trust root lists for that.

use befund_model::Timestamp;
use befund_model::action::Risk;
use befund_model::job::Said;
use befund_trust::approval::Statement;
use data_encoding::BASE64;
use serde_json::Value;

use super::Run;
use super::story::{Signing, Tried};
use crate::console::browser_keys::PageKeys;

/// It.
#[derive(Debug)]
pub struct SigningBox<'a> {
    /// What is to be signed.
    pub signing: &'a Signing,
    /// The same, read; none if it is nothing that may be signed for this step.
    pub statement: Option<&'a Statement>,
    /// How many signatures were handed over and not taken yet.
    pub handed_over: usize,
    /// Whether somebody said that it will not be signed.
    pub declined: bool,
    page_keys: Option<&'a PageKeys>,
}

impl<'a> SigningBox<'a> {
    /// For this fix, if it waits for signatures.
    #[must_use]
    pub fn of(run: &'a Run, tried: &'a Tried) -> Option<Self> {
        let signing = tried.signing.as_ref()?;
        if signing.over || tried.approved.is_some() || run.state().is_final() {
            return None;
        }
        // A statement about something else would be shown beside this fix's words.
        let fits = |statement: &&Statement| {
            let step = &statement.step;
            step.job == run.job.id && step.agent == run.job.agent && step.fix == tried.fix
        };
        let handed = run.said.iter().map(|said| match said {
            Said::Approval { fix, signatures } if *fix == tried.fix => signatures.len(),
            Said::Approval { .. } | Said::NotApproved { .. } | Said::Answer { .. } => 0,
        });
        let declined =
            |said: &Said| matches!(said, Said::NotApproved { fix, .. } if *fix == tried.fix);
        Some(Self {
            signing,
            statement: signing.statement.as_deref().filter(fits),
            handed_over: handed.sum(),
            declined: run.said.iter().any(declined),
            page_keys: run.page_keys.as_ref().filter(|_| run.frame.may_run()),
        })
    }

    /// What would change, line by line. That it cannot be predicted is said once.
    #[must_use]
    pub fn prediction(&self) -> Vec<&'a str> {
        let lines = self.statement.map(|one| one.prediction.as_slice()).unwrap_or_default();
        let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        if lines.len() > 1 && lines[1].starts_with("cannot predict: ") {
            lines.remove(0);
        }
        lines
    }

    /// The parameters, name and value.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'a str, String)> {
        let parameters = self.statement.and_then(|one| one.step.parameters.as_object());
        let value = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        parameters.into_iter().flatten().map(|(name, one)| (name.as_str(), value(one))).collect()
    }

    /// The keys that may sign it on this page; none for what machines take from no browser.
    #[must_use]
    pub fn page_keys(&self) -> Option<&'a PageKeys> {
        match self.statement?.step.risk {
            Risk::Change if !self.declined => self.page_keys,
            Risk::Change | Risk::Read | Risk::Disruptive => None,
        }
    }

    /// Exactly what is signed, in base64.
    #[must_use]
    pub fn bytes(&self) -> String {
        BASE64.encode(self.signing.text.as_bytes())
    }

    /// Until when a signature is good.
    #[must_use]
    pub fn expires(&self) -> Option<&'a Timestamp> {
        self.statement.map(|statement| &statement.expires)
    }

    /// All of it in the words that the command shows, too.
    #[must_use]
    pub fn text(&self) -> String {
        self.statement.map_or_else(|| self.signing.text.clone(), Statement::text)
    }
}
