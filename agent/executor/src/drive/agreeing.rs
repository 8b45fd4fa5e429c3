//! Asking people, and consent: what the policy agrees to, what the person at the machine does, and what nobody can.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use befund_model::action::{Prediction, Risk};
use befund_model::job::Question;
use befund_runbook::document::{Act, Consent};
use befund_runbook::machine::{FixOrder, Heard, Step};

use super::person::{Agreed, Asked, NoConsent};
use super::scene::{Scene, asked, forbidden, wall};
use crate::admit;
use crate::journal::StartedBy;

/// How long a person is asked for consent.
const CONSENT: Duration = Duration::from_secs(10 * 60);

/// What somebody answered from afar: the choice, and who made it.
pub(super) type Answer = (String, String);

/// Asks a question: the person at the machine, or the technician, who may also answer for them.
pub(super) async fn ask(
    scene: Arc<Scene>,
    step: Step,
    question: Question,
    mut from_afar: mpsc::Receiver<Answer>,
) {
    let until = (Instant::now() + Duration::from_millis(question.within_ms)).min(scene.deadline);
    let person = &scene.shared.config.person;
    let here = async {
        if question.user
            && let Some((answer, account)) = person.ask(&scene.about, &question).await
        {
            return (answer, format!("the user ({account})"));
        }
        // Nobody is there: a technician may know, or the time passes.
        std::future::pending().await
    };
    let answered = async {
        tokio::select! {
            answer = here => answer,
            Some((answer, by)) = from_afar.recv() => (answer, by),
        }
    };
    let (answer, by) = match timeout_at(until, answered).await {
        Ok((answer, by)) => (Some(answer), by),
        Err(_) => (None, "nobody".to_owned()),
    };
    scene.hear(Heard::Answered { step, answer, by }).await;
}

/// Sees whether a fix is agreed to.
pub(super) async fn consent(
    scene: Arc<Scene>,
    step: Step,
    fix: FixOrder,
    consent: Consent,
    prediction: Prediction,
) {
    let consent = agreed(&scene, &fix, consent, prediction).await;
    scene.hear(Heard::Consented { step, consent }).await;
}

async fn agreed(
    scene: &Scene,
    fix: &FixOrder,
    consent: Consent,
    prediction: Prediction,
) -> Result<String, String> {
    let policy = scene.policy()?;
    if let Some(why) = forbidden(&policy, fix) {
        return Err(why);
    }
    let persons = match fix.act {
        Act::Instruct | Act::OpenUrl => true,
        Act::Action(_) | Act::Script(_) | Act::Reboot => false,
    };
    if !persons {
        let keep = scene.keep();
        admit::time_for(&keep, wall(), &fix.act, scene.expired())?;
        if let Some(why) = admit::unvouched(&keep, fix) {
            return Err(why);
        }
    }
    let the_policy = || Ok(format!("the policy of this machine ({})", policy.shown_source()));
    let rules = &policy.rules;
    // Where no technician signs, the consent of whoever started it is all that there is.
    let alone = fix.risk == Risk::Change && matches!(scene.run.by, StartedBy::Here { .. });
    let there = scene.signed_in().await;
    let Some(user) = there else {
        if alone && !rules.agrees_to(asked(fix)) {
            return Err("nobody is there to agree".to_owned());
        }
        return match consent {
            Consent::Present => {
                Err("nobody is signed in, and it takes a person who is there now".to_owned())
            }
            Consent::Policy | Consent::User => {
                rules.permit_unattended(asked(fix)).map_err(|refusal| refusal.to_string())?;
                the_policy()
            }
        };
    };
    let asks = match (consent, fix.risk) {
        (Consent::Present, _) | (_, Risk::Disruptive) => true,
        (Consent::User, Risk::Read | Risk::Change) => !rules.agrees_to(asked(fix)),
        (Consent::Policy, Risk::Change) if alone => !rules.agrees_to(asked(fix)),
        (Consent::Policy, Risk::Read | Risk::Change) => false,
    };
    if !asks {
        return the_policy();
    }
    let holds_on = consent == Consent::User && fix.risk == Risk::Change;
    if holds_on
        && let Some(ticket) = scene.about.ticket
        && scene.keep().has_agreed(ticket, &user.name, wall())
    {
        return Ok(format!("the user ({}), who agreed for this ticket before", user.name));
    }
    let within = CONSENT.min(scene.deadline.saturating_duration_since(Instant::now()));
    let for_ticket = if holds_on { rules.consent_for_ticket } else { Duration::ZERO };
    let question = Asked { fix: fix.clone(), prediction, within, for_ticket };
    let person = &scene.shared.config.person;
    let answer = timeout_at(Instant::now() + within, person.consent(&scene.about, &question));
    match answer.await.unwrap_or(Err(NoConsent::Late)) {
        Ok(Agreed { by, for_ticket: for_more }) => {
            if for_more
                && !for_ticket.is_zero()
                && let Some(ticket) = scene.about.ticket
            {
                scene.keep().agree(ticket, &by, for_ticket, wall());
            }
            Ok(format!("the user ({by})"))
        }
        Err(NoConsent::Declined(account)) => Err(format!("the user ({account}) said no")),
        Err(NoConsent::Nobody) => Err("nobody is there to agree".to_owned()),
        Err(NoConsent::Late) => {
            Err(format!("the user did not agree within {} minutes", within.as_secs() / 60))
        }
    }
}

/// Waits.
pub(super) async fn wait(scene: Arc<Scene>, step: Step, lasting: Duration) {
    sleep_until(Instant::now() + lasting).await;
    scene.hear(Heard::Waited { step }).await;
}
