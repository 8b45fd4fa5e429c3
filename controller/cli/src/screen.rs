//! Where the command line writes to: standard output for results, standard error for everything
//! else, coloured only where a person looks.

use std::io::{self, IsTerminal as _, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::failure::{Failure, Trouble};
use crate::render::text;

/// For whom the output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Tables and sentences.
    People,
    /// JSON.
    Json,
}

/// Whether colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colours {
    /// A terminal that takes them.
    On,
    /// A file, a pipe, or `NO_COLOR`.
    Off,
}

/// How things look.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// Colours or none.
    pub(crate) colours: Colours,
    /// The columns of the terminal; none where there is no terminal, so nothing is wrapped.
    pub(crate) width: Option<u16>,
    /// The time zone in which times are shown.
    pub(crate) zone: TimeZone,
}

impl Look {
    /// A time as people read it.
    pub(crate) fn time(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The time of day.
    pub(crate) fn clock(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%H:%M:%S").to_string()
    }

    /// The day.
    pub(crate) fn day(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%A, %Y-%m-%d").to_string()
    }

    /// Text in bold.
    pub(crate) fn strong(&self, text: &str) -> String {
        self.sgr("1", text)
    }

    /// Text that stands back.
    pub(crate) fn faint(&self, text: &str) -> String {
        self.sgr("2", text)
    }

    /// Text that is good news.
    pub(crate) fn good(&self, text: &str) -> String {
        self.sgr("32", text)
    }

    /// Text that asks for attention.
    pub(crate) fn bad(&self, text: &str) -> String {
        self.sgr("31", text)
    }

    fn sgr(&self, code: &str, text: &str) -> String {
        match self.colours {
            Colours::On => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Colours::Off => text.to_owned(),
        }
    }
}

/// Standard output, standard error, and how they look.
pub(crate) struct Screen {
    out: Box<dyn Write>,
    format: Format,
    look: Look,
}

impl Screen {
    /// The process's own.
    pub(crate) fn standard(format: Format) -> Self {
        let terminal = io::stdout().is_terminal();
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let colours = if terminal && !no_color && !dumb { Colours::On } else { Colours::Off };
        let width = if terminal { comfy_table::Table::new().width() } else { None };
        let look = Look { colours, width, zone: TimeZone::system() };
        Self { out: Box::new(io::stdout()), format, look }
    }

    /// For whom the output is.
    pub(crate) const fn format(&self) -> Format {
        self.format
    }

    /// How it looks.
    pub(crate) const fn look(&self) -> &Look {
        &self.look
    }

    /// Prints text and a newline.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), Failure> {
        let text = text.trim_end_matches('\n');
        writeln!(self.out, "{text}").and_then(|()| self.out.flush()).map_err(closed)
    }

    /// Prints JSON, over several lines.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn json(&mut self, value: &Value) -> Result<(), Failure> {
        self.print(&format!("{value:#}"))
    }

    /// Prints JSON on one line: an item of a stream.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn json_line(&mut self, value: &Value) -> Result<(), Failure> {
        self.print(&value.to_string())
    }

    /// Prints what the controller answered: as it is for programs, rendered for people.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn show(
        &mut self,
        raw: &Value,
        render: impl FnOnce(&Look) -> String,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.json(raw),
            Format::People => {
                let text = render(&self.look);
                self.print(&text)
            }
        }
    }

    /// Says something beside the result, on standard error; nothing in JSON.
    pub(crate) fn note(&self, text: &str) {
        if self.format == Format::People {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Shows a failure, on standard error.
    pub(crate) fn trouble(&self, trouble: &Trouble) {
        let text = match self.format {
            Format::Json => json!({ "error": {
                "code": trouble.exit.word(), "message": trouble.to_string(), "hint": trouble.hint,
            }})
            .to_string(),
            Format::People => {
                let mut text = format!("error: {}", text::line(&trouble.to_string()));
                if let Some(hint) = &trouble.hint {
                    text.push_str("\n hint: ");
                    text.push_str(&text::line(hint));
                }
                text
            }
        };
        let _ = writeln!(io::stderr(), "{text}");
    }
}

fn closed(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::OutputClosed
    } else {
        Failure::cannot(crate::exit::Exit::Failed, "write the output", error.to_string())
    }
}
