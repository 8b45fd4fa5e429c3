//! What may be wrong, and when it is put right.

use std::time::Duration;

use super::{Build, both, condition, duration, named, text};
use crate::document::{Cause, Condition, Verify};
use crate::yaml::Node;

impl Build<'_> {
    pub(super) fn cause(&mut self, index: usize, node: &Node) -> Option<Cause> {
        let path = format!("causes[{index}]");
        let when = condition(node, "when")?;
        let evidence = named(node.get("evidence"))
            .map(|(label, node)| {
                Some((label.to_owned(), Condition { text: node.text()?.to_owned() }))
            })
            .collect::<Option<_>>()?;
        let explains = node.get("explains").map(Node::items).unwrap_or_default();
        let explains =
            explains.iter().map(|item| item.text().map(str::to_owned)).collect::<Option<_>>()?;
        let fixes = node.get("fix").map(Node::items).unwrap_or_default().iter().enumerate();
        let fixes = fixes
            .map(|(index, fix)| self.fix(&format!("{path}.fix[{index}]"), fix))
            .collect::<Option<_>>()?;
        let verify = match node.get("verify") {
            Some(node) => Some(verify(node, &when)?),
            None => None,
        };
        let advice = match node.get("advice") {
            Some(node) => Some(both(node)?),
            None => None,
        };
        let (id, title) = (text(node, "id")?, both(node.get("title")?)?);
        Some(Cause { id, title, when, evidence, explains, advice, fixes, verify })
    }
}

fn verify(node: &Node, when: &Condition) -> Option<Verify> {
    let gone = || Condition { text: format!("!({})", when.text) };
    Some(Verify {
        within: duration(node, "within", Duration::from_secs(30))?,
        every: duration(node, "every", Duration::from_secs(5))?,
        until: condition(node, "until").unwrap_or_else(gone),
    })
}
