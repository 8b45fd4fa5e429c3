//! Asking people. One question after the other, so that a later one may depend on an earlier answer, and nobody
//! is shown several at once.

use serde_json::json;

use befund_model::job::{self, JobNews, JobState};
use befund_model::runbook::Answer;

use super::exchange::Stop;
use super::judging::{Held, held};
use super::run::{Age, Run};
use super::{Do, Heard, lines};
use crate::document::{Question, Whom};

impl Run {
    /// Asks what the runbook asks. A question that is not asked has its default as answer for expressions, and stands
    /// not among the answers of the result.
    pub(super) async fn ask(&mut self) -> Result<(), Stop> {
        let runbook = std::sync::Arc::clone(&self.runbook);
        for question in &runbook.ask {
            if self.is_due(question).await? {
                self.put_question(question).await?;
            }
        }
        self.exchange.stand(JobState::Running);
        Ok(())
    }

    async fn is_due(&mut self, question: &Question) -> Result<bool, Stop> {
        let Some(when) = &question.when else { return Ok(true) };
        let name = format!("ask/{}/when", question.name);
        let value = self.evaluate(&name, vec![when.text.clone()]).await?.into_iter().next();
        match held(&when.text, value, &self.scope().1) {
            Held::Yes => Ok(true),
            Held::No => Ok(false),
            Held::Unknown(reason) => {
                let name = &question.name;
                let text =
                    format!("question {name} is not asked: whether it fits is unknown: {reason}");
                self.exchange.tell(JobNews::Output(lines::line(&text)));
                Ok(false)
            }
        }
    }

    async fn put_question(&mut self, question: &Question) -> Result<(), Stop> {
        let asked = job::Question {
            name: question.name.clone(),
            user: match question.to {
                Whom::User => true,
                Whom::Technician => false,
            },
            text: question.text.clone(),
            choice: question
                .choice
                .iter()
                .map(|choice| job::Choice {
                    value: choice.value.clone(),
                    text: choice.text.clone(),
                })
                .collect(),
            default: question.default.clone(),
            within_ms: u64::try_from(question.timeout.as_millis()).unwrap_or(u64::MAX),
        };
        self.exchange.stand(JobState::Asking);
        self.exchange.tell(JobNews::Asked(Box::new(asked.clone())));
        let step = self.exchange.name(&format!("ask/{}", question.name));
        self.exchange.want(Do::Ask { step, question: asked })?;
        let (answer, by) = loop {
            if let Heard::Answered { answer, by, .. } = self.exchange.next().await? {
                break (answer, by);
            }
        };
        self.waited();
        let known = answer.filter(|answer| question.choice.iter().any(|one| one.value == *answer));
        let answer = match known {
            Some(answer) => {
                Answer { question: question.name.clone(), answer, by: lines::line(&by) }
            }
            None => Answer {
                question: question.name.clone(),
                answer: question.default.clone(),
                by: "nobody".to_owned(),
            },
        };
        self.given.insert(question.name.clone(), json!(answer.answer));
        self.exchange.tell(JobNews::Answered(answer.clone()));
        self.answers.push(answer);
        Ok(())
    }

    /// Notes that people were waited for, and the machine may have become another meanwhile.
    pub(super) fn waited(&mut self) {
        if self.age == Age::Fresh {
            self.age = Age::Waited;
        }
    }
}
