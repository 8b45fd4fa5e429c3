//! `befund-controller backup`: one sealed file from which a controller can be made again. The
//! controller may be serving meanwhile.
#![expect(clippy::print_stdout, reason = "a command line speaks on the standard streams")]

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use befund_controller::backup;
use befund_controller::config::{Config, DataFolder};
use befund_runtime::clock::Clock;
use clap::Args;

use super::local::{self, Ask};

/// Save everything that this controller is in one sealed file; it may be serving meanwhile.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The controller's folder.
    #[arg(long, env = "BEFUND_DATA", default_value = "/var/lib/befund-controller")]
    data: PathBuf,
    /// The file to write; one of that name is replaced once the new one is whole.
    #[arg(long)]
    to: PathBuf,
    /// A file with the passphrase (12 characters or more); without it, it is asked for.
    #[arg(long)]
    passphrase_file: Option<PathBuf>,
}

impl Backup {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let data = DataFolder::new(self.data);
        let config = Config::load(&data)?;
        ensure!(
            !self.to.is_dir(),
            "{} is a folder: name the file to write with --to",
            self.to.display()
        );
        if let Some(folder) = self.to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            ensure!(
                folder.is_dir(),
                "there is no folder {}: make it, or name another file with --to",
                folder.display()
            );
        }
        let passphrase = local::secret(
            self.passphrase_file.as_deref(),
            "passphrase for the backup (12 characters or more)",
            "--passphrase-file",
            Ask::Twice,
        )
        .await?;
        let store = local::open_store(&data, &config).await?;
        let made =
            backup::backup(&store, &data, &self.to, &passphrase, Clock::system().now()).await;
        store.close().await;
        let made = made.context("no backup was made")?;
        println!("{} was written ({} KiB).", made.file.display(), made.bytes.div_ceil(1024));
        println!("  database       {} rows", made.rows);
        println!("  CA             the keys and certificates in {}", data.ca().display());
        println!("  also           {}, {}", data.config().display(), data.ledger().display());
        println!(
            "Not in it: people's sign-ins and access tokens, and a console certificate of your own."
        );
        println!(
            "Keep it off this host, and the passphrase apart from it: nobody can open it without."
        );
        println!("To restore: befund-controller restore --from {} --data DIR", made.file.display());
        Ok(())
    }
}
