//! The technician over REST: starts jobs, signs what a machine wants signed as soon as it says so, and reads what came of
//! it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use befund_model::api::{
    ApproveFix, LoggedIn, Login, MachineView, NewJob, NewTicket, StartUndo, TicketView,
};
use befund_model::id::{JobId, TicketNumber};
use befund_model::job::{Job, JobEvent, JobNews, Work};
use befund_model::runbook::Mode;
use befund_model::token::CaPin;
use befund_runtime::clock::Clock;
use befund_runtime::tls;
use befund_tests::controller::{ADMIN, PASSWORD, TestController};
use befund_trust::signature::Namespace;
use befund_trust::signing::SigningKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::book;

/// How long a technician waits until a signature of which nothing came is handed over again.
const AGAIN: Duration = Duration::from_secs(5);

/// Somebody who is signed in, with a key that may let changes happen.
#[derive(Debug)]
pub(crate) struct Technician {
    http: reqwest::Client,
    url: String,
    token: String,
    key: SigningKey,
    /// How many streams of events ended before their jobs.
    pub(crate) broken: AtomicU64,
}

impl Technician {
    /// Signs in; `key` is the file of the key.
    pub(crate) async fn sign_in(controller: &TestController, key: &str) -> Result<Self> {
        // Plain HTTP never uses it, but without one the client would look for the system's roots.
        let tls = tls::client(CaPin([0; 32]), &Clock::system(), None)?;
        let http = reqwest::Client::builder()
            .no_proxy()
            .tcp_nodelay(true)
            // What the controller has closed meanwhile is no news of it.
            .pool_max_idle_per_host(0)
            .tls_backend_preconfigured(tls)
            .build()
            .context("make a client")?;
        let url = controller.console().to_owned();
        let login = Login {
            name: ADMIN.to_owned(),
            password: PASSWORD.to_owned(),
            label: "kills".to_owned(),
        };
        let answer = http.post(format!("{url}/api/v1/login")).json(&login).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status).context("sign in")?;
        let LoggedIn { token, .. } = answer.json().await.context("sign in")?;
        let text = std::fs::read_to_string(key).context("read a technician's key")?;
        Ok(Self {
            http,
            url,
            token,
            key: SigningKey::from_openssh(&text)?,
            broken: AtomicU64::new(0),
        })
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let get = self.http.get(format!("{}/api/v1/{path}", self.url)).bearer_auth(&self.token);
        read(get.send().await.with_context(|| format!("get {path}"))?, path).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        let post = self.http.post(format!("{}/api/v1/{path}", self.url)).bearer_auth(&self.token);
        read(post.json(body).send().await.with_context(|| format!("post {path}"))?, path).await
    }

    /// Whether a machine has the catalogue.
    pub(crate) async fn has_catalogue(&self, machine: &str) -> Result<bool> {
        let view: MachineView = self.get(&format!("machines/{machine}")).await?;
        let view = serde_json::to_value(&view)?;
        Ok(view["trust"]["catalogue_version"].as_u64().is_some_and(|version| version > 0))
    }

    /// A new ticket for a machine.
    pub(crate) async fn open(&self, machine: &str, subject: &str) -> Result<TicketNumber> {
        let new = NewTicket {
            subject: subject.to_owned(),
            message: String::new(),
            requester: String::new(),
            machine: Some(machine.to_owned()),
            priority: None,
            level: None,
        };
        let view: TicketView = self.post("tickets", &new).await?;
        Ok(view.ticket.number)
    }

    /// Starts the runbook.
    pub(crate) async fn start(
        &self,
        machine: &str,
        ticket: TicketNumber,
        inputs: Value,
    ) -> Result<JobId> {
        let new = NewJob {
            machine: machine.to_owned(),
            work: Work::Runbook(book::NAME.to_owned()),
            parameters: inputs,
            ticket: Some(ticket),
            deadline_seconds: None,
            mode: Mode::Run,
        };
        let job: Job = self.post("jobs", &new).await?;
        Ok(job.id)
    }

    /// Starts undoing what a ticket changed.
    pub(crate) async fn undo(&self, machine: &str, ticket: TicketNumber) -> Result<JobId> {
        let body = StartUndo { machine: Some(machine.to_owned()) };
        let job: Job = self.post(&format!("tickets/{ticket}/undo"), &body).await?;
        Ok(job.id)
    }

    /// Follows a job to its end, and signs what it wants signed. A stream that ends before is taken up where it was.
    pub(crate) async fn follow(&self, job: JobId) -> Result<Job> {
        let mut last = 0;
        loop {
            if let Some(ended) = self.follow_from(job, &mut last).await? {
                return Ok(ended);
            }
            self.broken.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn follow_from(&self, job: JobId, last: &mut u32) -> Result<Option<Job>> {
        let url = format!("{}/api/v1/jobs/{job}/events?after={last}", self.url);
        let get = self.http.get(url).bearer_auth(&self.token).send().await;
        let answer = get.and_then(reqwest::Response::error_for_status);
        let mut answer = answer.with_context(|| format!("follow job {job}"))?;
        let mut text = String::new();
        // The newest statement that nothing came of yet.
        let mut asked: Option<JobEvent> = None;
        loop {
            let chunk = match tokio::time::timeout(AGAIN, answer.chunk()).await {
                Ok(chunk) => chunk.with_context(|| format!("follow job {job}"))?,
                Err(_) => {
                    if let Some(asked) = &asked {
                        self.sign(job, asked).await?;
                    }
                    continue;
                }
            };
            let Some(chunk) = chunk else { break };
            text.push_str(&String::from_utf8_lossy(&chunk));
            while let Some((event, rest)) = text.split_once("\n\n") {
                let event = event.to_owned();
                text = rest.to_owned();
                let field = |key: &str| {
                    event.lines().find_map(|line| line.strip_prefix(key)).map(str::trim)
                };
                match (field("event:"), field("data:")) {
                    (Some("news"), Some(data)) => {
                        let told: JobEvent = serde_json::from_str(data).context("read news")?;
                        if told.seq > *last {
                            *last = told.seq;
                            match told.what {
                                JobNews::ApprovalAsked { .. } => {
                                    self.sign(job, &told).await?;
                                    asked = Some(told);
                                }
                                JobNews::Approved { .. } => asked = None,
                                _ => {}
                            }
                        }
                    }
                    (Some("end"), Some(data)) => {
                        return serde_json::from_str(data).map(Some).context("read a job's end");
                    }
                    _ => {}
                }
            }
        }
        Ok(None)
    }

    async fn sign(&self, job: JobId, told: &JobEvent) -> Result<()> {
        let JobNews::ApprovalAsked { fix, statement, .. } = &told.what else { return Ok(()) };
        let signature = self.key.sign(Namespace::Approval, statement.as_bytes());
        let body = ApproveFix { fix: fix.clone(), signatures: vec![signature] };
        let post = self.http.post(format!("{}/api/v1/jobs/{job}/approval", self.url)).json(&body);
        // One that does not arrive is handed over again.
        let Ok(answer) = post.bearer_auth(&self.token).send().await else { return Ok(()) };
        // One that has ended meanwhile, as a signature of a statement that was made anew would find it.
        if answer.status().is_success() || answer.status() == http::StatusCode::CONFLICT {
            return Ok(());
        }
        bail!("a signature for job {job} was refused: {}", answer.text().await.unwrap_or_default())
    }

    /// The job as the controller has it.
    pub(crate) async fn job(&self, job: JobId) -> Result<Job> {
        self.get(&format!("jobs/{job}")).await
    }

    /// All that a job told.
    pub(crate) async fn news(&self, job: JobId) -> Result<Vec<JobEvent>> {
        let mut all: Vec<JobEvent> = Vec::new();
        loop {
            let after = all.last().map_or(0, |event| event.seq);
            let more: Vec<JobEvent> = self.get(&format!("jobs/{job}/news?after={after}")).await?;
            if more.is_empty() {
                return Ok(all);
            }
            all.extend(more);
        }
    }

    /// A ticket with its timeline.
    pub(crate) async fn ticket(&self, ticket: TicketNumber) -> Result<TicketView> {
        self.get(&format!("tickets/{ticket}")).await
    }
}

async fn read<T: DeserializeOwned>(answer: reqwest::Response, path: &str) -> Result<T> {
    let status = answer.status();
    let text = answer.text().await.with_context(|| format!("read the answer of {path}"))?;
    if !status.is_success() {
        bail!("{path} was answered with {status}: {text}");
    }
    serde_json::from_str(&text).with_context(|| format!("read the answer of {path}: {text}"))
}
