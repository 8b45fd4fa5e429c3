//! The machine's own doors, as whoever owns an account there would knock: with the account that the kernel will name, and
//! with frames that need not be any. Not what is asked.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::Path;

use befund_executor::door::{Reply, Request};
use befund_executor::people::protocol::{FromPerson, ToPerson};
use befund_runtime::frame;
use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use crate::process::PATIENCE;

/// Connects as this account, whose number is its group's, too.
///
/// # Errors
/// If the system does not let it.
pub fn try_connect(path: &Path, account: u32) -> std::io::Result<UnixStream> {
    let path = path.to_owned();
    // Of this thread alone, which ends with it.
    let connecting = std::thread::spawn(move || {
        if account != 0 {
            let (uid, gid) = (Uid::from_raw(account), Gid::from_raw(account));
            set_thread_groups(&[gid])?;
            set_thread_res_gid(gid, gid, gid)?;
            set_thread_res_uid(uid, uid, uid)?;
        }
        UnixStream::connect(path)
    });
    let stream = connecting.join().expect("it does not panic")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Does something with files as this account.
///
/// # Panics
/// If this process may not be that account.
pub fn as_account<T: Send>(account: u32, act: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let acting = scope.spawn(|| {
            let (uid, gid) = (Uid::from_raw(account), Gid::from_raw(account));
            set_thread_groups(&[gid]).expect("leave the groups");
            set_thread_res_gid(gid, gid, gid).expect("become the group");
            set_thread_res_uid(uid, uid, uid).expect("become the account");
            act()
        });
        acting.join().expect("it does not panic")
    })
}

/// Asks the executor something as this account; all that it answers, in words.
#[must_use]
pub fn ask(path: &Path, account: u32, request: &Request, blob: &[u8]) -> String {
    let mut bytes = Vec::new();
    frame::write(&mut bytes, request, blob).expect("a frame");
    say(path, account, &bytes)
}

/// Says these bytes to the executor as this account; all that it answers, in words.
///
/// # Panics
/// If the door is closed to this account.
#[must_use]
pub fn say(path: &Path, account: u32, bytes: &[u8]) -> String {
    let mut stream = try_connect(path, account).expect("the door");
    // It may have refused before it read all of it.
    let _ = stream.write_all(bytes);
    let mut said = Vec::new();
    loop {
        match frame::read::<Reply>(&mut stream) {
            Ok(Some(frame)) => {
                let (words, last) = words(frame.header);
                said.push(words);
                if last {
                    return said.join("\n");
                }
            }
            Ok(None) => {
                said.push("closed without a word".to_owned());
                return said.join("\n");
            }
            Err(error) => {
                said.push(format!("closed: {error}"));
                return said.join("\n");
            }
        }
    }
}

/// A reply in words, and whether nothing follows.
fn words(reply: Reply) -> (String, bool) {
    match reply {
        Reply::Error { message } => (message, true),
        Reply::Outcome(outcome) => (format!("{}: {}", outcome.state, outcome.reason), true),
        Reply::Wanted { paths } => (format!("taken, and it wants {}", paths.join(", ")), true),
        Reply::Done => ("done".to_owned(), true),
        Reply::Trust(trust) => (format!("{trust:?}"), true),
        Reply::Unreported(unreported) => (format!("{unreported:?}"), true),
        Reply::Description(description) => (format!("{description:?}"), true),
        Reply::Event(event) => (format!("{:?}", event.what), false),
        Reply::Section(section) => (format!("{section:?}"), false),
    }
}

/// Somebody at the people's door.
#[derive(Debug)]
pub struct Visitor {
    stream: UnixStream,
}

impl Visitor {
    /// Knocks as this account.
    ///
    /// # Panics
    /// If the door is closed.
    #[must_use]
    pub fn at(path: &Path, account: u32) -> Self {
        Self { stream: try_connect(path, account).expect("the people's door") }
    }

    /// Says something.
    pub fn say(&mut self, what: &FromPerson) {
        // Whoever was declined finds the door closed.
        let _ = frame::write(&mut self.stream, what, &[]);
    }

    /// What is said next; `None` once the door is closed.
    pub fn hear(&mut self) -> Option<ToPerson> {
        frame::read::<ToPerson>(&mut self.stream).ok().flatten().map(|frame| frame.header)
    }

    /// What is said next, in words.
    pub fn words(&mut self) -> String {
        match self.hear() {
            Some(ToPerson::Declined { why }) => why,
            Some(other) => format!("{other:?}"),
            None => "closed without a word".to_owned(),
        }
    }

    /// Waits to be asked from now on.
    pub fn attend(&mut self) -> String {
        self.say(&FromPerson::Attend { language: "en".to_owned() });
        self.words()
    }
}
