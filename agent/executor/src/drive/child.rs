//! The act child, seen from the driver: started in limits of its own, its output told live, its answer taken. Whether
//! anything may be done is decided before.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use befund_act::{ActOrder, Interpreter, Machine, Purpose, Script, Told, Work};
use befund_model::action::{self, ActionSpec, Repeat};
use befund_model::job::JobNews;
use befund_runbook::document::{Act, Interpreter as Signed, Script as SignedScript};
use befund_runtime::frame;
use serde_json::Value;
use tracing::warn;

use super::scene::Scene;
use crate::confine::{End, Lasting, Left, Limits, Privileges, Program, Stream};
use crate::journal::{Entry, Intent};

/// What the child needs beyond its action's own time: its start, and ending what overstays.
const MARGIN: Duration = Duration::from_secs(3);
/// Output is told at most so often.
const EVERY: Duration = Duration::from_millis(50);
/// The most bytes of output in one event.
const BATCH: usize = 4 << 10;
/// The most bytes of that as JSON, within an event.
const BATCH_JSON: usize = 15 << 10;
/// What a child may use. Package managers are the largest.
const MEMORY: u64 = 2 << 30;
const PROCESSES: u32 = 512;
/// What the child's own words take beside its output.
const WORDS: u64 = 2 << 20;

/// What came of a child.
#[derive(Debug)]
pub(super) struct Done {
    /// Its last word; without one, why there is none.
    pub(super) answer: Result<Told, Unanswered>,
    /// What undoing needs, as it was told before anything was changed.
    pub(super) before: Value,
    /// What it printed, in bytes.
    pub(super) output: u64,
}

/// Why a child gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// It could not be started: nothing was done.
    NotStarted(String),
    /// It was cancelled.
    Cancelled,
    /// It overstayed.
    Late,
    /// It broke a limit, or broke down.
    Broken(String),
    /// It was killed with whoever kept it, so that nobody knows how far it came.
    Lost,
}

/// What is done about a child's words on its way.
pub(super) enum Live<'a> {
    /// Its output is told, and what undoing needs is noted as soon as it is known.
    Told(&'a Scene, &'a Intent),
    /// Its output is of no interest.
    Silent,
}

/// What is to be done, for the child: an action or a script of the run's catalogue, whose bytes go with it.
///
/// # Errors
/// If it is nothing that a child does, or the catalogue has no such script.
pub(super) fn work(
    scene: &Scene,
    act: &Act,
    parameters: &Value,
) -> Result<(Work, Vec<u8>), String> {
    match act {
        Act::Action(name) => {
            let work = Work::Action { name: name.clone(), parameters: parameters.clone() };
            Ok((work, Vec::new()))
        }
        Act::Script(script) => Ok(of_script(script, parameters, bytes(scene, script)?)),
        Act::Instruct | Act::OpenUrl | Act::Reboot => {
            Err(format!("{} is done by no child", super::scene::name(act)))
        }
    }
}

/// The bytes of a script of the run's catalogue.
///
/// # Errors
/// If it has no such script.
pub(super) fn bytes(scene: &Scene, script: &SignedScript) -> Result<Vec<u8>, String> {
    let signed = scene.scripts.get(&script.path);
    signed
        .map(|(bytes, _)| bytes.clone())
        .ok_or_else(|| format!("the catalogue has no {}", script.path))
}

/// As [`work()`], of a script with these bytes.
pub(super) fn of_script(
    script: &SignedScript,
    arguments: &Value,
    bytes: Vec<u8>,
) -> (Work, Vec<u8>) {
    let interpreter = match script.interpreter {
        Signed::Sh => Interpreter::Sh,
        Signed::PowerShell => Interpreter::Powershell,
        Signed::Python => Interpreter::Python,
    };
    let name = script.path.clone();
    (Work::Script(Script { name, interpreter, arguments: arguments.clone() }), bytes)
}

