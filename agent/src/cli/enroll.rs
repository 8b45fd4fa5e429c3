//! `befund-agent enroll`: makes this machine one of an organisation's, by a token of its.
//!
//! Two accounts keep what comes of it: the link's keeps the identity, the executor's (root) whom the machine trusts. So
//! root enrolls an installed agent: it vouches for the trust root itself, and has the link's account do the rest.

use std::path::PathBuf;
use std::process::ExitCode;

use befund_model::token::EnrollmentToken;
use befund_runtime::clock::Clock;
use befund_runtime::telemetry::{self, LogFormat};
use clap::Args;
use tracing::Level;

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
    /// Leave the trust root to whoever started this
    #[arg(long, hide = true)]
    identity_only: bool,
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
        match platform::enroll_as_owner(&self.state, &self.of_identity(), &text)? {
            Some(ended) if !ended.success() => return Ok(ExitCode::from(FAILED)),
            Some(_) => {}
            None => self.identity(&token).await?,
        }
        self.vouch(&token)?;
        Ok(ExitCode::SUCCESS)
    }

    /// The arguments that leave the trust root out.
    fn of_identity(&self) -> Vec<std::ffi::OsString> {
        let mut arguments = vec!["enroll".into(), "-".into(), "--identity-only".into()];
        arguments.extend(["--state".into(), self.state.clone().into()]);
        if let Some(config) = &self.config {
            arguments.extend(["--config".into(), config.clone().into()]);
        }
        arguments
    }

    async fn identity(&self, token: &EnrollmentToken) -> anyhow::Result<()> {
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
        Ok(())
    }

    /// Tells the executor which machine this is, and whom it trusts.
    fn vouch(&self, token: &EnrollmentToken) -> anyhow::Result<()> {
        if self.identity_only {
            return Ok(());
        }
        let of_system = self.keep.is_none() && self.state == platform::default_state();
        if of_system && !befund_executor::is_master() {
            // The system's executor believes nobody else.
            if token.trust_root.is_some() {
                screen::complain(
                    "this account cannot vouch for the organisation's trust root, so that only steps that read \
                     will run here; enroll as root or as an administrator to have it pinned",
                );
            }
            return Ok(());
        }
        let keep = keep(self.keep.as_deref(), &self.state);
        let identity = IdentityFolder::new(RealDisk, &self.state).load()?;
        befund_executor::enrolled(&keep, identity.agent)?;
        match token.trust_root {
            Some(digest) => befund_executor::pin(&keep, digest)?,
            None => tracing::debug!("the token names no trust root: only read steps will run here"),
        }
        Ok(())
    }
}
