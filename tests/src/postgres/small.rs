//! A PostgreSQL of its own on a small disk. A watching shell starts the server again when it ends, as
//! a service manager would, and removes everything when the test process ends.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::{TestPostgres, as_account, programs, run, unprivileged};
use crate::process::eventually;
use crate::small_disk::SmallDisk;

/// Makes the cluster, keeps the server running until the end of its own standard input, stops it.
/// `INITDB` and `POSTGRES` are command lines; their words have no spaces.
const WATCH: &str = r#"
$INITDB >&2 || exit 1
while [ ! -e "$FOLDER/stop" ]; do $POSTGRES >&2; sleep 0.2; done &
echo begun
read -r _
touch "$FOLDER/stop"
kill -INT "$(head -n 1 "$DATA/postmaster.pid")"
wait
"#;

const INITDB: &str = "--username=befund --auth=trust --encoding=UTF8 --no-locale --no-instructions \
     --wal-segsize=1";
const POSTGRES: &str = "-c listen_addresses= -c shared_buffers=16MB -c min_wal_size=2MB \
     -c max_wal_size=8MB";

/// The server and its disk.
#[derive(Debug)]
pub struct SmallPostgres {
    database: TestPostgres,
    disk: SmallDisk,
    watch: Child,
    _folder: TempDir,
}

impl SmallPostgres {
    /// Starts one on a disk of so many bytes.
    ///
    /// # Errors
    /// If PostgreSQL is not installed, or does not start.
    pub fn start(bytes: u64) -> Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("befund-small-pg-").tempdir()?;
        let account = unprivileged()?;
        if let Some(account) = account {
            run(Command::new("chown").arg(account).arg(folder.path()))?;
        }
        let disk = SmallDisk::at(&folder.path().join("disk"), bytes);
        let data = folder.path().join("disk/data");
        let line = |program: &str, arguments: &str| {
            let program = programs.join(program);
            let command = match account {
                Some(_) => as_account(account, &program),
                // As root of its own namespace, which the server takes for the real one.
                None => {
                    let mut command = Command::new("unshare");
                    command.args(["--user", "--map-user=1000", "--map-group=1000", "--"]);
                    command.arg(&program);
                    command
                }
            };
            let words = std::iter::once(command.get_program()).chain(command.get_args());
            let words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
            format!("{} {arguments} -D {}", words.join(" "), data.display())
        };
        let initdb = line("initdb", INITDB);
        let postgres = format!("{} -k {}", line("postgres", POSTGRES), folder.path().display());
        let mut watch = Command::new("/bin/sh");
        watch.args(["-c", WATCH]).current_dir(folder.path());
        watch.env("FOLDER", folder.path()).env("DATA", &data).env("INITDB", initdb);
        watch.env("POSTGRES", postgres);
        let mut watch = disk
            .under(&watch)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start a PostgreSQL on a small disk")?;
        let mut begun = String::new();
        BufReader::new(watch.stdout.take().context("its output was piped")?)
            .read_line(&mut begun)?;
        ensure!(begun == "begun\n", "no cluster could be made on a small disk");
        let database = TestPostgres { folder: folder.path().to_owned(), name: "small".to_owned() };
        let this = Self { database, disk, watch, _folder: folder };
        let mut createdb = Command::new(programs.join("createdb"));
        createdb.arg("--host").arg(&this.database.folder).args(["--username", "befund", "small"]);
        eventually("PostgreSQL to take connections", || run(&mut createdb).is_ok());
        Ok(this)
    }

    /// Its database.
    #[must_use]
    pub const fn database(&self) -> &TestPostgres {
        &self.database
    }

    /// Fills its disk.
    pub fn fill(&self) {
        self.disk.fill(self.watch.id());
    }

    /// Makes room on its disk.
    pub fn make_room(&self) {
        self.disk.make_room(self.watch.id());
    }
}

impl Drop for SmallPostgres {
    fn drop(&mut self) {
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }
}
