//! Prints what a runbook would find on this machine now, and which fixes it would try: everything is measured, nobody
//! is asked, nothing is changed. Not the executor: there is neither a signature nor a limit, nor a child.
//!
//! `cargo run -p befund-executor --example runbook -- [--facts] runbooks/net.no-internet.yaml...`; with `--facts` what was
//! measured is printed, too, one step to a line, to be recorded in a rehearsal.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use befund_collect::probe::{self, Context, Targets};
use befund_collect::{Plan, Root, collect};
use befund_model::probe::{ProbeResult, Verdict};
use befund_model::runbook::Mode;
use befund_model::section;
use befund_model::snapshot::{PrivacyClass, Status};
use befund_runbook::document::{Collect, Source, Template};
use befund_runbook::rehearsal::{Recorded, Rehearsal, rehearse_at};
use befund_runtime::clock::Clock;
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let clock = Clock::system();
    let (options, paths): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    for path in paths {
        let text = std::fs::read_to_string(&path)?;
        let (runbook, _) = befund_runbook::load(&text)
            .map_err(|problems| befund_runbook::render(&path, &text, &problems))?;
        let mut facts = BTreeMap::new();
        for step in &runbook.collect {
            facts.insert(step.name.clone(), measured(step, &clock)?);
        }
        let mut rehearsal: Rehearsal = serde_json::from_value(json!({
            "runbook": runbook.name, "scenario": "this machine", "facts": {}, "expect": {},
        }))?;
        (rehearsal.facts, rehearsal.mode) = (facts, Mode::Dry);
        let result = rehearse_at(&runbook, &rehearsal, clock.now()).result;
        writeln!(out, "{}: {}", result.runbook, result.conclusion)?;
        for (step, measured) in
            result.facts.iter().filter(|_| options.contains(&"--facts".to_owned()))
        {
            writeln!(out, "  {step}: {}", measured.facts)?;
        }
        for cause in &result.causes {
            writeln!(out, "  {:?} {}: {}", cause.verdict, cause.id, cause.evidence)?;
        }
        for attempt in &result.attempts {
            let (fix, end) = (&attempt.fix, attempt.end);
            writeln!(
                out,
                "  {}/{} {} {}: {end:?} {}",
                fix.cause, fix.index, attempt.act, attempt.parameters, attempt.reason
            )?;
        }
    }
    Ok(())
}

fn measured(step: &Collect, clock: &Clock) -> Result<Recorded, Failure> {
    match &step.source {
        Source::Probe { name, with, .. } => {
            let fixed = with.iter().map(|(name, value)| match value {
                Template::Fixed(value) => (name.clone(), value.clone()),
                Template::Filled(_) | Template::List(_) => (name.clone(), Value::Null),
            });
            let parameters = Value::Object(fixed.collect());
            let spec = probe::find(name).ok_or("no such probe")?;
            let context = Context {
                root: Path::new("/"),
                targets: &Targets::default(),
                clock,
                deadline: Instant::now() + step.timeout,
                output: &|_| {},
            };
            let ProbeResult { status, reason, verdict, facts, .. } =
                probe::run(spec, &parameters, &context);
            Ok(Recorded { status, reason, verdict, facts })
        }
        Source::Section { kind } => section(kind),
    }
}

fn section(kind: &str) -> Result<Recorded, Failure> {
    let known = section::known(kind).ok_or("no such section")?;
    let only = [known.kind.clone()].into_iter().collect();
    let plan = Plan { only: Some(only), ..Plan::all(PrivacyClass::Consent) };
    let mut told = None;
    collect(&Root::at("/")?, &plan, |section| {
        let facts = serde_json::from_slice(&section.bytes).unwrap_or_default();
        let verdict =
            if section.line.status == Status::Ok { Verdict::Pass } else { Verdict::Unknown };
        let (status, reason) = (section.line.status, section.line.reason.clone());
        told = Some(Recorded { status, reason, verdict, facts });
    });
    Ok(told.ok_or("it did not come")?)
}
