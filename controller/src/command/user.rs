//! `befund-controller user`: people's accounts, made and changed on the controller's own host.
#![expect(clippy::print_stdout, reason = "a command line speaks on the standard streams")]

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use befund_controller::config::{Config, DataFolder};
use befund_controller::password;
use befund_controller::store::Store;
use befund_controller::store::repository::Operators as _;
use befund_model::audit::{Actor, By};
use befund_model::id::OperatorId;
use befund_model::operator::{Operator, Role};
use befund_runtime::clock::{self, Clock};
use clap::{Args, Subcommand};

use super::local::{self, Ask};

/// Make, switch off and list people's accounts.
#[derive(Debug, Args)]
pub(crate) struct User {
    /// The controller's folder.
    #[arg(long, global = true, env = "BEFUND_DATA", default_value = "/var/lib/befund-controller")]
    data: PathBuf,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make an account.
    Add {
        /// The name to sign in with.
        name: String,
        /// requester, technician_l1, technician_l2, technician_l3, auditor or administrator.
        #[arg(long, value_parser = role)]
        role: Role,
        /// Read the password from this file instead of asking.
        #[arg(long)]
        password_file: Option<PathBuf>,
    },
    /// Switch an account off, ending its sign-ins.
    Disable {
        /// The account.
        name: String,
    },
    /// Switch an account on again.
    Enable {
        /// The account.
        name: String,
    },
    /// Give an account a new password, ending its sign-ins.
    Reset {
        /// The account.
        name: String,
        /// Read the password from this file instead of asking.
        #[arg(long)]
        password_file: Option<PathBuf>,
    },
    /// List the accounts.
    List,
}

impl User {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let data = DataFolder::new(self.data);
        let config = Config::load(&data)?;
        let store = local::open_store(&data, &config).await?;
        let done = act(&store, self.action).await;
        store.close().await;
        done
    }
}

async fn act(store: &Store, action: Action) -> anyhow::Result<()> {
    let now = Clock::system().now();
    let by = By { actor: Actor::System, source: "local".to_owned() };
    match action {
        Action::Add { name, role, password_file } => {
            let good = !name.is_empty() && name.len() <= 128 && !name.chars().any(char::is_control);
            ensure!(
                good && name.trim() == name,
                "an account's name has 1 to 128 bytes, no spaces around it and no control characters"
            );
            let hash = hash(&name, password_file.as_deref()).await?;
            let id = OperatorId::new(now, clock::random());
            let made = Operator { id, name: name.clone(), role, disabled: false, created_at: now };
            store.add_operator(&made, &hash, &by, now).await?;
            println!("Account {name} was made; its role is {role}.");
        }
        Action::Disable { name } => {
            store.set_disabled(&name, true, &by, now).await?;
            println!("Account {name} is switched off; its sign-ins have ended.");
        }
        Action::Enable { name } => {
            store.set_disabled(&name, false, &by, now).await?;
            println!("Account {name} is switched on.");
        }
        Action::Reset { name, password_file } => {
            let hash = hash(&name, password_file.as_deref()).await?;
            store.set_password(&name, &hash, &by, now).await?;
            println!("Account {name} has a new password; its sign-ins have ended.");
        }
        Action::List => {
            for one in store.operators().await? {
                let state = if one.disabled { "off" } else { "on" };
                println!("{:<24} {:<16} {state}", one.name, one.role.as_str());
            }
        }
    }
    Ok(())
}

async fn hash(name: &str, file: Option<&Path>) -> anyhow::Result<String> {
    let what = format!("password for {name} ({} characters or more)", password::MIN_CHARS);
    let password = local::secret(file, &what, "--password-file", Ask::Twice).await?;
    Ok(tokio::task::spawn_blocking(move || password::hash(&password))
        .await
        .context("hash the password")??)
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| {
        let known = Role::ALL.map(Role::as_str).join(", ");
        format!("{word:?} is not a role: expected one of {known}")
    })
}
