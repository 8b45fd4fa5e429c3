//! The kernel's lines that tell of a crash. No I/O.

use befund_model::section::trouble::Crash;

use super::Found;

fn found(kind: &str, program: Option<&str>, cause: Option<&str>, line: &str) -> Found {
    let text = |text: &str| text.to_owned();
    let crash = Crash {
        kind: kind.to_owned(),
        program: program.filter(|program| !program.is_empty()).map(text),
        cause: cause.map(text),
        ..Crash::default()
    };
    Found { crash, detail: Some(line.to_owned()) }
}

/// What a line tells, if it is of a crash; its time is the caller's to set.
pub(crate) fn crash(line: &str) -> Option<Found> {
    let line = line.lines().next()?.trim();
    // `[12345.678901] `, where a log keeps it.
    let line = match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((time, rest)) if time.trim().parse::<f64>().is_ok() => rest,
        _ => line,
    };
    program(line)
        .or_else(|| out_of_memory(line))
        .or_else(|| hung(line))
        .or_else(|| hardware(line))
        .or_else(|| kernel(line))
}

/// `foo[812]: segfault at 0 ip … error 4 in libfoo.so[7f…+1000]`, `traps: foo[812] general protection
/// fault ip:… in libfoo.so[…]` (arch/x86/mm/fault.c, arch/x86/kernel/traps.c).
fn program(line: &str) -> Option<Found> {
    const TRAPS: &[(&str, &str)] = &[
        ("segfault at", "SIGSEGV"),
        ("general protection fault", "general protection fault"),
        ("trap invalid opcode", "invalid opcode"),
        ("trap divide error", "divide error"),
        ("trap int3", "breakpoint"),
        ("trap stack segment", "stack segment"),
        ("trap alignment check", "alignment check"),
    ];
    let (at, cause) = TRAPS.iter().find_map(|(word, cause)| Some((line.find(word)?, *cause)))?;
    let head = line[..at].trim_end();
    let head = head.strip_suffix(':').unwrap_or(head);
    let head = head.strip_prefix("traps: ").unwrap_or(head);
    let (name, pid) = head.strip_suffix(']')?.rsplit_once('[')?;
    if pid.is_empty() || !pid.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut told = found("program", Some(name.trim()), Some(cause), line);
    let module = line[at..].rsplit_once(" in ").map(|(_, module)| module);
    let module = module.and_then(|module| module.split('[').next());
    told.crash.module = module.filter(|module| !module.is_empty()).map(str::to_owned);
    Some(told)
}

/// `Out of memory: Killed process 812 (foo) total-vm:…`, `Memory cgroup out of memory: …`
/// (mm/oom_kill.c; before Linux 5.1 `Kill process`).
fn out_of_memory(line: &str) -> Option<Found> {
    let at = ["Killed process ", "Kill process "].iter().find_map(|word| line.find(word))?;
    if !line[..at].to_ascii_lowercase().contains("out of memory") {
        return None;
    }
    let name = line[at..].split_once('(')?.1;
    let name = name.split_once(") ").or_else(|| name.rsplit_once(')'))?.0;
    let cause = if line.starts_with("Memory cgroup") { Some("limit of its group") } else { None };
    Some(found("out of memory", Some(name), cause, line))
}

/// `INFO: task foo:812 blocked for more than 120 seconds.` (kernel/hung_task.c).
fn hung(line: &str) -> Option<Found> {
    let rest = line.strip_prefix("INFO: task ")?;
    let (task, _) = rest.split_once(" blocked for more than ")?;
    let (name, _) = task.rsplit_once(':')?;
    Some(found("hang", Some(name), None, line))
}

/// Machine checks and memory errors that could not be corrected. Corrected ones are no crash.
fn hardware(line: &str) -> Option<Found> {
    let uncorrected = line.starts_with("EDAC ") && line.contains(" UE ");
    let check = line.contains("[Hardware Error]")
        && (line.contains("Machine Check")
            || line.contains("Uncorrected")
            || line.contains("Fatal"));
    let event = line.contains("event severity: fatal");
    let told = uncorrected || check || event;
    let cause = if uncorrected { "uncorrected memory error" } else { "machine check" };
    told.then(|| found("hardware", None, Some(cause), line))
}

/// What ends the kernel, or should: panics, oopses, bugs, lockups.
fn kernel(line: &str) -> Option<Found> {
    if let Some(why) = line.strip_prefix("Kernel panic - not syncing: ") {
        return Some(found("kernel", None, Some(why.split(" ]---").next()?), line));
    }
    if line.contains("soft lockup - CPU#") || line.contains("hard LOCKUP") {
        let name = line.rsplit_once('[').and_then(|(_, task)| task.split(':').next());
        let cause = if line.contains("soft") { "soft lockup" } else { "hard lockup" };
        return Some(found("hang", name.filter(|_| line.ends_with(']')), Some(cause), line));
    }
    const OTHERS: &[(&str, &str)] = &[
        ("BUG: kernel NULL pointer dereference", "NULL pointer dereference"),
        ("BUG: unable to handle kernel NULL pointer", "NULL pointer dereference"),
        ("BUG: unable to handle", "page fault"),
        ("Unable to handle kernel", "page fault"),
        ("kernel BUG at ", "bug"),
        ("Oops: ", "oops"),
        ("Internal error: Oops", "oops"),
        ("general protection fault, ", "general protection fault"),
        ("invalid opcode: 0000", "invalid opcode"),
    ];
    let (_, cause) = OTHERS.iter().find(|(begin, _)| line.starts_with(begin))?;
    let place = line.strip_prefix("kernel BUG at ").map(|place| place.trim_end_matches('!'));
    let mut told = found("kernel", None, Some(cause), line);
    told.crash.module = place.map(str::to_owned);
    Some(told)
}
