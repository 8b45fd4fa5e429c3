//! `run`: starts a probe or a runbook on a machine and shows, live, what happens there; whoever sits at the terminal
//! answers and signs what it asks.

use std::time::Duration;

use befund_model::api::{NewJob, RunbookInfo, WorkInfo};
use befund_model::id::TicketNumber;
use befund_model::job::{Job, Work};
use befund_model::runbook::Mode;
use serde_json::{Map, Value};

use crate::client::{Client, read};
use crate::commands::watch::Sitting;
use crate::commands::{Desk, values, watch};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::signer::With;

/// Arguments of `befund run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// The runbook, as `befund runbook list` lists it, or the probe, as `befund works` does. Of a runbook and a probe of
    /// one name, the runbook.
    #[arg(value_name = "PROBE|RUNBOOK")]
    name: String,
    /// The machine.
    #[arg(long, value_name = "ID|NAME")]
    on: String,
    /// The ticket that its events go to.
    #[arg(long, value_name = "N")]
    ticket: Option<TicketNumber>,
    /// What may be set, as `befund runbook show` or `befund works` lists it.
    #[arg(value_name = "INPUT=VALUE", value_parser = values::pair)]
    inputs: Vec<(String, String)>,
    /// The same; may be given several times.
    #[arg(long = "with", value_name = "KEY=VALUE", value_parser = values::pair)]
    with: Vec<(String, String)>,
    /// How long it may wait for the machine, as in 30m, 2h or 3d (the default).
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    deadline: Option<Duration>,
    /// Start it and return; `befund job show` tells later what came of it.
    #[arg(long)]
    detach: bool,
    /// Of a runbook: change nothing, but measure, judge, and tell what each fix would do.
    #[arg(long)]
    dry_run: bool,
    /// The probe, also where a runbook has its name.
    #[arg(long, conflicts_with = "dry_run")]
    probe: bool,
    /// Show and sign right here what waits for a signature.
    #[arg(long, conflicts_with = "detach")]
    approve: bool,
    #[command(flatten)]
    signer: With,
}

impl Run {
    /// A dry run of a runbook.
    pub(crate) fn dry(
        name: String,
        on: String,
        ticket: Option<TicketNumber>,
        inputs: Vec<(String, String)>,
    ) -> Self {
        let (with, deadline, signer) = (Vec::new(), None, With::default());
        let (detach, dry_run, probe, approve) = (false, true, false, false);
        Self { name, on, ticket, inputs, with, deadline, detach, dry_run, probe, approve, signer }
    }

    /// Does it.
    pub(crate) async fn run(self, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
        let what = format!("run {} on {}", self.name, self.on);
        if !self.approve && (self.signer.key.is_some() || self.signer.agent.is_some()) {
            let why = "nothing is signed right here, so no key is needed";
            return Err(Failure::cannot(Exit::Usage, what, why).hint("add --approve"));
        }
        let client = desk.client()?;
        let wanted = if self.probe { Wanted::Probe } else { Wanted::Either };
        let info = find(&client, &what, &self.name, wanted).await?;
        let parameters = parameters(&what, &info, [self.inputs, self.with].concat())?;
        let mode = match (&info.work, self.dry_run) {
            (Work::Runbook(_), true) => Mode::Dry,
            (Work::Runbook(_) | Work::Probe(_) | Work::Undo(_), false) => Mode::Run,
            (Work::Probe(_) | Work::Undo(_), true) => {
                let why =
                    format!("{} is no runbook, and a probe changes nothing anyway", self.name);
                return Err(Failure::cannot(Exit::Usage, what, why).hint("leave out --dry-run"));
            }
        };
        let body = NewJob {
            machine: self.on.clone(),
            work: info.work,
            parameters,
            ticket: self.ticket,
            deadline_seconds: self.deadline.map(|deadline| deadline.as_secs()),
            mode,
        };
        let raw = client.post(&what, &["jobs"], &body).await?;
        let job: Job = read(&what, &raw)?;
        let begun = format!(
            "{} on {}: job {}",
            render::timeline::work_name(&job.work),
            render::text::line(&self.on),
            job.id
        );
        if self.detach {
            desk.screen
                .show(&raw, |_| format!("{begun}\nWhat came of it: befund job show {}", job.id))?;
            return Ok(Exit::Ok);
        }
        if desk.for_people() {
            desk.screen.print(&begun)?;
        }
        let sitting = Sitting::of(desk, self.approve.then_some(self.signer));
        watch::job(&client, &what, &job, &sitting, desk).await
    }
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// A runbook, or else a probe.
    Either,
    /// A probe.
    Probe,
}

