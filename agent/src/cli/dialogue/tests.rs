//! What people read and what is made of what they type, in both languages.

use befund_executor::people::protocol::{Choice, OfferedInput};
use befund_model::Timestamp;
use befund_model::id::{JobId, TicketNumber};

use super::*;

fn asked(number: u64, risk: Risk, who: Who) -> ConsentAsked {
    ConsentAsked {
        number,
        organisation: "Example AG".to_owned(),
        who,
        title: "No Internet".to_owned(),
        what: "Remembered Internet names are forgotten.".to_owned(),
        why: "No name server answers.\u{1b}[2J".to_owned(),
        lines: vec!["42 names are forgotten".to_owned()],
        known: true,
        undo: Undo::Needless,
        risk,
        seconds: 600,
        for_ticket: None,
    }
}

fn technician() -> Who {
    Who::Technician { name: None, ticket: Some(TicketNumber(7)) }
}

fn question(number: u64, who: Who) -> Question {
    let choice =
        |value: &str, text: &str| Choice { value: value.to_owned(), text: text.to_owned() };
    Question {
        number,
        organisation: "Example AG".to_owned(),
        who,
        text: "Do other devices near you have Internet?".to_owned(),
        choices: vec![choice("yes", "Yes"), choice("no", "No"), choice("unsure", "I don't know")],
        default: "unsure".to_owned(),
        seconds: 90,
    }
}

