//! Whatever is written is read or refused with a place in it, and what lints clean keeps what it promises.

use std::collections::BTreeSet;

use befund_expression::{Expression, Names};
use befund_model::action::{self, Risk};
use befund_model::probe::spec;
use befund_runbook::document::{Act, Consent, OnInterrupt, Runbook, Source, UndoBy};
use befund_runbook::{Diagnostic, Severity, load, render};
use proptest::prelude::*;
use proptest::sample::{Index, select};

const NO_INTERNET: &str = include_str!("fixtures/no-internet.yaml");
const SMALL: &str = include_str!("fixtures/small.yaml");

/// What authors write, and what breaks readers.
const WORDS: &[&str] = &[
    "",
    " ",
    "\n",
    "  ",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"",
    "'",
    "|",
    ">",
    "#",
    "&a ",
    "*a",
    "!!str ",
    "~",
    "null",
    "true",
    "5",
    "-1",
    "5s",
    "1h",
    "99999999999999999999",
    "1MiB",
    "${",
    "}",
    "${web.result}",
    "web",
    "link.interfaces",
    "ask.scope",
    "inputs.interface",
    "now",
    "&&",
    "||",
    "!",
    "(",
    ")",
    "web.result == 'open'",
    "id: dns-dead",
    "fix:",
    "undo: auto",
    "undo: none",
    "risk: read",
    "risk: disruptive",
    "act: machine.reboot",
    "act: net.adapter_restart",
    "consent: policy",
    "when: ",
    "explains: [dns-dead]",
    "verify: {within: 1h}",
    "en",
    "de",
    "en: ",
    "\u{feff}",
    "\u{0}",
    "\t",
    "ä",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "<<: ",
    "? ",
    "on_interrupt: rerun",
    "on_interrupt: undo",
    "confirm: {within: 5s}",
];

