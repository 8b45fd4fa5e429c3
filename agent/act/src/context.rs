//! What an action works with while it is done: its surroundings, its deadline, and what it tells. Programs are
//! run here: by absolute path, without the caller's environment, under the deadline, their output told live,
//! redacted and capped. Never through a shell.

use std::cell::RefCell;
use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use befund_model::action::Command;
use befund_model::redaction::Redactor;

use crate::platform::{self, Account, Root};
use crate::trouble::{Outcome, Trouble};
use crate::{ActOrder, Programs, Surroundings, Told, WallClock};

/// The longest line that is told, and the most of lines that are told together, in bytes.
const MAX_LINE_BYTES: usize = 4 << 10;
/// How much of a program's output is kept with its command, in bytes.
const KEPT_BYTES: usize = 4 << 10;
/// How much of a program's standard output is read for its meaning, in bytes.
const MAX_ANSWER_BYTES: usize = 256 << 10;
/// The most programs that are named with what was done.
const MAX_COMMANDS: usize = 64;
/// How long a program may take that is only asked.
const ASKED: Duration = Duration::from_secs(15);

/// What an action works with.
pub(crate) struct Context<'a> {
    pub(crate) order: &'a ActOrder,
    pub(crate) root: &'a Root,
    pub(crate) programs: &'a Programs,
    pub(crate) clock: &'a dyn WallClock,
    pub(crate) deadline: Instant,
    redactor: Redactor,
    out: RefCell<Out<'a>>,
}

struct Out<'a> {
    tell: &'a mut dyn FnMut(Told) -> ControlFlow<()>,
    /// Lines that came at once and are told together.
    lines: String,
    left: u64,
    marked: bool,
    commands: Vec<Command>,
}

/// A program to run.
pub(crate) struct Invocation<'a> {
    pub(crate) program: &'a Path,
    pub(crate) arguments: Vec<OsString>,
    /// Beside `LC_ALL` and `PATH`.
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// The account that it runs as; this process's own if absent.
    pub(crate) account: Option<&'a Account>,
    pub(crate) folder: Option<&'a Path>,
    /// Its standard input; nothing is there if absent.
    pub(crate) input: Option<std::fs::File>,
}

/// What a program told and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    /// Absent where it was killed.
    pub(crate) exit: Option<i32>,
    /// Its standard output, 256 KiB at most; of a program that was run, not only asked, with its standard error.
    pub(crate) text: String,
    /// The last line of its standard error, or of its standard output if it wrote nothing there.
    pub(crate) last: String,
}

