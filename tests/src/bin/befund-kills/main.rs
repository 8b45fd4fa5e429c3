//! Kills the link, the executor, and both, again and again, while runbooks run, and then sees whether every promise of the
//! journal was kept.
#![expect(clippy::print_stdout, reason = "a program whose product is what it prints")]
//!
//! A real controller; real agents, several at a time, half of them with an executor of the system's own and half with one
//! that the link starts; a catalogue that is signed for this run; a technician who signs every step as soon as it is
//! asked for. The kills come at moments of chance and at those that matter most. The same seed draws the same moments,
//! victims and waits for each machine; where a job stands when a kill comes is up to the machine, so that a run is
//! another one each time, with the same plan. Exits with 1, and says all that is known of a job, if a promise was broken.

mod aim;
mod book;
mod chance;
mod phase;
mod play;
mod processes;
mod strays;
mod tally;
mod technician;
mod verdict;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use befund_tests::{TestController, TestSigners};
use clap::Parser;

use play::{Part, Stage, play};
use strays::Strays;
use tally::Tally;
use technician::Technician;

/// Kills the parts of agents while they change machines, and judges what came of every job.
///
/// The programs are looked for in the folders of BEFUND_PROGRAMS, then beside this one.
#[derive(Debug, Parser)]
struct Options {
    /// How often
    #[arg(long, default_value_t = 10_000)]
    kills: u64,
    /// Which moments and victims; a random one, which is printed, if absent
    #[arg(long)]
    seed: Option<u64>,
    /// Machines at a time
    #[arg(long, default_value_t = 4)]
    machines: u64,
    /// Kills of one machine; then its jobs are judged, and another one takes its place
    #[arg(long, default_value_t = 250)]
    each: u64,
    /// Begin with no more machines after so many minutes, however many kills are left
    #[arg(long)]
    minutes: Option<u64>,
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let seed =
        options.seed.unwrap_or_else(|| u64::from_be_bytes(befund_runtime::clock::random()) >> 32);
    println!("seed {seed}");
    let known = processes::Known::default();
    let strays = Strays::take_in(known.clone()).context("take in what is orphaned")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("start the runtime")?;
    let mut controller = TestController::start();
    known.add(controller.process().pid());
    let operator = controller.admin();
    let signers = TestSigners::introduce(&controller, &operator);
    let marks = controller.folder().join("marks");
    std::fs::create_dir(&marks).context("make a folder for marks")?;
    signers.publish(&operator, &book::write(controller.folder(), &marks)?);
    let technician = runtime.block_on(Technician::sign_in(&controller, &signers.key_of("tina")))?;
    let stage =
        Stage { technician: Arc::new(technician), handle: runtime.handle().clone(), marks, known };
    let over = Arc::new(AtomicBool::new(false));
    let looking = look_after(strays, Arc::clone(&over));

    let begun = Instant::now();
    let mut tally = Tally::default();
    let mut wrong: Vec<String> = Vec::new();
    let mut left = options.kills;
    for round in 0.. {
        let late = options.minutes.is_some_and(|most| begun.elapsed().as_secs() >= most * 60);
        if left == 0 || late || !wrong.is_empty() {
            break;
        }
        let parts = parts(&options, seed, round, &mut left);
        let uses = parts.len().to_string();
        let token = operator.json(&["enroll", "token", "new", "--uses", &uses]);
        let token = token["token"].as_str().context("an enrollment token")?.to_owned();
        let ended: Vec<_> = thread::scope(|scope| {
            let (stage, token) = (&stage, &token);
            let threads: Vec<_> =
                parts.iter().map(|part| scope.spawn(move || play(stage, *part, token))).collect();
            threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
        });
        for ended in ended {
            let (counted, found) = ended.map_err(|_| anyhow!("a machine's part broke down"))??;
            tally.add(counted);
            wrong.extend(found);
        }
        println!("round {round}: {}", tally.pace(begun.elapsed()));
    }
    over.store(true, Ordering::Release);
    let (longest, left_behind) =
        looking.join().map_err(|_| anyhow!("looking for strays broke down"))?;
    wrong.extend(left_behind.into_iter().map(|one| format!("{one} was left running")));

    print!("{tally}");
    let (longest, which) = longest;
    println!("what was orphaned lived on for {} ms at most ({which})", longest.as_millis());
    let broken = stage.technician.broken.load(Ordering::Relaxed);
    println!("streams of events at the controller that ended before their jobs: {broken}");
    println!("{}", tally.pace(begun.elapsed()));
    if wrong.is_empty() {
        println!("seed {seed}: every promise was kept");
        return Ok(ExitCode::SUCCESS);
    }
    println!("seed {seed}: BROKEN");
    for one in &wrong {
        println!("{one}");
    }
    Ok(ExitCode::FAILURE)
}

/// The machines of a round, with their shares of the kills.
fn parts(options: &Options, seed: u64, round: u64, left: &mut u64) -> Vec<Part> {
    let mut parts = Vec::new();
    for machine in 0..options.machines {
        let share = left.div_ceil(options.machines - machine).min(options.each);
        if share > 0 {
            parts.push(Part { seed, round, machine, kills: share });
        }
        *left -= share;
    }
    parts
}

/// Looks for what is left running, until it is over; the longest that something was, and what stayed too long.
fn look_after(
    mut strays: Strays,
    over: Arc<AtomicBool>,
) -> thread::JoinHandle<((Duration, String), Vec<String>)> {
    thread::spawn(move || {
        let mut all = Vec::new();
        while !over.load(Ordering::Acquire) {
            for one in strays.look() {
                if !all.contains(&one) {
                    all.push(one);
                }
            }
            thread::sleep(Duration::from_millis(250));
        }
        (strays.longest, all)
    })
}
