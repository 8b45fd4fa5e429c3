//! Secrets that are known by the program they are given to: short flags mean different things to
//! different programs.

use super::names::secret;
use super::rules::{only_marks, prose};
use super::{Secret, Span};

/// How a flag carries its secret.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carries {
    /// In the next argument.
    Next,
    /// Behind the flag, in the same argument.
    Attached,
    /// In the next argument or attached, behind this byte.
    Behind(u8),
}

/// Programs, the flag, and how it carries a secret.
type Flag = (&'static [&'static str], &'static str, Carries);

#[rustfmt::skip]
const FLAGS: &[Flag] = &[
    (&["mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump", "mysqlcheck"], "-p", Carries::Attached),
    (&["sshpass"],                              "-p", Carries::Next),
    (&["sshpass"],                              "-p", Carries::Attached),
    (&["docker", "podman", "helm", "az"],       "-p", Carries::Next),
    (&["useradd", "usermod", "rdesktop"],       "-p", Carries::Next),
    (&["7z", "7za", "7zr", "rar", "unrar"],     "-p", Carries::Attached),
    (&["zip", "unzip", "sqlcmd", "ipmitool", "mosquitto_pub", "mosquitto_sub"], "-P", Carries::Next),
    (&["redis-cli"],                            "-a", Carries::Next),
    (&["ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldapwhoami"], "-w", Carries::Next),
    (&["curl"],                                 "-u", Carries::Behind(b':')),
    (&["curl"],                                 "--user", Carries::Behind(b':')),
    (&["curl"],                                 "-U", Carries::Behind(b':')),
    (&["curl"],                                 "--proxy-user", Carries::Behind(b':')),
    (&["smbclient", "rpcclient", "net"],        "-U", Carries::Behind(b'%')),
    (&["snmpwalk", "snmpget", "snmpbulkwalk"],  "-c", Carries::Next),
    (&["xfreerdp", "xfreerdp3", "wlfreerdp"],   "/p:", Carries::Attached),
    (&["openssl"],                              "pass:", Carries::Attached),
    (&["echo", "printf"],                       "pass:", Carries::Attached),
];

/// Programs that run the program that follows them.
const BEFORE: &[&str] =
    &["sudo", "env", "nohup", "nice", "ionice", "timeout", "setsid", "exec", "time", "sshpass"];

/// The part of an argument that is a secret: from where, and what kind.
pub(super) fn secret_part(arguments: &[&str], index: usize) -> Option<(usize, Secret)> {
    let argument = *arguments.get(index)?;
    let before = index.checked_sub(1).map(|before| arguments[before]).unwrap_or_default();
    if let Some(kind) = long_flag(before).and_then(secret)
        && !argument.starts_with("--")
        && !argument.is_empty()
        && !path_of(argument, kind)
    {
        return Some((0, kind));
    }
    if let Some((name, value)) = argument.split_once('=')
        && let Some(kind) = long_flag(name).and_then(secret)
        && !value.is_empty()
        && !path_of(value, kind)
    {
        return Some((name.len() + 1, kind));
    }
    let programs = &arguments[..index];
    for (names, flag, carries) in FLAGS {
        let rest = argument.strip_prefix(flag);
        let hit = match carries {
            Carries::Next => (before == *flag && !argument.starts_with('-')).then_some(0),
            Carries::Attached => rest.filter(|rest| !rest.is_empty()).map(|_| flag.len()),
            Carries::Behind(mark) => {
                let from = if before == *flag { Some(0) } else { rest.map(|_| flag.len()) };
                from.and_then(|from| {
                    let at = argument.as_bytes()[from..].iter().position(|byte| byte == mark)?;
                    (from + at + 1 < argument.len()).then_some(from + at + 1)
                })
            }
        };
        if let Some(from) = hit
            && runs(programs, names)
        {
            return Some((from, Secret::Password));
        }
    }
    None
}

/// The same in a command line that is one text.
pub(super) fn spans(line: &str) -> Vec<Span> {
    let words = words(line);
    let arguments: Vec<&str> = words.iter().map(|(start, end)| &line[*start..*end]).collect();
    let mut spans = Vec::new();
    for (index, (start, end)) in words.iter().enumerate() {
        if let Some((from, secret)) = secret_part(&arguments, index)
            && !only_marks(&line[start + from..*end])
            && !prose(&line[start + from..*end])
        {
            spans.push(Span { start: start + from, end: *end, secret });
        }
    }
    spans
}

/// The words of a line, by place, without the quotation marks around them.
fn words(line: &str) -> Vec<(usize, usize)> {
    let bytes = line.as_bytes();
    let mut words = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at].is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let quote = matches!(bytes[at], b'"' | b'\'').then_some(bytes[at]);
        let start = at + usize::from(quote.is_some());
        let ends = |byte: &u8| quote.map_or(byte.is_ascii_whitespace(), |quote| *byte == quote);
        let end = start + bytes[start..].iter().take_while(|byte| !ends(byte)).count();
        if end > start {
            words.push((start, end));
        }
        at = end + usize::from(quote.is_some());
    }
    words
}

/// Whether one of these programs is what runs: the first word, or one behind those that only run
/// others, or behind `-c` and shell separators.
fn runs(before: &[&str], names: &[&str]) -> bool {
    let program = |word: &str| {
        word.rsplit('/').next().unwrap_or(word).trim_start_matches(['-', '@', '+', '!']).to_owned()
    };
    before.iter().enumerate().any(|(index, word)| {
        let starts = index == 0
            || before[..index].iter().any(|word| BEFORE.contains(&program(word).as_str()))
            || matches!(before[index - 1], "-c" | "|" | "||" | "&&" | ";");
        starts && names.contains(&program(word).as_str())
    })
}

/// The name of `--name`, `-name` or `/name`, if it is one.
fn long_flag(argument: &str) -> Option<&str> {
    let name = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-'))?;
    (name.len() > 1 && !name.starts_with('-') && !name.contains('=')).then_some(name)
}

/// A key or token that is named by its file.
fn path_of(value: &str, kind: Secret) -> bool {
    kind != Secret::Password
        && (value.starts_with("/etc/")
            || value.starts_with("/var/")
            || value.starts_with("/run/")
            || value.starts_with("/home/"))
}
