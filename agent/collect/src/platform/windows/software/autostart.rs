//! What starts when somebody signs in: Run keys of both views and of everybody who is signed in, the
//! folders for it, and what of them is switched off.

use befund_model::section::maintenance::{Autostart, AutostartItem};
use windows_registry::{Key, LOCAL_MACHINE};

use super::super::people::names::Names;
use super::super::registry::{self, View};
use crate::collector::{Context, Gap};
use crate::platform::decode::text;

const RUN: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Run";
const POLICY: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\Explorer\Run";
const APPROVED: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved";
const FOLDER: &str = r"Microsoft\Windows\Start Menu\Programs\StartUp";

/// Section `autostart`.
pub(crate) fn autostart(cx: &Context) -> Result<Autostart, Gap> {
    let mut items = Vec::new();
    for (view, name, approved) in
        [(View::Wide, "HKLM", "Run"), (View::Narrow, "HKLM (32-bit)", "Run32")]
    {
        for key in [RUN.to_owned(), format!("{RUN}Once"), POLICY.to_owned()] {
            if let Some(values) = registry::viewed(cx, LOCAL_MACHINE, &key, view) {
                let off = registry::machine(cx, &format!(r"{APPROVED}\{approved}"));
                items.extend(run(cx, &values, &format!(r"{name}\{key}"), off.as_ref(), None));
            }
        }
    }
    let off = registry::machine(cx, &format!(r"{APPROVED}\StartupFolder"));
    if let Ok(folder) = std::env::var("ProgramData") {
        items.extend(started(cx, &format!(r"{folder}\{FOLDER}"), off.as_ref(), None));
    }
    let mut names = Names::default();
    for (sid, person) in registry::people() {
        let user = names.name(&sid);
        let off = registry::under(cx, &person, &format!(r"{APPROVED}\Run"));
        for key in [RUN.to_owned(), format!("{RUN}Once"), POLICY.to_owned()] {
            if let Some(values) = registry::under(cx, &person, &key) {
                let source = format!(r"HKCU\{key}");
                items.extend(run(cx, &values, &source, off.as_ref(), Some(&user)));
            }
        }
        let off = registry::under(cx, &person, &format!(r"{APPROVED}\StartupFolder"));
        let data = registry::under(cx, &person, "Volatile Environment")
            .and_then(|key| registry::text(&key, "APPDATA"));
        if let Some(folder) = data {
            items.extend(started(cx, &format!(r"{folder}\{FOLDER}"), off.as_ref(), Some(&user)));
        }
    }
    items.sort_by(|a, b| (&a.name, &a.source, &a.user).cmp(&(&b.name, &b.source, &b.user)));
    Ok(Autostart { items })
}

/// The values of a Run key: each a name and what is run.
fn run(
    cx: &Context,
    key: &Key,
    source: &str,
    off: Option<&Key>,
    user: Option<&str>,
) -> Vec<AutostartItem> {
    let item = |name: String| {
        let command = registry::text(key, &name)?;
        Some(AutostartItem {
            enabled: enabled(off, &name),
            source: source.to_owned(),
            command: Some(cx.redactor.command_line(&command)),
            user: user.map(str::to_owned),
            name,
        })
    };
    registry::value_names(key).into_iter().filter_map(item).collect()
}

/// What lies in a folder of programs to start.
fn started(
    cx: &Context,
    folder: &str,
    off: Option<&Key>,
    user: Option<&str>,
) -> Vec<AutostartItem> {
    let names = cx.note(cx.root.list(folder)).unwrap_or_default();
    names
        .into_iter()
        .filter(|name| !name.eq_ignore_ascii_case("desktop.ini"))
        .map(|name| AutostartItem {
            enabled: enabled(off, &name),
            source: folder.to_owned(),
            command: None,
            user: user.map(str::to_owned),
            name: name.strip_suffix(".lnk").unwrap_or(&name).to_owned(),
        })
        .collect()
}

fn enabled(off: Option<&Key>, name: &str) -> bool {
    off.and_then(|key| registry::bytes(key, name)).is_none_or(|bytes| text::approved(&bytes))
}
