//! cron's tables and folders, anacron's table, and jobs of at.

use befund_model::Timestamp;
use befund_model::section::maintenance::Task;

use crate::collector::Context;
use crate::platform::linux::files;

pub(crate) mod next;

/// Where people's tables lie: Debian's family, SUSE's, Fedora's and Arch's, Alpine's.
const SPOOLS: &[&str] =
    &["/var/spool/cron/crontabs", "/var/spool/cron/tabs", "/var/spool/cron", "/etc/crontabs"];
/// Folders whose programs are run, and how often.
const FOLDERS: &[(&str, &str)] = &[
    ("/etc/cron.hourly", "hourly"),
    ("/etc/cron.daily", "daily"),
    ("/etc/cron.weekly", "weekly"),
    ("/etc/cron.monthly", "monthly"),
    ("/etc/cron.yearly", "yearly"),
    ("/etc/periodic/15min", "every 15 minutes"),
    ("/etc/periodic/hourly", "hourly"),
    ("/etc/periodic/daily", "daily"),
    ("/etc/periodic/weekly", "weekly"),
    ("/etc/periodic/monthly", "monthly"),
];
/// Programs that read the tables.
const DAEMONS: &[&str] =
    &["/usr/sbin/cron", "/usr/sbin/crond", "/usr/bin/crond", "/usr/sbin/fcron", "/bin/busybox"];

/// Whether a table names the account of each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table<'a> {
    /// The system's: each line says who.
    System,
    /// A person's.
    Of(&'a str),
}

/// All of them; `None` if there is nothing of the kind.
pub(crate) fn all(cx: &Context) -> Option<Vec<Task>> {
    // Packages lay their scripts down whether or not anything runs them.
    let runs = DAEMONS.iter().any(|path| cx.root.exists(path));
    let mut found = false;
    let mut tasks = Vec::new();
    let mut systems = vec!["/etc/crontab".to_owned()];
    systems.extend(files::paths(cx, "/etc/cron.d").into_iter().filter(|path| is_run(path)));
    for path in systems {
        if let Some(text) = files::text(cx, &path) {
            found = true;
            tasks.extend(table(cx, &path, &text, Table::System));
        }
    }
    for spool in SPOOLS {
        for path in files::paths(cx, spool) {
            let user = path.rsplit('/').next().unwrap_or_default().to_owned();
            if user.starts_with('.') || !files::is_file(cx, &path) {
                continue;
            }
            if let Some(text) = files::text(cx, &path) {
                found = true;
                tasks.extend(table(cx, &path, &text, Table::Of(&user)));
            }
        }
    }
    for (folder, schedule) in FOLDERS {
        let programs = files::paths(cx, folder);
        found |= !programs.is_empty();
        let programs = programs.into_iter().filter(|path| is_run(path) && files::is_file(cx, path));
        tasks.extend(programs.map(|path| Task {
            name: path.rsplit('/').next().unwrap_or_default().to_owned(),
            kind: "cron".into(),
            schedule: Some((*schedule).to_owned()),
            enabled: files::is_executable(cx, &path),
            source: path,
            ..Task::default()
        }));
    }
    const ANACRONTAB: &str = "/etc/anacrontab";
    if let Some(text) = files::text(cx, ANACRONTAB) {
        found = true;
        tasks.extend(anacrontab(cx, ANACRONTAB, &text));
    }
    for task in &mut tasks {
        task.enabled &= runs;
    }
    for job in at_jobs(cx) {
        found = true;
        tasks.push(Task {
            name: job.name,
            kind: "cron".into(),
            source: job.path,
            schedule: Some("once".into()),
            // What it runs stands behind its whole environment, which is nobody's business.
            command: None,
            user: None,
            enabled: true,
        });
    }
    found.then_some(tasks)
}

