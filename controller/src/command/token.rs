//! `befund-controller token`: an enrollment token, made on the controller's own host.
#![expect(clippy::print_stdout, reason = "a command line speaks on the standard streams")]

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use befund_controller::ca::Ca;
use befund_controller::config::{Config, DataFolder};
use befund_controller::enrollment;
use befund_controller::state::Identity;
use befund_model::api::NewEnrollmentToken;
use befund_model::audit::{Actor, By};
use befund_runtime::clock::Clock;
use clap::Args;

use super::local;

/// Make an enrollment token.
#[derive(Debug, Args)]
pub(crate) struct Token {
    /// The controller's folder.
    #[arg(long, env = "BEFUND_DATA", default_value = "/var/lib/befund-controller")]
    data: PathBuf,
    /// How many machines may use it.
    #[arg(long, default_value_t = 1)]
    uses: u32,
    /// How long it is valid, as in 30m, 8h, 2d.
    #[arg(long, default_value = "30m", value_parser = span)]
    valid: u64,
    /// The group that its machines go into.
    #[arg(long)]
    group: Option<String>,
    /// Only from this network, as in 10.1.0.0/16.
    #[arg(long)]
    network: Option<String>,
}

impl Token {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let data = DataFolder::new(self.data);
        let config = Config::load(&data)?;
        let identity = Identity {
            addresses: config.advertised(gate_port(&data, &config)?),
            ca_pin: Ca::load(&data.ca())?.pin(),
        };
        let store = local::open_store(&data, &config).await?;
        let new = NewEnrollmentToken {
            uses: Some(self.uses),
            valid_seconds: Some(self.valid),
            group: self.group,
            network: self.network,
        };
        let by = By { actor: Actor::System, source: "local".to_owned() };
        let made = enrollment::make(&store, &identity, new, &by, Clock::system().now()).await;
        store.close().await;
        match made {
            Ok(made) => {
                println!("{}", made.token);
                Ok(())
            }
            Err(failure) => bail!("the token was not made: {}", failure.message),
        }
    }
}

/// The gate's port: as configured, or where that is any free one, as the running controller says.
fn gate_port(data: &DataFolder, config: &Config) -> anyhow::Result<u16> {
    match config.gate.listen.port() {
        0 => local::running(data).map(|running| running.gate.port()).context(
            "the gate listens on any free port, so a token can be made only while the controller runs: start `befund-controller serve`, or set gate.listen to a fixed port",
        ),
        port => Ok(port),
    }
}

fn span(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a span of time: expected a number and s, m, h or d");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    number.parse::<u64>().ok().and_then(|count| count.checked_mul(factor)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans_have_a_unit() {
        assert_eq!(span("30m"), Ok(1_800));
        assert_eq!(span("2d"), Ok(172_800));
        for wrong in ["", "30", "m", "-1h", "3 h", "99999999999999999999d", "ü"] {
            assert!(span(wrong).is_err(), "{wrong:?}");
        }
    }
}
