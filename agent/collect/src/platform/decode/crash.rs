//! Crashes, as Windows' log tells of them: programs (1000), programs that no longer answered (1002),
//! .NET's own word (1026), the system (1001), hardware (WHEA) and memory that ran out (2004).

use befund_model::redaction::Redactor;
use befund_model::section::trouble::Crash;

use super::event::Event;

/// The crash that an event tells of.
pub(crate) fn crash(event: &Event, redactor: &Redactor) -> Option<Crash> {
    let crash = Crash { at: event.at?, ..Crash::default() };
    let text = |index: usize| event.value(index).map(str::to_owned);
    let line = || Some(redactor.text(&event.line())).filter(|line| !line.as_str().is_empty());
    Some(match (event.from(), event.id) {
        ("Application Error", 1000) => Crash {
            kind: "program".into(),
            program: text(0),
            version: text(1),
            module: text(3),
            cause: text(6).map(|code| code_text(&code)),
            ..crash
        },
        ("Application Hang", 1002) => {
            Crash { kind: "hang".into(), program: text(0), version: text(1), ..crash }
        }
        (".NET Runtime", 1026) => Crash {
            kind: "program".into(),
            // `Application: x.exe` in its first line, and what happened in a later one.
            program: after(&event.line(), "Application:"),
            cause: after(&event.line(), "Exception Info:"),
            ..crash
        },
        ("WER-SystemErrorReporting", 1001) => {
            let told = text(0).unwrap_or_default();
            Crash {
                kind: "kernel".into(),
                cause: told.split(' ').next().map(code_text).filter(|code| code.len() > 2),
                detail: Some(redactor.text(&told)).filter(|told| !told.as_str().is_empty()),
                dump: text(1),
                ..crash
            }
        }
        ("WHEA-Logger", _) => Crash { kind: "hardware".into(), detail: line(), ..crash },
        ("Resource-Exhaustion-Detector", 2004) => {
            Crash { kind: "out of memory".into(), detail: line(), ..crash }
        }
        _ => return None,
    })
}

/// A code in the short form: `c0000005`, `0x0000009f` as `0xc0000005`, `0x9f`.
pub(crate) fn code_text(code: &str) -> String {
    let digits = code.trim().trim_start_matches("0x").trim_start_matches("0X");
    match u64::from_str_radix(digits, 16) {
        Ok(number) => format!("0x{number:x}"),
        Err(_) => code.trim().to_owned(),
    }
}

fn after(text: &str, label: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(label))?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(provider: &str, id: u32, values: &[&str]) -> Event {
        Event {
            provider: provider.into(),
            id,
            level: 2,
            at: "2024-05-01T09:30:00Z".parse().ok(),
            data: values.iter().map(|value| (String::new(), (*value).to_owned())).collect(),
        }
    }

    #[test]
    fn programs_and_the_system_crash() {
        let redactor = Redactor::default();
        let values = [
            "a.exe",
            "1.0",
            "6600a1b2",
            "b.dll",
            "2.0",
            "6600a1b3",
            "c0000005",
            "0000000000001234",
        ];
        let told = crash(&event("Application Error", 1000, &values), &redactor).expect("a crash");
        assert_eq!(told.cause.as_deref(), Some("0xc0000005"));
        assert_eq!(told.module.as_deref(), Some("b.dll"));
        let values =
            ["0x0000009f (0x0000000000000003, 0xffffa, 0xfff, 0x0)", r"C:\Windows\MEMORY.DMP"];
        let system = event("Microsoft-Windows-WER-SystemErrorReporting", 1001, &values);
        let told = crash(&system, &redactor).expect("a crash");
        assert_eq!((told.kind.as_str(), told.cause.as_deref()), ("kernel", Some("0x9f")));
        assert_eq!(told.dump.as_deref(), Some(r"C:\Windows\MEMORY.DMP"));
        assert_eq!(crash(&event("Service Control Manager", 7031, &[]), &redactor), None);
    }

    #[test]
    fn dot_net_names_its_program_in_a_line() {
        let text =
            "Application: tool.exe\nFramework Version: v4.0\nException Info: System.Exception";
        let told = crash(&event(".NET Runtime", 1026, &[text]), &Redactor::default()).expect("one");
        assert_eq!(told.program.as_deref(), Some("tool.exe"));
        assert_eq!(told.cause.as_deref(), Some("System.Exception"));
    }
}
