//! `befund-controller restore`: a controller as a backup has it, without rolling back what must not
//! roll back. The controller must not be serving.
#![expect(clippy::print_stdout, reason = "a command line speaks on the standard streams")]

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use befund_controller::backup::{self, BackupError, Existing, Restored};
use befund_controller::config::{Config, DataFolder};
use befund_controller::{ca, hold, platform};
use befund_model::Timestamp;
use befund_runtime::clock::Clock;
use clap::Args;

use super::local::{self, Ask};

/// Bring back what a backup holds; the controller must not be serving.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup.
    #[arg(long)]
    from: PathBuf,
    /// The controller's folder; what it holds is kept where it is newer, replaced where not.
    #[arg(long, env = "BEFUND_DATA", default_value = "/var/lib/befund-controller")]
    data: PathBuf,
    /// Into this database (sqlite or a postgres:// URL); without it, the one that the folder's
    /// configuration names, or else the backup's.
    #[arg(long)]
    database: Option<String>,
    /// Replace what the database holds; without it, you are asked, or nothing is restored.
    #[arg(long)]
    replace: bool,
    /// A file with the backup's passphrase; without it, it is asked for.
    #[arg(long)]
    passphrase_file: Option<PathBuf>,
}

impl Restore {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let data = DataFolder::new(&self.data);
        ensure!(
            local::running(&data).is_none(),
            "the controller of {} is serving: stop it first, then restore",
            data.path().display()
        );
        // A configuration that is there must be good before anything is changed.
        let there = if data.config().exists() { Some(Config::load(&data)?) } else { None };
        let passphrase = local::secret(
            self.passphrase_file.as_deref(),
            "backup's passphrase",
            "--passphrase-file",
            Ask::Once,
        )
        .await?;
        let database = match (self.database.as_deref(), there) {
            (Some("sqlite"), _) => format!("sqlite:{}", data.database().display()),
            (Some(url), _) => url.to_owned(),
            (None, Some(config)) => config.database_url(&data),
            (None, None) => self.backed_up_database(&data, &passphrase).await?,
        };
        platform::create_private_folder(data.path())
            .with_context(|| format!("make the folder {}", data.path().display()))?;
        let folder = hold::Folder::take(&data)?;
        let had_ca = data.ca().exists();
        let now = Clock::system().now();
        let restore = async |existing| {
            backup::restore(&self.from, &data, &database, &passphrase, existing, now).await
        };
        let existing = if self.replace { Existing::Replaced } else { Existing::Stays };
        let restored = match restore(existing).await {
            Err(BackupError::NotEmpty) => {
                confirm().await?;
                restore(Existing::Replaced).await
            }
            other => other,
        };
        let restored = restored.context("nothing was restored")?;
        let moved = name_database(&data, &database)?;
        tell(&data, &restored, had_ca, now)?;
        if moved {
            println!("  configuration  {} names the database now", data.config().display());
        }
        println!("Next:");
        println!("  befund-controller doctor --data {}", data.path().display());
        println!("  befund-controller serve --data {}", data.path().display());
        drop(folder);
        Ok(())
    }

    /// The database that the backup's own configuration names.
    async fn backed_up_database(
        &self,
        data: &DataFolder,
        passphrase: &str,
    ) -> anyhow::Result<String> {
        let (from, passphrase) = (self.from.clone(), passphrase.to_owned());
        let text = tokio::task::spawn_blocking(move || backup::configuration(&from, &passphrase))
            .await
            .context("read the backup")??;
        Ok(match text {
            Some(text) => Config::parse(&text, &self.from.join("config.toml"))?.database_url(data),
            None => format!("sqlite:{}", data.database().display()),
        })
    }
}

