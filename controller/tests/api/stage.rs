//! A ticket, its machine, and a catalogue of the shipped runbooks, signed as an organisation signs its own; and the
//! machine's part of a run, told to the store as its gate would.

use std::collections::BTreeMap;

use befund_controller::bus::Hint;
use befund_controller::jobs;
use befund_controller::store::repository::{JobReport, Jobs as _};
use befund_model::action::{Acted, Command, Prediction, Risk};
use befund_model::id::{AgentId, JobId, TicketNumber};
use befund_model::job::{Choice, Job, JobEvent, JobNews, JobState, Outcome, Question};
use befund_model::language::Text;
use befund_model::operator::Role;
use befund_model::runbook::{
    Answer, Attempt, AttemptEnd, Cause, CauseVerdict, FixRef, Mode, RunbookResult,
};
use befund_model::snapshot::Status;
use befund_trust::approval::{Act, CatalogueRef, Challenge, RunbookRef, Statement, Step};
use befund_trust::digest::Sha256;
use befund_trust::floor::Number;
use jiff::SignedDuration;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::bed::Bed;

#[path = "stage/organisation.rs"]
mod organisation;

use organisation::{broken, enrolled, published};

const ORGANISATION: &str = "Example Works";
const RUNBOOK: &str = "net.no-internet";
/// What is looked at, in the runbook's order.
const STEPS: [&str; 12] = [
    "link",
    "addr",
    "gw",
    "dns",
    "web",
    "proxy",
    "cards",
    "addresses",
    "wifi",
    "conf",
    "leases",
    "firewall",
];

