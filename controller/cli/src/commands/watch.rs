//! Live views: a ticket's timeline, and a job while it runs.

use std::ops::ControlFlow;

use befund_model::api::{AnswerQuestion, TicketView};
use befund_model::id::TicketNumber;
use befund_model::job::{Job, JobEvent, JobNews, JobState, Question};
use befund_model::snapshot::Status;
use befund_model::ticket::TimelineEntry;
use serde_json::Value;

use crate::ask::{Answer, Lines, prompt};
use crate::client::sse::Event;
use crate::client::{Client, Follower, follow, read};
use crate::commands::Desk;
use crate::commands::approve::{Pending, Prepared, Wanted};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::signer::With;

/// Shows a ticket and then its events as they come, until Ctrl-C; in JSON one entry on each line.
pub(crate) async fn run(number: TicketNumber, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = format!("watch ticket {number}");
    let client = desk.client()?;
    let raw = client.get(&what, &["tickets", &number.to_string()]).await?;
    let view: TicketView = read(&what, &raw)?;
    if desk.for_people() {
        let header = render::ticket::header(desk.screen.look(), &view);
        desk.screen.print(&header)?;
    }
    let mut last = 0;
    for entry in &view.timeline {
        show(entry, desk)?;
        last = last.max(entry.seq);
    }
    let path = ["tickets", &number.to_string(), "events"];
    follow(&client, &what, &path, Some(last), |event| {
        let entry: TimelineEntry = read(&what, &json(&what, event)?)?;
        if entry.seq > last {
            show(&entry, desk)?;
            last = entry.seq;
        }
        Ok(ControlFlow::<()>::Continue(()))
    })
    .await
}

fn show(entry: &TimelineEntry, desk: &mut Desk<'_>) -> Result<(), Failure> {
    if desk.for_people() {
        let line = render::timeline::entry(desk.screen.look(), entry);
        desk.screen.print(&line)
    } else {
        let raw = serde_json::to_value(entry).unwrap_or(Value::Null);
        desk.screen.json_line(&raw)
    }
}

fn json(what: &str, event: &Event) -> Result<Value, Failure> {
    serde_json::from_str(&event.data).map_err(|error| {
        let why = format!("an event of the stream is not JSON: {error}");
        Failure::cannot(Exit::Failed, what, why)
    })
}

/// Whether what a job waits for is answered right here.
pub(crate) enum Sitting {
    /// A person sits at the terminal: questions for the technician are asked there.
    Here,
    /// The same, and what waits for a signature is shown and signed there, with this key.
    Signing(With),
    /// Nobody does.
    Away,
}

impl Sitting {
    /// At the terminal, if there is one and people read what is printed.
    pub(crate) fn of(desk: &Desk<'_>, signing: Option<With>) -> Self {
        match signing {
            _ if !desk.for_people() || !Lines::is_anybody_there() => Self::Away,
            Some(with) => Self::Signing(with),
            None => Self::Here,
        }
    }
}

/// What a person at the terminal is asked meanwhile.
enum Asked {
    Question(Box<Question>),
    Signature(Box<Prepared>),
}

/// What news ask of the technician.
enum Call {
    /// An answer.
    Question(Box<Question>),
    /// A signature.
    Signature(Box<Wanted>),
    /// Nothing more: what was asked before has been answered, or is of no use any more.
    Over,
    /// Nothing.
    None,
}

impl Call {
    fn of(news: JobNews) -> Self {
        match news {
            JobNews::Asked(question) if !question.user => Self::Question(question),
            JobNews::ApprovalAsked { fix, statement, people } => {
                Self::Signature(Box::new(Wanted { fix, statement, people, signed: Vec::new() }))
            }
            JobNews::Answered(_)
            | JobNews::Approved { .. }
            | JobNews::Acting { .. }
            | JobNews::State(JobState::Running | JobState::Rebooting) => Self::Over,
            JobNews::Asked(_)
            | JobNews::State(_)
            | JobNews::Started
            | JobNews::Output(_)
            | JobNews::StepStarted { .. }
            | JobNews::StepEnded { .. }
            | JobNews::Cause { .. }
            | JobNews::Predicted { .. }
            | JobNews::Consent { .. }
            | JobNews::Signed { .. }
            | JobNews::Acted { .. }
            | JobNews::Verified { .. }
            | JobNews::Undone { .. }
            | JobNews::Resumed { .. } => Self::None,
        }
    }
}

