//! Stories at the desk, and what must hold whatever happens at it.

use befund_model::action::Undo;
use befund_model::job::Choice;
use befund_model::language::Text;
use proptest::prelude::*;

use super::*;

fn text(en: &str) -> Text {
    Text { en: en.to_owned(), de: format!("{en} (de)") }
}

fn account(number: u8) -> Account {
    // The system's own numbers on Unix, and as good as any on Windows.
    let text = if cfg_unix() { number.to_string() } else { format!("S-1-5-21-1-2-3-{number}") };
    text.parse().expect("an account")
}

fn cfg_unix() -> bool {
    "0".parse::<Account>().is_ok()
}

fn guest(number: u8) -> Guest {
    let language = if number == 2 { Language::German } else { Language::English };
    Guest { account: account(number), name: format!("person{number}"), language }
}

fn consent(risk: Risk, audience: Audience) -> Matter {
    Matter {
        audience,
        what: What::Consent(Box::new(ConsentView {
            title: text("No Internet"),
            what: text("Remembered names are forgotten."),
            why: Some(text("Names are not found.")),
            lines: vec!["42 names are forgotten".to_owned()],
            known: true,
            undo: Undo::Needless,
            risk,
            for_ticket: Some(Duration::from_secs(8 * 3600)),
        })),
        organisation: "Example".to_owned(),
        who: Who::Technician { name: None, ticket: Some(TICKET) },
    }
}

const TICKET: befund_model::id::TicketNumber = befund_model::id::TicketNumber(7);

fn question(audience: Audience) -> Matter {
    let choice = |value: &str| Choice { value: value.to_owned(), text: text(value) };
    Matter {
        what: What::Question(Box::new(Question {
            name: "scope".to_owned(),
            user: true,
            text: text("Do others have Internet?"),
            choice: vec![choice("yes"), choice("no")],
            default: "no".to_owned(),
            within_ms: 60_000,
        })),
        ..consent(Risk::Change, audience)
    }
}

fn notice(audience: Audience) -> Matter {
    let what = What::Notice(Notice::Instruct(text("Plug in the cable.")));
    Matter { what, ..consent(Risk::Change, audience) }
}

fn scene(seconds: u64, signed_in: &[Account]) -> Scene<'_> {
    Scene { at: Duration::from_secs(seconds), signed_in }
}

fn said(effects: &[Effect]) -> Vec<(Visitor, ToPerson)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Say(visitor, said) => Some((*visitor, (**said).clone())),
            Effect::Settle(..) => None,
        })
        .collect()
}

