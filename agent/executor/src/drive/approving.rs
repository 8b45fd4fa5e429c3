//! Having a fix approved: a statement of what is about to be done is made, told, and kept; what comes back is signatures
//! of exactly these bytes, or nothing. Where several people have to sign, their signatures come one after the other and
//! are gathered here. Self-service takes the place of signatures for what changes something.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use befund_model::Timestamp;
use befund_model::action::{Prediction, Risk};
use befund_model::job::JobNews;
use befund_runbook::document::Act;
use befund_runbook::machine::{FixOrder, Heard, Step};
use befund_runtime::clock::random;
use befund_trust::approval::{
    Act as Signed, Challenge, Format, Gathered, Reached, Statement, Step as SignedStep, Terms,
    prediction_lines,
};
use befund_trust::floor::Number;
use befund_trust::root::{Person, Role};

use super::scene::{Scene, reference, wall};
use crate::admit;
use crate::journal::StartedBy;

/// How long a statement holds, so that nobody is surprised by what they signed long ago; one of what is disruptive
/// holds so long for each of the people who have to sign it.
const CHANGE: Duration = Duration::from_secs(30 * 60);
const DISRUPTIVE: Duration = Duration::from_secs(10 * 60);
/// The longest that any statement holds.
const MOST: Duration = Duration::from_secs(60 * 60);

/// What comes of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Signatures, which may be of anything.
    Signed(Vec<String>),
    /// Somebody will not have it done.
    Declined(String),
}

/// A statement as the machine made it: what is signed is compared with this alone.
struct Sealed {
    bytes: Vec<u8>,
    number: Number,
    expires: Timestamp,
    /// How long it holds.
    life: Duration,
    /// How many people have to sign it.
    people: u32,
    /// What they signed so far.
    gathered: Gathered,
}

/// Waits until a fix is approved, or is not going to be.
pub(super) async fn approve(
    scene: Arc<Scene>,
    step: Step,
    fix: FixOrder,
    prediction: Option<Prediction>,
    verdicts: mpsc::Receiver<Verdict>,
) {
    let approval = approved(&scene, &fix, prediction.as_ref(), verdicts).await;
    scene.hear(Heard::Approved { step, approval }).await;
}

async fn approved(
    scene: &Scene,
    fix: &FixOrder,
    prediction: Option<&Prediction>,
    mut verdicts: mpsc::Receiver<Verdict>,
) -> Result<String, String> {
    match &scene.run.by {
        StartedBy::Here { account } if fix.risk == Risk::Change => {
            let policy = scene.policy()?;
            if policy.rules.is_self_service(&scene.book()?.reference.name) {
                return Ok(format!("started at the machine itself by {account}"));
            }
        }
        StartedBy::Here { .. } | StartedBy::Afar => {}
    }
    let role = match fix.risk {
        Risk::Read => return Ok("nobody signs what only reads".to_owned()),
        Risk::Change => Role::Change,
        Risk::Disruptive => Role::Disruptive,
    };
    while Instant::now() < scene.deadline {
        let mut sealed = seal(scene, fix, prediction, role)?;
        let statement = String::from_utf8(sealed.bytes.clone())
            .map_err(|_| "the statement to be signed is no text".to_owned())?;
        let people = sealed.people;
        scene.tell(JobNews::ApprovalAsked { fix: reference(fix), statement, people }).await;
        let until = (Instant::now() + sealed.life).min(scene.deadline);
        while let Ok(Some(verdict)) = timeout_at(until, verdicts.recv()).await {
            match verdict {
                Verdict::Declined(by) => return Err(format!("{by} did not approve it")),
                Verdict::Signed(signatures) => match take(scene, fix, &mut sealed, &signatures) {
                    Ok(Reached::Enough(people)) => return Ok(names(people).join(", ")),
                    Ok(Reached::Short { signed, needed }) => {
                        let by = names(signed);
                        let fix = reference(fix);
                        scene.tell(JobNews::Signed { fix, by, people: needed }).await;
                    }
                    Err(why) => {
                        let line = format!("an approval was not taken: {why}");
                        scene.tell(JobNews::Output(crate::events::cut(&line, 1 << 10))).await;
                    }
                },
            }
        }
        if !sealed.gathered.is_empty() && Instant::now() < scene.deadline {
            let line = "too few people signed while the signatures were good: all of them have to sign anew";
            scene.tell(JobNews::Output(line.to_owned())).await;
        }
    }
    Err("not enough people approved it before the job's deadline".to_owned())
}

