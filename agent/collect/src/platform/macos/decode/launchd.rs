//! Jobs of launchd: their property lists (launchd.plist(5)), and what launchctl(1) tells of them.

use std::collections::BTreeMap;

use befund_model::section::software::ServiceState;

use super::plist::Value;

/// A job as its file defines it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) label: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) user: Option<String>,
    /// Whether it is started by itself, and not only when somebody needs it.
    pub(crate) at_load: bool,
    /// Whether the file switches it off.
    pub(crate) disabled: bool,
    /// When it runs, if at set times.
    pub(crate) schedule: Option<String>,
}

/// Reads a job; `None` if it has no label.
pub(crate) fn job(told: &Value) -> Option<Job> {
    let arguments = told.list("ProgramArguments").iter().filter_map(Value::as_text);
    let mut arguments: Vec<String> = arguments.map(str::to_owned).collect();
    if let Some(program) = told.owned("Program") {
        // The first of the arguments is then only what the program is told that it is called.
        if arguments.is_empty() {
            arguments.push(program);
        } else {
            arguments[0] = program;
        }
    }
    let keeps = match told.get("KeepAlive") {
        // With conditions it is started once these hold.
        Some(Value::Dict(conditions)) => !conditions.is_empty(),
        Some(value) => value.as_flag() == Some(true),
        None => false,
    };
    Some(Job {
        label: told.owned("Label")?,
        arguments,
        user: told.owned("UserName"),
        at_load: keeps || told.flag("RunAtLoad") == Some(true),
        disabled: told.flag("Disabled") == Some(true),
        schedule: schedule(told),
    })
}

fn schedule(told: &Value) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(seconds) = told.size("StartInterval") {
        parts.push(format!("every {seconds} s"));
    }
    match told.get("StartCalendarInterval") {
        Some(one @ Value::Dict(_)) => parts.push(calendar(one)),
        Some(Value::List(several)) => parts.extend(several.iter().map(calendar)),
        _ => {}
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// In the order of cron, with a star for what does not matter: `minute 0 hour 3 weekday 1`.
fn calendar(told: &Value) -> String {
    let part = |name: &str| told.number(name).map(|n| format!("{} {n}", name.to_ascii_lowercase()));
    let parts: Vec<String> =
        ["Minute", "Hour", "Day", "Month", "Weekday"].into_iter().filter_map(part).collect();
    if parts.is_empty() { "every minute".into() } else { parts.join(" ") }
}

/// What somebody has switched on or off, by label: `launchctl print-disabled system`, where newer versions
/// say `"label" => disabled`, and older ones `"label" => true`.
pub(crate) fn switched_off(text: &str) -> BTreeMap<String, bool> {
    let line = |line: &str| {
        let (label, state) = line.trim().strip_prefix('"')?.split_once("\" => ")?;
        let off = match state.trim() {
            "disabled" | "true" => true,
            "enabled" | "false" => false,
            _ => return None,
        };
        Some((label.to_owned(), off))
    };
    text.lines().filter_map(line).collect()
}

/// A line of `launchctl list`: process, status of the last run, label. Jobs that stand for programs with a
/// window are left out.
///
/// Ending by the system's own signals is how jobs are told that nobody needs them any more. Many of the
/// system's own jobs end with a code whenever they find nothing to do, on every Mac: of those only a fault is
/// trouble, and the code stands as a detail.
pub(crate) fn state(line: &str) -> Option<ServiceState> {
    let mut columns = line.split('\t');
    let (pid, status, label) = (columns.next()?, columns.next()?, columns.next()?);
    let status: i32 = status.trim().parse().ok()?;
    if label.starts_with("application.") || label.starts_with("0x") || label.is_empty() {
        return None;
    }
    let mut state = ServiceState {
        name: label.to_owned(),
        state: "inactive".into(),
        ..ServiceState::default()
    };
    if pid.trim().parse::<u32>().is_ok() {
        state.state = "active".into();
        state.processes = Some(1);
        return Some(state);
    }
    // Older versions tell the status of wait(2), newer ones the code, or the signal below zero.
    match status {
        0 | -1 | -2 | -9 | -15 => {}
        signal @ ..0 => {
            state.state = "failed".into();
            state.result = Some("signal".into());
            state.exit_status = signal.checked_neg();
        }
        code if label.starts_with("com.apple.") => state.detail = Some(format!("exited {code}")),
        code => {
            state.state = "failed".into();
            state.result = Some("exit-code".into());
            state.exit_status = Some(if code > 255 { code >> 8 } else { code });
        }
    }
    Some(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_read() {
        let text = "<plist><dict><key>Label</key><string>com.example.sync</string><key>Program</key><string>/opt/sync</string><key>ProgramArguments</key><array><string>sync</string><string>--all</string></array><key>StartCalendarInterval</key><array><dict><key>Hour</key><integer>3</integer><key>Minute</key><integer>0</integer></dict></array><key>StartInterval</key><integer>300</integer><key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict></dict></plist>";
        let job = job(&Value::parse(text.as_bytes()).expect("a list")).expect("a job");
        assert_eq!(job.arguments, ["/opt/sync", "--all"]);
        assert_eq!(job.schedule.as_deref(), Some("every 300 s, minute 0 hour 3"));
        assert!(job.at_load && !job.disabled);
    }

    #[test]
    fn what_launchctl_tells_is_read() {
        // macOS 12, and 13 and newer.
        let off = switched_off(
            "\tdisabled services = {\n\t\t\"com.openssh.sshd\" => false\n\t\t\"com.apple.ftpd\" => true\n\t\t\"com.apple.screensharing\" => enabled\n\t}\n",
        );
        assert_eq!(off.get("com.openssh.sshd"), Some(&false));
        assert_eq!((off.len(), off.get("com.apple.ftpd")), (3, Some(&true)));
        let told = |line: &str| {
            let told = state(line)?;
            Some(format!("{} {:?} {:?}", told.state, told.result, told.exit_status))
        };
        assert_eq!(told("412\t0\tcom.apple.mDNSResponder").as_deref(), Some("active None None"));
        assert_eq!(told("-\t-9\tcom.apple.x").as_deref(), Some("inactive None None"));
        assert_eq!(
            told("-\t78\tcom.example.x").as_deref(),
            Some("failed Some(\"exit-code\") Some(78)")
        );
        assert_eq!(
            told("-\t-11\tcom.example.x").as_deref(),
            Some("failed Some(\"signal\") Some(11)")
        );
        assert_eq!(told("PID\tStatus\tLabel"), None);
        assert_eq!(told("501\t0\tapplication.com.apple.Safari.1.2"), None);
    }
}
