//! A technician in a real browser, with a security key in it that their organisation's trust root lists. The browser's own
//! authenticator makes and keeps the key; the console's pages are used as people use them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::browser::{Browser, Language};
use crate::controller::{ADMIN, PASSWORD, TestController};
use crate::noting::NotingMachine;
use crate::process::{PATIENCE, eventually};

/// The part of a page that says that a key was made.
const MADE: &str = "form[data-make] [data-say=made]:not([hidden])";

/// How often a job is asked for what is to be signed.
const LOOK: Duration = Duration::from_millis(50);

/// It, signed in.
#[derive(Debug)]
pub struct Technician {
    /// The browser.
    pub browser: Browser,
    /// The console's address, with a name that pages may have keys for.
    pub console: String,
    /// The line of the key, if one was made.
    pub line: String,
}

impl Technician {
    /// Signs in as the administrator, with a security key in the browser.
    ///
    /// # Panics
    /// If the browser does not get there.
    pub async fn sign_in(controller: &TestController, language: Language) -> Self {
        // An address is no relying party; this name is one, and secure without TLS.
        let console = controller.console().replace("127.0.0.1", "localhost");
        let browser = Browser::start(language).await.expect("start a browser");
        browser.plug_in_security_key().await.expect("plug in a key");
        let this = Self { browser, console, line: String::new() };
        this.open("/sign-in").await;
        this.browser.fill("name", ADMIN).await.expect("a field");
        this.browser.fill("password", PASSWORD).await.expect("a field");
        this.browser.press("main form button").await.expect("a button");
        this.browser.wait_for("nav").await.expect("to be signed in");
        this
    }

    /// The same, makes a key on the console's page, has it put into the next trust root as one of Tina's, and waits until
    /// the machine has that.
    ///
    /// # Panics
    /// If any of it fails.
    pub async fn with_key_in_root(machine: &NotingMachine, language: Language) -> Self {
        let mut this = Self::sign_in(&machine.controller, language).await;
        this.make_key().await;
        let key = format!("tina={}", this.line);
        let changes = ["--webauthn", &key, "--origin", &this.console];
        let version = machine.signers.follow(&machine.operator, "root.json", &changes);
        eventually("the machine to have the next root", || {
            let shown = machine.operator.json(&["machine", "show", &machine.agent.id()]);
            shown["trust"]["root_version"].as_u64() == Some(version)
        });
        this
    }

    /// Makes a key on the console's page, and keeps its line.
    ///
    /// # Panics
    /// If none is made.
    pub async fn make_key(&mut self) {
        self.open("/trust/key").await;
        self.browser.press("form[data-make] button").await.expect("a button");
        self.browser.wait_for(MADE).await.expect("a key");
        self.line = self.text("[data-line]").await;
    }

    /// Opens a page of the console.
    ///
    /// # Panics
    /// If the browser does not.
    pub async fn open(&self, path: &str) {
        self.browser.open(&format!("{}{path}", self.console)).await.expect("a page");
    }

    /// What the page shows of the elements that a selector finds.
    ///
    /// # Panics
    /// If the browser does not say.
    pub async fn text(&self, selector: &str) -> String {
        let script = format!(
            "return [...document.querySelectorAll({selector:?})].map(e => e.innerText).join('\\n')"
        );
        let text = self.browser.run(&script).await.expect("a script's answer");
        text.as_str().expect("a text").to_owned()
    }

    /// How many elements a selector finds.
    ///
    /// # Panics
    /// If the browser does not say.
    pub async fn count(&self, selector: &str) -> u64 {
        let script = format!("return document.querySelectorAll({selector:?}).length");
        self.browser.run(&script).await.expect("a script's answer").as_u64().expect("a number")
    }

    /// What a job wants signed, byte by byte, once it has told it.
    ///
    /// # Panics
    /// If it wants nothing.
    pub async fn statement(&self, job: &str) -> String {
        let script = format!("return fetch('/api/v1/jobs/{job}/news').then((told) => told.json())");
        let look = async {
            loop {
                let told = self.browser.run(&script).await.expect("what the job told");
                if let Some(statement) = found(&told) {
                    return statement;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.expect("something to be signed")
    }

    /// Does what a page in an attacker's hands can: puts a form of its own into the page, by which the security key signs
    /// this for a fix of a job, whatever stands beside it.
    ///
    /// # Panics
    /// If the browser does not.
    pub async fn forge_form(&self, job: &str, cause: &str, statement: &str) {
        let mut words = self.line.split_whitespace().skip(1);
        let key = words.next().expect("a key");
        let credential = words.next().and_then(|word| word.strip_prefix("webauthn:"));
        let keys = json!({
            "relying_party": "localhost", "origins": [self.console],
            "keys": [{"credential": credential.expect("a credential"), "key": key}],
        });
        let script = format!(
            "const form = document.createElement('form');
             form.id = 'forged';
             form.method = 'post';
             form.action = {action};
             form.dataset.sign = btoa({statement});
             form.dataset.keys = {keys};
             for (const [name, value] of [['cause', {cause}], ['index', '0'], ['signature', '']]) {{
               const field = document.createElement('input');
               Object.assign(field, {{ type: 'hidden', name, value }});
               form.append(field);
             }}
             const button = document.createElement('button');
             Object.assign(button, {{ type: 'button', textContent: 'A harmless thing' }});
             form.append(button);
             document.querySelector('main').prepend(form);",
            action = json!(format!("/jobs/{job}/sign")),
            statement = json!(statement),
            keys = json!(keys.to_string()),
            cause = json!(cause),
        );
        self.browser.run(&script).await.expect("a form of another's");
    }
}

/// The last text to be signed in what a job told.
fn found(told: &Value) -> Option<String> {
    match told {
        Value::Array(items) => items.iter().rev().find_map(found),
        Value::Object(members) => match members.get("statement").and_then(Value::as_str) {
            Some(statement) => Some(statement.to_owned()),
            None => members.values().find_map(found),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}