/// Runs a child to its end. Nothing of it is left then.
pub(super) async fn run(
    scene: &Scene,
    (work, script): (Work, Vec<u8>),
    purpose: Purpose,
    within: Duration,
    output: u64,
    live: Live<'_>,
    cancel: &CancellationToken,
) -> Done {
    let none = |why| Done { answer: Err(why), before: Value::Null, output: 0 };
    let policy = match scene.policy() {
        Ok(policy) => policy,
        Err(why) => return none(Unanswered::NotStarted(why)),
    };
    let order = ActOrder {
        work,
        purpose,
        within_ms: u64::try_from(within.as_millis()).unwrap_or(u64::MAX),
        output_bytes: output,
        user: scene.signed_in().await,
        machine: Machine {
            root: scene.shared.config.root.clone(),
            programs: None,
            names: policy.targets.dns.clone(),
            time_servers: policy.targets.ntp.clone(),
            not_before: scene.keep().floors().floor().as_second(),
        },
    };
    let mut input = Vec::new();
    if let Err(error) = frame::write(&mut input, &order, &script) {
        return none(Unanswered::NotStarted(crate::told(&error)));
    }
    let command = &scene.shared.config.act;
    let program = Program {
        path: command.program.clone(),
        arguments: command.arguments.clone(),
        environment: crate::platform::surroundings(),
        folder: "/".into(),
        input,
        privileges: Privileges::Kept,
    };
    // As JSON, each byte may be six.
    let most = output.saturating_mul(6).saturating_add(WORDS);
    let limits = Limits {
        wall: within + MARGIN,
        cpu: (within + MARGIN).saturating_mul(4),
        memory_bytes: MEMORY,
        processes: PROCESSES,
        output_bytes: most,
    };
    let lasting = lasting(&order);
    // By a byte the child hears that what undoing needs was noted.
    let (noted, heard_so) = mpsc::unbounded_channel();
    let confined = match scene.runs.confinement.start(program, limits) {
        Ok(confined) => confined.lasting(lasting).then(heard_so),
        Err(error) => return none(Unanswered::NotStarted(crate::told(&error))),
    };
    let (told, mut words) = mpsc::unbounded_channel();
    let mut reader = Reader::new(most);
    let mut errors = Vec::new();
    let mut child = Box::pin(confined.read(cancel, |stream, bytes| match stream {
        // Nobody listens any more once the run is over.
        Stream::Output => reader.push(bytes, |word| drop(told.send(word))),
        Stream::Errors => {
            let room =
                (1 << 10_usize).min(bytes.len()).min((4_usize << 10).saturating_sub(errors.len()));
            errors.extend_from_slice(&bytes[..room]);
        }
    }));
    let mut batch = Batch::new();
    let mut heard = Words { answer: None, before: Value::Null, output: 0, noted: Some(noted) };
    let ended = loop {
        let due = batch.due();
        tokio::select! {
            biased;
            Some(word) = words.recv() => heard.take(word, &mut batch, &live).await,
            () = sleep_until(due.unwrap_or_else(far)), if due.is_some() => batch.flush(&live).await,
            ended = &mut child => break ended,
        }
    };
    drop(child);
    while let Ok(word) = words.try_recv() {
        heard.take(word, &mut batch, &live).await;
    }
    batch.flush(&live).await;
    let Words { answer, before, output, noted: _ } = heard;
    if ended.left == Left::Something {
        let text = "processes that it started could not be killed: they wait for a dead disk";
        batch.push(text);
        batch.flush(&live).await;
    }
    if let Err(why) = &ended.lasting {
        batch.push(&format!("what it started could not go on and was ended: {why}"));
        batch.flush(&live).await;
    }
    let last = String::from_utf8_lossy(&errors).trim().to_owned();
    let broken = |what: &str| match last.as_str() {
        "" => Unanswered::Broken(what.to_owned()),
        last => Unanswered::Broken(format!("{what}: {}", crate::events::cut(last, 500))),
    };
    let answer = match (answer, ended.end) {
        (Some(answer), End::Exited(_)) => Ok(answer),
        (_, End::Cancelled) => Err(Unanswered::Cancelled),
        (_, End::Late) => Err(Unanswered::Late),
        (_, End::Lost) => Err(Unanswered::Lost),
        (_, End::OverCpu) => Err(broken("it used up its time of processors")),
        (_, End::OverMemory) => Err(broken("it used more memory than it may")),
        (_, End::OverProcesses) => Err(broken("it started more processes than it may")),
        (None, End::Exited(status)) => {
            Err(broken(&format!("the child ended with status {status} and without an answer")))
        }
        (_, End::Signalled(signal)) => Err(broken(&format!("signal {signal} ended the child"))),
    };
    Done { answer, before, output }
}

/// What may go on of a child: of an action that is there to start something, and of undoing one, whatever it left
/// running; of everything else, and of every script, nothing.
fn lasting(order: &ActOrder) -> Lasting {
    let starts = match (&order.work, &order.purpose) {
        (Work::Action { name, .. }, Purpose::Perform | Purpose::Undo { .. }) => {
            action::find(name).is_some_and(ActionSpec::starts)
        }
        (Work::Action { .. }, Purpose::Predict | Purpose::Holds) | (Work::Script(_), _) => false,
    };
    if starts { Lasting::Whatever } else { Lasting::Nothing }
}

fn far() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

/// What a child has told.
struct Words {
    answer: Option<Told>,
    before: Value,
    output: u64,
    /// Who tells the child that what undoing needs was noted; gone where it was not, so that it changes nothing.
    noted: Option<mpsc::UnboundedSender<Vec<u8>>>,
}