fn verdicts(effects: &[Effect]) -> Vec<(u64, Verdict)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Settle(number, verdict) => Some((*number, verdict.clone())),
            Effect::Say(..) => None,
        })
        .collect()
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn each_person_is_asked_in_their_language_and_the_first_answer_counts() {
    let here = [account(1), account(2)];
    let mut desk = Desk::new(40);
    desk.arrive(1, guest(1), scene(0, &here));
    desk.arrive(2, guest(2), scene(0, &here));
    let (number, effects) = desk.ask(question(Audience::Everybody), MINUTE, scene(0, &here));
    assert_eq!(number, 41);
    let texts: Vec<String> = said(&effects)
        .into_iter()
        .map(|(_, said)| match said {
            ToPerson::Question(question) => question.text,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, ["Do others have Internet?", "Do others have Internet? (de)"]);

    assert!(desk.answer(1, number, "perhaps", scene(1, &here)).is_empty(), "no such choice");
    assert!(desk.answer(1, number - 1, "yes", scene(1, &here)).is_empty(), "an older number");
    let effects = desk.answer(2, number, "yes", scene(1, &here));
    let by = "person2".to_owned();
    assert_eq!(
        verdicts(&effects),
        [(number, Verdict::Answered { choice: "yes".to_owned(), by: by.clone() })]
    );
    let settled = ToPerson::Settled { number, how: Settled::Answered { by } };
    assert_eq!(said(&effects), [(1, settled.clone()), (2, settled)]);
    assert!(desk.answer(1, number, "no", scene(2, &here)).is_empty(), "it was answered");
    assert!(desk.is_quiet());
}

#[test]
fn who_is_not_signed_in_is_neither_asked_nor_heard() {
    let mut desk = Desk::new(0);
    desk.arrive(1, guest(1), scene(0, &[]));
    let (number, effects) =
        desk.ask(consent(Risk::Change, Audience::Everybody), MINUTE, scene(0, &[account(2)]));
    assert!(effects.is_empty());
    assert!(desk.consent(1, number, true, false, scene(1, &[account(1)])).is_empty(), "not asked");
    // Somebody who was asked, and has signed out since.
    let here = [account(2)];
    assert_eq!(said(&desk.arrive(2, guest(2), scene(2, &here))).len(), 1);
    assert!(desk.consent(2, number, true, false, scene(3, &[])).is_empty());
    assert_eq!(
        verdicts(&desk.pass(MINUTE)),
        [(number, Verdict::Silence { asked: true })],
        "and so nobody agreed"
    );
}

#[test]
fn a_disruptive_step_waits_for_those_who_might_object() {
    let here = [account(1), account(2)];
    let ask = |desk: &mut Desk| {
        desk.arrive(1, guest(1), scene(0, &here));
        desk.arrive(2, guest(2), scene(0, &here));
        desk.ask(consent(Risk::Disruptive, Audience::Everybody), 10 * MINUTE, scene(0, &here)).0
    };
    // One agrees and the other refuses.
    let mut desk = Desk::new(0);
    let number = ask(&mut desk);
    assert!(desk.consent(1, number, true, false, scene(5, &here)).is_empty());
    assert_eq!(desk.next(), Some(Duration::from_secs(5) + OBJECTION));
    let effects = desk.consent(2, number, false, false, scene(6, &here));
    assert_eq!(verdicts(&effects), [(number, Verdict::Refused { by: "person2".to_owned() })]);
    // Both agree.
    let given = Verdict::Given { by: "person1".to_owned(), for_ticket: false };
    let mut desk = Desk::new(0);
    let number = ask(&mut desk);
    desk.consent(1, number, true, false, scene(5, &here));
    let effects = desk.consent(2, number, true, false, scene(6, &here));
    assert_eq!(verdicts(&effects), [(number, given.clone())]);
    // The other says nothing.
    let mut desk = Desk::new(0);
    let number = ask(&mut desk);
    desk.consent(1, number, true, false, scene(5, &here));
    assert!(desk.pass(Duration::from_secs(34)).is_empty());
    assert_eq!(verdicts(&desk.pass(Duration::from_secs(35))), [(number, given.clone())]);
    // The other leaves.
    let mut desk = Desk::new(0);
    let number = ask(&mut desk);
    desk.consent(1, number, true, false, scene(5, &here));
    assert_eq!(verdicts(&desk.leave(2)), [(number, given.clone())]);
    // The other is the same person's second program.
    let mut desk = Desk::new(0);
    let number = ask(&mut desk);
    desk.leave(2);
    desk.arrive(3, guest(1), scene(1, &here));
    assert_eq!(verdicts(&desk.consent(1, number, true, false, scene(5, &here))), [(number, given)]);
}

#[test]
fn ones_own_run_asks_oneself_and_lets_others_object_to_what_disrupts_them() {
    let here = [account(1), account(2)];
    let mut desk = Desk::new(0);
    desk.arrive(1, guest(1), scene(0, &here));
    desk.arrive(2, guest(2), scene(0, &here));
    let own = Audience::Own(1);
    let (number, effects) = desk.ask(consent(Risk::Change, own.clone()), MINUTE, scene(0, &here));
    match said(&effects).as_slice() {
        [(1, ToPerson::ConsentAsked(asked))] => {
            assert_eq!((&asked.who, asked.for_ticket), (&Who::Yourself, None));
        }
        other => panic!("{other:?}"),
    }
    assert!(desk.consent(2, number, true, false, scene(1, &here)).is_empty(), "not theirs");
    assert_eq!(verdicts(&desk.consent(1, number, true, true, scene(1, &here))).len(), 1);

    let (number, effects) = desk.ask(consent(Risk::Disruptive, own), MINUTE, scene(2, &here));
    assert_eq!(said(&effects).len(), 2);
    assert!(
        desk.consent(2, number, true, false, scene(3, &here)).is_empty(),
        "theirs alone is none"
    );
    let effects = desk.consent(1, number, true, false, scene(4, &here));
    assert_eq!(verdicts(&effects).len(), 1, "now both have agreed");

    let (number, _) = desk.ask(question(Audience::Own(1)), MINUTE, scene(5, &here));
    assert_eq!(verdicts(&desk.leave(1)), [(number, Verdict::Left)]);
}

#[test]
fn a_consent_for_the_ticket_is_taken_only_where_it_was_offered() {
    let here = [account(1)];
    let mut desk = Desk::new(0);
    desk.arrive(1, guest(1), scene(0, &here));
    let mut matter = consent(Risk::Change, Audience::Everybody);
    let (number, effects) = desk.ask(matter.clone(), MINUTE, scene(0, &here));
    assert!(matches!(
        said(&effects).as_slice(),
        [(1, ToPerson::ConsentAsked(asked))] if asked.for_ticket == Some(8)
    ));
    let effects = desk.consent(1, number, true, true, scene(1, &here));
    assert!(matches!(verdicts(&effects)[..], [(_, Verdict::Given { for_ticket: true, .. })]));
    if let What::Consent(view) = &mut matter.what {
        view.for_ticket = None;
    }
    let (number, _) = desk.ask(matter, MINUTE, scene(2, &here));
    let effects = desk.consent(1, number, true, true, scene(3, &here));
    assert!(matches!(verdicts(&effects)[..], [(_, Verdict::Given { for_ticket: false, .. })]));
}

#[test]
fn a_notice_waits_for_somebody_and_is_shown_to_whoever_comes() {
    let here = [account(1), account(2)];
    let mut desk = Desk::new(0);
    let (number, effects) = desk.ask(notice(Audience::Everybody), MINUTE, scene(0, &here));
    assert!(effects.is_empty(), "nobody is there");
    let effects = desk.arrive(2, guest(2), scene(1, &here));
    let shown = ToPerson::Instruct { text: "Plug in the cable. (de)".to_owned() };
    assert_eq!(said(&effects), [(2, shown)]);
    assert_eq!(verdicts(&effects), [(number, Verdict::Shown)]);
    let (_, effects) = desk.ask(notice(Audience::Everybody), MINUTE, scene(2, &here));
    assert_eq!(verdicts(&effects).len(), 1, "somebody is there");
    let (number, _) = desk.ask(notice(Audience::Own(9)), MINUTE, scene(3, &here));
    assert_eq!(verdicts(&desk.pass(2 * MINUTE)), [(number, Verdict::Silence { asked: false })]);
}

#[derive(Clone, Debug)]
enum Event {
    Arrive(u64, u8),
    Leave(u64),
    Ask(u8),
    Answer(u64, u64, bool),
    Consent(u64, u64, bool),
    SignIn(u8),
    SignOut(u8),
    Pass(u64),
    Withdraw(u64),
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        (0..5_u64, 0..4_u8).prop_map(|(visitor, who)| Event::Arrive(visitor, who)),
        (0..5_u64).prop_map(Event::Leave),
        (0..6_u8).prop_map(Event::Ask),
        (0..5_u64, 1..6_u64, any::<bool>()).prop_map(|(v, n, yes)| Event::Answer(v, n, yes)),
        (0..5_u64, 1..6_u64, any::<bool>()).prop_map(|(v, n, yes)| Event::Consent(v, n, yes)),
        (0..4_u8).prop_map(Event::SignIn),
        (0..4_u8).prop_map(Event::SignOut),
        (0..40_u64).prop_map(Event::Pass),
        (1..6_u64).prop_map(Event::Withdraw),
    ]
}

