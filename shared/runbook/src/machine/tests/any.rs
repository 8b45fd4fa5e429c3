//! Any runbook: each expression in it is another text, which says what it is for and what it names.

use proptest::prelude::*;

use befund_model::action::Risk;

use crate::document::{
    Act, Cause, Collect, Condition, Confirm, Consent, Escalate, Fix, Limits, OnInterrupt, Piece,
    Question, Resume, Retry, Runbook, Source, Template, UndoBy, Verify, With,
};
use crate::sample::{cause, collect, condition, fix, instruct, no_internet, seconds};

/// How many collecting steps there are at most.
const STEPS: usize = 3;

pub(super) fn runbook() -> impl Strategy<Value = Runbook> {
    let parts = (
        prop::collection::vec((0..3u32, any::<bool>()), 0..=STEPS),
        prop::collection::vec(any::<bool>(), 0..3),
        prop::collection::vec(a_cause(), 0..4),
        (any::<bool>(), any::<bool>(), any::<bool>()),
        (any::<bool>(), any::<bool>(), any::<bool>(), 0..3u32),
        (30..3_000u64, 0..400u64),
    );
    parts.prop_map(|(steps, questions, causes, ends, resumes, (wall, output))| {
        let (accepts, escalates, asks_when) = ends;
        let (reboot, disconnect, agent_restart, reboots) = resumes;
        Runbook {
            limits: Limits { wall: seconds(wall), output, reboots },
            resume: Resume { reboot, disconnect, agent_restart },
            collect: steps.into_iter().enumerate().map(measured).collect(),
            ask: questions.into_iter().enumerate().map(asked).collect(),
            causes: causes
                .into_iter()
                .enumerate()
                .map(|(index, cause)| numbered(index, cause))
                .collect(),
            accept: accepts.then(|| condition("s0.accept")),
            escalate: escalates.then(|| Escalate {
                when: asks_when.then(|| condition("accepted.escalate")),
                to: condition("s1.to"),
            }),
            ..no_internet()
        }
    })
}

fn measured((index, (retries, needs)): (usize, (u32, bool))) -> Collect {
    let with = if needs {
        // Of another measurement, or of the inputs.
        let text = if index > 0 { "s0.host".to_owned() } else { "inputs.host".to_owned() };
        With::from([("host".to_owned(), Template::Filled(vec![Piece::Filled(Condition { text })]))])
    } else {
        With::new()
    };
    Collect {
        source: Source::Probe { name: format!("net.s{index}"), version: 1, with },
        retry: Retry { max: retries, backoff: seconds(1) },
        ..collect(&format!("s{index}"))
    }
}

fn asked((index, when): (usize, bool)) -> Question {
    let mut question = no_internet().ask.remove(0);
    question.name = format!("q{index}");
    question.when = when.then(|| condition(&format!("s0.ask{index}")));
    question
}

type AnyCause = (bool, Option<(u64, u64)>, Vec<usize>, Vec<Fix>);

fn a_cause() -> impl Strategy<Value = AnyCause> {
    (
        any::<bool>(),
        prop::option::of((0..60u64, 0..10u64)),
        prop::collection::vec(0..4usize, 0..3),
        prop::collection::vec(a_fix(), 0..4),
    )
}

fn numbered(index: usize, (evidence, verify, explains, mut fixes): AnyCause) -> Cause {
    for (place, fix) in fixes.iter_mut().enumerate() {
        if let Some(when) = &mut fix.when {
            when.text = format!("s1.fits{index}x{place}");
        }
    }
    Cause {
        evidence: if evidence {
            vec![("shown".to_owned(), condition("s1.shown"))]
        } else {
            Vec::new()
        },
        explains: explains.into_iter().map(|other| format!("c{other}")).collect(),
        verify: verify.map(|(within, every)| Verify {
            within: seconds(within),
            every: seconds(every),
            until: condition(&format!("s{}.gone{index}", index % STEPS)),
        }),
        ..cause(&format!("c{index}"), &format!("s{}.c{index}", index % STEPS), fixes)
    }
}

fn a_fix() -> impl Strategy<Value = Fix> {
    // What asks nobody is done soonest after what was done before.
    prop_oneof![3 => any_fix(), 1 => Just(instruct("Plug it in."))]
}

fn any_fix() -> impl Strategy<Value = Fix> {
    let act = prop_oneof![
        4 => Just(Act::Action("dns.flush_cache".to_owned())),
        1 => Just(Act::Instruct),
        1 => Just(Act::OpenUrl),
        1 => Just(Act::Reboot),
    ];
    let risk = prop_oneof![Just(Risk::Read), Just(Risk::Change), Just(Risk::Disruptive)];
    let consent = prop_oneof![Just(Consent::Policy), Just(Consent::User), Just(Consent::Present)];
    let on_interrupt = prop_oneof![
        Just(OnInterrupt::Recheck),
        Just(OnInterrupt::Rerun),
        Just(OnInterrupt::Undo),
        Just(OnInterrupt::Escalate),
    ];
    let undo = prop_oneof![
        Just(UndoBy::Auto),
        Just(UndoBy::None),
        Just(UndoBy::Action("x.undo".to_owned()))
    ];
    let confirm = prop::option::of((0..60u64, any::<bool>()));
    let rest = (any::<bool>(), any::<bool>(), 1..40u64);
    (act, risk, consent, on_interrupt, undo, confirm, rest).prop_map(
        |(act, risk, consent, on_interrupt, undo, confirm, (when, filled, timeout))| {
            let url = act == Act::OpenUrl || filled;
            let pieces = vec![Piece::Filled(condition("s0.host"))];
            let with = [("url".to_owned(), Template::Filled(pieces))];
            Fix {
                act,
                with: if url { With::from(with) } else { With::new() },
                // The text is given when it is known of which fix it is.
                when: when.then(|| condition("")),
                risk,
                consent,
                timeout: seconds(timeout),
                on_interrupt,
                undo,
                confirm: confirm.map(|(within, until)| Confirm {
                    within: seconds(within),
                    until: until.then(|| condition("s2.confirmed")),
                }),
                ..fix("")
            }
        },
    )
}