impl Words {
    async fn take(&mut self, word: Told, batch: &mut Batch, live: &Live<'_>) {
        match word {
            Told::Output(line) => {
                self.output = self.output.saturating_add(line.len() as u64 + 1);
                if batch.is_full(&line) {
                    batch.flush(live).await;
                }
                batch.push(&line);
                if batch.due().is_some_and(|due| due <= Instant::now()) {
                    batch.flush(live).await;
                }
            }
            Told::Before(before) => {
                if note(live, &before).await {
                    // It may have ended meanwhile.
                    let _ = self.noted.as_ref().map(|noted| noted.send(vec![b'\n']));
                } else {
                    self.noted = None;
                }
                self.before = before;
            }
            answer @ (Told::Predicted(_) | Told::Acted(_) | Told::Holds { .. }) => {
                self.answer = Some(answer);
            }
        }
    }
}

/// Notes what undoing needs, before the child changes anything, and gives whether it may; a step that is never done twice
/// has it with its end, and one that was interrupted and is done again keeps what was noted first.
async fn note(live: &Live<'_>, before: &Value) -> bool {
    let Live::Told(scene, intent) = live else { return true };
    match intent.repeat {
        Repeat::Idempotent | Repeat::Probed if intent.before.is_null() => {}
        Repeat::Idempotent | Repeat::Probed | Repeat::Never => return true,
    }
    let intent = Intent { before: before.clone(), ..(*intent).clone() };
    let written = scene.runs.ledger.append(scene.run.order.job, Entry::Intent(Box::new(intent)));
    match written.await {
        Ok(()) => true,
        Err(error) => {
            warn!(error = &error as &dyn std::error::Error, "what undoing needs was not noted");
            false
        }
    }
}

/// Lines of output on their way to one event.
struct Batch {
    text: String,
    /// When the last one was told.
    told: Option<Instant>,
}

impl Batch {
    const fn new() -> Self {
        Self { text: String::new(), told: None }
    }

    fn is_full(&self, line: &str) -> bool {
        !self.text.is_empty() && self.text.len() + line.len() + 1 > BATCH
    }

    fn push(&mut self, line: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line);
    }

    /// When what is here is to be told: the first line at once.
    fn due(&self) -> Option<Instant> {
        if self.text.is_empty() {
            return None;
        }
        Some(self.told.map_or_else(Instant::now, |told| told + EVERY))
    }

    async fn flush(&mut self, live: &Live<'_>) {
        if self.text.is_empty() {
            return;
        }
        let mut text = crate::events::cut(&std::mem::take(&mut self.text), BATCH);
        if serde_json::to_vec(&text).map_or(usize::MAX, |json| json.len()) > BATCH_JSON {
            text = crate::events::cut(&text, 2 << 10);
        }
        self.told = Some(Instant::now());
        match live {
            Live::Told(scene, _) => scene.tell(JobNews::Output(text)).await,
            Live::Silent => {}
        }
    }
}

/// Frames out of bytes that come in pieces.
struct Reader {
    bytes: Vec<u8>,
    /// How much is taken at most; what is beyond is left out.
    left: u64,
    garbled: bool,
}

impl Reader {
    const fn new(most: u64) -> Self {
        Self { bytes: Vec::new(), left: most, garbled: false }
    }

    fn push(&mut self, bytes: &[u8], mut tell: impl FnMut(Told)) {
        let length = bytes.len() as u64;
        if self.garbled || length > self.left {
            self.garbled = true;
            return;
        }
        self.left -= length;
        self.bytes.extend_from_slice(bytes);
        let mut from = 0;
        while let Some(length) = whole(&self.bytes[from..]) {
            match frame::read::<Told>(&mut &self.bytes[from..from + length]) {
                Ok(Some(frame)) => tell(frame.header),
                Ok(None) => break,
                Err(_) => {
                    self.garbled = true;
                    return;
                }
            }
            from += length;
        }
        self.bytes.drain(..from);
    }
}

/// How long the frame is that begins here, if all of it is there.
fn whole(bytes: &[u8]) -> Option<usize> {
    let (lengths, rest) = bytes.split_first_chunk::<8>()?;
    let [a, b, c, d, e, f, g, h] = *lengths;
    let header = u64::from(u32::from_be_bytes([a, b, c, d]));
    let body = usize::try_from(header + u64::from(u32::from_be_bytes([e, f, g, h]))).ok()?;
    (rest.len() >= body).then_some(8 + body)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_are_read_however_they_come(
            lines in proptest::collection::vec("[a-zä ]{0,40}", 0..10),
            piece in 1_usize..50,
        ) {
            let mut bytes = Vec::new();
            for line in &lines {
                frame::write(&mut bytes, &Told::Output(line.clone()), &[]).expect("memory");
            }
            let mut reader = Reader::new(1 << 20);
            let mut told = Vec::new();
            for piece in bytes.chunks(piece) {
                reader.push(piece, |word| told.push(word));
            }
            let expected: Vec<Told> = lines.into_iter().map(Told::Output).collect();
            prop_assert_eq!(told, expected);
        }

        #[test]
        fn no_bytes_break_the_reader(bytes in any::<Vec<u8>>()) {
            Reader::new(1 << 10).push(&bytes, |_| {});
        }
    }
}
