//! `befund-agent status`.

use std::path::PathBuf;
use std::process::ExitCode;

use befund_model::Timestamp;
use clap::Args;

use super::{NO_AGENT, screen};
use crate::door::client::{Door, DoorError};
use crate::door::protocol::{Answer, Ask, Connectivity, Report};

#[derive(Debug, Args)]
pub(super) struct Status {
    /// Where the sockets are
    #[arg(long, default_value_os_t = crate::platform::default_run(), env = "BEFUND_RUN")]
    run: PathBuf,
    /// For programs
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut door = match Door::open(&self.run).await {
            Ok(door) => door,
            Err(error @ DoorError::Connect { .. }) => {
                screen::complain(&befund_runtime::telemetry::chain(&error));
                return Ok(ExitCode::from(NO_AGENT));
            }
            Err(error) => return Err(error.into()),
        };
        let Answer::Status(report) = door.ask(&Ask::Status).await?.header else {
            return Err(DoorError::Unexpected.into());
        };
        if self.json {
            screen::say(&serde_json::to_string(&report)?);
        } else {
            show(&report);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn show(report: &Report) {
    let connection = match &report.connection {
        Connectivity::Connecting => "connecting".to_owned(),
        Connectivity::Connected { address, since } => {
            format!("connected to {address} since {}", time(since))
        }
        Connectivity::Waiting { why, until } => {
            format!("not connected ({}); next try at {}", screen::printable(why), time(until))
        }
        Connectivity::Revoked => {
            "revoked: the controller does not let this machine in any more; ask the help desk for a \
             new token and enroll it anew"
                .to_owned()
        }
    };
    let mut lines = vec![
        ("Organisation", screen::printable(&report.organisation)),
        ("Connection", connection),
        ("Agent", format!("{} (version {})", report.agent, report.version)),
        ("Certificate", format!("good until {}", time(&report.certificate_until))),
        ("Waiting", waiting(report)),
        (
            "Last snapshot",
            report.last_delivery.map_or_else(
                || "none since the agent started".to_owned(),
                |at| format!("delivered at {}", time(&at)),
            ),
        ),
    ];
    if report.clock_correction_ms != 0 {
        let off = report.clock_correction_ms / 1000;
        lines.push(("Clock", format!("wrong by {off} s; going on with the controller's time")));
    }
    for (name, value) in lines {
        screen::say(&format!("{name:<14} {value}"));
    }
    for request in &report.requests_waiting {
        screen::say(&format!("{:<14} request {request}", ""));
    }
}

/// What has not been delivered yet.
fn waiting(report: &Report) -> String {
    let counts = [
        (report.requests_waiting.len() as u64, "request"),
        (report.snapshots_waiting as u64, "snapshot"),
        (report.jobs as u64, "job"),
    ];
    let told: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}{}", if count == 1 { "" } else { "s" }))
        .collect();
    if told.is_empty() {
        "nothing: all is delivered".to_owned()
    } else {
        format!("{} ({})", told.join(", "), screen::bytes(report.spool_bytes))
    }
}

/// A time, to the second, as people read it.
fn time(at: &Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
