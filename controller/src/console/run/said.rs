//! What machines say of a run in sentences of their own, which are English, in the reader's language: those that are met
//! most. Whatever else they say stays as it is. Pure.

use befund_model::language::Language;

/// Each sentence with at most one part that differs, and the same in German. The longer of two that begin alike is first.
const SENTENCES: [(&str, &str); 24] = [
    ("the policy of this machine ({})", "die Richtlinie dieses Rechners ({})"),
    (
        "the cause was not gone within {}; what was changed is kept",
        "die Ursache war nach {} noch da; die Änderung bleibt bestehen",
    ),
    ("the cause was not gone within {}", "die Ursache war nach {} noch da"),
    ("the cause is gone", "die Ursache ist weg"),
    ("the cause is not there any more", "die Ursache besteht nicht mehr"),
    ("whether the cause is gone is unknown: {}", "ob die Ursache weg ist, ist unbekannt: {}"),
    ("nothing would change: {}", "es würde sich nichts ändern: {}"),
    ("nothing would change", "es würde sich nichts ändern"),
    (
        "It cannot be predicted what would change.",
        "Was sich ändern würde, lässt sich nicht vorhersagen.",
    ),
    (
        "cannot predict: what the script {} changes is known to its authors alone",
        "Was das Skript {} ändert, wissen nur, die es geschrieben haben.",
    ),
    ("cannot predict: {}", "nicht vorhersagbar: {}"),
    ("the script {} was run", "das Skript {} wurde ausgeführt"),
    ("not measured: {}", "nicht gemessen: {}"),
    ("not done: {}", "nicht getan: {}"),
    ("ruled out by the facts", "durch die Fakten ausgeschlossen"),
    ("follows from {}", "folgt aus {}"),
    ("nobody is asked: nothing is changed", "niemand wird gefragt: Es wird nichts geändert"),
    ("nobody is there to agree", "niemand ist da, um zuzustimmen"),
    (
        "nobody is signed in, and it takes a person who is there now",
        "niemand ist angemeldet, und es braucht eine Person, die jetzt da ist",
    ),
    ("the user ({}) said no", "der Benutzer ({}) hat abgelehnt"),
    ("the user did not agree within {} minutes", "der Benutzer hat in {} Minuten nicht zugestimmt"),
    ("{} did not approve it", "{} hat es nicht freigegeben"),
    (
        "not enough people approved it before the job's deadline",
        "vor der Frist des Auftrags haben nicht genug Personen unterschrieben",
    ),
    ("started at the machine itself by {}", "am Rechner selbst gestartet von {}"),
];

/// A sentence in this language, where it is known.
#[must_use]
pub fn in_language(text: &str, language: Language) -> String {
    match language {
        Language::English => text.to_owned(),
        Language::German => german(text).unwrap_or_else(|| text.to_owned()),
    }
}

fn german(text: &str) -> Option<String> {
    SENTENCES.iter().find_map(|(english, german)| {
        let Some((before, after)) = english.split_once("{}") else {
            return (*english == text).then(|| (*german).to_owned());
        };
        let part = text.strip_prefix(before)?.strip_suffix(after)?;
        Some(german.replace("{}", part))
    })
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
            ("eth0 asks 192.0.2.1", "eth0 asks 192.0.2.1"),
            ("", ""),
        ] {
            assert_eq!(in_language(said, Language::German), german);
            assert_eq!(in_language(said, Language::English), said);
        }
    }

    #[test]
    fn no_sentence_hides_a_later_one() {
        for (english, german) in SENTENCES {
            let text = english.replace("{}", "7");
            assert_eq!(
                in_language(&text, Language::German),
                german.replace("{}", "7"),
                "{english}"
            );
        }
    }
}
