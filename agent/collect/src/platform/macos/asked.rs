//! What the system's programs answer.
//!
//! A tree that was recorded keeps each answer in `/answers`, in a file that is named by the program and its
//! arguments, with colons for slashes: `/answers/diskutil apfs list -plist`. `/answers/date` holds the time at
//! which it was recorded.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use befund_model::Timestamp;
use befund_runtime::clock::Clock;

pub(super) mod kept;

use super::decode::plist::Value;
use crate::collector::{Context, Gap};
use crate::platform::unix::command::{self, CommandError, Output};

/// The most bytes of an answer.
const MAX_BYTES: usize = 8 << 20;
const IOREG: &str = "/usr/sbin/ioreg";
/// How long a program may take of which nothing else is known.
const PATIENCE: Duration = Duration::from_secs(2);

/// A question to a program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    program: &'static str,
    arguments: &'a [&'a str],
    within: Duration,
    anew: bool,
}

/// Asks this program, by its absolute path.
pub(super) const fn ask<'a>(program: &'static str, arguments: &'a [&'a str]) -> Question<'a> {
    Question { program, arguments, within: PATIENCE, anew: false }
}

impl Question<'_> {
    /// How long it may take.
    pub(super) const fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// Put anew, also if somebody has put it a moment ago.
    pub(super) const fn anew(mut self) -> Self {
        self.anew = true;
        self
    }

    /// The answer's bytes.
    pub(super) fn bytes(self, cx: &Context) -> Result<Arc<Vec<u8>>, Gap> {
        self.answer(cx, "", || command::run(self.program, self.arguments, self.within, MAX_BYTES))
    }

    /// The answer as text.
    pub(super) fn text(self, cx: &Context) -> Result<String, Gap> {
        self.bytes(cx).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The answer as text, also of a program that ends as if it had failed where there is nothing to tell.
    pub(super) fn text_at_any_end(self, cx: &Context) -> Result<String, Gap> {
        let bytes = self.answer(cx, "at any end: ", || {
            command::run_to_any_end(self.program, self.arguments, self.within, MAX_BYTES)
        });
        bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn answer(
        self,
        cx: &Context,
        manner: &str,
        put: impl FnOnce() -> Result<Output, CommandError>,
    ) -> Result<Arc<Vec<u8>>, Gap> {
        if !cx.root.is_live() {
            return self.recorded(cx).map(Arc::new);
        }
        cx.root.trail().at(self.program);
        let put = || put().map(|output| Arc::new(output.bytes)).map_err(gap);
        if self.anew {
            return put();
        }
        let question = format!("{manner}{} {}", self.program, self.arguments.join(" "));
        kept(cx, question, put)
    }

    /// What came of the answer in time, and why there is no more.
    pub(super) fn partly(self, cx: &Context, cap: usize) -> Result<(String, Option<Gap>), Gap> {
        if !cx.root.is_live() {
            return Ok((self.text(cx)?, None));
        }
        cx.root.trail().at(self.program);
        let (output, cut) =
            command::run_partly(self.program, self.arguments, self.within, cap).map_err(gap)?;
        Ok((String::from_utf8_lossy(&output.bytes).into_owned(), cut.map(gap)))
    }

    /// The answer as a property list.
    pub(super) fn plist(self, cx: &Context) -> Result<Value, Gap> {
        let bytes = self.bytes(cx)?;
        let program = self.program;
        Value::parse(&bytes).ok_or_else(|| {
            Gap::failed(format!("what {program} answered is no property list, or is cut"))
        })
    }

    fn recorded(self, cx: &Context) -> Result<Vec<u8>, Gap> {
        let name = self.program.rsplit('/').next().unwrap_or_default();
        let mut path = format!("/answers/{name}");
        for argument in self.arguments {
            path.push(' ');
            path.push_str(&argument.replace('/', ":"));
        }
        Ok(cx.root.read_capped(&path, MAX_BYTES as u64)?)
    }
}

fn gap(error: CommandError) -> Gap {
    const DENIED: &[&str] =
        &["root", "not permitted", "permission", "not authorized", "privileges"];
    match error {
        CommandError::Io { program, source } if source.kind() == io::ErrorKind::NotFound => {
            Gap::unsupported(format!("there is no {program}"))
        }
        CommandError::Io { program, source }
            if source.kind() == io::ErrorKind::PermissionDenied =>
        {
            Gap::denied(format!("{program} may not be run by this account"))
        }
        CommandError::Ended { program, complaint, .. }
            if DENIED.iter().any(|word| complaint.to_ascii_lowercase().contains(word)) =>
        {
            Gap::denied(format!("{program} answers administrators only: {complaint}"))
        }
        error @ (CommandError::Io { .. }
        | CommandError::Late(_)
        | CommandError::TooMuch(_)
        | CommandError::Ended { .. }) => Gap::failed(error.to_string()),
    }
}

/// Puts a question that others may have put just now.
fn kept(
    cx: &Context,
    question: String,
    put: impl FnOnce() -> Result<Arc<Vec<u8>>, Gap>,
) -> Result<Arc<Vec<u8>>, Gap> {
    #[cfg(target_os = "macos")]
    let answer = cx.root.attempt("answers", |tree| Ok(tree.kept().get(question, put)))?;
    #[cfg(not(target_os = "macos"))]
    let answer = (cx, question, put()).2;
    answer
}

/// What the system profiler is asked for: in one go, since starting it costs more than most answers do.
const PROFILED: &[&str] = &[
    "SPHardwareDataType",
    "SPiBridgeDataType",
    "SPMemoryDataType",
    "SPNVMeDataType",
    "SPSerialATADataType",
    "SPDisplaysDataType",
    "SPThunderboltDataType",
    "SPAudioDataType",
    "SPCameraDataType",
];

/// What the system profiler tells of hardware, by XML, which every version writes.
pub(super) fn profile(cx: &Context) -> Result<Profile, Gap> {
    profiled(cx, PROFILED)
}

/// What it tells of these data types.
pub(super) fn profiled(cx: &Context, kinds: &[&str]) -> Result<Profile, Gap> {
    let arguments: Vec<&str> = ["-xml"].iter().chain(kinds).copied().collect();
    let within = Duration::from_millis(5_500);
    let told = ask("/usr/sbin/system_profiler", &arguments).within(within).plist(cx)?;
    Ok(Profile(told))
}

/// An answer of the system profiler.
#[derive(Debug)]
pub(super) struct Profile(Value);

impl Profile {
    /// What it tells of this data type.
    pub(super) fn items(&self, kind: &str) -> &[Value] {
        let of = self.0.items().iter().find(|one| one.text("_dataType") == Some(kind));
        of.map_or(&[], |one| one.list("_items"))
    }
}

/// Entries of the registry of devices of this class, with what hangs on them down to a depth.
pub(super) fn registry(cx: &Context, class: &str, depth: &str) -> Result<Vec<Value>, Gap> {
    entries(&ask(IOREG, &["-a", "-r", "-c", class, "-d", depth]).bytes(cx)?)
}

/// As [`registry`], as it is at this moment.
pub(super) fn registry_anew(cx: &Context, class: &str, depth: &str) -> Result<Vec<Value>, Gap> {
    entries(&ask(IOREG, &["-a", "-r", "-c", class, "-d", depth]).anew().bytes(cx)?)
}

fn entries(bytes: &[u8]) -> Result<Vec<Value>, Gap> {
    // Where there is no such entry it says nothing at all.
    if bytes.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    match Value::parse(bytes) {
        Some(Value::List(items)) => Ok(items),
        Some(one) => Ok(vec![one]),
        None => Err(Gap::failed("what /usr/sbin/ioreg answered is no property list, or is cut")),
    }
}

/// The time, of the recording if this is one.
pub(super) fn now(cx: &Context) -> Option<Timestamp> {
    if cx.root.is_live() {
        return Some(Clock::system().now());
    }
    cx.line("/answers/date")?.parse().ok()
}

/// Whether programs tell everything; of a recording it is taken that they did.
pub(super) fn is_administrator(cx: &Context) -> bool {
    !cx.root.is_live() || rustix::process::geteuid().is_root()
}
