//! Definitions of scheduled tasks, which the scheduler writes as XML, always in the same form.

/// What is read of a definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Definition {
    /// When, in the scheduler's words.
    pub(crate) schedule: Option<String>,
    pub(crate) command: Option<String>,
    pub(crate) user: Option<String>,
}

/// Reads a definition.
pub(crate) fn task(xml: &str) -> Definition {
    let actions = between(xml, "<Actions", "</Actions>").unwrap_or_default();
    let command = between(actions, "<Command>", "</Command>").map(|command| {
        let command = unescaped(command.trim());
        match between(actions, "<Arguments>", "</Arguments>") {
            Some(arguments) => format!("{command} {}", unescaped(arguments.trim())),
            None => command,
        }
    });
    let handler = between(actions, "<ClassId>", "</ClassId>");
    let principals = between(xml, "<Principals>", "</Principals>").unwrap_or_default();
    let user = between(principals, "<UserId>", "</UserId>")
        .or_else(|| between(principals, "<GroupId>", "</GroupId>"));
    let triggers = between(xml, "<Triggers>", "</Triggers>").unwrap_or_default();
    Definition {
        schedule: schedule(triggers),
        command: command
            .or_else(|| handler.map(|class| format!("COM handler {}", class.trim())))
            .filter(|command| !command.trim().is_empty()),
        user: user.map(|user| account(user.trim()).to_owned()).filter(|user| !user.is_empty()),
    }
}

/// The well-known accounts by their SIDs (MS-DTYP, 2.4.2.4).
fn account(sid: &str) -> &str {
    match sid {
        "S-1-5-18" => "SYSTEM",
        "S-1-5-19" => "LOCAL SERVICE",
        "S-1-5-20" => "NETWORK SERVICE",
        "S-1-5-32-544" => "Administrators",
        "S-1-5-32-545" => "Users",
        "S-1-5-4" => "INTERACTIVE",
        "S-1-5-11" => "Authenticated Users",
        "S-1-1-0" => "Everyone",
        other => other,
    }
}

/// The kinds of triggers, each once, and how often they come again.
fn schedule(triggers: &str) -> Option<String> {
    const KINDS: &[(&str, &str)] = &[
        ("<BootTrigger", "at start"),
        ("<LogonTrigger", "at sign-in"),
        ("<IdleTrigger", "when idle"),
        ("<EventTrigger", "on an event"),
        ("<RegistrationTrigger", "when registered"),
        ("<SessionStateChangeTrigger", "on a change of session"),
        ("<WnfStateChangeTrigger", "on a change of state"),
        ("<TimeTrigger", "once"),
        ("<ScheduleByDay>", "daily"),
        ("<ScheduleByWeek>", "weekly"),
        ("<ScheduleByMonth", "monthly"),
    ];
    let mut words: Vec<String> = KINDS
        .iter()
        .filter(|(tag, _)| triggers.contains(tag))
        .map(|(_, word)| (*word).to_owned())
        .collect();
    if let Some(start) = between(triggers, "<StartBoundary>", "</StartBoundary>")
        && let Some(time) = start.split('T').nth(1).and_then(|time| time.get(..5))
        && words.iter().any(|word| matches!(word.as_str(), "daily" | "weekly" | "monthly"))
    {
        words.push(format!("at {time}"));
    }
    if let Some(interval) = between(triggers, "<Interval>", "</Interval>") {
        words.push(format!("every {interval}"));
    }
    (!words.is_empty()).then(|| words.join(", "))
}

/// Whether a task's result says that it failed: not if it is ready (41300), runs (41301), has not run
/// yet (41303), has no more runs (41304) and the like.
pub(crate) const fn failed(code: i32) -> bool {
    !matches!(code, 0 | 0x4_1300..=0x4_1306 | 0x4_1325)
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(inner, _)| inner)
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_daily_task_is_read() {
        // Shortened from what `schtasks /query /xml` writes.
        let xml = r#"<Task version="1.2"><Triggers><CalendarTrigger>
            <StartBoundary>2024-05-01T03:00:00</StartBoundary><Enabled>true</Enabled>
            <ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay></CalendarTrigger></Triggers>
            <Principals><Principal id="Author"><UserId>S-1-5-18</UserId></Principal></Principals>
            <Actions Context="Author"><Exec><Command>"C:\a b.exe"</Command>
            <Arguments>/x &amp; /y</Arguments></Exec></Actions></Task>"#;
        let told = task(xml);
        assert_eq!(told.schedule.as_deref(), Some("daily, at 03:00"));
        assert_eq!(told.command.as_deref(), Some(r#""C:\a b.exe" /x & /y"#));
        assert_eq!(told.user.as_deref(), Some("SYSTEM"));
        assert!(!failed(0x41303));
        assert!(failed(1));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,200}") {
            let _ = task(&format!("<Triggers>{text}</Triggers><Actions>{text}</Actions>{text}"));
        }
    }
}