/// It.
pub(crate) struct Stage {
    pub(crate) bed: Bed,
    pub(crate) agent: AgentId,
    pub(crate) ticket: TicketNumber,
    catalogue: Sha256,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let bed = Bed::new().await;
        let catalogue = published(&bed).await;
        let agent = enrolled(&bed).await;
        broken(&bed, agent).await;
        let body = json!({
            "subject": "No internet since this morning", "message": "Nothing loads. I unplugged the cable twice.",
            "requester": "anna", "machine": agent,
        });
        let request = bed.by(Role::TechnicianL1, Method::POST, "/api/v1/tickets").await;
        let answer = request.json(&body).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::CREATED);
        let view: Value = answer.json().await.expect("a ticket");
        let ticket = TicketNumber(view["ticket"]["number"].as_i64().expect("a number"));
        Self { bed, agent, ticket, catalogue }
    }

    /// All runbooks are withdrawn.
    pub(crate) async fn withdraws(&self) {
        organisation::withdraw(&self.bed).await;
    }

    pub(crate) async fn page(&self, role: Role, path: &str) -> String {
        let answer = self.bed.by(role, Method::GET, path).await.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.expect("a page")
    }

    pub(crate) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let request = self.bed.by(Role::TechnicianL1, Method::POST, path).await;
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(body).send().await.expect("an answer")
    }

    /// Starts the runbook as the page does.
    pub(crate) async fn started(&self, mode: &str) -> JobId {
        let path = format!("/tickets/{}/run", self.ticket);
        let work = format!("runbook:{RUNBOOK}");
        let answer = self.send(&path, &[("work", &work), ("mode", mode)]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        self.job().await
    }

    /// The only job that has not ended.
    pub(crate) async fn job(&self) -> JobId {
        let open = self.bed.app.store.unended(&[self.ticket]).await.expect("readable");
        assert_eq!(open.len(), 1, "{open:?}");
        open[0].1
    }

    /// The machine tells this next.
    pub(crate) async fn tells(&self, job: JobId, news: Vec<JobNews>) {
        self.report(job, news, None).await;
    }

    async fn report(&self, job: JobId, news: Vec<JobNews>, outcome: Option<Outcome>) {
        let app = &self.bed.app;
        let last = app.store.job_events(job, 0, 10_000).await.expect("readable").len();
        let at = app.clock.now();
        let numbered = (last as u32 + 1..).zip(news);
        let events = numbered.map(|(seq, what)| JobEvent { seq, at, what }).collect();
        let outcome = outcome.map(Box::new);
        let report = JobReport { delivered: true, events, outcome, ..JobReport::new(job) };
        let kept = app.store.report(self.agent, &[report], at).await.expect("kept");
        assert!(kept[0].is_some_and(|progress| progress.changed), "{kept:?}");
        app.bus.tell(Hint::Job(job));
        app.bus.tell(Hint::Ticket(self.ticket));
    }

    /// It looked at everything, and asks the user.
    pub(crate) async fn looks_and_asks(&self, job: JobId) {
        let mut news = vec![JobNews::Started];
        news.extend(STEPS.map(|step| JobNews::StepStarted { step: step.to_owned() }));
        news.extend(STEPS.map(|step| {
            let (status, summary) = match step {
                "dns" => (Status::Ok, "192.0.2.53 does not answer"),
                "web" => (Status::Ok, "no page can be reached"),
                "proxy" => (Status::Timeout, "the settings could not be read within 10 s"),
                _ => (Status::Ok, "as it should be"),
            };
            JobNews::StepEnded { step: step.to_owned(), status, summary: summary.to_owned() }
        }));
        let text = |en: &str, de: &str| Text { en: en.to_owned(), de: de.to_owned() };
        let choice = |value: &str, en: &str, de: &str| Choice {
            value: value.to_owned(),
            text: text(en, de),
        };
        news.push(JobNews::State(JobState::Asking));
        news.push(JobNews::Asked(Box::new(Question {
            name: "scope".to_owned(),
            user: true,
            text: text(
                "Do other devices near you have Internet?",
                "Haben andere Geräte in Ihrer Nähe Internet?",
            ),
            choice: vec![
                choice("yes", "Yes", "Ja"),
                choice("no", "No", "Nein"),
                choice("unsure", "I don't know", "Ich weiß es nicht"),
            ],
            default: "unsure".to_owned(),
            within_ms: 600_000,
        })));
        self.tells(job, news).await;
    }

    /// The answer has come; it found what is wrong, and wants to change something.
    pub(crate) async fn finds_and_wants_to_change(&self, job: JobId) {
        let mut news = vec![
            JobNews::Answered(Answer {
                question: "scope".to_owned(),
                answer: "yes".to_owned(),
                by: "technician_l1 for the user".to_owned(),
            }),
            JobNews::State(JobState::Running),
        ];
        news.extend(causes().into_iter().map(|cause| JobNews::Cause {
            summary: format!("“{}”: {}", cause.title, cause.evidence),
            cause: cause.id,
            verdict: cause.verdict,
        }));
        news.extend([
            JobNews::Predicted {
                fix: fix(),
                act: "dns.use_dhcp_servers".to_owned(),
                risk: Risk::Change,
                prediction: prediction(),
            },
            JobNews::Consent { fix: fix(), given: true, by: "the user (anna)".to_owned() },
            JobNews::State(JobState::NeedsApproval),
            JobNews::ApprovalAsked { fix: fix(), statement: self.statement(job).await, people: 1 },
        ]);
        self.tells(job, news).await;
    }

    /// It was signed, is done, and ends so.
    pub(crate) async fn acts_and_ends(&self, job: JobId, end: AttemptEnd) {
        let gone = end == AttemptEnd::Verified;
        let summary = if gone { "192.0.2.53 answers" } else { "192.0.2.53 does not answer" };
        let news = vec![
            JobNews::State(JobState::Running),
            JobNews::Approved { fix: fix(), by: "Tina Weber".to_owned() },
            JobNews::Acting { fix: fix(), act: "dns.use_dhcp_servers".to_owned() },
            JobNews::Output("eth0: 192.0.2.1".to_owned()),
            JobNews::Acted { fix: fix(), acted: Box::new(acted()) },
            JobNews::Verified { fix: fix(), gone: Some(gone), summary: summary.to_owned() },
        ];
        let result = RunbookResult {
            runbook: RUNBOOK.to_owned(),
            version: 2,
            conclusion: "No name server answers: dns.use_dhcp_servers was done".to_owned(),
            causes: causes(),
            facts: BTreeMap::new(),
            before: BTreeMap::new(),
            mode: Mode::Run,
            answers: Vec::new(),
            attempts: vec![Attempt {
                fix: fix(),
                act: "dns.use_dhcp_servers".to_owned(),
                parameters: json!({}),
                risk: Risk::Change,
                prediction: Some(prediction()),
                consent: Some("the user (anna)".to_owned()),
                approval: Some("Tina Weber".to_owned()),
                acted: Some(acted()),
                undone: None,
                end,
                reason: String::new(),
            }],
            accepted: Some(gone),
            escalate_to: (!gone).then(|| "L2-network".to_owned()),
            escalate_unknown: None,
        };
        self.report(job, news, Some(done(&result))).await;
    }

    /// It undid what was changed.
    pub(crate) async fn undoes_and_ends(&self, job: JobId) {
        let undone = || Acted {
            summary: "192.0.2.53 is asked again".to_owned(),
            commands: Vec::new(),
            ..acted()
        };
        let news =
            vec![JobNews::Started, JobNews::Undone { fix: fix(), acted: Box::new(undone()) }];
        let result = RunbookResult {
            runbook: "undo".to_owned(),
            version: 1,
            conclusion: "all was undone that was changed (1)".to_owned(),
            causes: Vec::new(),
            facts: BTreeMap::new(),
            before: BTreeMap::new(),
            mode: Mode::Run,
            answers: Vec::new(),
            attempts: vec![Attempt {
                fix: fix(),
                act: "dns.use_dhcp_servers".to_owned(),
                parameters: json!({}),
                risk: Risk::Change,
                prediction: None,
                consent: None,
                approval: None,
                acted: None,
                undone: Some(undone()),
                end: AttemptEnd::Reverted,
                reason: String::new(),
            }],
            accepted: None,
            escalate_to: None,
            escalate_unknown: None,
        };
        self.report(job, news, Some(done(&result))).await;
    }

    async fn statement(&self, job: JobId) -> String {
        let now = self.bed.app.clock.now();
        let Job { agent, ticket, .. } = jobs::get(&self.bed.app, job).await.expect("a job");
        let statement = Statement {
            format: befund_trust::approval::Format::V1,
            organisation: ORGANISATION.to_owned(),
            machine: "pc-17".to_owned(),
            step: Step {
                agent,
                job,
                ticket,
                catalogue: CatalogueRef { version: 7, digest: self.catalogue },
                runbook: RunbookRef {
                    name: RUNBOOK.to_owned(),
                    version: 2,
                    digest: Sha256::of(b"x"),
                },
                fix: fix(),
                act: Act::Action("dns.use_dhcp_servers".to_owned()),
                parameters: json!({}),
                risk: Risk::Change,
            },
            prediction: prediction().lines,
            number: Number([5; 16]),
            not_before: now,
            expires: now + SignedDuration::from_mins(15),
            challenge: Challenge([6; 32]),
        };
        String::from_utf8(statement.seal().expect("a statement")).expect("JSON")
    }
}

