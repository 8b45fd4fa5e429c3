//! The operating system and its kernel.

use befund_model::id::Hash;
use befund_model::section::software::{Kernel, Os};

use crate::collector::{Context, Gap};

use crate::platform::linux::hardware::cpu::architecture;

mod installed;
pub(crate) mod restart;

/// Section `os`.
pub(crate) fn os(cx: &Context) -> Result<Os, Gap> {
    let release = cx.root.text("/etc/os-release").or_else(|_| cx.root.text("/usr/lib/os-release"));
    let release = cx.note(release).map(|text| settings(&text)).unwrap_or_default();
    if release.is_empty() {
        cx.gap(Gap::unsupported(
            "neither /etc/os-release nor /usr/lib/os-release names the system",
        ));
    }
    let field = |name: &str| {
        release
            .iter()
            .rev()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
            .filter(|value| !value.is_empty())
    };
    let restart = restart::needed(cx);
    let installed = installed::at(cx);
    Ok(Os {
        hostname: cx.line("/proc/sys/kernel/hostname").or_else(|| cx.line("/etc/hostname")),
        family: "linux".into(),
        name: field("PRETTY_NAME").or_else(|| field("NAME")),
        id: field("ID"),
        edition: field("VARIANT"),
        version: field("VERSION_ID"),
        codename: field("VERSION_CODENAME"),
        release: if field("ID").as_deref() == Some("debian") {
            cx.line("/etc/debian_version")
        } else {
            None
        },
        build: field("BUILD_ID"),
        installed_at: installed.as_ref().map(|(at, _)| *at),
        installed_by: installed.map(|(_, source)| source),
        licence: None,
        architecture: architecture(cx),
        kernel: kernel(cx),
        timezone: timezone(cx),
        locale: locale(cx),
        installation: cx.line("/etc/machine-id").map(|id| installation(&id)),
        restart_required: restart.required,
        restart_for: restart.reasons,
    })
}

/// The machine's id must not be handed out as it is (machine-id(5)).
fn installation(id: &str) -> String {
    let mut hash = Hash::of(format!("befund installation {id}").as_bytes()).to_string();
    hash.truncate(32);
    hash
}

fn kernel(cx: &Context) -> Option<Kernel> {
    const KERNEL: &str = "/proc/sys/kernel";
    let name = cx.note(cx.root.line(&format!("{KERNEL}/ostype"))).flatten()?;
    Some(Kernel {
        name,
        release: cx.line(&format!("{KERNEL}/osrelease")).unwrap_or_default(),
        version: cx.line(&format!("{KERNEL}/version")),
        command_line: cx.line("/proc/cmdline").map(|line| cx.redactor.command_line(&line)),
        taint: cx.root.number(&format!("{KERNEL}/tainted")).ok().flatten().map(taint),
    })
}

/// The letters of the bits, as in `Documentation/admin-guide/tainted-kernels.rst`.
fn taint(bits: u64) -> String {
    const LETTERS: &[u8; 19] = b"PFSRMBUDAWCIOELKXTN";
    let set = LETTERS.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
    set.map(|(_, letter)| char::from(*letter)).collect()
}

fn timezone(cx: &Context) -> Option<String> {
    let link = cx.root.link("/etc/localtime").ok();
    let named = link
        .as_deref()
        .and_then(|link| link.to_str()?.split_once("zoneinfo/").map(|(_, zone)| zone.to_owned()));
    named.or_else(|| cx.line("/etc/timezone"))
}

fn locale(cx: &Context) -> Option<String> {
    ["/etc/locale.conf", "/etc/default/locale"].iter().find_map(|path| {
        let text = cx.root.text(path).ok()?;
        settings(&text).into_iter().find(|(name, _)| name == "LANG").map(|(_, value)| value)
    })
}

/// `NAME=value` lines as in os-release(5), whose values may be quoted as in a shell.
pub(crate) fn settings(text: &str) -> Vec<(String, String)> {
    let mut settings = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        if let Some((name, value)) = line.split_once('=') {
            settings.push((name.trim_end().to_owned(), unquoted(value.trim())));
        }
    }
    settings
}

fn unquoted(value: &str) -> String {
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''));
    let Some(quote) = quote else { return value.to_owned() };
    let inner = value.strip_prefix(quote).unwrap_or(value);
    let mut result = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if quote == '"' => result.extend(letters.next()),
            end if end == quote => break,
            other => result.push(other),
        }
    }
    result
}
