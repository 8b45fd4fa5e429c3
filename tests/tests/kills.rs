//! Killed again and again at moments of chance: what was acknowledged is there, and nothing is there
//! twice. `BEFUND_KILLS` sets how often (10,000 for the long form), `BEFUND_SEED` repeats a run.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use befund_tests::agent::ticket_in;
use befund_tests::catalogue::LOOK;
use befund_tests::process::eventually;
use befund_tests::{Books, TestAgent, TestController, TestOperator, TestSigners};
use serde_json::Value;

/// How often unless the environment says otherwise: half a minute or so.
const KILLS: u64 = 20;
/// The exit code of `send` when the request is kept on the machine.
const KEPT: i32 = 3;

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Moments of chance (xorshift), the same for the same seed.
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let random = u64::from_be_bytes(befund_runtime::clock::random());
        Self(from_environment("BEFUND_SEED").unwrap_or(random) | 1)
    }

    fn moment(&mut self, most: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        most.mul_f64((self.0 >> 11) as f64 / (1u64 << 53) as f64)
    }
}

fn tickets(operator: &TestOperator) -> BTreeMap<String, Vec<String>> {
    let mut tickets: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut after: Option<String> = None;
    loop {
        let mut arguments = vec!["ticket", "list", "--limit", "200"];
        if let Some(after) = &after {
            arguments.extend(["--after", after]);
        }
        let page: Value = operator.json(&arguments);
        for item in page["items"].as_array().unwrap() {
            let subject = item["subject"].as_str().unwrap().to_owned();
            tickets.entry(subject).or_default().push(item["number"].to_string());
        }
        after = page["next"].as_str().map(str::to_owned);
        if after.is_none() {
            return tickets;
        }
    }
}

/// What became of the requests of one machine: each subject, and its ticket if it was acknowledged.
type Sent = Arc<Mutex<Vec<(String, Option<String>)>>>;

fn send_until(stop: &AtomicBool, agent: &TestAgent, name: &str, sent: &Sent) {
    while !stop.load(Ordering::Acquire) {
        let subject = format!("{name} {}", sent.lock().unwrap().len());
        let output = agent.send(&subject);
        let ticket = match output.status.code() {
            Some(0) => Some(ticket_in(&output)),
            Some(KEPT) => None,
            other => panic!("{other:?}: {}", String::from_utf8_lossy(&output.stderr)),
        };
        sent.lock().unwrap().push((subject, ticket));
    }
}

#[test]
fn a_controller_that_is_killed_again_and_again_loses_nothing_it_acknowledged() {
    let mut chance = Chance::new();
    let seed = chance.0;
    let mut controller = TestController::start();
    let agents = [TestAgent::connected_to(&controller), TestAgent::connected_to(&controller)];
    let stop = AtomicBool::new(false);
    let sent: [Sent; 2] = Default::default();
    thread::scope(|scope| {
        for (agent, (name, sent)) in agents.iter().zip(["one", "other"].iter().zip(&sent)) {
            let stop = &stop;
            scope.spawn(move || send_until(stop, agent, name, sent));
        }
        for _ in 0..from_environment("BEFUND_KILLS").unwrap_or(KILLS) {
            // Chance needs time to pass: from just served to some requests later.
            thread::sleep(chance.moment(Duration::from_millis(1_500)));
            controller.kill();
            controller.serve();
        }
        stop.store(true, Ordering::Release);
    });
    let sent: Vec<_> = sent.iter().flat_map(|sent| sent.lock().unwrap().clone()).collect();
    let operator = controller.admin();
    let all = |there: &BTreeMap<String, Vec<String>>| {
        sent.iter().all(|(subject, _)| there.contains_key(subject))
    };
    eventually("every request to arrive", || all(&tickets(&operator)));
    let there = tickets(&operator);
    assert_eq!(there.len(), sent.len(), "seed {seed}");
    for (subject, acknowledged) in &sent {
        let numbers = &there[subject];
        assert_eq!(numbers.len(), 1, "{subject} is there more than once; seed {seed}");
        if let Some(number) = acknowledged {
            assert_eq!(&numbers[0], number, "{subject} got another number; seed {seed}");
        }
        let shown = operator.json(&["ticket", "show", &numbers[0]]);
        let timeline = shown["timeline"].as_array().unwrap();
        let snapshot = timeline.iter().find(|entry| entry["event"]["kind"] == "snapshot_attached");
        let snapshot = snapshot.unwrap()["event"]["snapshot"].as_str().unwrap();
        let record = operator.json(&["snapshot", "show", snapshot]);
        assert!(!record["manifest"]["sections"].as_array().unwrap().is_empty(), "seed {seed}");
    }
    let acknowledged = sent.iter().filter(|(_, ticket)| ticket.is_some()).count();
    assert!(acknowledged > 0, "nothing was ever acknowledged: nothing was shown; seed {seed}");
}

#[test]
fn an_agent_that_is_killed_again_and_again_loses_no_result() {
    let mut chance = Chance::new();
    let seed = chance.0;
    let controller = TestController::start();
    let operator = controller.admin();
    let _signers = TestSigners::publishing(&controller, &operator, Books::Look);
    let mut agent = TestAgent::connected_by(&operator);
    let made = operator.json(&["ticket", "new", "--subject", "killed"]);
    let ticket = made["ticket"]["number"].to_string();
    let mut jobs = Vec::new();
    for _ in 0..from_environment("BEFUND_KILLS").unwrap_or(KILLS) {
        let arguments = ["run", LOOK, "--on", &agent.id(), "--ticket", &ticket, "--detach"];
        let job = operator.json(&arguments);
        jobs.push(job["id"].as_str().unwrap().to_owned());
        // Chance needs time to pass: from the order's arrival to beyond the job's end.
        thread::sleep(chance.moment(Duration::from_millis(400)));
        agent.kill();
        agent.link();
    }
    for job in &jobs {
        eventually("the job to end", || {
            let state = operator.json(&["job", "show", job])["state"].as_str().unwrap().to_owned();
            ["done", "failed"].contains(&state.as_str())
        });
        let ended = operator.json(&["job", "show", job]);
        assert!(ended["outcome"]["result"].is_object(), "a result was lost; seed {seed}: {ended}");
    }
    let mut results: BTreeMap<String, usize> = BTreeMap::new();
    let shown = operator.json(&["ticket", "show", &ticket]);
    for entry in shown["timeline"].as_array().unwrap() {
        if entry["event"]["kind"] == "result" {
            *results.entry(entry["event"]["job"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    assert_eq!(results.len(), jobs.len(), "seed {seed}");
    assert!(results.values().all(|count| *count == 1), "seed {seed}: {results:?}");
}
