//! Whom sudo lets become administrator, and whom without a password (sudoers(5)); and doas likewise.
//!
//! A rule counts that allows every command, or a shell, as root or anybody. What allows single programs is
//! left out, though some of those open a shell too; so are rules for other machines by name.

use std::collections::{BTreeMap, BTreeSet};

use crate::collector::{Context, Gap};
use crate::platform::linux::files;

/// How many files may be taken in.
const MAX_FILES: usize = 128;

/// Accounts, and groups with a `%`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rights {
    pub(crate) administrators: BTreeSet<String>,
    pub(crate) without_password: BTreeSet<String>,
}

/// The machine's rules.
pub(super) fn read(cx: &Context) -> Rights {
    let mut rules = Rules::default();
    let mut waiting = vec!["/etc/sudoers".to_owned()];
    let mut taken = 0;
    while let Some(path) = waiting.pop() {
        taken += 1;
        if taken > MAX_FILES {
            cx.gap(Gap::failed(format!(
                "more than {MAX_FILES} files of sudo's rules were not read"
            )));
            break;
        }
        let Some(text) = cx.note(cx.root.text(&path)) else { continue };
        let host = cx.root.line("/proc/sys/kernel/hostname").ok().flatten().unwrap_or_default();
        for line in logical(&text) {
            match include(&line) {
                Some(Include::File(file)) => {
                    waiting.push(absolute(&file.replace("%h", &host), &path))
                }
                Some(Include::Folder(folder)) => {
                    let folder = absolute(&folder.replace("%h", &host), &path);
                    // sudo passes by names with a dot and those that editors leave.
                    let is = |path: &String| {
                        let name = path.rsplit('/').next().unwrap_or_default();
                        !name.contains('.') && !name.ends_with('~')
                    };
                    waiting.extend(files::paths(cx, &folder).into_iter().filter(is));
                }
                None => rules.line(&line),
            }
        }
    }
    if rules.lost > 0 {
        cx.gap(Gap::failed(format!("{} of sudo's rules could not be understood", rules.lost)));
    }
    let mut rights = rules.rights();
    for path in ["/etc/doas.conf"]
        .into_iter()
        .map(str::to_owned)
        .chain(files::matching(cx, "/etc/doas.d/*.conf"))
    {
        if let Some(text) = cx.note(cx.root.text(&path)) {
            doas(&text, &mut rights);
        }
    }
    rights
}

fn absolute(path: &str, beside: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let folder = beside.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/{path}")
}

/// Lines with those that they are continued in, without comments. `#include` and `#1000` are none.
pub(crate) fn logical(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.lines() {
        if let Some(line) = line.strip_suffix('\\') {
            open.push_str(line);
            open.push(' ');
            continue;
        }
        open.push_str(line);
        let whole = std::mem::take(&mut open);
        let trimmed = whole.trim();
        if include(trimmed).is_some() {
            lines.push(trimmed.to_owned());
            continue;
        }
        let mut end = trimmed.len();
        let mut before = ' ';
        for (at, letter) in trimmed.char_indices() {
            let digit =
                trimmed[at + letter.len_utf8()..].starts_with(|next: char| next.is_ascii_digit());
            if letter == '#' && before != '\\' && !digit {
                end = at;
                break;
            }
            before = letter;
        }
        let line = trimmed[..end].trim_end();
        if !line.is_empty() {
            lines.push(line.to_owned());
        }
    }
    lines
}

enum Include {
    File(String),
    Folder(String),
}

fn include(line: &str) -> Option<Include> {
    let line = line.strip_prefix(['#', '@'])?;
    let (word, rest) = line.split_once(char::is_whitespace)?;
    let path = rest.trim().trim_matches('"').to_owned();
    match word {
        "include" => Some(Include::File(path)),
        "includedir" => Some(Include::Folder(path)),
        _ => None,
    }
}

/// Rules as they are gathered: aliases may be used before they are said.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    users: BTreeMap<String, Vec<String>>,
    commands: BTreeMap<String, Vec<String>>,
    specs: Vec<Spec>,
    /// Whom `Defaults` spare their password: `None` for everybody.
    spared: Vec<Option<String>>,
    pub(crate) lost: usize,
}

#[derive(Debug)]
struct Spec {
    who: Vec<String>,
    grants: Vec<Grant>,
}