/// Whether cron takes a file of one of its folders by its name (run-parts(8)).
fn is_run(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The lines of a table (crontab(5)). Each is named by the file and, if there are several, its place.
pub(crate) fn table(cx: &Context, path: &str, text: &str, whose: Table<'_>) -> Vec<Task> {
    let lines: Vec<(String, Option<String>, &str)> =
        text.lines().filter_map(|line| entry(line.trim(), whose)).collect();
    let file = path.rsplit('/').next().unwrap_or_default();
    let several = lines.len() > 1;
    let name = |at: usize| if several { format!("{file} {}", at + 1) } else { file.to_owned() };
    let tasks = lines.into_iter().enumerate();
    tasks
        .map(|(at, (schedule, user, command))| Task {
            name: name(at),
            kind: "cron".into(),
            source: path.to_owned(),
            schedule: Some(schedule),
            command: Some(cx.redactor.command_line(command)),
            user,
            enabled: true,
        })
        .collect()
}

/// When, who and what.
fn entry<'a>(line: &'a str, whose: Table<'_>) -> Option<(String, Option<String>, &'a str)> {
    // A dash before a line keeps it out of the log (SUSE).
    let line = line.strip_prefix('-').unwrap_or(line);
    let first = line.chars().next()?;
    if first == '#' {
        return None;
    }
    let (schedule, rest) = if first == '@' {
        let (word, rest) = line.split_once(char::is_whitespace)?;
        (word.to_owned(), rest)
    } else if first.is_ascii_digit() || first == '*' {
        let mut rest = line;
        let mut fields = Vec::with_capacity(5);
        for _ in 0..5 {
            let (field, more) = rest.split_once(char::is_whitespace)?;
            fields.push(field);
            rest = more.trim_start();
        }
        (fields.join(" "), rest)
    } else {
        // `NAME = value`
        return None;
    };
    let rest = rest.trim_start();
    let (user, command) = match whose {
        Table::System => {
            let (user, command) = rest.split_once(char::is_whitespace)?;
            (user, command.trim_start())
        }
        Table::Of(user) => (user, rest),
    };
    (!command.is_empty())
        .then(|| (schedule, Some(user.to_owned()).filter(|user| user != "root"), command))
}

/// `period delay name command` (anacrontab(5)).
pub(crate) fn anacrontab(cx: &Context, path: &str, text: &str) -> Vec<Task> {
    let task = |line: &str| {
        let mut rest = line.trim();
        let mut word = || {
            let (word, more) = rest.split_once(char::is_whitespace)?;
            rest = more.trim_start();
            Some(word)
        };
        let (period, _, name) = (word()?, word()?, word()?);
        let schedule = match period.parse::<u32>() {
            Ok(1) => "every day".to_owned(),
            Ok(days) => format!("every {days} days"),
            Err(_) => period.strip_prefix('@')?.to_owned(),
        };
        Some(Task {
            name: name.to_owned(),
            kind: "cron".into(),
            source: path.to_owned(),
            schedule: Some(schedule),
            command: Some(cx.redactor.command_line(rest)),
            user: None,
            enabled: true,
        })
    };
    text.lines().filter(|line| !line.trim_start().starts_with('#')).filter_map(task).collect()
}

/// When anacron's jobs ran last: it writes a file for each.
pub(crate) fn anacron_runs(cx: &Context) -> Vec<(String, Timestamp)> {
    let paths = files::paths(cx, "/var/spool/anacron").into_iter();
    let run =
        |path: String| Some((path.rsplit('/').next()?.to_owned(), files::modified(cx, &path)?));
    paths.filter_map(run).collect()
}

/// A job of at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) at: Option<Timestamp>,
}

/// What waits to be run once.
pub(crate) fn at_jobs(cx: &Context) -> Vec<Job> {
    const SPOOLS: &[&str] = &["/var/spool/cron/atjobs", "/var/spool/at"];
    let mut jobs = Vec::new();
    for spool in SPOOLS {
        for path in files::paths(cx, spool) {
            let file = path.rsplit('/').next().unwrap_or_default();
            if let Some((number, at)) = at_job(file) {
                jobs.push(Job { name: format!("at {number}"), at, path });
            }
        }
    }
    jobs
}

/// A queue's letter, five hexadecimal digits of a number, eight of the minute since 1970 (at's `atd.c`).
pub(crate) fn at_job(file: &str) -> Option<(u32, Option<Timestamp>)> {
    let digits = file.strip_prefix(|letter: char| letter.is_ascii_alphabetic())?;
    if digits.len() != 13 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let number = u32::from_str_radix(&digits[..5], 16).ok()?;
    let minutes = i64::from_str_radix(&digits[5..], 16).ok()?;
    Some((number, Timestamp::from_second(minutes * 60).ok()))
}

#[cfg(test)]
#[path = "cron/tests.rs"]
mod tests;
