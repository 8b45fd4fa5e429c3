//! The exit codes, which scripts rely on: part of the command line's contract.

use std::process::ExitCode;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// What was asked for was done.
    Ok,
    /// It failed for a reason that has no code of its own.
    Failed,
    /// The arguments make no sense, by themselves or to the controller.
    Usage,
    /// Not signed in, or the account may not do this.
    Forbidden,
    /// The ticket, machine, snapshot, job or runbook does not exist.
    NotFound,
    /// Somebody else changed it first, or it does not stand where it would have to.
    Conflict,
    /// The controller is out of reach, or asked to come back later.
    Unreachable,
    /// The job ended, but not well.
    JobEndedBadly,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Forbidden => 3,
            Self::NotFound => 4,
            Self::Conflict => 5,
            Self::Unreachable => 6,
            Self::JobEndedBadly => 7,
            Self::Interrupted => 130,
        }
    }

    /// The word that stands for it in `--json` errors.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Unreachable => "unreachable",
            Self::JobEndedBadly => "job_ended_badly",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The end of `--help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0    done
  1    failed
  2    usage: the arguments make no sense, by themselves or to the controller
  3    not signed in, or not allowed
  4    no such ticket, machine, snapshot, job, runbook or work
  5    conflict: somebody else changed it first, or it stands elsewhere
  6    the controller is out of reach
  7    the job ended, but not well (failed, refused, cancelled, expired, or nothing was measured)
  130  interrupted by Ctrl-C

Environment:
  BEFUND_CONFIG  the file that keeps the sign-in, instead of ~/.config/befund/cli.toml
  NO_COLOR       no colours, also on a terminal";
