//! Who is signed in on Linux: by the login manager's files, which only root writes, or else by utmp(5).

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use befund_runtime::peer::Account;

/// sd-login(3) reads these.
const MANAGER: &str = "/run/systemd/sessions";
const UTMP: [&str; 2] = ["/run/utmp", "/var/run/utmp"];
/// The most sessions that are looked at, and the most bytes of one file.
const MAX_SESSIONS: usize = 4_096;
const MAX_BYTES: u64 = 4 << 20;

/// `USER_PROCESS` of utmp(5).
const USER_PROCESS: u16 = 7;
/// The length of a record: glibc keeps 32-bit times where 32-bit programs share the file.
#[cfg(target_arch = "aarch64")]
const RECORD: usize = 400;
#[cfg(not(target_arch = "aarch64"))]
const RECORD: usize = 384;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Session {
    account: Account,
    place: Place,
}

/// Where somebody sits; the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Seat,
    Remote,
}

/// The accounts, those at a seat first. No records mean nobody.
pub(crate) fn signed_in() -> io::Result<Vec<Account>> {
    let mut sessions = match managed(Path::new(MANAGER))? {
        Some(sessions) => sessions,
        None => utmp()?,
    };
    sessions.sort_by_key(|session| session.place);
    Ok(sessions.into_iter().map(|session| session.account).collect())
}

/// The login manager's sessions; `None` where there is no login manager.
fn managed(folder: &Path) -> io::Result<Option<Vec<Session>>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let mut sessions = Vec::new();
    for entry in entries.take(MAX_SESSIONS) {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "ref") {
            continue;
        }
        // One that has ended meanwhile is none.
        if let Ok(bytes) = read(&path)
            && let Ok(text) = String::from_utf8(bytes)
        {
            sessions.extend(session(&text));
        }
    }
    Ok(Some(sessions))
}

/// A file of systemd-logind's or elogind's. Greeters, lock screens, background jobs and the managers' own sessions are
/// no person's, and one that is being closed is nobody's any more.
fn session(text: &str) -> Option<Session> {
    let field = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
    };
    let person = matches!(field("CLASS"), "user" | "user-early" | "user-light");
    let there = matches!(field("STATE"), "active" | "online");
    if !person || !there {
        return None;
    }
    let account = Account::of_uid(field("UID").parse().ok()?);
    let local = field("REMOTE") != "1" && !field("SEAT").is_empty();
    Some(Session { account, place: if local { Place::Seat } else { Place::Remote } })
}

/// The sessions by utmp. It has names only, cut to 32 letters: the account is that of the terminal's owner, which is
/// who signed in there.
fn utmp() -> io::Result<Vec<Session>> {
    let mut bytes = Vec::new();
    for path in UTMP {
        match read(Path::new(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => {
                bytes = other?;
                break;
            }
        }
    }
    Ok(records(&bytes).filter_map(|record| record.session()).collect())
}

/// What is read of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    pid: u32,
    line: String,
    user: String,
    host: String,
}

fn records(bytes: &[u8]) -> impl Iterator<Item = Record> {
    bytes.chunks_exact(RECORD).take(MAX_SESSIONS).filter_map(|bytes| {
        let text = |from: usize, to: usize| {
            let bytes = &bytes[from..to];
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            String::from_utf8_lossy(&bytes[..end]).into_owned()
        };
        let person = u16::from_le_bytes([bytes[0], bytes[1]]) == USER_PROCESS;
        let pid = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
        let record = Record { pid, line: text(8, 40), user: text(44, 76), host: text(76, 332) };
        (person && !record.user.is_empty()).then_some(record)
    })
}

impl Record {
    fn session(self) -> Option<Session> {
        let Self { pid, line, user, host } = self;
        // Who was cut off leaves a record behind.
        if !Path::new("/proc").join(pid.to_string()).exists() {
            return None;
        }
        let plain = !line.is_empty() && line.split('/').all(|part| part != "." && part != "..");
        let owner = std::fs::metadata(Path::new("/dev").join(&line)).map(|tty| tty.uid());
        let account = match owner {
            Ok(owner) if plain && !line.starts_with(['/', ':']) => Account::of_uid(owner),
            // A display has no file.
            Ok(_) | Err(_) => Account::named(&user)?,
        };
        let local = host.is_empty() || host.starts_with(':');
        // A terminal that was handed on to somebody else says nothing.
        account
            .name()
            .starts_with(&user)
            .then_some(Session { account, place: if local { Place::Seat } else { Place::Remote } })
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    io::Read::read_to_end(&mut io::Read::take(file, MAX_BYTES), &mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAT: &str = "# This is private data. Do not parse.\nUID=1000\nUSER=anna\nACTIVE=1\n\
                        STATE=active\nREMOTE=0\nTYPE=wayland\nCLASS=user\nSEAT=seat0\n";

    fn file(folder: &Path, name: &str, text: &str) {
        std::fs::write(folder.join(name), text).expect("written");
    }

    #[test]
    fn those_at_a_seat_come_first_and_nobody_who_only_waits_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let other = |from: &str, to: &str| SEAT.replace(from, to);
        let ssh = other("SEAT=seat0\n", "").replace("REMOTE=0", "REMOTE=1").replace("1000", "1001");
        file(folder.path(), "1", &ssh);
        file(folder.path(), "c2", SEAT);
        file(folder.path(), "3", &other("STATE=active", "STATE=closing").replace("1000", "1002"));
        file(folder.path(), "4", &other("CLASS=user", "CLASS=greeter").replace("1000", "1003"));
        file(folder.path(), "5", &other("CLASS=user", "CLASS=background").replace("1000", "1004"));
        file(folder.path(), "6", &other("UID=1000", "UID=x"));
        file(folder.path(), "7.ref", SEAT);
        let mut found = managed(folder.path()).expect("read").expect("there");
        found.sort_by_key(|session| session.place);
        let found: Vec<(u32, Place)> =
            found.iter().map(|session| (session.account.uid(), session.place)).collect();
        assert_eq!(found, [(1000, Place::Seat), (1001, Place::Remote)]);
        assert_eq!(managed(&folder.path().join("none")).expect("no error"), None);
    }

    #[test]
    fn records_of_people_are_read_and_what_is_cut_off_is_left_out() {
        let mut bytes = vec![0; RECORD];
        bytes[0] = 7;
        bytes[4] = 1;
        bytes[8..13].copy_from_slice(b"pts/0");
        bytes[44..48].copy_from_slice(b"anna");
        bytes[76..85].copy_from_slice(b"192.0.2.1");
        let mut boot = vec![0; RECORD];
        boot[0] = 2;
        let all = [boot, bytes.clone(), bytes[..RECORD - 1].to_vec()].concat();
        let found: Vec<Record> = records(&all).collect();
        let expected = Record {
            pid: 1,
            line: "pts/0".to_owned(),
            user: "anna".to_owned(),
            host: "192.0.2.1".to_owned(),
        };
        assert_eq!(found, [expected]);
        assert!(
            Record { line: "../etc/passwd".to_owned(), ..found[0].clone() }.session().is_none()
        );
    }
}
