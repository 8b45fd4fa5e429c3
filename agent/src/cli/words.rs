//! What end users read, in English and, where the environment asks for it, German.

use befund_model::language::{Language, Words};

/// A text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// `{0}` the organisation, `{1}` the requester.
    WillBeSent,
    Redacted,
    NoneRedacted,
    ShowHint,
    SendNow,
    NotSent,
    NobodyToAsk,
    Sending,
    /// `{0}` the number of the ticket.
    Delivered,
    DeliveredWithoutTicket,
    WhatNext,
    /// `{0}` the number of the request.
    Kept,
    /// `{0}` the reason.
    OutOfReach,
    Collecting,
    /// `{0}` how many sections, `{1}` how many bytes.
    InAll,
    Partial,
    NotHere,
    Denied,
    TooSlow,
    Unreadable,
    /// `{0}` how many.
    BlackedOut,
    Withheld,
}

/// The language that `LC_ALL`, `LC_MESSAGES` or `LANG` ask for, the first that says something.
pub(crate) fn choose(environment: impl Fn(&str) -> Option<String>) -> Language {
    let wish = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| environment(name).filter(|value| !value.is_empty()))
        .unwrap_or_default();
    Language::of_tag(&wish).unwrap_or_default()
}

/// The tag of a language, as the executor is told it.
pub(crate) const fn tag(language: Language) -> &'static str {
    match language {
        Language::English => "en",
        Language::German => "de",
    }
}

impl Text {
    /// The text in this language.
    pub(crate) const fn in_language(self, language: Language) -> &'static str {
        let (english, german) = match self {
            Text::WillBeSent => {
                ("This will be sent to {0}, for {1}:", "Das wird an {0} gesendet, für {1}:")
            }
            Text::Redacted => (
                "Secret values blacked out (marked as [redacted…]): {0}.",
                "Geschwärzte geheime Werte (mit [redacted…] markiert): {0}.",
            ),
            Text::NoneRedacted => {
                ("No secret values were found in it.", "Geheime Werte wurden darin nicht gefunden.")
            }
            Text::ShowHint => (
                "To read a section before it is sent: befund-agent send --show NAME (as in brackets)",
                "Einen Abschnitt vor dem Senden lesen: befund-agent send --show NAME (wie in Klammern)",
            ),
            Text::SendNow => ("Send it? [y/N]", "Senden? [j/N]"),
            Text::NotSent => ("Nothing was sent.", "Es wurde nichts gesendet."),
            Text::NobodyToAsk => (
                "there is no terminal to ask on; add --yes to send without being asked",
                "es gibt kein Terminal zum Nachfragen; mit --yes wird ohne Nachfrage gesendet",
            ),
            Text::Sending => ("Sending", "Senden"),
            Text::Delivered => ("Your ticket is #{0}.", "Ihr Ticket ist #{0}."),
            Text::DeliveredWithoutTicket => {
                ("Your help desk has it.", "Ihr Helpdesk hat es erhalten.")
            }
            Text::WhatNext => (
                "A technician of {0} will look at it and answer; please mention the number if you call.",
                "Jemand aus der Technik von {0} sieht es sich an und meldet sich; bei einem Anruf nennen Sie bitte die Nummer.",
            ),
            Text::Kept => (
                "It is kept on this machine as request {0} and sent as soon as the help desk can be reached; you need not do anything.",
                "Es ist auf diesem Gerät als Anfrage {0} gespeichert und wird gesendet, sobald der Helpdesk erreichbar ist; Sie müssen nichts weiter tun.",
            ),
            Text::OutOfReach => (
                "The help desk cannot be reached at the moment ({0}).",
                "Der Helpdesk ist gerade nicht erreichbar ({0}).",
            ),
            Text::InAll => ("{0} sections, {1} in all.", "{0} Abschnitte, zusammen {1}."),
            Text::Partial => ("not all could be read", "nicht alles war lesbar"),
            Text::NotHere => ("not on this machine", "gibt es auf diesem Gerät nicht"),
            Text::Denied => ("no permission to read it", "keine Berechtigung zum Lesen"),
            Text::TooSlow => ("it took too long", "es hat zu lange gedauert"),
            Text::Unreadable => ("could not be read", "war nicht lesbar"),
            Text::BlackedOut => {
                ("secret values blacked out: {0}", "geschwärzte geheime Werte: {0}")
            }
            Text::Withheld => (
                "sent, but not shown to this account",
                "wird gesendet, aber diesem Konto nicht gezeigt",
            ),
            Text::Collecting => {
                ("Reading this machine's state", "Der Zustand dieses Geräts wird gelesen")
            }
        };
        Words { english, german }.in_language(language)
    }
}

/// Whether an answer to [`Text::SendNow`] means yes.
pub(crate) fn is_yes(language: Language, answer: &str) -> bool {
    match language {
        Language::English => matches!(answer, "y" | "yes"),
        Language::German => matches!(answer, "j" | "ja" | "y" | "yes"),
    }
}

/// Puts values in place of `{0}`, `{1}`.
pub(crate) fn fill(text: &str, values: &[&str]) -> String {
    let mut filled = text.to_owned();
    for (n, value) in values.iter().enumerate() {
        filled = filled.replace(&format!("{{{n}}}"), value);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_chooses_the_language() {
        let of = |pairs: &'static [(&str, &str)]| {
            choose(|name| {
                pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[("LANG", "de_DE.UTF-8")]), Language::German);
        assert_eq!(of(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")]), Language::English);
        assert_eq!(of(&[("LC_ALL", ""), ("LANG", "de")]), Language::German);
        assert_eq!(of(&[]), Language::English);
    }
}