/// Which of a program's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// Whether a program changes something, and so is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It is only asked, without a word to anybody.
    Asked,
    /// What it says is told while it says it.
    Told,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        order: &'a ActOrder,
        around: &'a Surroundings<'a>,
        tell: &'a mut dyn FnMut(Told) -> ControlFlow<()>,
    ) -> Self {
        let deadline = Instant::now()
            .checked_add(Duration::from_millis(order.within_ms))
            .unwrap_or_else(|| Instant::now() + Duration::from_secs(24 * 3600));
        let left = order.output_bytes;
        let out = Out { tell, lines: String::new(), left, marked: false, commands: Vec::new() };
        Self {
            order,
            root: &around.root,
            programs: &around.programs,
            clock: around.clock,
            deadline,
            redactor: Redactor::default(),
            out: RefCell::new(out),
        }
    }

    /// How much time is left.
    pub(crate) fn left(&self) -> Outcome<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let within = self.order.within_ms;
            return Err(Trouble::late(format!("it was not done within {within} ms")));
        }
        Ok(left)
    }

    /// Tells a line.
    pub(crate) fn say(&self, line: impl AsRef<str>) {
        self.line(line.as_ref());
        self.out.borrow_mut().flush();
    }

    /// Tells something that is not output.
    pub(crate) fn tell(&self, told: Told) -> ControlFlow<()> {
        (self.out.borrow_mut().tell)(told)
    }

    /// The programs that were run so far.
    pub(crate) fn take_commands(&self) -> Vec<Command> {
        std::mem::take(&mut self.out.borrow_mut().commands)
    }

    /// The text without secrets.
    pub(crate) fn redacted(&self, text: &str) -> String {
        self.redactor.text(text).to_string()
    }

    /// The program of this name, or why not.
    pub(crate) fn program(&self, name: &str) -> Outcome<std::path::PathBuf> {
        self.programs.find(name).ok_or_else(|| {
            Trouble::unsupported(format!("the program {name} is not installed on this machine"))
        })
    }

    /// Runs a program that changes something; however it ends.
    pub(crate) fn run(&self, program: &Path, arguments: &[&str]) -> Outcome<Ran> {
        self.execute(plainly(program, arguments), Manner::Told)
    }

    /// Runs a program that changes something, and must end well.
    pub(crate) fn must(&self, program: &Path, arguments: &[&str]) -> Outcome<Ran> {
        let ran = self.run(program, arguments)?;
        ended_well(program, &ran)?;
        Ok(ran)
    }

    /// As [`Self::run`], with all that there is to say of it.
    pub(crate) fn invoke(&self, invocation: Invocation<'_>) -> Outcome<Ran> {
        self.execute(invocation, Manner::Told)
    }

    /// Runs it in this manner, however it ends.
    pub(crate) fn execute(&self, invocation: Invocation<'_>, manner: Manner) -> Outcome<Ran> {
        let begun = Instant::now();
        let left = self.left()?;
        let until = begun + if manner == Manner::Asked { left.min(ASKED) } else { left };
        let program = invocation.program.display().to_string();
        let words: Vec<String> = std::iter::once(program.clone())
            .chain(invocation.arguments.iter().map(|word| word.to_string_lossy().into_owned()))
            .collect();
        let mut lines = Lines::default();
        let (mut answer, mut cut) = (Vec::new(), false);
        let ended = platform::run(invocation, until, &mut |stream, bytes| {
            let room = MAX_ANSWER_BYTES.saturating_sub(answer.len());
            if stream == Stream::Out || manner == Manner::Told {
                answer.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            lines.push(stream, bytes, |line| {
                cut |= manner == Manner::Told && !self.line(line);
            });
            self.out.borrow_mut().flush();
        })
        .map_err(|error| Trouble::io(format_args!("run {program}"), &error))?;
        lines.end(|line| cut |= manner == Manner::Told && !self.line(line));
        self.out.borrow_mut().flush();
        let text = String::from_utf8_lossy(&answer).into_owned();
        let last = if lines.last_err.is_empty() { &lines.last_out } else { &lines.last_err };
        let last = self.redacted(last);
        if manner == Manner::Told {
            let output = self.redacted(tail(&text, KEPT_BYTES));
            cut |= output.len() < text.len();
            let line = words.iter().map(|word| self.redactor.text(word).to_string()).collect();
            let took_us = micros(begun.elapsed());
            let mut out = self.out.borrow_mut();
            if out.commands.len() < MAX_COMMANDS {
                out.commands.push(Command { line, exit: ended.exit, took_us, output, cut });
            }
        }
        if ended.is_late {
            let after = begun.elapsed().as_millis();
            return Err(Trouble::late(format!(
                "{program} did not end within {after} ms and was killed"
            )));
        }
        Ok(Ran { exit: ended.exit, text, last })
    }

    /// Has a line told with the next flush if there is room for it; false where it was left out.
    fn line(&self, line: &str) -> bool {
        let mut out = self.out.borrow_mut();
        let line = self.redactor.text(&shown(line)).to_string();
        let length = line.len() as u64 + 1;
        if length > out.left {
            out.left = 0;
            if !out.marked {
                out.marked = true;
                let cap = self.order.output_bytes;
                out.push(&format!("[more than {cap} bytes; the rest is left out]"));
            }
            return false;
        }
        out.left -= length;
        out.push(&line);
        true
    }
}

