//! Redaction: what looks like a secret is replaced by a visible mark before anything leaves the
//! machine.
//!
//! A text that can carry a secret (a command line, a line of a log, a URL, a unit's description) is
//! a [`Redacted`] in its section, and only a [`Redactor`] makes one. The rules look for secrets by
//! name (`password=`, `--token`, `Authorization:`) and by shape (AWS keys, JWTs, private keys), in
//! one pass each and without backtracking. They would rather hide a harmless word behind
//! `password=` than show a password; what tells nothing of its value (`--password-file /etc/x`,
//! `Failed password for root`) stays.
//!
//! Deliberately not here: which field carries what; that is the collectors' to know.

use std::cell::Cell;
use std::fmt;

use serde::{Deserialize, Serialize};

mod command;
mod names;
mod rules;
mod shapes;

/// How often a text is gone over before all of it is given up. Each pass replaces something, and
/// two are the rule: one that finds, and one that finds nothing more.
const MAX_PASSES: usize = 8;

/// What kind of secret was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Secret {
    /// A password or passphrase.
    Password,
    /// A token that stands for a session or an account.
    Token,
    /// A key of a service, by name or by its well-known shape.
    Key,
    /// An AWS access key.
    AwsKey,
    /// A JSON Web Token.
    Jwt,
    /// A private key, armoured.
    PrivateKey,
    /// A cookie.
    Cookie,
    /// A text with more secrets than could be told apart.
    Everything,
}

impl Secret {
    const ALL: [Self; 8] = [
        Self::Password,
        Self::Token,
        Self::Key,
        Self::AwsKey,
        Self::Jwt,
        Self::PrivateKey,
        Self::Cookie,
        Self::Everything,
    ];

    /// What stands in the secret's place.
    #[must_use]
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Password => "[redacted:password]",
            Self::Token => "[redacted:token]",
            Self::Key => "[redacted:key]",
            Self::AwsKey => "[redacted:aws_key]",
            Self::Jwt => "[redacted:jwt]",
            Self::PrivateKey => "[redacted:private_key]",
            Self::Cookie => "[redacted:cookie]",
            Self::Everything => "[redacted:everything]",
        }
    }
}

/// A text that went through a [`Redactor`]; on the wire it is that text.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Redacted(String);

impl Redacted {
    /// The text, with its marks.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Redacts texts and counts what it replaced.
#[derive(Debug, Default)]
pub struct Redactor {
    count: Cell<u32>,
}

impl Redactor {
    /// How many values were replaced so far.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count.get()
    }

    /// A text of any kind: a line of a log, a URL, a description, settings of an environment.
    #[must_use]
    pub fn text(&self, text: &str) -> Redacted {
        self.settle(text.to_owned(), |text| {
            let mut spans = rules::spans(text);
            spans.extend(shapes::spans(text));
            spans
        })
    }

    /// A command line as one text, as in a unit's file: also knows which flags of which programs
    /// are followed by a secret.
    #[must_use]
    pub fn command_line(&self, line: &str) -> Redacted {
        self.settle(line.to_owned(), |line| {
            let mut spans = command::spans(line);
            spans.extend(rules::spans(line));
            spans.extend(shapes::spans(line));
            spans
        })
    }

    /// A command as the system has it, argument by argument; gives one line.
    #[must_use]
    pub fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Redacted {
        let arguments: Vec<&str> = arguments.into_iter().collect();
        let mut line = String::new();
        for (index, argument) in arguments.iter().enumerate() {
            if index > 0 {
                line.push(' ');
            }
            match command::secret_part(&arguments, index) {
                Some((from, secret)) if !is_mark(&argument[from..]) => {
                    self.replaced(1);
                    line.push_str(&argument[..from]);
                    line.push_str(secret.mark());
                }
                _ => line.push_str(argument),
            }
        }
        self.command_line(&line)
    }

    /// Goes over the text until nothing more is found, so that what comes out is what would come
    /// out of it again. The rules see marks as runs of [`MASK`], which no rule looks into.
    fn settle(&self, mut text: String, find: impl Fn(&str) -> Vec<Span>) -> Redacted {
        for _ in 0..MAX_PASSES {
            let (shown, marks) = masked(&text);
            let spans = merged(find(&shown), &marks);
            if spans.is_empty() {
                return Redacted(text);
            }
            self.replaced(spans.len());
            let mut next = String::with_capacity(text.len());
            let mut at = 0;
            for span in &spans {
                next.push_str(&text[at..span.start]);
                next.push_str(span.secret.mark());
                at = span.end;
            }
            next.push_str(&text[at..]);
            text = next;
        }
        Redacted(Secret::Everything.mark().to_owned())
    }

    fn replaced(&self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.count.set(self.count.get().saturating_add(count));
    }
}

/// A secret's place in a text, in bytes, on the borders of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    start: usize,
    end: usize,
    secret: Secret,
}

/// What stands for each byte of a mark while rules look at a text.
const MASK: u8 = 0x01;

/// The text with its marks masked, and where they are.
fn masked(text: &str) -> (String, Vec<(usize, usize)>) {
    let mut shown = text.to_owned();
    let mut marks = Vec::new();
    let mut from = 0;
    while let Some(found) = text[from..].find("[redacted:") {
        let start = from + found;
        let rest = &text[start..];
        from = start + 1;
        if let Some(mark) =
            Secret::ALL.map(Secret::mark).into_iter().find(|mark| rest.starts_with(mark))
        {
            from = start + mark.len();
            marks.push((start, from));
            shown.replace_range(start..from, &char::from(MASK).to_string().repeat(mark.len()));
        }
    }
    (shown, marks)
}

fn is_mark(text: &str) -> bool {
    Secret::ALL.iter().any(|secret| secret.mark() == text)
}

/// The spans in order, each taking in the marks that it cuts; those that overlap become one, of the
/// kind that begins first. What is nothing but a mark is none.
fn merged(mut spans: Vec<Span>, marks: &[(usize, usize)]) -> Vec<Span> {
    for span in &mut spans {
        for &(start, end) in marks {
            if start < span.end && span.start < end {
                span.start = span.start.min(start);
                span.end = span.end.max(end);
            }
        }
    }
    spans.retain(|span| {
        let hidden = |at: &usize| marks.iter().any(|(start, end)| (*start..*end).contains(at));
        !(span.start..span.end).all(|at| hidden(&at))
    });
    spans.sort_unstable_by_key(|span| (span.start, std::cmp::Reverse(span.end), span.secret));
    let mut result: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match result.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => result.push(span),
        }
    }
    result
}

#[cfg(test)]
#[path = "redaction/tests.rs"]
mod tests;
