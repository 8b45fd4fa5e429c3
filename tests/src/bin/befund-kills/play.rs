//! One machine's part: jobs one after the other in several slots, and kills among them; then everything is let end, and
//! judged.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use befund_model::id::JobId;
use befund_model::runbook::RunbookResult;
use serde_json::json;
use tokio::runtime::Handle;

use crate::aim::{Aim, Event, Whom};
use crate::book;
use crate::chance::Chance;
use crate::phase::{self, Phase, Watched};
use crate::processes::{self, Processes, Shape};
use crate::strays;
use crate::tally::{Tally, column};
use crate::technician::Technician;
use crate::verdict::{Known, Ordered, What, result};

/// Jobs of one machine at a time.
const SLOTS: u64 = 2;
/// How many of the tickets are undone, of one.
const UNDONE: f64 = 0.25;
/// How long a job may take with everything that comes between, and how long what is left may take after the last kill.
const PATIENCE: Duration = Duration::from_secs(400);
/// How long an event is waited for before the kill comes without it.
const WAIT: Duration = Duration::from_secs(4);

/// What all machines share.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) technician: Arc<Technician>,
    pub(crate) handle: Handle,
    /// Where the marks are left.
    pub(crate) marks: std::path::PathBuf,
    pub(crate) known: processes::Known,
}

/// Which machine's part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) seed: u64,
    pub(crate) round: u64,
    pub(crate) machine: u64,
    pub(crate) kills: u64,
}