impl Out<'_> {
    fn push(&mut self, line: &str) {
        if !self.lines.is_empty() {
            if self.lines.len() + 1 + line.len() > MAX_LINE_BYTES {
                self.flush();
            } else {
                self.lines.push('\n');
            }
        }
        self.lines.push_str(line);
    }

    fn flush(&mut self) {
        if !self.lines.is_empty() {
            // Output that nobody reads stops nothing.
            let _ = (self.tell)(Told::Output(std::mem::take(&mut self.lines)));
        }
    }
}

/// A program with nothing but its arguments.
pub(crate) fn plainly<'a>(program: &'a Path, arguments: &[&str]) -> Invocation<'a> {
    Invocation {
        program,
        arguments: arguments.iter().map(OsString::from).collect(),
        environment: Vec::new(),
        account: None,
        folder: None,
        input: None,
    }
}

/// Whether it ended with zero, or how it ended in its last words.
pub(crate) fn ended_well(program: &Path, ran: &Ran) -> Outcome<()> {
    let program = program.display();
    match ran.exit {
        Some(0) => Ok(()),
        Some(status) if ran.last.is_empty() => {
            Err(Trouble::failed(format!("{program} ended with {status}, without a word")))
        }
        Some(status) => {
            Err(Trouble::failed(format!("{program} ended with {status}: {}", ran.last)))
        }
        None => Err(Trouble::failed(format!("{program} was killed"))),
    }
}

pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The line without what would steer a terminal, at most [`MAX_LINE_BYTES`].
fn shown(line: &str) -> String {
    let end = line.floor_char_boundary(MAX_LINE_BYTES);
    let steers = |c: char| c.is_control() && c != '\t';
    line[..end].chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// The last bytes of a text, from the beginning of a character.
fn tail(text: &str, bytes: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(bytes))..]
}

/// Bytes of two outputs, made into lines.
#[derive(Default)]
struct Lines {
    out: Vec<u8>,
    err: Vec<u8>,
    last_out: String,
    last_err: String,
}

impl Lines {
    fn push(&mut self, stream: Stream, bytes: &[u8], mut each: impl FnMut(&str)) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.extend(stream, &rest[..end]);
            self.flush(stream, &mut each);
            rest = &rest[end + 1..];
        }
        self.extend(stream, rest);
    }

    fn end(&mut self, mut each: impl FnMut(&str)) {
        self.flush(Stream::Out, &mut each);
        self.flush(Stream::Err, &mut each);
    }

    fn held(&mut self, stream: Stream) -> &mut Vec<u8> {
        match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        }
    }

    fn extend(&mut self, stream: Stream, bytes: &[u8]) {
        let held = self.held(stream);
        let room = MAX_LINE_BYTES.saturating_sub(held.len());
        held.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn flush(&mut self, stream: Stream, each: &mut impl FnMut(&str)) {
        let bytes = std::mem::take(self.held(stream));
        let line = String::from_utf8_lossy(&bytes);
        if !line.trim().is_empty() {
            let last = match stream {
                Stream::Out => &mut self.last_out,
                Stream::Err => &mut self.last_err,
            };
            shown(line.trim()).clone_into(last);
            each(line.trim_end());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lines_come_whole_however_they_are_cut(
            text in "[a-z \n]{0,80}", cuts in prop::collection::vec(0usize..80, 0..6)
        ) {
            let (mut lines, mut seen) = (Lines::default(), Vec::new());
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            cuts.push(text.len());
            let mut at = 0;
            for cut in cuts {
                lines.push(Stream::Out, &text.as_bytes()[at..cut], |line| seen.push(line.to_owned()));
                at = cut;
            }
            lines.end(|line| seen.push(line.to_owned()));
            let whole: Vec<String> = text
                .split('\n')
                .filter(|line| !line.trim().is_empty())
                .map(|line| line.trim_end().to_owned())
                .collect();
            prop_assert_eq!(seen, whole);
        }

        #[test]
        fn what_is_shown_steers_no_terminal(text in any::<String>()) {
            prop_assert!(!shown(&text).chars().any(|c| c.is_control() && c != '\t'));
            prop_assert!(tail(&text, 7).len() <= 7);
        }
    }
}