#[derive(Debug)]
struct Grant {
    command: String,
    password: bool,
}

/// A list whose commas may be escaped.
fn list(text: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, items.last_mut()) {
            (',', _) => items.push(String::new()),
            ('\\', Some(item)) => item.extend(letters.next()),
            (letter, Some(item)) => item.push(letter),
            (_, None) => {}
        }
    }
    items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

impl Rules {
    /// Takes in a logical line.
    pub(crate) fn line(&mut self, line: &str) {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word {
            "User_Alias" => aliases(rest, &mut self.users),
            "Cmnd_Alias" | "Cmd_Alias" => aliases(rest, &mut self.commands),
            "Host_Alias" | "Runas_Alias" => {}
            _ if word.starts_with("Defaults") => self.defaults(word, rest),
            _ => match spec(line) {
                Some(spec) => self.specs.push(spec),
                None => self.lost += 1,
            },
        }
    }

    /// `Defaults !authenticate`, `Defaults:anna !authenticate`.
    fn defaults(&mut self, word: &str, rest: &str) {
        if !list(rest).iter().any(|setting| setting.replace(' ', "") == "!authenticate") {
            return;
        }
        match word.strip_prefix("Defaults").unwrap_or_default().split_at_checked(1) {
            None => self.spared.push(None),
            Some((":", who)) => self.spared.extend(list(who).into_iter().map(Some)),
            // For a host, a command or who it is run as.
            Some(_) => {}
        }
    }

    /// What all of it comes to.
    pub(crate) fn rights(&self) -> Rights {
        let mut rights = Rights::default();
        for spec in &self.specs {
            let who: Vec<String> =
                spec.who.iter().flat_map(|who| expanded(who, &self.users)).collect();
            let (mut may, mut spared) = (false, false);
            for grant in &spec.grants {
                let whole = expanded(&grant.command, &self.commands);
                if whole.iter().any(|command| is_everything(command)) {
                    may = true;
                    spared |= !grant.password;
                }
            }
            for who in who.into_iter().filter(|_| may) {
                let by_default = self
                    .spared
                    .iter()
                    .any(|spared| spared.as_ref().is_none_or(|name| *name == who));
                if spared || by_default {
                    rights.without_password.insert(who.clone());
                }
                rights.administrators.insert(who);
            }
        }
        // Root needs neither.
        rights.without_password.remove("root");
        rights
    }
}

/// What a name stands for, if aliases stand for aliases. Each is gone into once: they may name each
/// other, and a few lines can name so many that going into every one would never end.
fn expanded(name: &str, aliases: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let (mut waiting, mut seen, mut found) = (vec![name], BTreeSet::new(), Vec::new());
    while let Some(name) = waiting.pop() {
        // What is taken out again stays out: `!anna`.
        if name.starts_with('!') || !seen.insert(name) {
            continue;
        }
        match aliases.get(name) {
            Some(names) => waiting.extend(names.iter().map(String::as_str)),
            None => found.push(name.to_owned()),
        }
    }
    found
}

/// `NAME = a, b : OTHER = c`
fn aliases(text: &str, into: &mut BTreeMap<String, Vec<String>>) {
    for part in text.split(" : ") {
        if let Some((name, values)) = part.split_once('=') {
            into.insert(name.trim().to_owned(), list(values));
        }
    }
}

/// Every command, or one that is a shell.
fn is_everything(command: &str) -> bool {
    const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "fish", "ksh", "su"];
    let mut words = command.split_ascii_whitespace();
    let Some(program) = words.next() else { return false };
    let shell = program.starts_with('/')
        && program.rsplit('/').next().is_some_and(|name| SHELLS.contains(&name));
    // `/bin/sh ""` takes no arguments; one with arguments runs a script.
    program == "ALL" || (shell && words.next().is_none_or(|rest| rest == "\"\"" || rest == "-"))
}

