//! An organisation with a signed catalogue and one machine that has it: the shipped runbooks and three of the
//! figures' own. Every part is a real process.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use befund_model::id::TicketNumber;
use befund_model::job::Work;
use befund_tests::agent::ticket_in;
use befund_tests::{TestAgent, TestController, TestOperator, TestSigners};

use crate::api::Technician;

/// How often the script of [`many_lines`] prints, and how many bytes together each second.
const PACE: u64 = 100;
const RATE: u64 = 64 << 10;
/// The bytes of a line of it.
const LINE: u64 = 64;

/// What the script of [`one_line`] prints.
pub(crate) const WORD: &str = "here it is";

/// The works.
pub(crate) struct Works {
    _controller: TestController,
    pub(crate) operator: TestOperator,
    signers: TestSigners,
    pub(crate) agent: TestAgent,
    /// The link's process.
    pub(crate) link: u32,
    /// The machine's id.
    pub(crate) machine: String,
    pub(crate) technician: Technician,
    /// A ticket of the machine's.
    pub(crate) ticket: TicketNumber,
}

impl Works {
    /// Opens them, on this database (SQLite if none).
    pub(crate) async fn open(database: Option<&str>) -> Result<Self> {
        let controller = TestController::start_on(database);
        let operator = controller.admin();
        let signers = TestSigners::introduce(&controller, &operator);
        let mut agent = TestAgent::new();
        let token = operator.json(&["enroll", "token", "new"]);
        agent.enroll(token["token"].as_str().context("find the token")?);
        let policy = agent.folder().join("policy.toml");
        std::fs::write(&policy, "").context("write the policy")?;
        agent.start_link(&["--policy", text(&policy)?]);
        agent.wait_until_connected();
        let technician = Technician::sign_in(&controller).await?;
        let ticket = ticket_in(&agent.send("figures are wanted")).parse()?;
        let (machine, link) = (agent.id(), agent.process().pid());
        let ticket = TicketNumber(ticket);
        Ok(Self {
            _controller: controller,
            operator,
            signers,
            agent,
            link,
            machine,
            technician,
            ticket,
        })
    }

    /// Signs and publishes a catalogue of the shipped runbooks, the figures' own, and so many copies of the shipped
    /// ones under other names; waits until the machine has it.
    pub(crate) async fn publish(&mut self, copies: usize) -> Result<()> {
        let folder = self.folder();
        std::fs::create_dir_all(folder.join("scripts")).context("make a folder")?;
        let mut shipped = Vec::new();
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runbooks");
        for entry in std::fs::read_dir(&repository).context("list the shipped runbooks")? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                let name = path.file_name().context("a file's name")?.to_owned();
                shipped.push((name.into_string().unwrap_or_default(), read(&path)?));
            }
        }
        let write = |name: &str, text: &str| {
            std::fs::write(folder.join(name), text).with_context(|| format!("write {name}"))
        };
        for (name, text) in &shipped {
            write(name, text)?;
        }
        for (number, (name, text)) in (0..copies).zip(shipped.iter().cycle()) {
            let text = text.replacen("runbook: ", &format!("runbook: c{number}."), 1);
            write(&format!("c{number}.{name}"), &text)?;
        }
        write("figures.step.yaml", STEP)?;
        write("figures.line.yaml", &scripted("figures.line", "line"))?;
        write("figures.lines.yaml", &scripted("figures.lines", "lines"))?;
        write("scripts/line.sh", &format!("echo {WORD}\n"))?;
        write("scripts/lines.sh", &lines()?)?;
        let before = self.version().await?;
        self.signers.publish(&self.operator, &folder);
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.version().await? == before {
            if Instant::now() > deadline {
                bail!("the machine does not take the catalogue: {}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    async fn version(&self) -> Result<u64> {
        let shown = self.technician.machine(&self.machine).await?;
        Ok(shown.trust.map_or(0, |trust| trust.catalogue_version))
    }

    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.agent.folder().join("agent.log"));
        log.unwrap_or_default()
    }

    /// The folder that is signed.
    pub(crate) fn folder(&self) -> PathBuf {
        self.agent.folder().join("runbooks")
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a folder whose name is text")
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

/// A runbook that measures one thing, asks one question of it, and finds nothing.
pub(crate) fn one_step() -> Work {
    Work::Runbook("figures.step".to_owned())
}

/// A runbook whose script prints one line.
pub(crate) fn one_line() -> Work {
    Work::Runbook("figures.line".to_owned())
}

/// A runbook whose script prints 64 KiB each second, for half a minute.
pub(crate) fn many_lines() -> Work {
    Work::Runbook("figures.lines".to_owned())
}

const STEP: &str = r#"
api: befund/v1
runbook: figures.step
version: 1
title: {en: "One step", de: "Ein Schritt"}
about: {en: "Measures one thing.", de: "Misst eine Sache."}
collect:
  space: {probe: disk.space@1, timeout: 5s}
causes:
  - id: none-left
    title: {en: "There is no disk", de: "Es gibt keine Platte"}
    when: "space.file_systems.size() == 0"
"#;

/// A runbook that runs a script which changes nothing.
fn scripted(name: &str, script: &str) -> String {
    format!(
        r#"
api: befund/v1
runbook: {name}
version: 1
title: {{en: "A script", de: "Ein Skript"}}
about: {{en: "Runs a script.", de: "Führt ein Skript aus."}}
limits: {{wall: 5m, output: 8MiB, reboots: 0}}
collect:
  space: {{probe: disk.space@1, timeout: 5s}}
causes:
  - id: always
    title: {{en: "There is a disk", de: "Es gibt eine Platte"}}
    when: "space.file_systems.size() > 0"
    fix:
      - script: scripts/{script}.sh
        interpreter: sh
        risk: read
        consent: policy
        timeout: 60s
        text: {{en: "Something is printed.", de: "Es wird etwas ausgegeben."}}
    verify: {{within: 5s, every: 1s, until: "space.file_systems.size() != 0"}}
accept: "space.file_systems.size() > 0"
"#
    )
}

/// A script that prints [`RATE`] bytes each second in lines, [`PACE`] times a second, by the shell's own means but
/// for the waiting.
fn lines() -> Result<String> {
    // That many more make up for the time that starting `sleep` takes.
    let each = (RATE / PACE).div_ceil(LINE) + 1;
    let mut script =
        String::from("l=123456789012345678901234567890123456789012345678901234567890123\n");
    let names = "$l ".repeat(usize::try_from(each)?);
    writeln!(script, "i=0\nwhile [ $i -lt {} ]; do", 30 * PACE)?;
    writeln!(
        script,
        "  printf '%s\\n' {names}\n  sleep {}\n  i=$((i+1))\ndone",
        1.0 / PACE as f64
    )?;
    Ok(script)
}
