//! What a person is shown when something is to be agreed to, or asked: put together here from what the executor
//! knows itself (the action's own words, the signed runbook's, the prediction of its own child). Pure.

use std::time::Duration;

use befund_model::action::{self, Prediction, Risk, Undo};
use befund_model::job;
use befund_model::language::{Language, Text, Words};
use befund_model::said;
use befund_runbook::document::{Act, UndoBy};
use befund_runbook::machine::FixOrder;

use super::protocol::{Choice, ConsentAsked, Question, Who};

/// The most lines of a prediction that are shown.
const MAX_LINES: usize = 40;

/// What is to be agreed to, in every language.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ConsentView {
    /// What the runbook is for.
    pub(crate) title: Text,
    /// What will be done.
    pub(crate) what: Text,
    /// Why, as the runbook says.
    pub(crate) why: Option<Text>,
    /// What would change.
    pub(crate) lines: Vec<String>,
    /// Whether that could be told.
    pub(crate) known: bool,
    /// What undoing would do.
    pub(crate) undo: Undo,
    /// What it may do.
    pub(crate) risk: Risk,
    /// For how long a consent may hold for the same ticket.
    pub(crate) for_ticket: Option<Duration>,
}

impl ConsentView {
    /// What is shown of a fix. `for_ticket` is what the policy offers; nothing is offered for what is disruptive.
    pub(crate) fn of(
        title: &Text,
        fix: &FixOrder,
        prediction: &Prediction,
        for_ticket: Duration,
    ) -> Self {
        let offered = fix.risk == Risk::Change && for_ticket >= Duration::from_secs(3600);
        Self {
            title: title.clone(),
            what: what(&fix.act),
            why: fix.text.clone(),
            // That it cannot be told is said by `known`.
            lines: prediction
                .lines
                .iter()
                .filter(|line| prediction.known || !line.starts_with("cannot predict: "))
                .take(MAX_LINES)
                .cloned()
                .collect(),
            known: prediction.known,
            undo: undo(&fix.act, &fix.undo),
            risk: fix.risk,
            for_ticket: offered.then_some(for_ticket),
        }
    }

    /// As one person is shown it.
    pub(crate) fn in_language(
        &self,
        language: Language,
        number: u64,
        organisation: String,
        who: Who,
        seconds: u64,
    ) -> ConsentAsked {
        let words = |text: &Text| text.in_language(language).to_owned();
        // A consent for a ticket is one to a technician.
        let offered = match &who {
            Who::Technician { ticket: Some(_), .. } => self.for_ticket,
            Who::Technician { ticket: None, .. } | Who::Yourself | Who::Another { .. } => None,
        };
        ConsentAsked {
            number,
            organisation,
            who,
            title: words(&self.title),
            what: words(&self.what),
            why: self.why.as_ref().map(words).unwrap_or_default(),
            lines: self.lines.iter().map(|line| said::in_language(line, language)).collect(),
            known: self.known,
            undo: self.undo,
            risk: self.risk,
            seconds,
            for_ticket: offered.map(|offered| offered.as_secs() / 3600),
        }
    }
}

/// A question, as one person is shown it.
pub(crate) fn question(
    question: &job::Question,
    number: u64,
    organisation: String,
    who: Who,
    seconds: u64,
    language: Language,
) -> Question {
    let choice = |choice: &job::Choice| Choice {
        value: choice.value.clone(),
        text: choice.text.in_language(language).to_owned(),
    };
    Question {
        number,
        organisation,
        who,
        text: question.text.in_language(language).to_owned(),
        choices: question.choice.iter().map(choice).collect(),
        default: question.default.clone(),
        seconds,
    }
}

/// What is done, in the words of whoever does it.
pub(crate) fn what(act: &Act) -> Text {
    let said = |words: Words| Text { en: words.english.to_owned(), de: words.german.to_owned() };
    match act {
        Act::Action(name) => match action::find(name) {
            Some(spec) => said(spec.user),
            None => Text { en: name.clone(), de: name.clone() },
        },
        Act::Script(script) => Text {
            en: format!("A script of the organisation is run: {}.", script.path),
            de: format!("Ein Skript der Organisation wird ausgeführt: {}.", script.path),
        },
        Act::Instruct => said(Words {
            english: "You are asked to do something yourself.",
            german: "Sie werden gebeten, selbst etwas zu tun.",
        }),
        Act::OpenUrl => said(Words {
            english: "A page is opened in your browser.",
            german: "Eine Seite wird in Ihrem Browser geöffnet.",
        }),
        Act::Reboot => said(Words {
            english: "This machine is restarted. What is not saved is lost.",
            german: "Dieses Gerät wird neu gestartet. Nicht Gespeichertes geht verloren.",
        }),
    }
}

/// What undoing the fix would do.
pub(crate) fn undo(act: &Act, by: &UndoBy) -> Undo {
    let own = match act {
        Act::Action(name) => action::find(name).map_or(Undo::Impossible, |spec| spec.undo),
        Act::Instruct | Act::OpenUrl => Undo::Needless,
        Act::Script(_) | Act::Reboot => Undo::Impossible,
    };
    match by {
        UndoBy::Auto => own,
        UndoBy::Action(_) | UndoBy::Script(_) => Undo::Restores,
        // Not to be undone: where there would be something to put back, it stays as it will be.
        UndoBy::None => match own {
            Undo::Needless => Undo::Needless,
            Undo::Restores | Undo::Impossible => Undo::Impossible,
        },
    }
}

/// The host of an address that a browser may be sent to: of the web, without anything that would show people another
/// host than the one that is opened.
///
/// # Errors
/// Why it is not opened.
pub fn host(url: &str) -> Result<String, &'static str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err("it is no address of the web");
    };
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err("it is neither http nor https");
    }
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = |letter: char| letter.is_ascii_graphic() && !"@\\\"'`<>^{|}".contains(letter);
    let deceives = host.is_empty() || !host.chars().all(plain);
    if deceives || url.len() > 2_048 || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it may deceive");
    }
    Ok(host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_that_is_shown_is_the_one_that_is_opened() {
        assert_eq!(host("http://portal.example:8080/in?x=1#y"), Ok("portal.example:8080".into()));
        assert_eq!(host("HTTPS://[2001:db8::1]/"), Ok("[2001:db8::1]".into()));
        for bad in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "portal.example",
            "http://",
            "http:///x",
            "http://bank.example@evil.example/",
            "http://evil.example\\@bank.example/",
            "http://b\u{e4}nk.example/",
            "http://a b/",
            "http://a/\n",
        ] {
            assert!(host(bad).is_err(), "{bad}");
        }
        assert!(host(&format!("http://a/{}", "x".repeat(2_048))).is_err());
    }

    #[test]
    fn undoing_is_promised_only_where_it_can_be_kept() {
        let renew = Act::Action("net.dhcp_renew".into());
        let spec = action::find("net.dhcp_renew").expect("known").undo;
        assert_eq!(undo(&renew, &UndoBy::Auto), spec);
        let unblock = Act::Action("devices.unblock".into());
        assert_eq!(undo(&unblock, &UndoBy::Auto), Undo::Restores);
        assert_eq!(undo(&unblock, &UndoBy::None), Undo::Impossible);
        let flush = Act::Action("dns.flush_cache".into());
        assert_eq!(undo(&flush, &UndoBy::None), Undo::Needless);
        assert_eq!(undo(&Act::Reboot, &UndoBy::Auto), Undo::Impossible);
        assert_eq!(undo(&Act::Reboot, &UndoBy::Action("x".into())), Undo::Restores);
    }
}
