//! A technician's program over REST, on connections that stay open.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use befund_model::api::{LoggedIn, Login, MachineView, NewJob, Page};
use befund_model::id::{JobId, TicketNumber};
use befund_model::job::{Job, JobNews, JobState, Work};
use befund_model::ticket::{Ticket, TicketEvent, TimelineEntry};
use befund_model::token::CaPin;
use befund_runtime::clock::Clock;
use befund_runtime::tls;
use befund_tests::controller::{ADMIN, PASSWORD, TestController};

/// Somebody who is signed in.
#[derive(Debug)]
pub(crate) struct Technician {
    http: reqwest::Client,
    url: String,
    token: String,
}

/// How long one job took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timed {
    /// From the call to its answer: the job is durable.
    pub(crate) answered: Duration,
    /// From the call to the end of its stream of events: its result is durable.
    pub(crate) ended: Duration,
}

impl Technician {
    /// Signs in.
    pub(crate) async fn sign_in(controller: &TestController) -> Result<Self> {
        // Plain HTTP never uses it, but without one the client would look for the system's roots.
        let tls = tls::client(CaPin([0; 32]), &Clock::system(), None)?;
        let http = reqwest::Client::builder()
            .no_proxy()
            .tcp_nodelay(true)
            // The controller closes those that were idle for 10 s.
            .pool_idle_timeout(Duration::from_secs(5))
            .tls_backend_preconfigured(tls)
            .build()
            .context("make a client")?;
        let url = controller.console().to_owned();
        let login = Login {
            name: ADMIN.to_owned(),
            password: PASSWORD.to_owned(),
            label: "figures".to_owned(),
        };
        let answer = http.post(format!("{url}/api/v1/login")).json(&login).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status).context("sign in")?;
        let LoggedIn { token, .. } = answer.json().await.context("sign in")?;
        Ok(Self { http, url, token })
    }

    /// Starts something on a machine, on a ticket if one is named.
    pub(crate) async fn start(
        &self,
        machine: &str,
        work: &Work,
        ticket: Option<TicketNumber>,
    ) -> Result<Job> {
        let new = NewJob {
            machine: machine.to_owned(),
            work: work.clone(),
            parameters: serde_json::Value::Null,
            ticket,
            deadline_seconds: None,
            mode: befund_model::runbook::Mode::Run,
        };
        let post = self.http.post(format!("{}/api/v1/jobs", self.url)).bearer_auth(&self.token);
        let answer = post.json(&new).send().await.and_then(reqwest::Response::error_for_status);
        answer.context("start a job")?.json().await.context("start a job")
    }

    /// Runs something to its end.
    pub(crate) async fn run(&self, machine: &str, work: &Work) -> Result<Timed> {
        let begun = Instant::now();
        let job = self.start(machine, work, None).await?;
        let answered = begun.elapsed();
        self.end_of(job.id).await?;
        Ok(Timed { answered, ended: begun.elapsed() })
    }

    /// Waits for the end of a job, which must be a good one.
    pub(crate) async fn end_of(&self, job: JobId) -> Result<()> {
        let mut events = self.stream(&format!("/api/v1/jobs/{job}/events")).await?;
        let end = events.until("end").await?;
        let job: Job = serde_json::from_str(&end).context("read a job's end")?;
        if job.state != JobState::Done {
            bail!("job {} ended as {}: {:?}", job.id, job.state, job.outcome);
        }
        // Lets the connection be used again.
        while events.more().await? {}
        Ok(())
    }

    /// What is known of a machine.
    pub(crate) async fn machine(&self, machine: &str) -> Result<MachineView> {
        let answer = self.get(&format!("/api/v1/machines/{machine}")).await?;
        answer.json().await.context("look up a machine")
    }

    /// The highest ticket number in the queue; 0 if it is empty.
    pub(crate) async fn newest_ticket(&self) -> Result<i64> {
        let answer = self.get("/api/v1/tickets").await?;
        let page: Page<Ticket> = answer.json().await.context("list tickets")?;
        Ok(page.items.iter().map(|ticket| ticket.number.0).max().unwrap_or(0))
    }

    /// What the console's queue listens to.
    pub(crate) async fn watch_queue(&self) -> Result<Queue> {
        Ok(Queue(self.stream("/tickets/live").await?))
    }

    /// A ticket's timeline, from its beginning and then as it grows.
    pub(crate) async fn watch_ticket(&self, ticket: TicketNumber) -> Result<Timeline> {
        Ok(Timeline(self.stream(&format!("/api/v1/tickets/{ticket}/events")).await?))
    }

    async fn get(&self, path: &str) -> Result<reqwest::Response> {
        let get = self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
        let answer = get.send().await.and_then(reqwest::Response::error_for_status);
        answer.with_context(|| format!("ask for {path}"))
    }

    async fn stream(&self, path: &str) -> Result<Events> {
        Ok(Events { answer: self.get(path).await?, text: String::new() })
    }
}

/// The queue's stream of changes.
#[derive(Debug)]
pub(crate) struct Queue(Events);

impl Queue {
    /// Waits until some ticket changed.
    pub(crate) async fn changed(&mut self) -> Result<()> {
        self.0.until("tickets").await.map(drop)
    }
}

/// A ticket's timeline, watched.
#[derive(Debug)]
pub(crate) struct Timeline(Events);

impl Timeline {
    /// The next lines that a job of the ticket printed, and which job. Cancel-safe.
    pub(crate) async fn output(&mut self) -> Result<(JobId, String)> {
        loop {
            let data = self.0.until("").await?;
            let entry: TimelineEntry = serde_json::from_str(&data).context("read a timeline")?;
            if let TicketEvent::Output { job, news: JobNews::Output(text) } = entry.event {
                return Ok((job, text));
            }
        }
    }
}

/// Server-sent events as they come.
#[derive(Debug)]
struct Events {
    answer: reqwest::Response,
    text: String,
}

impl Events {
    /// The data of the next event of this name; of one without a name if it is empty. Cancel-safe.
    async fn until(&mut self, name: &str) -> Result<String> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |key: &str| {
                    event.lines().find_map(|line| line.strip_prefix(key)).map(str::trim)
                };
                let found = (field("event:").unwrap_or_default() == name)
                    .then(|| field("data:").map(str::to_owned))
                    .flatten();
                self.text = rest.to_owned();
                if let Some(data) = found {
                    return Ok(data);
                }
            }
            if !self.more().await? {
                bail!("the stream ended without the event {name:?}");
            }
        }
    }

    /// Reads on; whether there was more.
    async fn more(&mut self) -> Result<bool> {
        let chunk = self.answer.chunk().await.context("read a stream of events")?;
        let Some(chunk) = chunk else { return Ok(false) };
        self.text.push_str(&String::from_utf8_lossy(&chunk));
        Ok(true)
    }
}
