//! A throw-away PostgreSQL: one cluster for each test process, a database of its own for each test.
//!
//! The cluster stands in a temporary folder, listens on a socket there and nowhere else, and keeps
//! its syncs, so that what a test calls durable was. A watching shell stops it and removes the
//! folder when the test process ends, however that ends: it waits for the end of its standard input.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

mod small;

pub use small::SmallPostgres;

/// Where Debian's package puts the programs.
const PROGRAMS: &str = "/usr/lib/postgresql";
const MISSING: &str = "PostgreSQL's programs are not installed, and these tests need them: \
     run `apt-get install postgresql` (or `cargo xtask test`, which does)";
/// Starts the server, waits for the end of its own standard input, stops the server, cleans up.
const WATCH: &str = r#"
"$@" &
server=$!
read -r _
kill -INT "$server"
wait "$server"
rm -rf "$FOLDER"
"#;
/// How long the server may take to start.
const START_DEADLINE: Duration = Duration::from_secs(60);

static CLUSTER: Mutex<Option<Cluster>> = Mutex::new(None);
static DATABASES: AtomicU32 = AtomicU32::new(0);

struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    /// Holds the watching shell's standard input open.
    _watch: Child,
}

/// A database of its own in this process's cluster.
#[derive(Debug)]
pub struct TestPostgres {
    folder: PathBuf,
    name: String,
}

impl TestPostgres {
    /// Makes a new database, starting the cluster if this process has none yet.
    ///
    /// # Errors
    /// If PostgreSQL is not installed (the text names the package), or does not start.
    pub fn start() -> Result<Self> {
        let mut cluster = CLUSTER.lock().unwrap_or_else(PoisonError::into_inner);
        if cluster.is_none() {
            *cluster = Some(Cluster::start()?);
        }
        let Some(cluster) = cluster.as_ref() else { bail!("the cluster was just started") };
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let mut create = Command::new(cluster.programs.join("createdb"));
        create.arg("--host").arg(&cluster.folder).args(["--username", "befund", &name]);
        run(&mut create)?;
        Ok(Self { folder: cluster.folder.clone(), name })
    }

    /// The database's address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://befund@localhost/{}?host={}", self.name, self.folder.display())
    }

    /// Runs statements in the database, from outside of the program under test; answers the rows,
    /// columns apart by `|`.
    ///
    /// # Errors
    /// If the database refuses them.
    pub fn run(&self, statements: &str) -> Result<String> {
        let programs = programs()?;
        let mut psql = Command::new(programs.join("psql"));
        psql.arg("--host").arg(&self.folder);
        psql.args([
            "--username",
            "befund",
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--quiet",
        ]);
        psql.args(["--set", "ON_ERROR_STOP=1", "--command", statements, &self.name]);
        run(&mut psql)
    }
}

impl Cluster {
    fn start() -> Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new()
            .prefix("befund-pg-")
            .tempdir()
            .context("cannot make a folder for the test's PostgreSQL")?
            .keep();
        // The server refuses to run as root.
        let account = unprivileged()?;
        if let Some(account) = account {
            run(Command::new("chown").arg(account).arg(&folder))?;
        }
        let data = folder.join("data");
        let mut initdb = as_account(account, &programs.join("initdb"));
        initdb.arg("--pgdata").arg(&data).args(["--username", "befund", "--auth", "trust"]);
        initdb.args(["--encoding", "UTF8", "--no-locale", "--no-instructions"]);
        run(initdb.current_dir(&folder))?;
        let server = as_account(account, &programs.join("postgres"));
        let mut watch = Command::new("/bin/sh");
        watch.args(["-c", WATCH, "watch"]).arg(server.get_program()).args(server.get_args());
        watch.arg("-D").arg(&data).arg("-k").arg(&folder);
        for setting in ["listen_addresses=", "max_connections=400", "shared_buffers=64MB"] {
            watch.args(["-c", setting]);
        }
        let mut watch = watch
            .env("FOLDER", &folder)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start the test's PostgreSQL")?;
        let log = watch.stderr.take().context("the server's log was piped")?;
        wait_until_ready(log)?;
        Ok(Self { folder, programs, _watch: watch })
    }
}

/// Reads the server's log (to its end, so that it never blocks) and waits for its word.
fn wait_until_ready(log: std::process::ChildStderr) -> Result<()> {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(log).lines() {
            let Ok(line) = line else { return };
            // Nobody listens any more once the server is ready.
            let _ = tell.send(line);
        }
    });
    let mut lines = Vec::new();
    while let Ok(line) = told.recv_timeout(START_DEADLINE) {
        if line.contains("database system is ready to accept connections") {
            return Ok(());
        }
        lines.push(line);
    }
    bail!("the test's PostgreSQL did not start; it said:\n{}", lines.join("\n"))
}

/// The folder of the newest version's programs.
fn programs() -> Result<PathBuf> {
    let versions = std::fs::read_dir(PROGRAMS).context(MISSING)?;
    versions
        .filter_map(|version| {
            let folder = version.ok()?.path();
            let number: u32 = folder.file_name()?.to_str()?.parse().ok()?;
            let programs = folder.join("bin");
            programs.join("initdb").exists().then_some((number, programs))
        })
        .max()
        .map(|(_, programs)| programs)
        .context(MISSING)
}

/// The account to run the server as, if this process is root.
fn unprivileged() -> Result<Option<&'static str>> {
    if run(Command::new("id").arg("-u"))?.trim() != "0" {
        return Ok(None);
    }
    for account in ["postgres", "nobody"] {
        if run(Command::new("id").args(["-u", account])).is_ok() {
            return Ok(Some(account));
        }
    }
    bail!("PostgreSQL does not run as root, and there is neither an account postgres nor nobody")
}

fn as_account(account: Option<&str>, program: &Path) -> Command {
    let Some(account) = account else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={account}")).args(["--clear-groups", "--"]).arg(program);
    command
}

fn run(command: &mut Command) -> Result<String> {
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