fn done(result: &RunbookResult) -> Outcome {
    Outcome {
        state: JobState::Done,
        status: Status::Ok,
        reason: String::new(),
        result: serde_json::to_value(result).expect("JSON"),
        took_us: 42_000_000,
    }
}

/// The fix that this run tries.
pub(crate) fn fix() -> FixRef {
    FixRef { cause: "dns-dead".to_owned(), index: 1 }
}

fn prediction() -> Prediction {
    let lines = vec![
        "eth0 asks 192.0.2.1 for names, as its network offers, and no longer 192.0.2.53".to_owned(),
    ];
    Prediction { known: true, changes: true, lines }
}

fn acted() -> Acted {
    Acted {
        status: Status::Ok,
        reason: String::new(),
        summary: "192.0.2.1 is asked instead of 192.0.2.53".to_owned(),
        commands: vec![Command {
            line: ["/usr/bin/resolvectl", "dns", "eth0", "192.0.2.1"].map(str::to_owned).to_vec(),
            exit: Some(0),
            took_us: 31_000,
            output: "eth0: 192.0.2.1\n".to_owned(),
            cut: true,
        }],
        before: Value::Null,
        took_us: 33_000,
    }
}

fn causes() -> Vec<Cause> {
    let cause = |id: &str, title: &str, verdict, evidence: &str| Cause {
        id: id.to_owned(),
        title: title.to_owned(),
        verdict,
        evidence: evidence.to_owned(),
        advice: String::new(),
    };
    let excluded = CauseVerdict::Excluded;
    let unread = "the step proxy has no facts: timeout";
    vec![
        cause("link-down", "No network card has a signal", excluded, "Cards: eth0 is up"),
        cause("no-lease", "The network gave no address", excluded, "Addresses: eth0 192.0.2.17"),
        cause("gateway-dead", "The router does not answer", excluded, "Router: 192.0.2.1"),
        cause("dns-dead", "No name server answers", CauseVerdict::Found, "Servers: 192.0.2.53"),
        cause(
            "names-unknown",
            "No name is known",
            CauseVerdict::Explained,
            "follows from dns-dead",
        ),
        cause("dead-proxy", "The proxy takes no connections", CauseVerdict::Unknown, unread),
    ]
}
