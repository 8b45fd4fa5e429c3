//! `befund-controller init`: makes a controller's folder, CA, configuration, database and first
//! administrator. There is no other way to the first account, and no default password.
#![expect(clippy::print_stdout, reason = "a command line speaks on the standard streams")]

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use befund_controller::ca::{self, Ca};
use befund_controller::config::template::Template;
use befund_controller::config::{Config, DataFolder};
use befund_controller::store::repository::Operators as _;
use befund_controller::store::{Store, StoreOptions};
use befund_controller::{password, platform};
use befund_model::audit::{Actor, By};
use befund_model::id::OperatorId;
use befund_model::operator::{Operator, Role};
use befund_runtime::clock::{self, Clock};
use clap::Args;

use super::local::{self, Ask};

/// Make a controller.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The controller's folder; it must not hold a controller yet.
    #[arg(long, env = "BEFUND_DATA", default_value = "/var/lib/befund-controller")]
    data: PathBuf,
    /// The name of the organisation, as the people at the machines see it.
    #[arg(long, default_value = "This organisation")]
    name: String,
    /// A name or IP address under which agents reach this host; may be given several times.
    #[arg(long)]
    host: Vec<String>,
    /// Where agents are listened for.
    #[arg(long, default_value = "0.0.0.0:7443")]
    gate: SocketAddr,
    /// Where the console and the API are served; TLS unless it is on loopback.
    #[arg(long, default_value = "127.0.0.1:7480")]
    console: SocketAddr,
    /// A postgres:// URL; without it, SQLite in the folder.
    #[arg(long)]
    database: Option<String>,
    /// The first administrator's name.
    #[arg(long, default_value = "admin")]
    admin: String,
    /// A file with the first administrator's password; without it, it is asked for.
    #[arg(long)]
    admin_password_file: Option<PathBuf>,
}

impl Init {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let data = DataFolder::new(&self.data);
        refuse_initialised(&data)?;
        let names = self.names();
        if let Some(name) = names.iter().find(|name| !ca::is_name(name)) {
            bail!("{name:?} is neither a host name nor an IP address: give --host another");
        }
        let text = Template {
            organisation: &self.name,
            database: self.database.as_deref().unwrap_or("sqlite"),
            gate: self.gate,
            console: self.console,
            names: &names,
        }
        .render();
        // Everything that can be wrong with what was asked for is found before anything is written.
        let config = Config::parse(&text, &data.config())?;
        ensure!(
            !self.admin.trim().is_empty(),
            "the first administrator needs a name: --admin NAME"
        );
        let hash = self.password_hash().await?;

        let folder = data.path().display().to_string();
        platform::create_private_folder(data.path())
            .and_then(|()| platform::create_private_folder(&data.ca()))
            .with_context(|| format!("make the folder {folder}: may this account write there?"))?;
        let clock = Clock::system();
        let ca = Ca::create(&data.ca(), &self.name, clock.now())?;
        let options = StoreOptions { ledger: Some(data.ledger()), ..StoreOptions::default() };
        let store = Store::open(&config.database_url(&data), options).await?;
        let made = self.administrator(&store, &hash, &clock).await;
        store.close().await;
        made?;
        // Last: a folder with a configuration is a whole one.
        platform::write_private(&data.config(), text.as_bytes())
            .with_context(|| format!("write {}", data.config().display()))?;

        println!("A controller for {} was made in {folder}.", self.name);
        println!("  CA pin         {}", ca.pin());
        if self.gate.port() != 0 {
            println!("  agents reach   {}", config.advertised(self.gate.port()).join(", "));
        }
        println!("  administrator  {}", self.admin);
        println!("Next:");
        println!("  befund-controller serve --data {folder}");
        println!("  befund-controller token --data {folder}    (a token to enroll a machine with)");
        println!("Keep {} safe: whoever has it can name machines.", data.ca().display());
        Ok(())
    }

    /// The names for the certificates: those given, or this host's own; loopback always.
    fn names(&self) -> Vec<String> {
        let mut names = self.host.clone();
        if names.is_empty() && !self.gate.ip().is_loopback() {
            names.extend(platform::host_name().filter(|name| ca::is_name(name)));
            if !self.gate.ip().is_unspecified() {
                names.insert(0, self.gate.ip().to_string());
            }
        }
        for always in ["127.0.0.1", "localhost", "::1"] {
            if !names.iter().any(|name| name == always) {
                names.push(always.to_owned());
            }
        }
        names
    }

    async fn password_hash(&self) -> anyhow::Result<String> {
        let what =
            format!("password for {} ({} characters or more)", self.admin, password::MIN_CHARS);
        let file = self.admin_password_file.as_deref();
        let password = local::secret(file, &what, "--admin-password-file", Ask::Twice).await?;
        Ok(tokio::task::spawn_blocking(move || password::hash(&password))
            .await
            .context("hash the password")??)
    }

    async fn administrator(&self, store: &Store, hash: &str, clock: &Clock) -> anyhow::Result<()> {
        ensure!(
            !store.has_operator(Role::Administrator).await?,
            "the database holds a controller already: name another database with --database"
        );
        let now = clock.now();
        let operator = Operator {
            id: OperatorId::new(now, clock::random()),
            name: self.admin.clone(),
            role: Role::Administrator,
            disabled: false,
            created_at: now,
        };
        let by = By { actor: Actor::System, source: "local".to_owned() };
        store.add_operator(&operator, hash, &by, now).await?;
        Ok(())
    }
}

fn refuse_initialised(data: &DataFolder) -> anyhow::Result<()> {
    for path in [data.config(), data.ca().join("root.crt"), data.database()] {
        ensure!(
            !path.exists(),
            "there is a controller in {} already ({} exists): choose another folder with --data",
            data.path().display(),
            path.display()
        );
    }
    Ok(())
}