/// What is shared with the slots.
#[derive(Debug, Default)]
struct Jobs {
    ordered: Mutex<Vec<Ordered>>,
    /// How long the first one took, which nothing disturbed.
    first: Mutex<Option<Duration>>,
    over: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Plays it; what was counted, and what does not hold.
pub(crate) fn play(stage: &Stage, part: Part, token: &str) -> Result<(Tally, Vec<String>)> {
    let shape = if part.machine.is_multiple_of(2) { Shape::Service } else { Shape::ByLink };
    let mut machine = Processes::enroll(shape, token, stage.known.clone())?;
    machine.stand()?;
    let id = machine.id()?;
    let until = Instant::now() + Duration::from_secs(180);
    while !stage.handle.block_on(stage.technician.has_catalogue(&id))? {
        if Instant::now() > until {
            bail!("the machine did not get the catalogue:\n{}", machine.log());
        }
        thread::sleep(Duration::from_millis(20));
    }
    let jobs = Arc::new(Jobs::default());
    let slots: Vec<_> = (0..SLOTS)
        .map(|slot| {
            stage.handle.spawn(order(stage.clone(), part, id.clone(), slot, Arc::clone(&jobs)))
        })
        .collect();
    let mut tally = Tally::default();
    let lasting = loop {
        if let Some(lasting) = *lock(&jobs.first) {
            break lasting;
        }
        if slots.iter().any(tokio::task::JoinHandle::is_finished) || Instant::now() > until {
            bail!("no job ended before anything was killed:\n{}", machine.log());
        }
        thread::sleep(Duration::from_millis(5));
    };
    let mut chance = Chance::of(part.seed, part.round, part.machine);
    let marks = stage.marks.join(file_of(part));
    for _ in 0..part.kills {
        let aim = Aim::draw(&mut chance, lasting);
        let reached = wait(&aim, &machine, &jobs, &marks);
        let mut whom = aim.whom;
        if machine.kill(whom, aim.between).is_none() {
            // Nobody has asked the link for an executor yet.
            whom = Whom::Link;
            let _ = machine.kill(whom, aim.between);
        }
        // What was under way in the kernel comes to its end.
        thread::sleep(Duration::from_millis(2));
        *tally.kills.entry((shape, whom)).or_default() += 1;
        let aimed = tally.aimed.entry(aim.event).or_default();
        if reached {
            aimed.0 += 1
        } else {
            aimed.1 += 1
        }
        for stood in stands(&machine, &jobs, &marks) {
            tally.phases.entry(stood).or_default()[column(whom)] += 1;
        }
        machine.stand()?;
    }
    jobs.over.store(true, Ordering::Release);
    let wrong = settle(stage, &mut machine, slots, &jobs)?;
    judge(stage, &machine, &jobs, &marks, wrong, tally)
}

fn file_of(part: Part) -> String {
    format!("r{}m{}", part.round, part.machine)
}

/// Starts jobs and follows them, one after the other.
async fn order(stage: Stage, part: Part, id: String, slot: u64, jobs: Arc<Jobs>) -> Result<()> {
    let mut chance = Chance::of(part.seed, part.round, part.machine | (slot + 1) << 16);
    for count in 0.. {
        if jobs.over.load(Ordering::Acquire) {
            break;
        }
        let tag = format!("{}.s{slot}.j{count}", file_of(part));
        let mut process = Command::new("sleep")
            .arg("86400")
            .stdin(Stdio::null())
            .spawn()
            .context("start a process to make nicer")?;
        let pid = process.id();
        stage.known.add(pid);
        let started = strays::started(pid).context("look at a process")?;
        let ticket = stage.technician.open(&id, &tag).await?;
        let inputs = json!({ "tag": tag, "pid": pid, "started": started });
        let begun = Instant::now();
        let job = stage.technician.start(&id, ticket, inputs).await?;
        let mut ordered =
            Ordered { job, ticket, what: What::Steps, tag, process: pid, nice: None, ended: false };
        follow(&stage, &jobs, &ordered).await?;
        lock(&jobs.first).get_or_insert(begun.elapsed());
        if chance.share() < UNDONE {
            ordered.job = stage.technician.undo(&id, ticket).await?;
            ordered.what = What::Undo;
            follow(&stage, &jobs, &ordered).await?;
        }
        processes::end(&mut process);
    }
    Ok(())
}

async fn follow(stage: &Stage, jobs: &Jobs, ordered: &Ordered) -> Result<()> {
    lock(&jobs.ordered).push(ordered.clone());
    let followed = tokio::time::timeout(PATIENCE, stage.technician.follow(ordered.job)).await;
    let Ok(followed) = followed else { bail!("job {} did not end", ordered.job) };
    followed?;
    for known in lock(&jobs.ordered).iter_mut().filter(|known| known.job == ordered.job) {
        known.ended = true;
        known.nice = strays::nice(ordered.process);
    }
    Ok(())
}

fn active(jobs: &Jobs) -> Vec<Ordered> {
    lock(&jobs.ordered).iter().filter(|ordered| !ordered.ended).cloned().collect()
}

/// Waits for the moment; whether what it is aimed at came.
fn wait(aim: &Aim, machine: &Processes, jobs: &Jobs, marks: &std::path::Path) -> bool {
    let event = match aim.event {
        Event::Chance => {
            thread::sleep(aim.after);
            return true;
        }
        event => event,
    };
    let length = || std::fs::metadata(marks).map_or(0, |about| about.len());
    let (folder, until, before) = (machine.journal(), Instant::now() + WAIT, length());
    let mut watched: HashMap<JobId, Watched> = HashMap::new();
    for ordered in active(jobs) {
        let mut one = Watched::new(&folder, ordered.job);
        let _ = one.look(event);
        watched.insert(ordered.job, one);
    }
    while Instant::now() < until {
        let come = match event {
            Event::Mark => length() > before,
            event => {
                let mut come = false;
                for ordered in active(jobs) {
                    let new = || Watched::new(&folder, ordered.job);
                    come |= watched.entry(ordered.job).or_insert_with(new).look(event);
                }
                come
            }
        };
        if come {
            thread::sleep(aim.after);
            return true;
        }
        thread::sleep(Duration::from_millis(1));
    }
    false
}

/// Where the jobs stand that have not ended.
fn stands(machine: &Processes, jobs: &Jobs, marks: &std::path::Path) -> Vec<Phase> {
    let (folder, marks) = (machine.journal(), book::marks(marks));
    let stand = |ordered: &Ordered| {
        let marked = marks.iter().any(|mark| mark.step == book::ONCE && mark.tag == ordered.tag);
        phase::of(&phase::entries(&folder, ordered.job), marked)
    };
    active(jobs).iter().map(stand).collect()
}

/// Lets everything end that was begun.
fn settle(
    stage: &Stage,
    machine: &mut Processes,
    slots: Vec<tokio::task::JoinHandle<Result<()>>>,
    jobs: &Jobs,
) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let until = Instant::now() + PATIENCE;
    for slot in slots {
        while !slot.is_finished() && Instant::now() < until {
            machine.stand()?;
            thread::sleep(Duration::from_millis(20));
        }
        if !slot.is_finished() {
            slot.abort();
        }
        match stage.handle.block_on(slot) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => wrong.push(format!("{error:#}")),
            Err(error) => wrong.push(format!("a slot did not end: {error}")),
        }
    }
    let folder = machine.journal();
    let reported = |ordered: &Ordered| {
        phase::of(&phase::entries(&folder, ordered.job), false) == Phase::Reported
    };
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        machine.stand()?;
        let all = lock(&jobs.ordered).clone();
        let Some(open) = all.iter().find(|ordered| !reported(ordered)) else { break };
        if Instant::now() > until {
            wrong.push(format!("the machine does not know that job {} was reported", open.job));
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(wrong)
}

