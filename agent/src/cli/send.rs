//! `befund-agent send`: shows what will be sent, asks, sends, and says what happens next.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use befund_model::id::{RequestId, TicketNumber};
use befund_model::language::Language;
use befund_model::section;
use befund_model::snapshot::{SectionKind, Status};

use super::progress::Progress;
use super::words::{self, Text, fill};
use super::{DECLINED, NO_AGENT, WAITING, screen};
use crate::door::client::{Door, DoorError};
use crate::door::protocol::{Answer, Ask, PreviewLine};

#[derive(Debug, Args)]
pub(super) struct Send {
    /// What is wrong, in your words
    #[arg(long, short, required_unless_present = "show")]
    message: Option<String>,
    /// Send without being asked
    #[arg(long, short)]
    yes: bool,
    /// Print the exact bytes of a section that would be sent, and send nothing
    #[arg(long, value_name = "SECTION")]
    show: Option<SectionKind>,
    /// For programs: the last line is the result
    #[arg(long)]
    json: bool,
    /// How many seconds to wait for the help desk before leaving it to the agent
    #[arg(long, default_value_t = 20)]
    wait: u64,
    /// Where the sockets are
    #[arg(long, default_value_os_t = crate::platform::default_run(), env = "BEFUND_RUN")]
    run: PathBuf,
}

impl Send {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let language = words::choose(|name| std::env::var(name).ok());
        let mut door = match Door::open(&self.run).await {
            Ok(door) => door,
            Err(error @ DoorError::Connect { .. }) => {
                screen::complain(&befund_runtime::telemetry::chain(&error));
                return Ok(ExitCode::from(NO_AGENT));
            }
            Err(error) => return Err(error.into()),
        };
        let spinner = self.progress(Text::Collecting.in_language(language));
        let previewed = door.ask(&Ask::Preview).await;
        drop(spinner);
        let Answer::Preview { organisation, requester, lines } = previewed?.header else {
            return Err(DoorError::Unexpected.into());
        };
        let organisation = screen::printable(&organisation);
        if let Some(kind) = &self.show {
            return show(&mut door, kind).await;
        }
        if !self.json {
            preview(language, &organisation, &screen::printable(&requester), &lines);
        }
        if !self.yes {
            if !screen::somebody_there() {
                anyhow::bail!(Text::NobodyToAsk.in_language(language));
            }
            let answer = screen::ask(Text::SendNow.in_language(language)).unwrap_or_default();
            if !words::is_yes(language, &answer) {
                screen::say(Text::NotSent.in_language(language));
                return Ok(ExitCode::from(DECLINED));
            }
        }
        let message = self.message.clone().unwrap_or_default();
        let Answer::Kept { request, connected } = door.ask(&Ask::Send { message }).await?.header
        else {
            return Err(DoorError::Unexpected.into());
        };
        let waited = if connected { self.wait } else { self.wait.min(2) };
        let sent = self.follow(&mut door, language, Duration::from_secs(waited)).await?;
        Ok(self.conclude(language, &organisation, request, sent))
    }

    /// Waits for the ticket, as long as there is hope.
    async fn follow(
        &self,
        door: &mut Door,
        language: Language,
        patience: Duration,
    ) -> Result<Sent, DoorError> {
        let text = Text::Sending.in_language(language);
        if self.quiet() && !self.json {
            screen::say(&format!("{text} …"));
        }
        let progress = self.progress(text);
        let mut why = None;
        let following = async {
            loop {
                match door.next().await?.header {
                    Answer::Progress { sent, total } => progress.at(sent, total),
                    Answer::Delayed { why: reason } => why = Some(reason),
                    Answer::Delivered { ticket } => return Ok(ticket),
                    Answer::Status(_)
                    | Answer::Preview { .. }
                    | Answer::Section(_)
                    | Answer::Withheld { .. }
                    | Answer::Kept { .. }
                    | Answer::Asking
                    | Answer::Awake
                    | Answer::Error { .. } => return Err(DoorError::Unexpected),
                }
            }
        };
        let sent = match tokio::time::timeout(patience, following).await {
            Ok(Ok(ticket)) => Sent::Delivered(ticket),
            // It is kept: whatever became of the connection to the agent, it will be sent.
            Ok(Err(DoorError::Broken(_) | DoorError::Closed)) | Err(_) => Sent::Waiting(why),
            Ok(Err(error)) => return Err(error),
        };
        drop(progress);
        Ok(sent)
    }

    fn conclude(
        &self,
        language: Language,
        organisation: &str,
        request: RequestId,
        sent: Sent,
    ) -> ExitCode {
        if self.json {
            let (ticket, delivered) = match &sent {
                Sent::Delivered(ticket) => (*ticket, true),
                Sent::Waiting(_) => (None, false),
            };
            let result = serde_json::json!({
                "request": request, "delivered": delivered, "ticket": ticket,
            });
            screen::say(&result.to_string());
        } else {
            match &sent {
                Sent::Delivered(Some(ticket)) => {
                    screen::say(&fill(
                        Text::Delivered.in_language(language),
                        &[&ticket.to_string()],
                    ));
                    screen::say(&fill(Text::WhatNext.in_language(language), &[organisation]));
                }
                Sent::Delivered(None) => {
                    screen::say(Text::DeliveredWithoutTicket.in_language(language));
                }
                Sent::Waiting(why) => {
                    let why = why.as_deref().unwrap_or("no answer yet");
                    let why = screen::printable(why);
                    screen::say(&fill(Text::OutOfReach.in_language(language), &[&why]));
                    screen::say(&fill(Text::Kept.in_language(language), &[&request.to_string()]));
                }
            }
        }
        match sent {
            Sent::Delivered(_) => ExitCode::SUCCESS,
            Sent::Waiting(_) => ExitCode::from(WAITING),
        }
    }

    fn progress(&self, text: &'static str) -> Progress {
        if self.quiet() { Progress::hidden() } else { Progress::shown(text) }
    }

    fn quiet(&self) -> bool {
        self.json || !screen::somebody_there()
    }
}

