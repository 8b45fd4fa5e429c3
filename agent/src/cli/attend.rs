//! `befund-agent attend`: waits in a person's session until the help desk wants to know or change something, and asks
//! them then.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use befund_executor::people::client::PeopleError;
use clap::Args;

use super::dialogue::terminal::{self, Interrupts, Keyboard};
use super::dialogue::words::Text;
use super::dialogue::{self, Dialogue, Manner};
use super::{NO_AGENT, screen, words};
use crate::door::client::{Door, DoorError};

/// The wait before looking again for an agent that has gone.
const PAUSE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Attend {
    /// Where the sockets are
    #[arg(long, default_value_os_t = crate::platform::default_run(), env = "BEFUND_RUN")]
    run: PathBuf,
}

impl Attend {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let language = words::choose(|name| std::env::var(name).ok());
        if !screen::somebody_there() {
            anyhow::bail!("attend asks on a terminal, and there is none");
        }
        let mut keyboard = Keyboard::open();
        // It says at once whether this account would be asked at all.
        let mut first = true;
        loop {
            if !first {
                self.wait().await;
            }
            let mut person = match terminal::open(&self.run).await {
                Ok(person) => person,
                Err(error) if first => {
                    screen::complain(&dialogue::out_of_reach(language, &error));
                    return Ok(ExitCode::from(NO_AGENT));
                }
                Err(_) => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let attended = match person.attend(words::tag(language)).await {
                Ok(()) => {
                    if first {
                        screen::say(Text::Attending.in_language(language));
                        first = false;
                    }
                    let mut dialogue = Dialogue::new(language, Manner::Asked);
                    let (keyboard, end) = (&mut keyboard, Interrupts::End);
                    let run = &self.run;
                    terminal::carry(&mut person, &mut dialogue, keyboard, language, end, run)
                        .await
                        .map(drop)
                }
                Err(error) => Err(error),
            };
            match attended {
                // The executor went, as it does when nothing is asked.
                Ok(()) | Err(PeopleError::Closed | PeopleError::Broken(_)) => {}
                Err(error) if first => return Err(error.into()),
                Err(error) => {
                    screen::complain(&befund_runtime::telemetry::chain(&error));
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Waits until it is worth asking the executor whether there is something: for the link's hint, or, where there is no
    /// link, a while.
    async fn wait(&self) {
        let hinted = async { Door::open(&self.run).await?.watch().await };
        match hinted.await {
            Ok(()) => {}
            Err(
                DoorError::Connect { .. }
                | DoorError::Broken(_)
                | DoorError::Closed
                | DoorError::Late
                | DoorError::Declined(_)
                | DoorError::Unexpected,
            ) => tokio::time::sleep(PAUSE).await,
        }
    }
}
