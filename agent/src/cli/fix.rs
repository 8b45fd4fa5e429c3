//! `befund-agent fix`: what may be started at this machine, and starting it; works without a network. Exit codes: 0 where
//! the trouble is over, 4 where it is not and the person did not agree to something, 6 where it is not otherwise.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use befund_executor::people::Wish;
use befund_executor::people::client::PeopleError;
use befund_model::id::TicketNumber;
use befund_model::language::Language;
use befund_model::runbook::Mode;
use clap::Args;
use serde_json::Value;

use super::dialogue::terminal::{self, Interrupts, Keyboard};
use super::dialogue::words::Text;
use super::dialogue::{self, Dialogue, Manner};
use super::words::fill;
use super::{DECLINED, FAILED, NO_AGENT, NOT_ACCEPTED, screen, words};

#[derive(Debug, Args)]
pub(super) struct Fix {
    /// What to start, as in net.no-internet; without it, what there is
    runbook: Option<String>,
    /// What it is to take for its settings, as in site=intranet.example
    #[arg(value_name = "INPUT=VALUE")]
    inputs: Vec<String>,
    /// Only look, and say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Agree to changes without being asked; what interrupts work is asked nevertheless
    #[arg(long, short)]
    yes: bool,
    /// The ticket that it is for, by its number: what is changed can then be undone with the ticket
    #[arg(long, value_name = "NUMBER")]
    ticket: Option<TicketNumber>,
    /// Where the sockets are
    #[arg(long, default_value_os_t = crate::platform::default_run(), env = "BEFUND_RUN")]
    run: PathBuf,
}

impl Fix {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let language = words::choose(|name| std::env::var(name).ok());
        let inputs = inputs(language, &self.inputs)?;
        let manner = match (screen::somebody_there(), self.yes) {
            (true, false) => Manner::Asked,
            (true, true) => Manner::AskedLess,
            (false, yes) if yes || self.dry_run || self.runbook.is_none() => Manner::Alone,
            (false, _) => anyhow::bail!(Text::NobodyToAsk.in_language(language)),
        };
        let mut person = match terminal::open(&self.run).await {
            Ok(person) => person,
            Err(error @ PeopleError::Connect { .. }) => {
                screen::complain(&dialogue::out_of_reach(language, &error));
                return Ok(ExitCode::from(NO_AGENT));
            }
            Err(error) => return Err(error.into()),
        };
        let Some(runbook) = self.runbook else {
            let offers = person.list(words::tag(language)).await?;
            screen::say(&dialogue::offers(language, &offers));
            return Ok(ExitCode::SUCCESS);
        };
        // Told first, and in words for people: the executor's own refusal is for administrators.
        let offers = person.list(words::tag(language)).await?;
        if !offers.iter().any(|offer| offer.runbook == runbook) {
            screen::complain(&dialogue::not_offered(language, &runbook, &offers));
            return Ok(ExitCode::from(FAILED));
        }
        let mut person = terminal::open(&self.run).await?;
        let mode = if self.dry_run { Mode::Dry } else { Mode::Run };
        let wish = Wish { runbook, inputs, mode, ticket: self.ticket };
        person.fix(wish, words::tag(language)).await?;
        let mut keyboard = match manner {
            Manner::Asked | Manner::AskedLess => Keyboard::open(),
            Manner::Alone => Keyboard::none(),
        };
        let mut dialogue = Dialogue::new(language, manner);
        let stop = Interrupts::StopTheRun;
        let run = &self.run;
        let done =
            terminal::carry(&mut person, &mut dialogue, &mut keyboard, language, stop, run).await?;
        Ok(match (mode, done.accepted) {
            (Mode::Dry, _) | (Mode::Run, Some(true)) => ExitCode::SUCCESS,
            (Mode::Run, Some(false) | None) if dialogue.has_refused() => ExitCode::from(DECLINED),
            (Mode::Run, Some(false) | None) => ExitCode::from(NOT_ACCEPTED),
        })
    }
}

/// Settings as they were typed: texts, of which the executor makes what the signed runbook wants.
fn inputs(language: Language, typed: &[String]) -> anyhow::Result<BTreeMap<String, Value>> {
    typed
        .iter()
        .map(|one| match one.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                Ok((name.to_owned(), Value::String(value.to_owned())))
            }
            Some(_) | None => anyhow::bail!(fill(
                Text::NotAnInput.in_language(language),
                &[&screen::printable(one)]
            )),
        })
        .collect()
}
