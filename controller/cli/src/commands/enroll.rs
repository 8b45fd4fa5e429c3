//! `enroll token …`: lets machines join.

use std::time::Duration;

use befund_model::api::{EnrollmentTokenMade, NewEnrollmentToken};
use befund_model::token::EnrollmentToken;
use befund_trust::digest::Sha256;
use clap::Subcommand;

use crate::client::read;
use crate::commands::{Desk, values};
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::render;

/// Subcommands of `befund enroll`.
#[derive(Debug, Subcommand)]
pub(crate) enum Enroll {
    /// Tokens that machines join with.
    #[command(subcommand)]
    Token(Token),
}

/// Subcommands of `befund enroll token`.
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token; it is shown once.
    New(New),
    /// List the tokens that were made.
    List,
}

/// Arguments of `befund enroll token new`.
#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// How many machines may use it; 1 if absent.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    uses: Option<u32>,
    /// How long it is valid, as in 30m (the default), 2h or 3d.
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    valid: Option<Duration>,
    /// The group that its machines go into.
    #[arg(long)]
    group: Option<String>,
    /// Only from this network, as in 10.1.0.0/16.
    #[arg(long, value_name = "NETWORK")]
    network: Option<String>,
}

/// The token with the digest of the trust root that this technician vouches for: the controller is not asked for it, since
/// machines that are enrolled with it then take no other.
fn vouched(what: &str, token: &str, root: Sha256) -> Result<String, Failure> {
    EnrollmentToken::decode(token)
        .and_then(|token| EnrollmentToken { trust_root: Some(root.0), ..token }.encode())
        .map_err(|error| Failure::cannot(Exit::Failed, what, chain(&error)))
}

impl Enroll {
    /// Does it.
    pub(crate) async fn run(self, desk: &mut Desk<'_>) -> Result<(), Failure> {
        let (sign_in, client) = desk.signed_in()?;
        let Self::Token(token) = self;
        match token {
            Token::New(New { uses, valid, group, network }) => {
                let what = "make an enrollment token";
                let valid_seconds = valid.map(|valid| valid.as_secs());
                let body = NewEnrollmentToken { uses, valid_seconds, group, network };
                let mut raw = client.post(what, &["enrollment-tokens"], &body).await?;
                let mut made: EnrollmentTokenMade = read(what, &raw)?;
                if let Some(pin) = desk.pins().of(&sign_in.url)? {
                    made.token = vouched(what, &made.token, pin.root)?;
                    raw["token"] = made.token.as_str().into();
                }
                desk.screen.show(&raw, |_| made.token.clone())?;
                desk.screen.note(&format!(
                    "Valid until {}, for {}. On the machine: befund-agent enroll TOKEN",
                    desk.screen.look().time(made.expires_at),
                    render::text::count(uses.unwrap_or(1) as usize, "machine"),
                ));
                Ok(())
            }
            Token::List => {
                let raw = client.get("list enrollment tokens", &["enrollment-tokens"]).await?;
                desk.screen
                    .show(&raw, |look| render::audit::rows(look, &raw, "No enrollment tokens."))
            }
        }
    }
}
