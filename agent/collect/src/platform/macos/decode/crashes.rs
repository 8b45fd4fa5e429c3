//! Reports of crashes in `DiagnosticReports`: `.ips` of macOS 12 and newer, which is a line of JSON that tells
//! what it is and JSON behind it; `.crash`, `.hang`, `.spin` and `.panic` of older ones, which are text.

use befund_model::Timestamp;
use serde_json::Value;

use super::lines::value;
use super::log::time;

/// A crash, before its texts are gone over for secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) at: Option<Timestamp>,
    pub(crate) kind: &'static str,
    pub(crate) program: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) module: Option<String>,
    pub(crate) cause: Option<String>,
    pub(crate) detail: Option<String>,
}

/// Reads a report by the ending of its name; `None` if it is of something else (what a program used of
/// processor or disk, what it was doing), or not understood.
pub(crate) fn report(name: &str, text: &str) -> Option<Report> {
    let ending = name.rsplit('.').next().unwrap_or_default();
    match ending {
        "ips" => structured(text),
        // Between 10.15 and 11 some are of the newer kind already.
        "panic" | "crash" if text.starts_with('{') => structured(text).or_else(|| panicked(text)),
        "panic" => panicked(text),
        "crash" => plain(text, "program"),
        "hang" | "spin" => plain(text, "hang"),
        _ => None,
    }
}

fn structured(text: &str) -> Option<Report> {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let head: Value = serde_json::from_str(first).ok()?;
    let said = |value: &Value, name: &str| {
        value.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    };
    // A program (309, older 109), the kernel (210), and what had to end for want of memory (298); others
    // are snapshots and bills of resources.
    let kind = match said(&head, "bug_type").as_deref() {
        Some("309" | "109") => "program",
        Some("210") => "kernel",
        Some("298") => "out of memory",
        _ => return None,
    };
    let body: Value = serde_json::from_str(rest).unwrap_or(Value::Null);
    let mut report = Report {
        at: said(&head, "timestamp").as_deref().and_then(time),
        kind,
        program: said(&head, "app_name").or_else(|| said(&head, "name")),
        version: said(&head, "app_version"),
        ..Report::default()
    };
    match kind {
        "kernel" => {
            let told = said(&body, "panicString").or_else(|| said(&body, "macOSPanicString"));
            report.cause = told.as_deref().and_then(panic_cause);
            report.detail = told;
            report.program = None;
        }
        "out of memory" => report.program = said(&body, "largestProcess").or(report.program),
        _ => {
            let exception = body.get("exception");
            report.cause =
                exception.and_then(|told| said(told, "signal").or_else(|| said(told, "type")));
            report.module = module(&body);
            let ended = body.get("termination").and_then(|told| said(told, "indicator"));
            let subtype = exception.and_then(|told| said(told, "subtype"));
            let notes: Vec<String> = [ended, subtype].into_iter().flatten().collect();
            report.detail = (!notes.is_empty()).then(|| notes.join("; "));
        }
    }
    Some(report)
}

/// The library or program in which the thread was that had the fault.
fn module(body: &Value) -> Option<String> {
    let at = usize::try_from(body.get("faultingThread")?.as_u64()?).ok()?;
    let frame = body.get("threads")?.get(at)?.get("frames")?.get(0)?;
    let image = usize::try_from(frame.get("imageIndex")?.as_u64()?).ok()?;
    Some(body.get("usedImages")?.get(image)?.get("name")?.as_str()?.to_owned())
}

/// `panic(cpu 2 caller 0xfffffe00…): "DCP PANIC - …" @file.c:12`: what is in quotes, or behind the head.
fn panic_cause(told: &str) -> Option<String> {
    let line = told.lines().find(|line| line.contains("panic(cpu"))?;
    let (_, cause) = line.split_once("): ")?;
    let cause = cause.trim_start_matches('"');
    let cause = cause.split(['"', '@']).next()?.trim();
    let cause: String = cause.chars().take(200).collect();
    (!cause.is_empty()).then_some(cause)
}

fn panicked(text: &str) -> Option<Report> {
    let whole: Option<Value> = serde_json::from_str(text).ok();
    let told = match whole.as_ref().and_then(|told| told.get("panicString")?.as_str()) {
        Some(told) => told,
        None => text,
    };
    told.contains("panic(cpu").then_some(())?;
    Some(Report {
        at: None,
        kind: "kernel",
        cause: panic_cause(told),
        detail: Some(told.to_owned()),
        ..Report::default()
    })
}

