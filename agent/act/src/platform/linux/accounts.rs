//! `account.unlock`: the count of wrong passwords set back. An account that somebody has locked on purpose
//! stays so.

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

/// `struct tally` of Linux-PAM's `faillock.h`: 52 bytes of source, 2 reserved, 2 of status, 8 of time.
const RECORD_BYTES: usize = 64;
/// The status bit of a failure that counts.
const VALID: u16 = 1;

/// Where pam_faillock counts (faillock.conf(5)).
fn folder(context: &Context<'_>) -> String {
    let text = context.root.text("/etc/security/faillock.conf").unwrap_or_default();
    let set = text.lines().find_map(|line| {
        let (key, value) = line.split('#').next()?.split_once('=')?;
        (key.trim() == "dir").then(|| value.trim().to_owned())
    });
    set.filter(|folder| folder.starts_with('/')).unwrap_or_else(|| "/run/faillock".to_owned())
}

fn failures(bytes: &[u8]) -> usize {
    bytes
        .chunks_exact(RECORD_BYTES)
        .filter(|record| u16::from_ne_bytes([record[54], record[55]]) & VALID != 0)
        .count()
}

/// Whether the older pam_tally2 counts here.
fn tallies(context: &Context<'_>) -> bool {
    context.root.exists("/var/log/tallylog") && context.programs.find("pam_tally2").is_some()
}

/// How many wrong passwords pam_tally2 tells: the second word of its second line.
fn tallied(text: &str) -> Option<u32> {
    text.lines().nth(1)?.split_ascii_whitespace().nth(1)?.parse().ok()
}

pub(super) fn plan(context: &Context<'_>, parameters: &Parameters) -> Outcome<Plan> {
    let account = parameters.needed("account")?;
    let folder = folder(context);
    let path = format!("{folder}/{account}");
    let mut lines = Vec::new();
    if context.root.exists(&folder) {
        if context.root.exists(&path) {
            let bytes = context.root.read(&path);
            let bytes = bytes.map_err(|error| Trouble::io(format_args!("read {path}"), &error))?;
            if let count @ 1.. = failures(&bytes) {
                lines.push(format!("forget {count} wrong passwords of {account}"));
            }
        }
    } else if tallies(context) {
        let asked = context.ask(&context.program("pam_tally2")?, &["--user", account])?;
        if let Some(count @ 1..) = tallied(&asked.text) {
            lines.push(format!("forget {count} wrong passwords of {account}"));
        }
    } else {
        return Err(Trouble::unsupported(format!(
            "this machine does not count wrong passwords (looked for pam_faillock's {folder} and pam_tally2's /var/log/tallylog)"
        )));
    }
    Ok(Plan::changes(lines, format!("no wrong passwords of {account} are counted")))
}

pub(super) fn perform(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let account = parameters.needed("account")?;
    let folder = folder(context);
    if context.root.exists(&folder) {
        let folder = context.root.host_path(&folder).display().to_string();
        let faillock = context.program("faillock")?;
        context.must(&faillock, &["--dir", &folder, "--user", account, "--reset"])?;
    } else {
        context.must(&context.program("pam_tally2")?, &["--user", account, "--reset"])?;
    }
    Ok(format!("{account} was unlocked"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pam_tally2_is_understood() {
        let text = "Login           Failures Latest failure     From\nanna                5    11/26/26 21:00:00  tty1\n";
        assert_eq!(tallied(text), Some(5));
        assert_eq!(tallied("pam_tally2: no such user"), None);
    }

    proptest! {
        #[test]
        fn nothing_breaks_the_readers(text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            tallied(&text);
            prop_assert!(failures(&bytes) <= bytes.len() / RECORD_BYTES);
        }
    }
}