async fn find(
    client: &Client,
    what: &str,
    name: &str,
    wanted: Wanted,
) -> Result<WorkInfo, Failure> {
    let raw = client.get(what, &["works"]).await?;
    let mut works: Vec<WorkInfo> = read(what, &raw)?;
    let raw = client.get(what, &["runbooks"]).await?;
    let runbooks: Vec<RunbookInfo> = read(what, &raw)?;
    works.extend(runbooks.into_iter().map(|runbook| WorkInfo {
        work: Work::Runbook(runbook.name),
        title: runbook.title.en,
        parameters: runbook.inputs,
    }));
    let published = works.iter().any(|info| matches!(info.work, Work::Runbook(_)));
    // A runbook measures what the probe of its name does, and more.
    works.sort_by_key(|info| match (&info.work, wanted) {
        (Work::Runbook(_) | Work::Undo(_), Wanted::Either) | (Work::Probe(_), Wanted::Probe) => 0,
        (Work::Runbook(_) | Work::Undo(_), Wanted::Probe) | (Work::Probe(_), Wanted::Either) => 1,
    });
    let near = nearest(name, works.iter().map(|info| info.work.name())).map(str::to_owned);
    works.into_iter().find(|info| info.work.name() == name).ok_or_else(|| {
        let failure =
            Failure::cannot(Exit::NotFound, what, format!("there is no probe or runbook {name}"));
        match near {
            Some(near) => failure.hint(format!(
                "did you mean {near}? `befund runbook list` and `befund works` list all"
            )),
            None if published => {
                failure.hint("`befund runbook list` and `befund works` list what can be run")
            }
            None => failure.hint(
                "no runbooks were published yet: sign a folder with `befund runbook sign`, and hand it out with \
                 `befund runbook publish`",
            ),
        }
    })
}

/// The most similar name, if one is similar at all: a typo or two, or a part of the name.
fn nearest<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let all: Vec<&str> = all.collect();
    let typo = all.iter().map(|other| (distance(name, other), *other)).min();
    let part = || all.iter().copied().find(|other| name.len() >= 3 && other.contains(name));
    typo.filter(|(distance, _)| *distance <= 2).map(|(_, other)| other).or_else(part)
}

/// Levenshtein's edit distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The parameters as a JSON object; each value as the work's schema wants it.
fn parameters(what: &str, info: &WorkInfo, with: Vec<(String, String)>) -> Result<Value, Failure> {
    let wrong = |why: String| {
        Failure::cannot(Exit::Usage, what, why)
            .hint("`befund runbook show NAME` and `befund works --json` show what may be set")
    };
    let known = info.parameters.get("properties").and_then(Value::as_object);
    let mut object = Map::new();
    for (key, text) in with {
        let schema = known.and_then(|known| known.get(&key));
        if let (Some(known), None) = (known, schema) {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            let takes = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let name = info.work.name();
            return Err(wrong(format!("{name} has no parameter {key} (it takes: {takes})")));
        }
        let kind = schema.and_then(|schema| schema.get("type")).and_then(Value::as_str);
        let value = match kind {
            Some("string") => Value::String(text),
            Some(kind @ ("integer" | "number" | "boolean" | "array" | "object")) => {
                serde_json::from_str(&text)
                    .map_err(|_| wrong(format!("parameter {key} is not of type {kind}: {text}")))?
            }
            _ => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        };
        if object.insert(key.clone(), value).is_some() {
            return Err(wrong(format!("parameter {key} is given twice")));
        }
    }
    Ok(Value::Object(object))
}

#[cfg(test)]
mod tests {
    use befund_model::job::Work;
    use serde_json::json;

    use super::*;

    fn dns() -> WorkInfo {
        WorkInfo {
            work: Work::Probe("net.dns".into()),
            title: "resolves names".into(),
            parameters: json!({ "type": "object", "properties": {
                "name": { "type": "string" }, "tries": { "type": "integer" },
            }}),
        }
    }

    fn with(pairs: &[(&str, &str)]) -> Result<Value, Failure> {
        let pairs = pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        parameters("run net.dns", &dns(), pairs)
    }

    #[test]
    fn parameters_become_what_the_schema_wants() {
        let good = with(&[("name", "42"), ("tries", "3")]).expect("both known");
        assert_eq!(good, json!({ "name": "42", "tries": 3 }));
        assert_eq!(with(&[]).expect("none needed"), json!({}));
        for (pairs, why) in [
            (&[("tries", "many")][..], "type integer"),
            (&[("target", "x")], "it takes: name, tries"),
            (&[("name", "a"), ("name", "b")], "twice"),
        ] {
            let failure = with(pairs).expect_err(why);
            assert_eq!(failure.exit(), Exit::Usage);
            assert!(failure.to_string().contains(why), "{failure}");
        }
    }

    #[test]
    fn a_typo_is_answered_with_a_suggestion() {
        let all = ["net.dns", "net.no-internet", "disk.space"];
        assert_eq!(nearest("net.dsn", all.into_iter()), Some("net.dns"));
        assert_eq!(nearest("internet", all.into_iter()), Some("net.no-internet"));
        assert_eq!(nearest("printer", all.into_iter()), None);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
