//! The ledger: an append-only text file beside the database that tells what must not roll back
//! when a backup is restored: revoked agents, used tokens, ticket numbers.
//!
//! A line is written and synced before the change that it tells of is committed. So it may tell of
//! a change that did not happen, which is the safe side: an identity that stays revoked, a token
//! that is spent, a number that is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use befund_model::Timestamp;
use befund_model::id::{AgentId, TokenId};

/// Ticket numbers are noted this many ahead, so that most tickets need no line.
pub const TICKET_STEP: i64 = 100;
/// How far ticket numbers jump when an epoch is raised.
pub const EPOCH_STEP: i64 = 1_000;
const FIRST_WORDS: &str = "befund-ledger 1";

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file system said no.
    #[error("cannot {attempt} the ledger {path}")]
    Io {
        /// What was attempted.
        attempt: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line that no ledger has.
    #[error(
        "the ledger {path} was damaged: line {line} cannot be understood; put it aside to go on without it"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
}

/// What a ledger tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Revoked identities, and when.
    pub revoked: BTreeMap<AgentId, Timestamp>,
    /// The uses that tokens had left at last.
    pub tokens: BTreeMap<TokenId, i64>,
    /// No ticket above this number was handed out.
    pub tickets: i64,
    /// Raised by each restore that could not know what happened since its backup.
    pub epoch: i64,
}

/// The open ledger.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    tickets: i64,
    torn: bool,
}

impl Ledger {
    /// Opens a ledger, or begins one.
    ///
    /// # Errors
    /// If the file cannot be read or written, or is no ledger.
    pub fn open(path: PathBuf) -> Result<Self, LedgerError> {
        let fail = |attempt: &'static str, source: std::io::Error| LedgerError::Io {
            attempt,
            path: path.clone(),
            source,
        };
        let (told, whole) = match std::fs::read(&path) {
            Ok(bytes) => (read(&path, &bytes)?, whole_lines(&bytes).len()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Told::default(), 0),
            Err(error) => return Err(fail("read", error)),
        };
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|error| fail("open", error))?;
        // A line that a power cut tore was never acknowledged.
        file.set_len(whole as u64).map_err(|error| fail("mend", error))?;
        if whole == 0 {
            file.write_all(first_line().as_bytes()).map_err(|error| fail("write", error))?;
            file.sync_all().map_err(|error| fail("sync", error))?;
            sync_folder(&path).map_err(|error| fail("sync the folder of", error))?;
        }
        let state = State { file, tickets: told.tickets, torn: false };
        Ok(Self { path, state: Mutex::new(state) })
    }

    /// Notes a revocation.
    pub(in crate::store) fn revoked(&self, agent: AgentId, at: Timestamp) -> std::io::Result<()> {
        self.append(&format!("revoked {agent} {}\n", at.as_microsecond()), None)
    }

    /// Notes how many uses a token has left.
    pub(in crate::store) fn token(&self, token: TokenId, left: i64) -> std::io::Result<()> {
        self.append(&format!("token {token} {left}\n"), None)
    }

    /// Notes that ticket numbers up to this one may have been handed out.
    pub(in crate::store) fn ticket(&self, number: i64) -> std::io::Result<()> {
        let noted = self.state.lock().unwrap_or_else(PoisonError::into_inner).tickets;
        if number <= noted {
            return Ok(());
        }
        let ahead = number.saturating_add(TICKET_STEP);
        self.append(&format!("tickets {ahead}\n"), Some(ahead))
    }

    fn append(&self, line: &str, tickets: Option<i64>) -> std::io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.torn {
            // Ends what an earlier failure may have left behind; such a line is passed over.
            state.file.write_all(b" !\n")?;
            state.torn = false;
        }
        if let Err(error) =
            state.file.write_all(line.as_bytes()).and_then(|()| state.file.sync_data())
        {
            state.torn = true;
            return Err(error);
        }
        if let Some(tickets) = tickets {
            state.tickets = state.tickets.max(tickets);
        }
        Ok(())
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Reads a ledger's bytes; a last line without its end is passed over.
///
/// # Errors
/// If a line is none.
pub fn read(path: &Path, bytes: &[u8]) -> Result<Told, LedgerError> {
    let mut told = Told::default();
    let text = String::from_utf8_lossy(whole_lines(bytes));
    for (index, line) in text.lines().enumerate() {
        let known = if index == 0 { line.starts_with(FIRST_WORDS) } else { note(&mut told, line) };
        if !known && !line.ends_with(" !") {
            return Err(LedgerError::Damaged { path: path.to_owned(), line: index + 1 });
        }
    }
    Ok(told)
}

fn note(told: &mut Told, line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    let number = |word: &str| word.parse::<i64>().ok();
    match words.as_slice() {
        ["revoked", agent, at] => {
            let at = number(at).and_then(|at| Timestamp::from_microsecond(at).ok());
            let (Ok(agent), Some(at)) = (agent.parse(), at) else { return false };
            told.revoked.entry(agent).or_insert(at);
        }
        ["token", token, left] => {
            let (Ok(token), Some(left)) = (token.parse(), number(left)) else { return false };
            let entry = told.tokens.entry(token).or_insert(left);
            *entry = left.min(*entry);
        }
        ["tickets", upto] => {
            let Some(upto) = number(upto) else { return false };
            told.tickets = told.tickets.max(upto);
        }
        ["epoch", epoch, _at] => {
            let Some(epoch) = number(epoch) else { return false };
            told.epoch = told.epoch.max(epoch);
        }
        _ => return false,
    }
    true
}

/// The line that a new ledger begins with; its random name tells it from any other.
#[must_use]
pub fn first_line() -> String {
    let name = data_encoding::HEXLOWER.encode(&befund_runtime::clock::random::<16>());
    format!("{FIRST_WORDS} {name}\n")
}

/// The line that tells of a new epoch.
#[must_use]
pub fn epoch_line(epoch: i64, at: Timestamp) -> String {
    format!("epoch {epoch} {}\n", at.as_microsecond())
}

/// The bytes up to and with the last line's end.
#[must_use]
pub fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    &bytes[..end]
}

/// Two ledgers' lines in one: those of `first`, then what only `second` has.
#[must_use]
pub fn merged(first: &[u8], second: &[u8]) -> Vec<u8> {
    let mut bytes = whole_lines(first).to_vec();
    let known: BTreeSet<Vec<u8>> =
        bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let skip = usize::from(!bytes.is_empty());
    for line in whole_lines(second).split_inclusive(|byte| *byte == b'\n').skip(skip) {
        if !known.contains(line) {
            bytes.extend_from_slice(line);
        }
    }
    bytes
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match File::open(folder.unwrap_or(Path::new("."))) {
        Ok(folder) => folder.sync_all(),
        // Folders cannot be opened everywhere.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(error),
    }
}
