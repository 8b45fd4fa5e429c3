//! The controller under load: a real process, its token, its memory.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::Options;

/// A running controller.
#[derive(Debug)]
pub(crate) struct Controller {
    program: PathBuf,
    data: PathBuf,
    process: Child,
}

impl Controller {
    /// Initialises a controller in `folder`, starts it, and waits until it serves.
    pub(crate) async fn start(options: &Options, folder: &Path) -> Result<Self> {
        let program = match &options.controller {
            Some(path) => path.clone(),
            None => std::env::current_exe()
                .context("find this program")?
                .with_file_name("befund-controller"),
        };
        let data = folder.join("controller");
        let password = folder.join("password");
        std::fs::write(&password, "correct horse battery staple")
            .context("write the administrator's password")?;
        let mut init = Command::new(&program);
        init.arg("init").arg("--data").arg(&data);
        init.args(["--gate", "127.0.0.1:0", "--console", "127.0.0.1:0", "--admin", "admin"]);
        init.arg("--admin-password-file").arg(&password);
        if let Some(url) = &options.database {
            init.args(["--database", url]);
        }
        let made =
            init.output().with_context(|| format!("run {} (is it built?)", program.display()))?;
        if !made.status.success() {
            bail!(
                "the controller could not be initialised: {}",
                String::from_utf8_lossy(&made.stderr)
            );
        }
        let ready = folder.join("ready.json");
        let process = Command::new(&program)
            .arg("serve")
            .arg("--data")
            .arg(&data)
            .arg("--ready-file")
            .arg(&ready)
            .stdin(Stdio::null())
            .spawn()
            .context("start the controller")?;
        let mut this = Self { program, data, process };
        this.wait_for(&ready).await?;
        Ok(this)
    }

    async fn wait_for(&mut self, ready: &Path) -> Result<Value> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Ok(text) = std::fs::read_to_string(ready) {
                return serde_json::from_str(&text).context("read the ready file");
            }
            if let Some(status) = self.process.try_wait().context("look at the controller")? {
                bail!("the controller ended with {status} before it served");
            }
            if Instant::now() > deadline {
                bail!("the controller did not serve within a minute");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A token that so many agents may use.
    pub(crate) fn token(&self, uses: usize) -> Result<String> {
        let made = Command::new(&self.program)
            .arg("token")
            .arg("--data")
            .arg(&self.data)
            .args(["--uses", &uses.to_string()])
            .output()
            .context("ask the controller for a token")?;
        let text = String::from_utf8_lossy(&made.stdout);
        text.split_whitespace()
            .find(|word| word.starts_with(befund_model::token::PREFIX))
            .map(str::to_owned)
            .with_context(|| {
                format!("the controller gave no token: {}", String::from_utf8_lossy(&made.stderr))
            })
    }

    /// The process's number.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Asks it to stop and waits.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.process.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)
                .context("ask the controller to stop")?;
        }
        let status = tokio::task::spawn_blocking(move || self.process.wait())
            .await
            .context("wait for the controller")??;
        println!("the controller stopped with {status}");
        Ok(())
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
