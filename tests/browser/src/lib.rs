//! A browser that a program steers: as much of the WebDriver protocol as stories and pictures need, over
//! HTTP on loopback, with Debian's `chromedriver`.

mod platform;

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use data_encoding::BASE64;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long the browser may take for anything.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a page is looked at that is still loading.
const LOOK: Duration = Duration::from_millis(50);
/// What chromedriver says once it listens.
const LISTENS: &str = "started successfully on port ";

/// The language that its pages are asked for in.
#[derive(Clone, Copy, Debug)]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
}

/// What a picture shows of a page, in CSS pixels: all of it, up to `height`.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// The window's width.
    pub width: u32,
    /// The most of the page's height.
    pub height: u32,
}

/// A browser without a window.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    /// Starts one, with a profile of its own.
    ///
    /// # Errors
    /// If there is no chromedriver, or it does not start a browser.
    pub async fn start(language: Language) -> Result<Self> {
        let mut command = Command::new("chromedriver");
        platform::in_own_group(&mut command);
        let mut driver = command
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context(
                "cannot start chromedriver; on Debian: apt-get install chromium chromium-driver",
            )?;
        let port = timeout(PATIENCE, listening(&mut driver))
            .await
            .context("chromedriver did not listen in time")??;
        let mut browser = Self { driver, port, session: String::new() };
        let made = browser.call("POST", "/session", &capabilities(language)).await?;
        let id = made.get("sessionId").and_then(Value::as_str);
        id.context("chromedriver named no session")?.clone_into(&mut browser.session);
        Ok(browser)
    }

    /// Plugs a security key into it, in software, whose owner touches it and is verified whenever it asks.
    ///
    /// # Errors
    /// If the browser does not do it in time.
    pub async fn plug_in_security_key(&self) -> Result<()> {
        let key = json!({
            "protocol": "ctap2", "transport": "usb", "hasResidentKey": false,
            "hasUserVerification": true, "isUserConsenting": true, "isUserVerified": true,
        });
        self.ask("webauthn/authenticator", &key).await.map(drop)
    }

    /// Opens a page and waits until it is loaded.
    ///
    /// # Errors
    /// If the browser does not do it in time.
    pub async fn open(&self, url: &str) -> Result<()> {
        self.ask("url", &json!({ "url": url })).await.map(drop)
    }

    /// Types into the field of this name.
    ///
    /// # Errors
    /// If the browser does not do it in time.
    pub async fn fill(&self, field: &str, text: &str) -> Result<()> {
        let element = self.element(&format!("[name={field}]")).await?;
        self.ask(&format!("element/{element}/value"), &json!({ "text": text })).await.map(drop)
    }

    /// Clicks on the first element that a CSS selector finds.
    ///
    /// # Errors
    /// If the browser does not do it in time.
    pub async fn press(&self, selector: &str) -> Result<()> {
        let element = self.element(selector).await?;
        self.ask(&format!("element/{element}/click"), &json!({})).await.map(drop)
    }

    /// Waits until the page has such an element.
    ///
    /// # Errors
    /// If the browser does not do it in time.
    pub async fn wait_for(&self, selector: &str) -> Result<()> {
        let found = async {
            while self.element(selector).await.is_err() {
                tokio::time::sleep(LOOK).await;
            }
        };
        timeout(PATIENCE, found).await.with_context(|| format!("the page never had “{selector}”"))
    }

    /// Runs a script in the page; what it returns.
    ///
    /// # Errors
    /// If the browser does not do it in time.
    pub async fn run(&self, script: &str) -> Result<Value> {
        self.ask("execute/sync", &json!({ "script": script, "args": [] })).await
    }

    /// A picture of the page as PNG.
    ///
    /// # Errors
    /// If the browser does not do it in time.
    pub async fn photograph(&self, view: View) -> Result<Vec<u8>> {
        let View { width, height } = view;
        let metrics =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.tool("Emulation.setDeviceMetricsOverride", metrics).await?;
        let full = self.run("return document.documentElement.scrollHeight").await?;
        let shown = full.as_u64().unwrap_or(0).clamp(1, u64::from(height));
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": shown, "scale": 1 });
        let what = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let taken = self.tool("Page.captureScreenshot", what).await?;
        let text = taken.get("data").and_then(Value::as_str).context("there is no picture")?;
        BASE64.decode(text.as_bytes()).context("the picture is not base64")
    }

    /// Ends it.
    pub async fn end(mut self) {
        let _ = self.call("DELETE", &format!("/session/{}", self.session), &Value::Null).await;
        // The session's end has ended the browser; the driver has nothing left to put in order.
        let _ = timeout(PATIENCE, self.driver.kill()).await;
    }

    async fn element(&self, selector: &str) -> Result<String> {
        let by = json!({ "using": "css selector", "value": selector });
        let found = self.ask("element", &by).await?;
        let id = found.as_object().and_then(|found| found.values().next()?.as_str());
        Ok(id.context("chromedriver named no element")?.to_owned())
    }

    async fn tool(&self, cmd: &str, params: Value) -> Result<Value> {
        self.ask("goog/cdp/execute", &json!({ "cmd": cmd, "params": params })).await
    }

    async fn ask(&self, command: &str, body: &Value) -> Result<Value> {
        self.call("POST", &format!("/session/{}/{command}", self.session), body).await
    }

    /// One request on a connection of its own; chromedriver tells the answer's length.
    async fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let what = || format!("the browser did not do {method} {path}");
        timeout(PATIENCE, self.exchange(method, path, body))
            .await
            .with_context(what)?
            .with_context(what)
    }

    async fn exchange(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", self.port)).await?);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).await?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                bail!("the connection ended within the answer's head");
            }
            let line = line.trim();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
        }
        let mut answer = vec![0; length];
        stream.read_exact(&mut answer).await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let value = answer.get("value").cloned().unwrap_or(Value::Null);
        match value.get("error").and_then(Value::as_str) {
            Some(error) => bail!("{error}: {}", value.get("message").unwrap_or(&Value::Null)),
            None => Ok(value),
        }
    }
}

/// The port that chromedriver chose.
async fn listening(driver: &mut Child) -> Result<u16> {
    let output = driver.stdout.take().context("chromedriver has no output")?;
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some((_, port)) = line.split_once(LISTENS) {
            return port.trim_end_matches('.').parse().context("chromedriver named no port");
        }
    }
    bail!("chromedriver ended before it listened")
}

fn capabilities(language: Language) -> Value {
    let accepted = match language {
        Language::English => "en",
        Language::German => "de",
    };
    let mut args = vec!["--headless=new", "--hide-scrollbars", "--disable-gpu"];
    if platform::is_root() {
        // Chromium's own sandbox does not work for root; its pages here are our own.
        args.push("--no-sandbox");
    }
    let prefs = json!({ "intl.accept_languages": accepted });
    let options = json!({ "args": args, "prefs": prefs });
    json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": options } } })
}