/// What is shown for these steps, and what is said.
fn written(steps: &[Step]) -> String {
    let lines = steps.iter().map(|step| match step {
        Step::Show(text) => text.clone(),
        Step::Prompt(text) => format!("{text} _"),
        Step::Say(said) => format!("    >> {}", serde_json::to_string(said).expect("JSON")),
        Step::Open(url) => format!("    >> opens {url}"),
        Step::Begun => "    >> tells the link".to_owned(),
        Step::End(_) => "    >> the end".to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn story(language: Language) -> String {
    let mut dialogue = Dialogue::new(language, Manner::Asked);
    let mut all = Vec::new();
    let mut hear = |said: ToPerson| all.push(written(&dialogue.hear(said)));
    hear(ToPerson::Begun {
        job: JobId::new(Timestamp::UNIX_EPOCH, [0; 10]),
        title: "No Internet".to_owned(),
    });
    hear(ToPerson::Tell { line: "Looking at: Internet names".to_owned() });
    hear(ToPerson::Question(Box::new(question(1, Who::Yourself))));
    hear(ToPerson::ConsentAsked(Box::new(asked(2, Risk::Change, Who::Yourself))));
    hear(ToPerson::Settled { number: 1, how: Settled::TimedOut });
    all.push(written(&dialogue.typed("y")));
    let mut hear = |said: ToPerson| all.push(written(&dialogue.hear(said)));
    let mut careful = asked(3, Risk::Disruptive, technician());
    careful.known = false;
    careful.undo = Undo::Impossible;
    hear(ToPerson::ConsentAsked(Box::new(careful)));
    all.push(written(&dialogue.typed("")));
    let mut hear = |said: ToPerson| all.push(written(&dialogue.hear(said)));
    let another = Who::Another { name: "bert".to_owned() };
    hear(ToPerson::ConsentAsked(Box::new(asked(4, Risk::Disruptive, another.clone()))));
    hear(ToPerson::Settled { number: 4, how: Settled::Answered { by: "anna".to_owned() } });
    hear(ToPerson::Question(Box::new(question(5, technician()))));
    hear(ToPerson::Settled { number: 5, how: Settled::Withdrawn });
    hear(ToPerson::Question(Box::new(question(6, another))));
    all.push(written(&dialogue.typed("4")));
    all.push(written(&dialogue.typed("2")));
    let mut ticket = asked(7, Risk::Change, technician());
    ticket.undo = Undo::Restores;
    ticket.for_ticket = Some(8);
    all.push(written(&dialogue.hear(ToPerson::ConsentAsked(Box::new(ticket)))));
    all.push(written(&dialogue.typed(yes(language))));
    all.push(written(&dialogue.typed(yes(language))));
    let mut hear = |said: ToPerson| all.push(written(&dialogue.hear(said)));
    hear(ToPerson::Instruct { text: "plug in the cable.".to_owned() });
    hear(ToPerson::OpenUrl {
        url: "http://portal.example/in".to_owned(),
        host: "portal.example".to_owned(),
        text: "Sign in to this network.".to_owned(),
    });
    all.push(written(&dialogue.typed(yes(language))));
    let change = |undo, unsure| Change { what: "A service is restarted.".to_owned(), undo, unsure };
    all.push(written(&dialogue.hear(ToPerson::Done(Box::new(Done {
        conclusion: "It works now.".to_owned(),
        accepted: Some(true),
        changes: vec![change(Undo::Restores, false), change(Undo::Impossible, true)],
    })))));
    all.join("\n\n")
}

const fn yes(language: Language) -> &'static str {
    match language {
        Language::English => "yes",
        Language::German => "ja",
    }
}

#[test]
fn a_dialogue_in_english() {
    insta::assert_snapshot!(story(Language::English));
}

#[test]
fn a_dialogue_in_german() {
    insta::assert_snapshot!(story(Language::German));
}

#[test]
fn what_may_be_started_is_told_in_a_sentence_each() {
    let input = |name: &str, required| OfferedInput {
        name: name.to_owned(),
        title: format!("The {name}"),
        required,
    };
    let offer = |runbook: &str, inputs| Offer {
        runbook: runbook.to_owned(),
        title: "No Internet".to_owned(),
        about: "Looks for the first thing that is broken. And more.".to_owned(),
        inputs,
    };
    let some = [
        offer("net.no-internet", vec![input("site", false), input("card", true)]),
        offer("sound.none", Vec::new()),
    ];
    let told = [
        offers(Language::English, &some),
        offers(Language::German, &some),
        offers(Language::English, &[]),
        offers(Language::German, &[]),
    ];
    insta::assert_snapshot!(told.join("\n----\n"));
}

fn says(steps: &[Step]) -> Vec<FromPerson> {
    let said = |step: &Step| match step {
        Step::Say(said) => Some(said.clone()),
        Step::Show(_) | Step::Prompt(_) | Step::Open(_) | Step::Begun | Step::End(_) => None,
    };
    steps.iter().filter_map(said).collect()
}

#[test]
fn only_a_yes_is_a_yes() {
    for typed in ["", "n", "no", "nein", "maybe", "1", "yep", "\u{1b}[A"] {
        for language in [Language::English, Language::German] {
            let mut dialogue = Dialogue::new(language, Manner::Asked);
            dialogue.hear(ToPerson::ConsentAsked(Box::new(asked(1, Risk::Change, technician()))));
            let no = FromPerson::Consent { number: 1, given: false, for_ticket: false };
            assert_eq!(says(&dialogue.typed(typed)), [no], "{typed:?}");
            assert!(dialogue.has_refused());
        }
    }
    let mut dialogue = Dialogue::new(Language::English, Manner::Asked);
    assert!(dialogue.typed("yes").is_empty(), "nothing was asked");
}

#[test]
fn agreeing_beforehand_goes_no_further_than_ones_own_changes() {
    let given = |manner, risk, who| {
        let mut dialogue = Dialogue::new(Language::English, manner);
        let steps = dialogue.hear(ToPerson::ConsentAsked(Box::new(asked(1, risk, who))));
        match says(&steps).as_slice() {
            [] => None,
            [FromPerson::Consent { given, .. }] => Some(*given),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(given(Manner::AskedLess, Risk::Change, Who::Yourself), Some(true));
    assert_eq!(given(Manner::AskedLess, Risk::Disruptive, Who::Yourself), None, "asked");
    assert_eq!(given(Manner::AskedLess, Risk::Change, technician()), None, "asked");
    assert_eq!(given(Manner::Alone, Risk::Change, Who::Yourself), Some(true));
    assert_eq!(given(Manner::Alone, Risk::Disruptive, Who::Yourself), Some(false));
    assert_eq!(given(Manner::Alone, Risk::Change, technician()), Some(false));
    assert_eq!(given(Manner::Asked, Risk::Change, Who::Yourself), None, "asked");
}

#[test]
fn an_address_that_shows_another_host_is_not_offered_to_be_opened() {
    let mut dialogue = Dialogue::new(Language::English, Manner::Asked);
    for (url, host) in [
        ("http://evil.example/", "bank.example"),
        ("file:///etc/passwd", ""),
        ("http://bank.example@evil.example/", "bank.example"),
    ] {
        let said =
            ToPerson::OpenUrl { url: url.to_owned(), host: host.to_owned(), text: String::new() };
        let steps = dialogue.hear(said);
        assert!(matches!(steps.as_slice(), [Step::Show(_)]), "{steps:?}");
        assert!(dialogue.typed("yes").is_empty());
    }
}
