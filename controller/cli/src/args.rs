//! The command line: what can be asked for, in the words of the help desk.

use std::path::PathBuf;

use befund_model::id::JobId;
use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::commands::{
    agent, approve, audit, check, enroll, job, login, machine, run, runbook, snapshot, ticket,
    trust,
};

/// Befund on the technician's command line.
#[derive(Debug, Parser)]
#[command(name = "befund", version, about, after_help = crate::exit::HELP, max_term_width = 100)]
pub(crate) struct Args {
    /// Print JSON for programs, as the controller answered it; errors too, on standard error.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// The file that keeps the sign-in.
    #[arg(long, global = true, env = "BEFUND_CONFIG", value_name = "FILE", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,

    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign in at a controller and keep a personal token.
    Login(login::Login),
    /// Give the personal token back and forget it.
    Logout,
    /// Show who is signed in, and where.
    Whoami,
    /// Read and work on tickets.
    #[command(subcommand, visible_alias = "tickets")]
    Ticket(ticket::Ticket),
    /// Show machines.
    #[command(subcommand, visible_alias = "machines")]
    Machine(machine::Machine),
    /// Show what machines sent.
    #[command(subcommand, visible_alias = "snapshots")]
    Snapshot(snapshot::Snapshot),
    /// Read, explain and try the rules that snapshots are judged by.
    #[command(subcommand, visible_alias = "checks")]
    Check(check::Check),
    /// Run a probe or a runbook on a machine and watch it.
    Run(run::Run),
    /// Show what happens on a ticket, live, until Ctrl-C.
    Watch(ticket::One),
    /// Show, explain, watch, answer or cancel jobs.
    #[command(subcommand)]
    Job(job::Job),
    /// Sign what a runbook is about to change on a machine; without a job, list what waits for that.
    Approve(approve::Approve),
    /// Tell a job that its fix will not be signed.
    Decline {
        /// The job.
        job: JobId,
    },
    /// List and run runbooks; write, try, sign and publish them.
    #[command(subcommand, visible_alias = "runbooks")]
    Runbook(runbook::Runbook),
    /// Say who may sign: the trust root.
    #[command(subcommand)]
    Trust(trust::Trust),
    /// List the probes that can be run by themselves; `befund runbook list` lists the runbooks.
    Works,
    /// Let machines join.
    #[command(subcommand)]
    Enroll(enroll::Enroll),
    /// Manage the identities of machines.
    #[command(subcommand)]
    Agent(agent::Agent),
    /// Read the audit log.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Print the completions for a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_help_names_every_exit_code() {
        let help = Args::command().render_long_help().to_string();
        for exit in [
            crate::exit::Exit::Ok,
            crate::exit::Exit::Failed,
            crate::exit::Exit::Usage,
            crate::exit::Exit::Forbidden,
            crate::exit::Exit::NotFound,
            crate::exit::Exit::Conflict,
            crate::exit::Exit::Unreachable,
            crate::exit::Exit::JobEndedBadly,
            crate::exit::Exit::Interrupted,
        ] {
            assert!(help.contains(&format!("\n  {:<5}", exit.code())), "{exit:?}");
        }
    }

    #[test]
    fn commands_are_read_as_technicians_type_them() {
        let good = [
            "befund login https://help.example:8443 --pin sha256:0000000000000000000000000000000000000000000000000000000000000000",
            "befund login http://127.0.0.1:7480 --name ada --password-file -",
            "befund ticket list --status open --mine --priority high --level L2",
            "befund tickets list --json",
            "befund ticket show #7",
            "befund ticket new --subject slow -m very --machine PC-9 --priority high --level L2",
            "befund ticket take 7",
            "befund ticket assign 7 bo",
            "befund ticket assign 7 --nobody",
            "befund ticket comment 7 hello",
            "befund ticket level 7 L2",
            "befund ticket level 7 l2",
            "befund ticket priority 7 urgent",
            "befund ticket status 7 waiting-for-user",
            "befund ticket close 7 --solution rebooted",
            "befund ticket reopen 7 --reason again",
            "befund machine show PC-9",
            "befund snapshot list PC-9",
            "befund snapshot show 0198c5a2-7c1e-7d20-9a51-3f2b6a0d9e11 --section os",
            "befund snapshot findings 0198c5a2-7c1e-7d20-9a51-3f2b6a0d9e11",
            "befund check lint own.toml other.toml",
            "befund check explain disk.space",
            "befund check test own.toml --snapshot 0198c5a2-7c1e-7d20-9a51-3f2b6a0d9e11",
            "befund run net.no-internet --on PC-9 --ticket 7 --with target=gw --deadline 2h",
            "befund watch 7",
            "befund enroll token new --uses 5 --valid 30m --network 10.0.0.0/8",
            "befund agent revoke PC-9 --yes",
            "befund audit list --limit 5",
            "befund run net.no-internet --on PC-9 --ticket 7 site=intranet --dry-run",
            "befund run net.no-internet --on PC-9 --approve --key id_ed25519",
            "befund ticket undo 7",
            "befund approve",
            "befund approve 0198c5a2-7c1e-7d20-9a51-3f2b6a0d9e11 --agent SHA256:abc --yes",
            "befund decline 0198c5a2-7c1e-7d20-9a51-3f2b6a0d9e11",
            "befund job answer 0198c5a2-7c1e-7d20-9a51-3f2b6a0d9e11 scope no --for-user",
            "befund job explain 0198c5a2-7c1e-7d20-9a51-3f2b6a0d9e11",
            "befund runbook list --ticket 7",
            "befund runbooks dry-run net.no-internet --on PC-9 site=intranet",
            "befund runbook sign runbooks --key id_ed25519 --version 7 --valid 30d --organisation Example",
            "befund runbook verify runbooks --root root.json",
            "befund runbook withdraw --agent SHA256:abc --yes",
            "befund trust new --organisation Example --person anna=anna.pub --threshold change=1 --valid 1y",
            "befund trust next root.json --person ben=ben.pub --remove anna",
            "befund trust pin root.json",
            "befund completions bash",
        ];
        for line in good {
            if let Err(error) = Args::try_parse_from(line.split(' ')) {
                panic!("{line}: {error}");
            }
        }
        let bad = [
            ("befund ticket show zero", "not a ticket number"),
            ("befund ticket close 7", "--solution"),
            ("befund ticket assign 7", "<NAME>"),
            ("befund ticket level 7 L4", "L1, L2, L3"),
            ("befund login http://help.example", "plain HTTP"),
            ("befund login https://help.example --pin abc", "not a CA pin"),
            ("befund run x --on PC-9 --with target", "key=value"),
            ("befund run x --on PC-9 --deadline soon", "30m"),
            ("befund snapshot show 12", "SnapshotId"),
            ("befund approve 7", "JobId"),
            ("befund runbook sign x --key a --agent b", "cannot be used with"),
            ("befund runbook sign x --version 0", "0 is not in"),
        ];
        for (line, why) in bad {
            let error = Args::try_parse_from(line.split(' ')).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
            assert!(error.to_string().contains(why), "{line}: {error}");
        }
    }
}
