//! Readers of who may sign in and who did: records of sign-ins, locks, keys and tickets, and the rules
//! of sudo, doas and sshd.

use befund_model::Timestamp;

use crate::platform::linux::people::directory::kerberos;
use crate::platform::linux::people::state::{faillock, logins, shadow};
use crate::platform::linux::people::{accounts, groups, utmp};
use crate::platform::linux::security::protection::{sshd, sudoers};

pub(super) fn accounts(bytes: &[u8]) {
    signed_in(bytes);
    keys(bytes);
    let text = String::from_utf8_lossy(bytes);
    rules(&text);
    locked(bytes, &text);
    for line in text.lines() {
        let _ = groups::group(line);
        let _ = shadow::line(line);
    }
}

fn signed_in(bytes: &[u8]) {
    let length = utmp::length(bytes);
    assert!(matches!(length, 384 | 400));
    let records = utmp::records(bytes);
    assert!(records.len() <= bytes.len() / length, "more records than there is room for");
    for record in &records {
        // A byte that is no letter is written with three.
        let fits = record.line.len() <= 3 * 32 && record.user.len() <= 3 * 32;
        assert!(fits && record.host.len() <= 3 * 256, "a name longer than its place");
        assert!(record.at >= Timestamp::UNIX_EPOCH, "signed in before there was a clock");
    }
    assert!(accounts::utmp(bytes).len() <= records.len(), "more sessions than records");
    for time in [4, 8] {
        let login = logins::lastlog(bytes, time);
        assert!(login.is_none_or(|login| login.at > Timestamp::UNIX_EPOCH));
    }
}

fn keys(bytes: &[u8]) {
    if let Some((keys, _)) = kerberos::keytab(bytes) {
        assert!(keys.len() <= bytes.len() / 4, "more keys than there is room for");
        let machine = kerberos::machine_account(&keys);
        assert!(machine.is_none_or(|name| keys.iter().any(|key| key.principal == name)));
    }
    if let Some(cache) = kerberos::cache(bytes) {
        assert!(cache.principal.contains('@'), "a principal without a realm");
        assert!(cache.principal.len() <= 3 * bytes.len(), "a principal longer than its file");
    }
}

fn rules(text: &str) {
    let mut rules = sudoers::Rules::default();
    let lines = sudoers::logical(text);
    assert!(lines.len() <= text.lines().count(), "more rules than lines");
    for line in &lines {
        rules.line(line);
    }
    assert!(rules.lost <= lines.len());
    let mut rights = rules.rights();
    sudoers::doas(text, &mut rights);
    assert!(
        rights.administrators.is_superset(&rights.without_password),
        "somebody needs no password for what is not allowed"
    );
    let mut settings = sshd::Settings::default();
    for line in text.lines() {
        if let Some((keyword, value)) = sshd::keyword(line) {
            assert!(!value.is_empty() && line.contains(value) && line.contains(keyword));
            let keyword = keyword.to_ascii_lowercase();
            settings.set(&keyword, value, sshd::Block::All);
            settings.set(&keyword, value, sshd::Block::Some);
        }
    }
    let _ = (settings.root(), settings.passwords());
}

fn locked(bytes: &[u8], text: &str) {
    let rules = faillock::Rules::parse(text);
    let records = bytes.len() / 64;
    let tally = faillock::Tally::parse(&bytes[..64 * records]);
    if let Some(tally) = tally.filter(|tally| tally.failures() > 0) {
        assert!(tally.failures() as usize <= records, "more failures than records");
        // The settings of another file, and those that stand behind the records.
        for rules in [&rules, &faillock::Rules::parse("deny = 1\nunlock_time = never\n")] {
            let _ = rules.locks(&tally, Timestamp::UNIX_EPOCH);
            let _ = rules.locks(&tally, Timestamp::MAX);
        }
        let never = faillock::Rules::parse("deny = 1\nunlock_time = never\n");
        assert!(never.locks(&tally, Timestamp::MAX), "a lock without an end ended");
    }
}
