//! What machines say in sentences of their own, which are English, in the reader's language: what a change would be and
//! was, what a probe measured, how a run went. What is kept, signed and compared is the English; whatever else a machine
//! says stays as it is. Pure.
//!
//! A table has the English sentence and the same in German. In the English, `{}` stands for anything and `{w}` for
//! anything without a space. In the German, `{0}` is what stood in the first of them as it was, and `{0:said}` the same in
//! German if it is a sentence itself.

use crate::language::Language;

mod changes;
mod measured;
mod runs;

/// How deep a sentence may hold another.
const DEEP: u32 = 3;

/// All of them; of two that fit, the first counts.
const TABLES: [&[(&str, &str)]; 3] = [runs::RUNS, changes::CHANGES, measured::MEASURED];

/// A sentence in this language, where it is known.
#[must_use]
pub fn in_language(text: &str, language: Language) -> String {
    match language {
        Language::English => text.to_owned(),
        Language::German => german(text).unwrap_or_else(|| text.to_owned()),
    }
}

/// The sentence in German, or several in a row; none for one that is not known.
#[must_use]
pub fn german(text: &str) -> Option<String> {
    row(text, DEEP)
}

/// Several sentences with `; ` or `, ` between them of which each is known, or one.
fn row(text: &str, deep: u32) -> Option<String> {
    let deep = deep.checked_sub(1)?;
    let several = |between: &str| -> Option<String> {
        let parts = text.contains(between).then(|| text.split(between))?;
        let said: Option<Vec<String>> = parts.map(|part| row(part, deep)).collect();
        Some(said?.join(between))
    };
    several("; ").or_else(|| several(", ")).or_else(|| sentence(text, deep))
}

fn sentence(text: &str, deep: u32) -> Option<String> {
    let all = TABLES.iter().copied().flatten();
    all.filter_map(|(english, german)| Some(fill(german, &gaps(english, text)?, deep))).next()
}

/// What of the text stands in the pattern's gaps; none if it does not fit. The last gap takes what is left, those
/// before it as little as they can.
fn gaps<'a>(mut pattern: &str, mut text: &'a str) -> Option<Vec<&'a str>> {
    let mut gaps = Vec::new();
    loop {
        let Some((before, rest)) = pattern.split_once('{') else {
            return (pattern == text).then_some(gaps);
        };
        let (kind, rest) = rest.split_once('}')?;
        text = text.strip_prefix(before)?;
        let gap = match rest.split_once('{') {
            Some((behind, _)) => text.split_once(behind)?.0,
            None => text.strip_suffix(rest)?,
        };
        if gap.is_empty() || kind == "w" && gap.contains(' ') {
            return None;
        }
        gaps.push(gap);
        text = &text[gap.len()..];
        pattern = rest;
    }
}

fn fill(pattern: &str, gaps: &[&str], deep: u32) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, behind)) = behind.split_once('}') else { break };
        let (number, how) = name.split_once(':').unwrap_or((name, ""));
        let gap = number.parse().ok().and_then(|number: usize| gaps.get(number)).copied();
        let gap = gap.unwrap_or_default();
        match how {
            "said" => out.push_str(&row(gap, deep).unwrap_or_else(|| gap.to_owned())),
            _ => out.push_str(gap),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_said_in_german_and_the_rest_stays() {
        for (said, german) in [
            ("the cause was not gone within 5 s", "die Ursache war nach 5 s noch da"),
            (
                "the cause was not gone within 5 s; what was changed is kept",
                "die Ursache war nach 5 s noch da; die Änderung bleibt bestehen",
            ),
            ("tina did not approve it", "tina hat es nicht freigegeben"),
            ("the user (anna) said no", "der Benutzer (anna) hat abgelehnt"),
            (
                "nothing would change: no documents wait at Office",
                "es würde sich nichts ändern: an Office warten keine Dokumente",
            ),
            (
                "nothing would change: somebody said so",
                "es würde sich nichts ändern: somebody said so",
            ),
            (
                "restart cups.service (it is failed (failed) now)",
                "cups.service neu starten (Zustand jetzt: failed (failed))",
            ),
            (
                "gateway 192.0.2.1 on eth0 answers, gateway 192.0.2.2 on eth1 does not answer",
                "Gateway 192.0.2.1 an eth0 antwortet, Gateway 192.0.2.2 an eth1 antwortet nicht",
            ),
            (
                "3 DNS servers answer, the slowest in 2 ms; 1 of 2 servers behind it do not answer",
                "3 Namensserver antworten, der langsamste in 2 ms; 1 von 2 Servern dahinter antworten nicht",
            ),
            ("eth0 asks 192.0.2.1", "eth0 asks 192.0.2.1"),
            ("one; two", "one; two"),
            ("", ""),
        ] {
            assert_eq!(in_language(said, Language::German), german);
            assert_eq!(in_language(said, Language::English), said);
        }
    }

    #[test]
    fn no_sentence_hides_a_later_one() {
        for (english, german) in TABLES.into_iter().flatten() {
            let text = english.replace("{}", "7").replace("{w}", "7");
            let mut expected = (*german).to_owned();
            for number in 0..5 {
                let number = number.to_string();
                expected = expected.replace(&format!("{{{number}}}"), "7");
                expected = expected.replace(&format!("{{{number}:said}}"), "7");
            }
            assert_eq!(in_language(&text, Language::German), expected, "{english}");
            assert!(!expected.contains(['{', '}']), "{german}");
        }
    }

    #[test]
    fn what_holds_itself_comes_to_an_end() {
        let deep = "nothing would change: ".repeat(50) + "the sound is on";
        assert!(german(&deep).is_some_and(|said| said.ends_with("the sound is on")));
    }
}
