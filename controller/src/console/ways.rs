//! Ways to a machine's changes within what people write, as a brief has them: they become links, and nothing else
//! does. What is linked is made of the ids that were read, never of the text.

use befund_model::id::{AgentId, SnapshotId};

const MACHINES: &str = "/machines/";
const SNAPSHOT: &str = "?snapshot=";
const CHANGES: &str = "#changes";

/// The way to what changed on a machine up to this snapshot.
#[must_use]
pub fn to_changes(agent: AgentId, snapshot: SnapshotId) -> String {
    format!("{MACHINES}{agent}{SNAPSHOT}{snapshot}{CHANGES}")
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// As it stands.
    Said(&'a str),
    /// A way.
    Way(String),
}

/// The pieces of a text.
#[must_use]
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut said = 0;
    for (at, _) in text.match_indices(MACHINES) {
        let word = text[at..].split_whitespace().next().unwrap_or_default();
        let Some(way) = read(word).filter(|way| way == word) else { continue };
        pieces.push(Piece::Said(&text[said..at]));
        pieces.push(Piece::Way(way));
        said = at + word.len();
    }
    pieces.push(Piece::Said(&text[said..]));
    pieces.retain(|piece| *piece != Piece::Said(""));
    pieces
}

fn read(word: &str) -> Option<String> {
    let (agent, rest) = word.strip_prefix(MACHINES)?.split_once(SNAPSHOT)?;
    let snapshot = rest.strip_suffix(CHANGES)?;
    Some(to_changes(agent.parse().ok()?, snapshot.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_way_becomes_a_link() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let way = format!("/machines/{id}?snapshot={id}#changes");
        let text = format!("see {way}\nand then");
        let expected = [Piece::Said("see "), Piece::Way(way.clone()), Piece::Said("\nand then")];
        assert_eq!(pieces(&text), expected);
        for other in [
            format!("{way}\"onclick=alert(1)"),
            format!("/machines/{id}"),
            "/machines//evil.example?snapshot=#changes".to_owned(),
            format!("/machines/{}?snapshot={id}#changes", id.to_uppercase()),
            String::new(),
        ] {
            let all: Vec<_> = [Piece::Said(other.as_str())].into_iter().collect();
            let expected = if other.is_empty() { Vec::new() } else { all };
            assert_eq!(pieces(&other), expected, "{other}");
        }
    }
}