proptest! {
    /// Whoever comes, goes, answers, signs in and out in whatever order: every matter is settled once and in time,
    /// and none is agreed to that nobody who was asked and signed in agreed to, or that somebody had refused.
    #[test]
    fn no_consent_comes_from_nobody(events in prop::collection::vec(events(), 0..120)) {
        let mut desk = Desk::new(0);
        let mut here: Vec<Account> = vec![account(0), account(1)];
        let mut accounts: BTreeMap<Visitor, u8> = BTreeMap::new();
        let mut asked: BTreeSet<(Visitor, u64)> = BTreeSet::new();
        let mut yes: BTreeSet<u64> = BTreeSet::new();
        let mut due: BTreeMap<u64, Duration> = BTreeMap::new();
        let mut settled: BTreeSet<u64> = BTreeSet::new();
        let mut at = Duration::ZERO;
        for event in events {
            let now = Scene { at, signed_in: &here };
            let entitled = |accounts: &BTreeMap<Visitor, u8>, visitor: u64, number: u64| {
                asked.contains(&(visitor, number))
                    && accounts.get(&visitor).is_some_and(|who| here.contains(&account(*who)))
            };
            let mut refused = None;
            let effects = match event {
                Event::Arrive(visitor, who) => {
                    let gone = desk.leave(visitor);
                    accounts.insert(visitor, who);
                    asked.retain(|(one, _)| *one != visitor);
                    let mut effects = gone;
                    effects.extend(desk.arrive(visitor, guest(who), now));
                    effects
                }
                Event::Leave(visitor) => {
                    accounts.remove(&visitor);
                    desk.leave(visitor)
                }
                Event::Ask(kind) => {
                    let matter = match kind {
                        0 => question(Audience::Everybody),
                        1 => consent(Risk::Change, Audience::Everybody),
                        2 => consent(Risk::Disruptive, Audience::Everybody),
                        3 => consent(Risk::Disruptive, Audience::Own(1)),
                        4 => notice(Audience::Everybody),
                        _ => question(Audience::Own(1)),
                    };
                    let (number, effects) = desk.ask(matter, MINUTE, now);
                    due.insert(number, at + MINUTE);
                    effects
                }
                Event::Answer(visitor, number, choice) => {
                    if entitled(&accounts, visitor, number) {
                        yes.insert(number);
                    }
                    desk.answer(visitor, number, if choice { "yes" } else { "no" }, now)
                }
                Event::Consent(visitor, number, given) => {
                    if entitled(&accounts, visitor, number) {
                        if given { yes.insert(number); } else { refused = Some(number); }
                    }
                    desk.consent(visitor, number, given, true, now)
                }
                Event::SignIn(who) => { here.push(account(who)); Vec::new() }
                Event::SignOut(who) => { here.retain(|one| *one != account(who)); Vec::new() }
                Event::Pass(seconds) => {
                    at += Duration::from_secs(seconds);
                    desk.pass(at)
                }
                Event::Withdraw(number) => {
                    due.remove(&number);
                    desk.withdraw(number)
                }
            };
            for effect in &effects {
                match effect {
                    Effect::Say(visitor, message) => {
                        prop_assert!(accounts.contains_key(visitor), "nobody is there");
                        let number = match &**message {
                            ToPerson::Question(question) => question.number,
                            ToPerson::ConsentAsked(asked) => asked.number,
                            _ => continue,
                        };
                        prop_assert!(here.contains(&account(accounts[visitor])), "not signed in");
                        asked.insert((*visitor, number));
                    }
                    Effect::Settle(number, verdict) => {
                        prop_assert!(settled.insert(*number), "settled twice");
                        prop_assert!(due.remove(number).is_some(), "withdrawn, or never asked");
                        match verdict {
                            Verdict::Given { .. } | Verdict::Answered { .. } => {
                                prop_assert!(yes.contains(number), "nobody said so");
                                prop_assert_ne!(refused, Some(*number));
                            }
                            Verdict::Refused { .. } => prop_assert_eq!(refused, Some(*number)),
                            Verdict::Silence { .. } | Verdict::Left | Verdict::Shown => {}
                        }
                    }
                }
            }
        }
        // In the end nothing stays open.
        let late = desk.pass(at + MINUTE);
        for number in due.keys() {
            prop_assert!(late.iter().any(|e| matches!(e, Effect::Settle(n, _) if n == number)));
        }
        prop_assert!(desk.is_quiet());
    }
}