#[derive(Clone, Debug)]
enum Change {
    Remove(Index, usize),
    Insert(Index, &'static str),
    Replace(Index, usize, &'static str),
    Repeat(Index, usize),
    DropLine(Index),
    SwapLines(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let word = || select(WORDS);
    prop_oneof![
        (any::<Index>(), 1..30_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        (any::<Index>(), word()).prop_map(|(at, word)| Change::Insert(at, word)),
        (any::<Index>(), 1..20_usize, word())
            .prop_map(|(at, n, word)| Change::Replace(at, n, word)),
        (any::<Index>(), 1..60_usize).prop_map(|(at, count)| Change::Repeat(at, count)),
        any::<Index>().prop_map(Change::DropLine),
        (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Change::SwapLines(one, other)),
    ]
}

fn changed(text: &str, changes: &[Change]) -> String {
    let mut signs: Vec<char> = text.chars().collect();
    for change in changes {
        if signs.is_empty() {
            break;
        }
        let span = |at: &Index, count: usize| {
            let from = at.index(signs.len());
            from..(from + count).min(signs.len())
        };
        match change {
            Change::Remove(at, count) => drop(signs.drain(span(at, *count))),
            Change::Insert(at, word) => {
                let from = at.index(signs.len());
                signs.splice(from..from, word.chars());
            }
            Change::Replace(at, count, word) => {
                let span = span(at, *count);
                signs.splice(span, word.chars());
            }
            Change::Repeat(at, count) => {
                let span = span(at, *count);
                let again = signs[span.clone()].to_vec();
                signs.splice(span.start..span.start, again);
            }
            Change::DropLine(at) | Change::SwapLines(at, _) => {
                let text: String = signs.iter().collect();
                let mut lines: Vec<&str> = text.lines().collect();
                if lines.is_empty() {
                    continue;
                }
                let here = at.index(lines.len());
                match change {
                    Change::SwapLines(_, other) => {
                        let there = other.index(lines.len());
                        lines.swap(here, there);
                    }
                    _ => drop(lines.remove(here)),
                }
                signs = lines.join("\n").chars().collect();
            }
        }
    }
    signs.into_iter().collect()
}

fn placed(text: &str, told: &[Diagnostic]) {
    let lines = text.lines().count().max(1);
    for it in told {
        assert!(it.line >= 1 && it.line <= lines + 1 && it.column >= 1, "{it:?}");
        assert!(!it.message.is_empty() && !it.code.is_empty(), "{it:?}");
        assert_ne!(it.code, "internal", "{it:?}");
    }
    let shown = render("any.yaml", text, told);
    assert!(shown.lines().count() >= told.len());
}

fn looked_at(text: &str) {
    match load(text) {
        Err(told) => {
            assert!(told.iter().any(|it| it.severity == Severity::Error), "{told:?}");
            placed(text, &told);
        }
        Ok((runbook, told)) => {
            assert!(told.iter().all(|it| it.severity == Severity::Warning), "{told:?}");
            placed(text, &told);
            keeps(&runbook);
        }
    }
}

/// What every runbook that lints clean keeps, and whoever runs it may rely on.
fn keeps(runbook: &Runbook) {
    let mut names = BTreeSet::from(["ask".to_owned(), "inputs".to_owned()]);
    for step in &runbook.collect {
        assert!(names.insert(step.name.clone()), "{}", step.name);
        assert!(step.timeout * (step.retry.max + 1) <= runbook.limits.wall);
        if let Source::Probe { name, version, .. } = &step.source {
            assert_eq!(spec::probe(name).expect("a probe").version, *version);
        }
    }
    let names = Names::new(names, "name", "");
    let compiles = |text: &str| Expression::compile(text, &names).expect(text);
    for question in &runbook.ask {
        assert!(question.choice.iter().any(|choice| choice.value == question.default));
        question.when.iter().for_each(|when| drop(compiles(&when.text)));
    }
    for input in runbook.inputs.values() {
        input.default.iter().for_each(|default| input.kind.accepts(default).expect("it fits"));
    }
    let ids: BTreeSet<&str> = runbook.causes.iter().map(|cause| cause.id.as_str()).collect();
    assert_eq!(ids.len(), runbook.causes.len(), "each has an id of its own");
    let mut reboots = 0;
    for cause in &runbook.causes {
        compiles(&cause.when.text);
        assert!(cause.explains.iter().all(|id| ids.contains(id.as_str()) && *id != cause.id));
        let changes = cause.fixes.iter().any(|fix| fix.risk > Risk::Read);
        assert!(!changes || cause.verify.is_some(), "what changes is verified");
        cause.verify.iter().for_each(|verify| drop(compiles(&verify.until.text)));
        for fix in &cause.fixes {
            let spec = match &fix.act {
                Act::Action(name) => Some(action::find(name).expect("an action")),
                Act::Script(_) | Act::Instruct | Act::OpenUrl => None,
                Act::Reboot => {
                    reboots += 1;
                    None
                }
            };
            if let Some(spec) = spec {
                assert!(fix.risk >= spec.risk, "risk is never lowered");
                assert!(!spec.network || fix.confirm.is_some(), "the network is confirmed");
                let known = |name: &String| spec.parameters.iter().any(|it| it.name == name);
                assert!(fix.with.keys().all(known));
            }
            if fix.risk == Risk::Disruptive {
                assert!(fix.consent == Consent::Present && fix.text.is_some());
            }
            let undone = fix.undo != UndoBy::None
                || spec.is_some_and(|spec| spec.undo == action::Undo::Needless);
            assert!(undone || fix.confirm.is_none() && fix.on_interrupt != OnInterrupt::Undo);
        }
    }
    assert!(reboots == 0 || runbook.limits.reboots > 0);
}

#[test]
fn the_good_ones_keep_it() {
    for text in [NO_INTERNET, SMALL] {
        keeps(&load(text).expect("a runbook").0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_text_is_read_or_refused_with_a_place_in_it(text in "\\PC{0,80}") {
        looked_at(&text);
    }

    #[test]
    fn any_words_are_read_or_refused(words in proptest::collection::vec(select(WORDS), 0..40)) {
        looked_at(&words.concat());
    }

    #[test]
    fn a_good_runbook_that_was_changed_is_still_good_or_refused(
        text in select(&[NO_INTERNET, SMALL][..]),
        changes in proptest::collection::vec(change(), 1..4),
    ) {
        looked_at(&changed(text, &changes));
    }
}