/// Makes a statement of what is about to be done.
fn seal(
    scene: &Scene,
    fix: &FixOrder,
    prediction: Option<&Prediction>,
    role: Role,
) -> Result<Sealed, String> {
    let book = scene.book()?;
    let keep = scene.keep();
    let root = keep.root().ok_or("this machine has no trust root")?;
    let now = admit::time_for(&keep, wall(), &fix.act, scene.expired())?.timestamp();
    let order = &scene.run.order;
    let people = root.root().quorum(role).threshold;
    let life = match role {
        Role::Disruptive => DISRUPTIVE.saturating_mul(people.max(1)).min(MOST),
        Role::Change | Role::Root | Role::Catalogue => CHANGE,
    };
    let expires = now.checked_add(life).unwrap_or(Timestamp::MAX);
    let number = Number(random());
    let act = match &fix.act {
        Act::Action(name) => Signed::Action(name.clone()),
        Act::Script(script) => {
            let path = script.path.clone();
            let known = scene.scripts.get(&path);
            let (_, sha256) = known.ok_or_else(|| format!("the catalogue has no {path}"))?;
            Signed::Script { path, sha256: *sha256 }
        }
        Act::Instruct => Signed::Instruct,
        Act::OpenUrl => Signed::OpenUrl,
        Act::Reboot => Signed::Reboot,
    };
    let statement = Statement {
        format: Format::V1,
        organisation: root.root().organisation().to_owned(),
        machine: scene.shared.config.machine.chars().take(255).collect(),
        step: SignedStep {
            agent: order.agent,
            job: order.job,
            ticket: order.ticket,
            catalogue: book.catalogue,
            runbook: book.reference.clone(),
            fix: reference(fix),
            act,
            parameters: fix.parameters.clone(),
            risk: fix.risk,
        },
        prediction: prediction.map(prediction_lines).unwrap_or_default(),
        number,
        not_before: now,
        expires,
        challenge: Challenge(random()),
    };
    let bytes = statement.seal().map_err(|error| crate::told(&error))?;
    Ok(Sealed { bytes, number, expires, life, people, gathered: Gathered::default() })
}

/// Takes signatures of exactly the statement that was made; once enough people signed, its number is used up, durably.
fn take(
    scene: &Scene,
    fix: &FixOrder,
    sealed: &mut Sealed,
    signatures: &[String],
) -> Result<Reached, String> {
    let terms = Terms { risk: fix.risk, browsers: scene.policy()?.signatures.browsers };
    let mut keep = scene.keep();
    let now = admit::time_for(&keep, wall(), &fix.act, scene.expired())?;
    let root = keep.root().ok_or("this machine has no trust root")?;
    let reached = sealed
        .gathered
        .take(&sealed.bytes, signatures, root, terms, keep.floors(), now)
        .map_err(|not_taken| crate::told(&not_taken))?;
    match reached {
        Reached::Enough(_) => {
            keep.use_number(sealed.number, sealed.expires, now)
                .map_err(|error| crate::told(&error))?;
        }
        Reached::Short { .. } => {}
    }
    Ok(reached)
}

fn names(people: Vec<Person>) -> Vec<String> {
    people.into_iter().map(|person| format!("{} ({})", person.name, person.id)).collect()
}
