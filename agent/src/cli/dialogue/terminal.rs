//! A dialogue on a terminal: what the executor says and what the person types, as they come.

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};

use befund_executor::people::client::{PeopleError, Person};
use befund_executor::people::protocol::{Done, FromPerson};
use befund_model::language::Language;
use tokio::sync::mpsc;

use super::words::Text;
use super::{Dialogue, Step};
use crate::cli::screen;
use crate::door::client::Door;
use crate::door::protocol::Ask;
use crate::platform;

/// Lines that were typed and not looked at.
const TYPED: usize = 16;

/// What a person types, a line at a time. The thread that reads ends with the process.
#[derive(Debug)]
pub(crate) struct Keyboard(mpsc::Receiver<String>);

impl Keyboard {
    /// That of the terminal.
    pub(crate) fn open() -> Self {
        let (tell, typed) = mpsc::channel(TYPED);
        // Not one of the runtime's own threads, whose end is waited for.
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines() {
                let Ok(line) = line else { return };
                if tell.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        Self(typed)
    }

    /// None.
    pub(crate) fn none() -> Self {
        Self(mpsc::channel(1).1)
    }

    /// What was typed before it was asked for is no answer.
    fn forget(&mut self) {
        while self.0.try_recv().is_ok() {}
    }
}

/// Connects to the people's door; where people cannot start the executor themselves, the link is asked to.
///
/// # Errors
/// If it cannot be reached.
pub(crate) async fn open(run: &Path) -> Result<Person, PeopleError> {
    match Person::open(run).await {
        Err(error @ PeopleError::Connect { .. }) => {
            let woken = match Door::open(run).await {
                Ok(mut door) => door.ask(&Ask::Wake).await.is_ok(),
                Err(_) => false,
            };
            if woken { Person::open(run).await } else { Err(error) }
        }
        other => other,
    }
}

/// Shows and asks until the run is done, or the executor says or has no more. Ctrl-C stops the run.
///
/// # Errors
/// As [`Person::next`].
pub(crate) async fn carry(
    person: &mut Person,
    dialogue: &mut Dialogue,
    keyboard: &mut Keyboard,
    language: Language,
    interrupts: Interrupts,
    run: &Path,
) -> Result<Box<Done>, PeopleError> {
    let mut stopping = false;
    let mut typing = true;
    loop {
        let steps = tokio::select! {
            said = person.next() => dialogue.hear(said?),
            line = keyboard.0.recv(), if typing && dialogue.is_asking() => match line {
                Some(line) => dialogue.typed(&line),
                // An end of the input is no answer, and no consent.
                None => {
                    typing = false;
                    Vec::new()
                }
            },
            () = interrupted(), if interrupts == Interrupts::StopTheRun && !stopping => {
                stopping = true;
                vec![
                    Step::Say(FromPerson::Cancel),
                    Step::Show(Text::Stopping.in_language(language).to_owned()),
                ]
            }
        };
        for step in steps {
            match step {
                Step::Show(text) => screen::say(&text),
                Step::Prompt(text) => {
                    keyboard.forget();
                    prompt(&text);
                }
                Step::Say(said) => person.say(&said).await?,
                Step::Open(url) => {
                    if platform::open_page(&url).is_err() {
                        screen::say(Text::NotOpened.in_language(language));
                    }
                }
                // So that the help desk hears of it; if it does not, the agent looks by itself later.
                Step::Begun => drop(tokio::spawn(tell_link(run.to_owned()))),
                Step::End(done) => return Ok(done),
            }
        }
    }
}

async fn tell_link(run: PathBuf) {
    if let Ok(mut door) = Door::open(&run).await {
        let _ = door.ask(&Ask::RunBegun).await;
    }
}

/// What an interrupt of the person's does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interrupts {
    /// It stops the run, whose end is still waited for.
    StopTheRun,
    /// It ends the program, as it would any.
    End,
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

fn prompt(text: &str) {
    // A terminal that is gone shows nothing.
    let mut out = std::io::stdout().lock();
    let _ = write!(out, "{text} ").and_then(|()| out.flush());
}
