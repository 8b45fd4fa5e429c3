//! `login`, `logout`, `whoami`: the personal token, asked for once and kept in a private file.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;

use befund_model::api::{LoggedIn, Login as Body};
use befund_model::operator::Operator;
use befund_model::token::CaPin;
use reqwest::Url;
use serde_json::json;

use crate::client::{Client, address, read};
use crate::commands::Desk;
use crate::config::SignIn;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::platform;
use crate::render::text;
use crate::screen::Format;

/// The most bytes of a password.
const MAX_PASSWORD_BYTES: u64 = 1_024;

/// Arguments of `befund login`.
#[derive(Debug, clap::Args)]
pub(crate) struct Login {
    /// The controller, as in `https://help.example:8443`; plain HTTP only to this machine.
    #[arg(value_parser = address)]
    url: Url,
    /// The pin of the controller's CA, as `befund-controller doctor` prints it.
    #[arg(long, value_name = "sha256:…")]
    pin: Option<CaPin>,
    /// The account; asked for if absent.
    #[arg(long)]
    name: Option<String>,
    /// A file with the password on its first line; `-` for standard input. Asked for on the
    /// terminal if absent.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Login {
    /// Signs in and stores the token.
    pub(crate) async fn run(self, desk: &mut Desk<'_>) -> Result<(), Failure> {
        let what = format!("sign in at {}", self.url);
        let client = Client::new(self.url.clone(), self.pin, None)?;
        let name = match self.name {
            Some(name) => name,
            None => prompt_name(&what)?,
        };
        let password = password(&what, &name, self.password_file)?;
        let label = match platform::host_name() {
            Some(host) => format!("befund on {host}"),
            None => "befund".to_owned(),
        };
        let body = Body { name, password, label };
        let raw = client.post(&what, &["login"], &body).await.map_err(|failure| {
            if failure.exit() == Exit::Forbidden {
                failure.hint(
                    "check the name and the password; `befund-controller user reset NAME` on the \
                     host sets a new one",
                )
            } else {
                failure
            }
        })?;
        let answer: LoggedIn = read(&what, &raw)?;
        desk.config.store(&SignIn {
            url: self.url.to_string(),
            pin: self.pin.map(|pin| pin.to_string()),
            name: answer.operator.name.clone(),
            token: answer.token,
            expires_at: answer.expires_at,
        })?;
        let kept = desk.config.path().display().to_string();
        let shown = json!({
            "operator": raw.get("operator"), "expires_at": answer.expires_at, "kept": kept,
        });
        desk.screen.show(&shown, |look| {
            format!(
                "Signed in at {} as {} ({}) until {}; the token is in {kept}.",
                self.url,
                text::line(&answer.operator.name),
                answer.operator.role,
                look.time(answer.expires_at),
            )
        })
    }
}

/// Gives the token back and removes the file, also when the controller is away.
pub(crate) async fn logout(desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = "sign out";
    let Some(sign_in) = desk.config.load()? else {
        return desk
            .screen
            .show(&json!({ "signed_out": false }), |_| "Nobody was signed in.".to_owned());
    };
    let ended = match desk.client() {
        Ok(client) => client.post(what, &["logout"], &json!({})).await.map(|_| ()),
        Err(failure) => Err(failure),
    };
    desk.config.remove()?;
    match ended {
        Err(failure) if failure.exit() != Exit::Forbidden => {
            desk.screen.note(&format!(
                "note: the token was forgotten here, but the controller was not told ({}); it ends \
                 at {}",
                text::line(&failure.to_string()),
                desk.screen.look().time(sign_in.expires_at),
            ));
        }
        // A token that the controller no longer takes has ended already.
        _ => {}
    }
    let url = sign_in.url;
    desk.screen
        .show(&json!({ "signed_out": true }), |_| format!("Signed out of {}.", text::line(&url)))
}

/// Who is signed in, as the controller says.
pub(crate) async fn whoami(desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = "ask who is signed in";
    let (sign_in, client) = desk.signed_in()?;
    let raw = client.get(what, &["me"]).await?;
    let me: Operator = read(what, &raw)?;
    desk.screen.show(&raw, |look| {
        let until = look.time(sign_in.expires_at);
        format!("{} ({}) at {}, until {until}", text::line(&me.name), me.role, client.base())
    })
}

fn prompt_name(what: &str) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::cannot(Exit::Usage, what, "whose account is not known")
            .hint("name it: --name NAME"));
    }
    let failed = |error: std::io::Error| Failure::cannot(Exit::Failed, what, error.to_string());
    let _ = std::io::Write::write_all(&mut std::io::stderr(), b"Name: ");
    let mut name = String::new();
    std::io::stdin().lock().read_line(&mut name).map_err(failed)?;
    Ok(name.trim().to_owned())
}

fn password(what: &str, name: &str, file: Option<PathBuf>) -> Result<String, Failure> {
    let failed = |from: &str, error: std::io::Error| {
        Failure::cannot(Exit::Failed, what, format!("the password from {from}: {error}"))
    };
    let text = match file {
        Some(path) if path.as_os_str() != "-" => {
            let from = path.display().to_string();
            let file = std::fs::File::open(&path).map_err(|error| failed(&from, error))?;
            first_line(file).map_err(|error| failed(&from, error))?
        }
        None if std::io::stdin().is_terminal() => {
            rpassword::prompt_password(format!("Password of {}: ", text::line(name)))
                .map_err(|error| failed("the terminal", error))?
        }
        _ => first_line(std::io::stdin()).map_err(|error| failed("standard input", error))?,
    };
    if text.is_empty() {
        return Err(Failure::cannot(Exit::Usage, what, "the password is empty")
            .hint("type it, or give it by --password-file FILE (`-` for standard input)"));
    }
    Ok(text)
}

fn first_line(from: impl std::io::Read) -> std::io::Result<String> {
    let mut line = String::new();
    std::io::BufReader::new(from.take(MAX_PASSWORD_BYTES)).read_line(&mut line)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

impl Desk<'_> {
    /// The name of the account that is signed in.
    pub(crate) async fn me(&self, client: &Client) -> Result<String, Failure> {
        let what = "ask who is signed in";
        let raw = client.get(what, &["me"]).await?;
        read::<Operator>(what, &raw).map(|me| me.name)
    }

    /// Whether people read what is printed.
    pub(crate) fn for_people(&self) -> bool {
        self.screen.format() == Format::People
    }
}