/// Asks whether what the database holds may go.
async fn confirm() -> anyhow::Result<()> {
    const HELD: &str = "the database is not empty";
    ensure!(
        std::io::stdin().is_terminal(),
        "{HELD}, so nothing was restored: add --replace if what it holds may be replaced by the backup"
    );
    println!("{HELD}: all that it holds will be replaced by the backup.");
    println!("Replace it? Type yes:");
    let answer = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).map(|_| answer)
    });
    let answer = answer.await.context("ask")?.context("ask")?;
    ensure!(answer.trim() == "yes", "nothing was restored");
    Ok(())
}

fn tell(
    data: &DataFolder,
    restored: &Restored,
    had_ca: bool,
    now: Timestamp,
) -> anyhow::Result<()> {
    let moment = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let made = moment(restored.made_at);
    println!("The backup of {made} was restored.");
    println!("  database       {} rows", restored.rows);
    println!("  CA             {}", data.ca().display());
    println!("  CA pin         {}", ca::Ca::load(&data.ca())?.pin());
    if had_ca {
        let before = data.path().join("ca.before-restore");
        println!("                 the one that was there is in {}", before.display());
    }
    if let Some(config) = &restored.config {
        println!("  configuration  {}", config.display());
        if *config != data.config() {
            println!("                 {} was there, and stays", data.config().display());
        }
    }
    println!("Void: everybody's sign-ins and access tokens; people sign in again.");
    let Some(epoch) = restored.epoch else {
        println!(
            "Nothing else was rolled back: revoked machines stay revoked, used tokens stay used, and ticket numbers go on."
        );
        return Ok(());
    };
    println!("Void: enrollment tokens that were open then; make new ones.");
    println!("Ticket numbers jump ahead, so that none is given twice.");
    println!();
    println!("CHECK BY HAND (epoch {epoch}): what happened between");
    println!("    {made} and {}", moment(now));
    println!("is not known here. In that time,");
    println!("  - was a machine revoked?   It is admitted again: befund agent revoke MACHINE");
    println!(
        "  - was an account disabled? It is on again: befund-controller user disable NAME --data {}",
        data.path().display()
    );
    println!();
    Ok(())
}

/// Makes the configuration name the database that was restored into; answers whether it had to.
fn name_database(data: &DataFolder, database: &str) -> anyhow::Result<bool> {
    if Config::load(data)?.database_url(data) == database {
        return Ok(false);
    }
    let path = data.config();
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("read the configuration {}", path.display()))?;
    let text = with_database(&text, database);
    if Config::parse(&text, &path)?.database_url(data) != database {
        return advise(&path, database);
    }
    platform::write_private(&path, text.as_bytes()).with_context(|| {
        format!("write the configuration {}; set its database to the restored one", path.display())
    })?;
    Ok(true)
}

fn advise(path: &Path, database: &str) -> anyhow::Result<bool> {
    anyhow::bail!(
        "everything was restored, but {} could not be changed: set its key database to {database:?} before you serve",
        path.display()
    )
}

/// The configuration's text with another database; the rest, comments too, stays as it is.
fn with_database(text: &str, database: &str) -> String {
    let line = format!("database = {}", toml::Value::String(database.to_owned()));
    let mut lines: Vec<&str> = text.lines().collect();
    let top = lines.iter().take_while(|line| !line.trim_start().starts_with('['));
    let place = top.enumerate().find_map(|(place, line)| {
        let key = line.split('=').next()?.trim();
        (key == "database").then_some(place)
    });
    match place {
        Some(place) => lines[place] = &line,
        None => lines.insert(0, &line),
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn only_the_database_is_changed() {
        let text = "# database = \"x\"\norganisation = \"a\"\ndatabase = \"sqlite\"\n[gate]\n";
        let changed = with_database(text, "postgres://h/d");
        assert_eq!(changed, text.replace("\"sqlite\"", "\"postgres://h/d\""));
    }

    #[test]
    fn a_database_that_was_not_named_is() {
        let changed = with_database("[gate]\ndatabase = 1\n", "sqlite");
        assert_eq!(changed, "database = \"sqlite\"\n[gate]\ndatabase = 1\n");
    }
}
