//! `befund-agent enroll`: an identity for this machine, and what its executor has to know of it. Where an account of its own
//! owns the link's folder, that account enrolls, in a process of its own, and root tells the executor: nothing of root's is
//! written where the link could put a trap. Not the enrollment itself, which is [`link::enrollment`].

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use anyhow::Context as _;
use clap::Args;
use tokio::io::AsyncWriteExt as _;
use tracing::Level;

use befund_model::id::AgentId;
use befund_model::token::EnrollmentToken;
use befund_runtime::clock::Clock;
use befund_runtime::telemetry::{self, LogFormat};

use super::{FAILED, keep, screen};
use crate::config;
use crate::disk::RealDisk;
use crate::identity::IdentityFolder;
use crate::link;
use crate::link::proxy::Proxy;
use crate::platform;

#[derive(Debug, Args)]
pub(super) struct Enroll {
    /// The token; from standard input if it is `-`
    token: String,
    /// Where identity and spool are kept
    #[arg(long, default_value_os_t = platform::default_state(), env = "BEFUND_STATE")]
    state: PathBuf,
    /// The executor's own folder: what it trusts, and the journal of its runs [default:
    /// /var/lib/befund-executor for the system's agent, else `executor` within the state]
    #[arg(long)]
    keep: Option<PathBuf>,
    /// The agent's settings [default: agent.toml where the policy is, if it is there]
    #[arg(long)]
    config: Option<PathBuf>,
}

impl Enroll {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        telemetry::init(LogFormat::Human, Level::WARN);
        let text = if self.token == "-" {
            std::io::read_to_string(std::io::stdin())?
        } else {
            self.token.clone()
        };
        let token = EnrollmentToken::decode(&text)?;
        let enrolled = match platform::Other::owning(&self.state) {
            Some(owner) => self.as_owner(&owner, &text).await?,
            None => Some(self.here(&token).await?),
        };
        let Some(agent) = enrolled else { return Ok(ExitCode::from(FAILED)) };
        let keep = keep(self.keep.as_deref(), &self.state);
        befund_executor::enrolled(&keep, agent)?;
        match token.trust_root {
            Some(digest) => befund_executor::pin(&keep, digest)?,
            None => tracing::debug!("the token names no trust root: only read steps will run here"),
        }
        let systems = self.keep.is_none() && self.state == platform::default_state();
        if token.trust_root.is_some() && systems && keep != befund_executor::default_keep() {
            tracing::warn!(
                "the system's executor was not told which trust root to take, so that only steps that read will run \
                 here: enroll as the administrator, or name its folder with --keep"
            );
        }
        Ok(ExitCode::SUCCESS)
    }

    /// As this account.
    async fn here(&self, token: &EnrollmentToken) -> anyhow::Result<AgentId> {
        let settings = config::load(self.config.as_deref())?;
        let proxy = Proxy::choose(settings.proxy.as_ref(), |name| std::env::var(name).ok())?;
        let folder = IdentityFolder::new(RealDisk, &self.state);
        let clock = Clock::system();
        let identity = link::enrollment::enroll(token, &folder, proxy.as_ref(), &clock).await?;
        screen::say(&format!(
            "This machine is enrolled with {} as {}.",
            screen::printable(&identity.organisation),
            identity.agent
        ));
        Ok(identity.agent)
    }

    /// As the account that owns the folder, by a process of its own, which says itself what goes wrong: nothing then.
    async fn as_owner(
        &self,
        owner: &platform::Other,
        token: &str,
    ) -> anyhow::Result<Option<AgentId>> {
        let mut command = tokio::process::Command::new(std::env::current_exe()?);
        command.args(["enroll", "-", "--state"]).arg(&self.state);
        command.arg("--keep").arg(self.state.join("executor")).stdin(Stdio::piped());
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        owner.run(&mut command);
        let enrolling = "could not enroll as the account that owns the folder";
        let mut child = command.spawn().with_context(|| told(enrolling, &self.state))?;
        if let Some(mut to) = child.stdin.take() {
            // One that has ended already says why.
            let _ = to.write_all(token.as_bytes()).await;
        }
        if !child.wait().await?.success() {
            return Ok(None);
        }
        let identity = IdentityFolder::new(RealDisk, &self.state).load()?;
        Ok(Some(identity.agent))
    }
}

fn told(what: &str, folder: &Path) -> String {
    format!("{what} {}", folder.display())
}
