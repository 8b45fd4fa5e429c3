//! The steps of the demo, each through the command line that a person would use.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tokio::process::Command;

use super::build::Programs;
use super::evidence::{self, Wanted};
use super::processes::{Processes, finish};
use super::signing::{ORGANISATION, Signing};
use super::{Stay, staged};
use crate::screen::Screen;

/// What the end user writes.
const MESSAGE: &str = "no Internet since this morning";
/// What the technician runs.
const RUNBOOK: &str = "net.no-internet";
/// What it asks where pages do not come, and what the user says.
const QUESTION: &str = "scope";
const ANSWER: &str = "unsure";
/// How often it is looked whether it asks.
const LOOK: Duration = Duration::from_millis(300);
/// How much of the list of what is sent is shown.
const FIRST_LINES: usize = 8;
const LAST_LINES: usize = 7;
/// The first administrator.
const NAME: &str = "admin";

/// What one needs to look around.
pub(crate) struct Shown {
    /// The console's address.
    pub(crate) console: String,
    /// The account.
    pub(crate) name: &'static str,
    /// Its password.
    pub(crate) password: String,
    /// The ticket's number.
    pub(crate) ticket: i64,
    /// The file of the key that signs.
    pub(crate) key: PathBuf,
    /// A job whose fix waits for a signature, where there is to be one.
    pub(crate) unsigned: Option<String>,
}

/// Tells it; each step has happened, or this is an error.
pub(crate) async fn tell(
    screen: &Screen,
    programs: &Programs,
    processes: &mut Processes,
    stay: Stay,
) -> Result<Shown> {
    let folder = processes.folder().to_owned();
    let teller = Teller { screen, programs, places: Places::below(&folder) };
    let (more, policy) = match stay {
        Stay::Once | Stay::UntilStopped => (Vec::new(), None),
        Stay::Photographed => (staged::files(&folder), Some(staged::policy(&folder)?)),
    };
    let password = new_password()?;
    std::fs::write(&teller.places.password, format!("{password}\n"))
        .context("cannot write the password's file")?;

    screen.heading("The controller");
    let console = teller.controller(processes).await?;
    screen.line(&format!("    console  {console}"));
    screen.line(&format!("    sign in  {NAME} / {password}"));

    screen.heading("Its organisation signs runbooks: no machine runs one that nobody signed");
    let befund = || teller.befund();
    let signing = Signing::new(screen, &befund, &teller.places.signing);
    let catalogue = signing.publish(&more).await?;

    screen.heading("This machine joins");
    let agent = teller.enroll(processes, policy.as_deref()).await?;

    screen.heading("Its user asks for help");
    let ticket = teller.ask_for_help(&agent).await?;

    screen.heading("A technician runs a signed runbook on it, from afar");
    teller.run_runbook(&agent, ticket).await?;

    screen.heading("The ticket, as the technician reads it");
    teller.show(&agent, ticket, &catalogue).await?;
    let unsigned = match stay {
        Stay::Once | Stay::UntilStopped => None,
        Stay::Photographed => Some(teller.wait_unsigned(&agent, ticket).await?),
    };
    let key = signing.key();
    Ok(Shown { console, name: NAME, password, ticket, key, unsigned })
}

/// Where things are in the demo's folder.
struct Places {
    data: PathBuf,
    state: PathBuf,
    run: PathBuf,
    password: PathBuf,
    config: PathBuf,
    signing: PathBuf,
    controller_ready: PathBuf,
    link_ready: PathBuf,
}

impl Places {
    fn below(folder: &Path) -> Self {
        Self {
            data: folder.join("controller"),
            state: folder.join("agent"),
            run: folder.join("run"),
            password: folder.join("password"),
            config: folder.join("cli.toml"),
            signing: folder.join("signing"),
            controller_ready: folder.join("controller.ready"),
            link_ready: folder.join("link.ready"),
        }
    }
}

struct Teller<'a> {
    screen: &'a Screen,
    programs: &'a Programs,
    places: Places,
}