/// `%sudo ALL=(ALL:ALL) NOPASSWD: ALL, /bin/x : HOST = ...`
fn spec(line: &str) -> Option<Spec> {
    let (left, mut right) = line.split_once('=')?;
    // Names may contain escaped blanks; the last word before the sign is the host.
    let left = left.replace("\\ ", "\u{1}");
    let (who, host) = left.trim().rsplit_once(char::is_whitespace)?;
    let who: Vec<String> = list(&who.replace('\u{1}', " "))
        .iter()
        .map(|who| who.trim_matches('"').to_owned())
        .collect();
    let mut grants = Vec::new();
    // A rule for one machine by its name or address is seldom for this one.
    let here = |host: &str| {
        host.split(',').any(|host| {
            let host = host.trim();
            host == "ALL"
                || host == "localhost"
                || host.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        })
    };
    let mut is_here = here(host);
    loop {
        let (now, later) = match right.split_once(" : ") {
            Some((now, later)) if later.contains('=') => (now, Some(later)),
            _ => (right, None),
        };
        if is_here {
            grants.extend(granted(now));
        }
        let Some((host, next)) = later.and_then(|later| later.split_once('=')) else { break };
        is_here = here(host);
        right = next;
    }
    (!who.is_empty()).then_some(Spec { who, grants })
}

/// Commands with who they may be run as and tags, both of which hold for those that follow.
fn granted(text: &str) -> Vec<Grant> {
    const TAGS: &[&str] = &[
        "EXEC",
        "NOEXEC",
        "FOLLOW",
        "NOFOLLOW",
        "LOG_INPUT",
        "NOLOG_INPUT",
        "LOG_OUTPUT",
        "NOLOG_OUTPUT",
        "MAIL",
        "NOMAIL",
        "INTERCEPT",
        "NOINTERCEPT",
        "PASSWD",
        "NOPASSWD",
        "SETENV",
        "NOSETENV",
    ];
    let (mut password, mut as_root) = (true, true);
    let mut grants = Vec::new();
    // `(root, anna)` contains commas, too.
    for item in outside_brackets(text) {
        let mut rest = item.trim();
        if let Some((run_as, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'))
        {
            let users = run_as.split(':').next().unwrap_or_default();
            let upper = |name: &str| {
                !name.is_empty()
                    && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
            };
            as_root = users
                .split(',')
                .map(str::trim)
                .any(|name| matches!(name, "root" | "#0") || upper(name));
            rest = after.trim_start();
        }
        while let Some((tag, after)) = rest.split_once(':').map(|(tag, after)| (tag.trim(), after))
        {
            if !TAGS.contains(&tag) {
                break;
            }
            match tag {
                "NOPASSWD" => password = false,
                "PASSWD" => password = true,
                _ => {}
            }
            rest = after.trim_start();
        }
        // `TIMEOUT=`, `CWD=`, and the like stand before a command.
        while let Some((word, after)) = rest.split_once(char::is_whitespace) {
            if !["TIMEOUT=", "CWD=", "CHROOT=", "ROLE=", "TYPE=", "NOTBEFORE=", "NOTAFTER="]
                .iter()
                .any(|key| word.starts_with(key))
            {
                break;
            }
            rest = after.trim_start();
        }
        if as_root && !rest.is_empty() {
            grants.push(Grant { command: rest.to_owned(), password });
        }
    }
    grants
}

fn outside_brackets(text: &str) -> Vec<&str> {
    let (mut items, mut depth, mut from) = (Vec::new(), 0_u32, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                items.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    items.push(&text[from..]);
    items
}

/// `permit [nopass] [persist] :group|user [as root]` (doas.conf(5)); `cmd` limits it to one program.
pub(crate) fn doas(text: &str, rights: &mut Rights) {
    for line in text.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        if words.next() != Some("permit") {
            continue;
        }
        let words: Vec<&str> = words.collect();
        let options = ["nopass", "persist", "keepenv", "nolog"];
        let Some(who) =
            words.iter().find(|word| !options.contains(word) && !word.contains(['{', '}', '=']))
        else {
            continue;
        };
        let other = words.iter().position(|word| *word == "as").and_then(|at| words.get(at + 1));
        if words.contains(&"cmd") || other.is_some_and(|other| *other != "root") {
            continue;
        }
        let who =
            who.strip_prefix(':').map_or_else(|| (*who).to_owned(), |group| format!("%{group}"));
        if words.contains(&"nopass") {
            rights.without_password.insert(who.clone());
        }
        rights.administrators.insert(who);
    }
}

#[cfg(test)]
#[path = "sudoers/tests.rs"]
mod tests;