/// Shows a job's events until it ends, then what came of it; in JSON only the ended job. Whoever sits at the terminal is
/// asked what the job asks.
pub(crate) async fn job(
    client: &Client,
    what: &str,
    job: &Job,
    sitting: &Sitting,
    desk: &mut Desk<'_>,
) -> Result<Exit, Failure> {
    let path = ["jobs", &job.id.to_string(), "events"];
    let mut follower = Follower::new(client, what, &path, None);
    let mut lines = Lines::default();
    let mut asked: Option<Asked> = None;
    let mut last = 0;
    let mut told: Option<String> = None;
    let raw = loop {
        let event = tokio::select! {
            event = follower.next() => event.map_err(|failure| {
                failure.hint(format!("the job goes on; what came of it: befund job show {}", job.id))
            })?,
            line = lines.next(), if asked.is_some() => {
                asked = match (asked.take(), line) {
                    (Some(asked), Some(line)) => answered(client, what, job, asked, &line, sitting, desk).await,
                    (_, _) => None,
                };
                continue;
            }
        };
        match event.event.as_str() {
            "end" => break json(what, &event)?,
            "news" => {
                let news: JobEvent = read(what, &json(what, &event)?)?;
                // A stream that was made again may begin from the start.
                if news.seq <= last {
                    continue;
                }
                last = news.seq;
                if desk.for_people() {
                    let line = render::timeline::job_event(desk.screen.look(), &news);
                    desk.screen.print(&line)?;
                }
                if let JobNews::Output(text) = &news.what
                    && desk.for_people()
                {
                    told = Some(text.clone());
                }
                match Call::of(news.what) {
                    Call::Question(question) => asked = ask(job, question, sitting, desk)?,
                    Call::Signature(of) => {
                        asked = wanted(client, what, job, *of, sitting, desk).await?;
                    }
                    Call::Over => asked = None,
                    Call::None => {}
                }
            }
            // What a newer controller tells besides.
            _ => {}
        }
    };
    let job: Job = read(what, &raw)?;
    desk.screen.show(&raw, |look| render::job::ended(look, &job, told.as_deref()))?;
    Ok(exit(&job))
}

/// Puts a question to the technician.
fn ask(
    job: &Job,
    question: Box<Question>,
    sitting: &Sitting,
    desk: &mut Desk<'_>,
) -> Result<Option<Asked>, Failure> {
    match sitting {
        Sitting::Here | Sitting::Signing(_) => {
            prompt(&render::question::asked(&question));
            Ok(Some(Asked::Question(question)))
        }
        Sitting::Away if desk.for_people() => {
            let text = render::question::elsewhere(job.id, &question);
            desk.screen.print(&text)?;
            Ok(None)
        }
        Sitting::Away => Ok(None),
    }
}

/// Shows what is to be signed, or how it is signed elsewhere.
async fn wanted(
    client: &Client,
    what: &str,
    job: &Job,
    of: Wanted,
    sitting: &Sitting,
    desk: &mut Desk<'_>,
) -> Result<Option<Asked>, Failure> {
    let elsewhere = format!("    sign it: befund approve {0}; or not: befund decline {0}", job.id);
    match sitting {
        Sitting::Here | Sitting::Away => {
            if desk.for_people() {
                desk.screen.print(&elsewhere)?;
            }
            Ok(None)
        }
        Sitting::Signing(_) => {
            let prepared = prepare(client, what, job, of, desk).await;
            match prepared {
                Ok(prepared) => {
                    let text = prepared.shown(desk);
                    desk.screen.print(&text)?;
                    prompt(&format!("{} [y/N] ", prepared.question()));
                    Ok(Some(Asked::Signature(Box::new(prepared))))
                }
                // The job goes on, and whoever watches it sees how.
                Err(failure) => {
                    desk.screen
                        .note(&format!("not signed: {}", render::text::line(&failure.to_string())));
                    Ok(None)
                }
            }
        }
    }
}

async fn prepare(
    client: &Client,
    what: &str,
    job: &Job,
    of: Wanted,
    desk: &Desk<'_>,
) -> Result<Prepared, Failure> {
    let pending = Pending::of(what, job.clone(), of)?;
    let url = client.base().to_string();
    Prepared::of(client, what, &desk.pins(), &url, pending).await
}

/// Takes what was typed; what is still to be answered comes back.
async fn answered(
    client: &Client,
    what: &str,
    job: &Job,
    asked: Asked,
    line: &str,
    sitting: &Sitting,
    desk: &Desk<'_>,
) -> Option<Asked> {
    let done = match &asked {
        Asked::Question(question) => {
            let Some(answer) = render::question::read(question, line) else {
                prompt(&render::question::asked(question));
                return Some(asked);
            };
            let body = AnswerQuestion { question: question.name.clone(), answer, for_user: false };
            client.post(what, &["jobs", &job.id.to_string(), "answer"], &body).await.map(|_| ())
        }
        Asked::Signature(prepared) => match (Answer::of(line), sitting) {
            (Answer::Yes, Sitting::Signing(with)) => {
                prepared.sign(client, what, with).await.map(|_| ())
            }
            (Answer::Yes | Answer::No, _) => {
                desk.screen.note(&format!(
                    "not signed; to tell the machine so: befund decline {}",
                    job.id
                ));
                Ok(())
            }
        },
    };
    if let Err(failure) = done {
        desk.screen
            .note(&format!("it was not taken: {}", render::text::line(&failure.to_string())));
    }
    None
}

/// What a job's end means for scripts.
pub(crate) fn exit(job: &Job) -> Exit {
    match (job.state, job.outcome.as_ref().map(|outcome| outcome.status)) {
        (JobState::Done, None | Some(Status::Ok | Status::Partial | Status::Unsupported)) => {
            Exit::Ok
        }
        (state, _) if !state.is_final() => Exit::Ok,
        _ => Exit::JobEndedBadly,
    }
}