/// What became of it.
enum Sent {
    Delivered(Option<TicketNumber>),
    Waiting(Option<String>),
}

fn preview(language: Language, organisation: &str, requester: &str, lines: &[PreviewLine]) {
    screen::say(&fill(Text::WillBeSent.in_language(language), &[organisation, requester]));
    for PreviewLine { section, readable } in lines {
        let kind = section.kind.as_str();
        let title = section::title(kind, language);
        let name = format!("{title} [{kind}]");
        screen::say(&format!("  {name:<64} {:>9}", screen::bytes(section.size)));
        let mut notes = Vec::new();
        if let Some(lacking) = lacking(section.status) {
            let reason = screen::printable(&section.reason);
            notes.push(format!("{}: {reason}", lacking.in_language(language)));
        }
        if section.redacted > 0 {
            let count = section.redacted.to_string();
            notes.push(fill(Text::BlackedOut.in_language(language), &[&count]));
        }
        if !readable {
            notes.push(Text::Withheld.in_language(language).to_owned());
        }
        for note in notes {
            screen::say(&format!("      {note}"));
        }
    }
    let size = screen::bytes(lines.iter().map(|line| line.section.size).sum());
    let count = lines.len().to_string();
    screen::say(&format!("\n{}", fill(Text::InAll.in_language(language), &[&count, &size])));
    let redacted: u32 = lines.iter().map(|line| line.section.redacted).sum();
    if redacted > 0 {
        screen::say(&fill(Text::Redacted.in_language(language), &[&redacted.to_string()]));
    } else {
        screen::say(Text::NoneRedacted.in_language(language));
    }
    screen::say(Text::ShowHint.in_language(language));
}

/// What a section lacks, in words.
const fn lacking(status: Status) -> Option<Text> {
    match status {
        Status::Ok => None,
        Status::Partial => Some(Text::Partial),
        Status::Unsupported => Some(Text::NotHere),
        Status::Denied => Some(Text::Denied),
        Status::Timeout => Some(Text::TooSlow),
        Status::Failed => Some(Text::Unreadable),
    }
}

async fn show(door: &mut Door, kind: &SectionKind) -> anyhow::Result<ExitCode> {
    let answer = door.ask(&Ask::Show { kind: kind.clone() }).await?;
    match answer.header {
        Answer::Section(_) => {
            screen::say(&String::from_utf8_lossy(&answer.blob));
            Ok(ExitCode::SUCCESS)
        }
        Answer::Withheld { why } => anyhow::bail!(why),
        _ => Err(DoorError::Unexpected.into()),
    }
}