/// `Process:               Safari [412]` and what follows.
fn plain(text: &str, kind: &'static str) -> Option<Report> {
    let said = |name: &str| value(text, name, ':').map(str::to_owned);
    let process = said("Process").or_else(|| said("Command"))?;
    let module = text
        .lines()
        .skip_while(|line| !line.ends_with("Crashed:") && !line.contains(" Crashed:: "));
    let module = module
        .skip(1)
        .find(|line| line.starts_with("0 "))
        .and_then(|line| line.split_ascii_whitespace().nth(1));
    Some(Report {
        at: said("Date/Time").as_deref().and_then(time),
        kind,
        program: process.split(" [").next().map(str::to_owned),
        version: said("Version")
            .map(|version| version.split(" (").next().unwrap_or_default().to_owned()),
        module: module.map(str::to_owned),
        cause: said("Exception Type").map(|cause| {
            // `EXC_BAD_ACCESS (SIGSEGV)`: the signal, as elsewhere.
            let inside = cause.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
            inside.map_or_else(|| cause.clone(), |(signal, _)| signal.to_owned())
        }),
        detail: said("Termination Reason").or_else(|| said("Exception Codes")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_reports_are_read() {
        // macOS 13; shortened.
        let text = "{\"app_name\":\"Numbers\",\"timestamp\":\"2024-05-01 10:00:00.00 +0200\",\"app_version\":\"13.1\",\"bug_type\":\"309\",\"name\":\"Numbers\"}\n{\"procName\":\"Numbers\",\"exception\":{\"codes\":\"0x1, 0x0\",\"type\":\"EXC_BAD_ACCESS\",\"signal\":\"SIGSEGV\",\"subtype\":\"KERN_INVALID_ADDRESS at 0x0\"},\"termination\":{\"indicator\":\"Segmentation fault: 11\"},\"faultingThread\":0,\"threads\":[{\"frames\":[{\"imageIndex\":1}]}],\"usedImages\":[{\"name\":\"dyld\"},{\"name\":\"libobjc.A.dylib\"}]}\n";
        let told = report("Numbers-2024-05-01-100000.ips", text).expect("a report");
        assert_eq!((told.kind, told.cause.as_deref()), ("program", Some("SIGSEGV")));
        assert_eq!(
            (told.module.as_deref(), told.version.as_deref()),
            (Some("libobjc.A.dylib"), Some("13.1"))
        );
        let text = "{\"bug_type\":\"210\",\"timestamp\":\"2024-05-01 10:00:00.00 +0200\"}\n{\"panicString\":\"panic(cpu 2 caller 0xfffffe001): \\\"DCP PANIC - x\\\" @a.c:1\\nDebugger\"}";
        let told = report("panic-full-2024-05-01-100000.ips", text).expect("a report");
        assert_eq!((told.kind, told.cause.as_deref()), ("kernel", Some("DCP PANIC - x")));
        let text = "{\"bug_type\":\"298\",\"timestamp\":\"2024-05-01 10:00:00.00 +0200\"}\n{\"largestProcess\":\"Photoshop\"}";
        assert_eq!(
            report("JetsamEvent.ips", text).and_then(|told| told.program).as_deref(),
            Some("Photoshop")
        );
        assert_eq!(report("x.ips", "{\"bug_type\":\"202\"}\n{}"), None);
    }

    #[test]
    fn older_reports_are_read() {
        // macOS 10.15; shortened.
        let text = "Process:               Safari [412]\nPath:                  /Applications/Safari.app/Contents/MacOS/Safari\nVersion:               13.1 (15609.1.20.111.8)\nDate/Time:             2020-05-01 10:00:00.123 +0200\nException Type:        EXC_CRASH (SIGABRT)\nException Codes:       0x0, 0x0\n\nThread 0 Crashed:: Dispatch queue: com.apple.main-thread\n0   libsystem_kernel.dylib        \t0x00007fff7 __pthread_kill + 10\n";
        let told = report("Safari_2020-05-01-100000_mac.crash", text).expect("a report");
        assert_eq!(
            (told.program.as_deref(), told.cause.as_deref()),
            (Some("Safari"), Some("SIGABRT"))
        );
        assert_eq!(told.module.as_deref(), Some("libsystem_kernel.dylib"));
        assert!(told.at.is_some());
        let text = "*** Panic Report ***\npanic(cpu 0 caller 0xffffff80): Kernel trap at 0xffffff7f, type 14=page fault\n";
        let told = report("Kernel_2020-05-01-100000_mac.panic", text).expect("a report");
        assert_eq!(told.cause.as_deref(), Some("Kernel trap at 0xffffff7f, type 14=page fault"));
    }
}