impl Teller<'_> {
    fn befund(&self) -> Command {
        let mut command = Command::new(&self.programs.befund);
        command.env("BEFUND_CONFIG", &self.places.config);
        command
    }

    /// Makes and starts it, and signs its administrator in; the console's address.
    async fn controller(&self, processes: &mut Processes) -> Result<String> {
        let Places { data, controller_ready, password, .. } = &self.places;
        let step = self.screen.step("Making its CA, its configuration and the first administrator");
        let mut init = Command::new(&self.programs.controller);
        init.arg("init").arg("--data").arg(data);
        init.args(["--name", ORGANISATION, "--gate", "127.0.0.1:0", "--console", "127.0.0.1:0"]);
        init.args(["--admin", NAME, "--admin-password-file"]).arg(password);
        finish("befund-controller init", &mut init, |_| {}).await?;
        step.done("SQLite, in a folder of its own");

        let step = self.screen.step("Starting it, and signing its administrator in");
        let mut serve = Command::new(&self.programs.controller);
        serve.arg("serve").arg("--data").arg(data).arg("--ready-file").arg(controller_ready);
        let ready = processes.start("controller", &mut serve, controller_ready).await?;
        let (console, pin) = (text(&ready, "console")?, text(&ready, "ca_pin")?);
        let mut login = self.befund();
        login.args(["login", &console, "--pin", &pin, "--name", NAME, "--password-file"]);
        finish("befund login", login.arg(password), |_| {}).await?;
        step.done(&format!("agents connect to {}", text(&ready, "gate")?));
        Ok(console)
    }

    async fn enroll(&self, processes: &mut Processes, policy: Option<&Path>) -> Result<String> {
        let Places { state, run, link_ready, .. } = &self.places;
        let step = self.screen.step("Making a one-use token");
        let what = "befund enroll token new";
        let made = json(what, self.befund().args(["--json", "enroll", "token", "new"])).await?;
        let token = text(&made, "token")?;
        step.done(&format!("valid until {}", text(&made, "expires_at")?));

        let step = self.screen.step("Enrolling this machine");
        let mut enroll = Command::new(&self.programs.agent);
        enroll.args(["enroll", &token, "--state"]).arg(state);
        finish("befund-agent enroll", &mut enroll, |_| {}).await?;
        step.done("a key of its own, a certificate for 24 hours, and whose runbooks it may trust");

        let step = self.screen.step("Connecting its agent over mutually authenticated gRPC");
        let mut link = Command::new(&self.programs.agent);
        link.arg("link").arg("--state").arg(state).arg("--run").arg(run);
        link.arg("--ready-file").arg(link_ready);
        if let Some(policy) = policy {
            link.arg("--policy").arg(policy);
        }
        let ready = processes.start("agent", &mut link, link_ready).await?;
        ensure!(
            ready.get("connected") == Some(&Value::Bool(true)),
            "the agent says that it is not connected: {ready}"
        );
        let agent = text(&ready, "agent")?;
        step.done(&format!("connected as {agent}"));
        Ok(agent)
    }

    async fn ask_for_help(&self, agent: &str) -> Result<i64> {
        let step = self.screen.step("Sending this machine's real diagnostics");
        let mut send = Command::new(&self.programs.agent);
        send.args(["send", "-m", MESSAGE, "--yes", "--run"]).arg(&self.places.run);
        let printed = finish("befund-agent send", &mut send, |_| {}).await?;
        step.done(&format!("befund-agent send -m {MESSAGE:?}"));
        self.screen.block(&abridged(&printed));

        let mut list = self.befund();
        list.args(["--json", "ticket", "list", "--machine", agent]);
        let page = json("befund --json ticket list", &mut list).await?;
        let tickets = page.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let [ticket] = tickets else {
            bail!("one request should have opened one ticket, but there are {}", tickets.len());
        };
        ticket.get("number").and_then(Value::as_i64).context("the ticket has no number")
    }

    async fn run_runbook(&self, agent: &str, ticket: i64) -> Result<()> {
        let number = ticket.to_string();
        let step = self.screen.step("Looking which runbooks fit the ticket");
        let mut list = self.befund();
        list.args(["--json", "runbook", "list", "--ticket", &number]);
        step.done(&fitting(&json("befund runbook list", &mut list).await?)?);

        // Dry, so that nothing is changed on whose machine this is.
        let run = ["run", RUNBOOK, "--on", agent, "--ticket", &number, "--dry-run", "--detach"];
        self.screen.line(&format!("    $ befund {}", run.join(" ")));
        let started = json("befund run", self.befund().arg("--json").args(run)).await?;
        let job = text(&started, "id")?;
        self.screen.line(&format!("    $ befund job watch {job}"));
        let mut watch = self.befund();
        watch.args(["job", "watch", &job]);
        let line = |line: &str| self.screen.line(&format!("    {line}"));
        let (watched, answered) =
            tokio::join!(finish("befund job watch", &mut watch, line), self.answer(&job));
        watched.and(answered).map(drop)
    }

    /// Answers the runbook's question, which it asks where pages do not come.
    async fn answer(&self, job: &str) -> Result<String> {
        loop {
            let mut show = self.befund();
            let told = json("befund job show", show.args(["--json", "job", "show", job])).await?;
            match told.get("state").and_then(Value::as_str) {
                Some("asking") => {
                    let answer = ["job", "answer", job, QUESTION, ANSWER, "--for-user"];
                    self.screen.line(&format!("    $ befund {}", answer.join(" ")));
                    let mut command = self.befund();
                    return finish("befund job answer", command.args(answer), |_| {}).await;
                }
                Some("waiting" | "delivered" | "running") => tokio::time::sleep(LOOK).await,
                _ => return Ok(String::new()),
            }
        }
    }

    /// Runs the runbook whose fix nobody signs; its job, once that waits.
    async fn wait_unsigned(&self, agent: &str, ticket: i64) -> Result<String> {
        let step = self.screen.step("Running one whose fix waits for a signature");
        let number = ticket.to_string();
        let mut run = self.befund();
        run.args([
            "--json",
            "run",
            staged::RUNBOOK,
            "--on",
            agent,
            "--ticket",
            &number,
            "--detach",
        ]);
        let job = text(&json("befund run", &mut run).await?, "id")?;
        for _ in 0..300 {
            let mut show = self.befund();
            let told = json("befund job show", show.args(["--json", "job", "show", &job])).await?;
            match told.get("state").and_then(Value::as_str) {
                Some("needs_approval") => {
                    step.done("");
                    return Ok(job);
                }
                Some("waiting" | "delivered" | "running") => {}
                other => bail!("the job is {other:?} instead of waiting for a signature: {told:#}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("the job {job} does not wait for a signature")
    }

    async fn show(&self, agent: &str, ticket: i64, catalogue: &str) -> Result<()> {
        let number = ticket.to_string();
        let mut show = self.befund();
        show.args(["ticket", "show", &number]);
        let line = |line: &str| self.screen.line(&format!("    {line}"));
        finish("befund ticket show", &mut show, line).await?;

        let step = self.screen.step("Checking that the ticket holds all of it");
        let mut show = self.befund();
        show.args(["--json", "ticket", "show", &number]);
        let view = json("befund --json ticket show", &mut show).await?;
        let wanted = Wanted { agent, message: MESSAGE, runbook: RUNBOOK };
        let (job, found) = evidence::of_ticket(&view, &wanted).map_err(anyhow::Error::msg)?;
        step.done(&found);

        let step =
            self.screen.step("Checking that what ran was signed, and that it changed nothing");
        let mut show = self.befund();
        let job = json("befund job show", show.args(["--json", "job", "show", &job])).await?;
        let mut show = self.befund();
        let show = show.args(["--json", "machine", "show", agent]);
        let machine = json("befund machine show", show).await?;
        let found = evidence::of_run(&job, &machine, catalogue).map_err(anyhow::Error::msg)?;
        step.done(&found);
        Ok(())
    }
}

/// The beginning and the end of what was printed, and how much is between them.
fn abridged(printed: &str) -> String {
    let lines: Vec<&str> = printed.trim_end().lines().collect();
    let Some(between) = lines.len().checked_sub(FIRST_LINES + LAST_LINES).filter(|left| *left > 1)
    else {
        return printed.to_owned();
    };
    let (first, last) = (&lines[..FIRST_LINES], &lines[lines.len() - LAST_LINES..]);
    let left_out = format!("  … {between} more lines, also for what could not be read, and why");
    [first, &[&left_out], last].concat().join("\n")
}

/// Which runbooks fit a ticket, in words; ours has to be among them.
fn fitting(runbooks: &Value) -> Result<String> {
    let fits = |runbook: &&Value| runbook.get("fit").and_then(Value::as_u64) > Some(0);
    let name = |runbook: &Value| text(runbook, "name");
    let all = runbooks.as_array().context("there are no runbooks")?;
    let names = all.iter().filter(fits).map(name).collect::<Result<Vec<_>>>()?;
    ensure!(names.iter().any(|name| name == RUNBOOK), "{RUNBOOK} does not fit: {runbooks:#}");
    Ok(format!("{} of {}: {}", names.len(), all.len(), names.join(", ")))
}

pub(super) async fn json(what: &str, command: &mut Command) -> Result<Value> {
    let printed = finish(what, command, |_| {}).await?;
    serde_json::from_str(&printed).with_context(|| format!("{what} did not print JSON"))
}

pub(super) fn text(value: &Value, field: &str) -> Result<String> {
    let text = value.get(field).and_then(Value::as_str);
    Ok(text.with_context(|| format!("there is no {field} in the answer"))?.to_owned())
}

/// 128 bits from the system, as 32 letters and digits.
fn new_password() -> Result<String> {
    use std::io::Read as _;
    let mut bytes = [0_u8; 16];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut bytes))
        .context("cannot make a password")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