/// Judges every job.
fn judge(
    stage: &Stage,
    machine: &Processes,
    jobs: &Jobs,
    marks: &std::path::Path,
    mut wrong: Vec<String>,
    mut tally: Tally,
) -> Result<(Tally, Vec<String>)> {
    let (all, marks) = (lock(&jobs.ordered).clone(), book::marks(marks));
    let mut results: HashMap<String, RunbookResult> = HashMap::new();
    for ordered in &all {
        let known = stage.handle.block_on(async {
            let job = stage.technician.job(ordered.job).await?;
            let news = stage.technician.news(ordered.job).await?;
            Ok::<_, anyhow::Error>((job, news, stage.technician.ticket(ordered.ticket).await?))
        });
        let (job, news, ticket) = known?;
        if ordered.what == What::Steps
            && let Some(result) = result(&job)
        {
            results.insert(ordered.tag.clone(), result);
        }
        let known = Known {
            ordered,
            job: &job,
            news: &news,
            ticket: &ticket,
            marks: &marks,
            before: results.get(&ordered.tag),
            nice: strays::nice(std::process::id()),
        };
        let found = known.judged(&mut tally);
        if found.is_empty() {
            continue;
        }
        let mut text = format!("job {} ({:?}, {}):\n", ordered.job, ordered.what, ordered.tag);
        for line in &found {
            text.push_str(&format!("  {line}\n"));
        }
        text.push_str("its journal:\n");
        for entry in phase::entries(&machine.journal(), ordered.job) {
            let line = serde_json::to_string(&entry).unwrap_or_default();
            text.push_str(&format!("  {}\n", line.chars().take(400).collect::<String>()));
        }
        text.push_str("at the controller:\n");
        for event in &news {
            let line = serde_json::to_string(event).unwrap_or_default();
            text.push_str(&format!("  {}\n", line.chars().take(300).collect::<String>()));
        }
        text.push_str("its marks:\n");
        for mark in marks.iter().filter(|mark| mark.tag == ordered.tag) {
            text.push_str(&format!("  {mark:?}\n"));
        }
        wrong.push(text);
    }
    if !wrong.is_empty() {
        wrong.push(format!("the log of {}:\n{}", file_of_jobs(&all), machine.log()));
    }
    Ok((tally, wrong))
}

fn file_of_jobs(all: &[Ordered]) -> &str {
    all.first().and_then(|ordered| ordered.tag.split('.').next()).unwrap_or("a machine")
}
