//! `proxy.clear_system`: proxies in the machine's own files of settings.

use serde_json::Value;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::platform::edits::{self, Edit, Noted};
use crate::platform::linux::environment::{Form, without_proxies};
use crate::trouble::Outcome;

/// The files, and how they are written.
fn files(context: &Context<'_>) -> Vec<(String, Form)> {
    let mut files = vec![
        ("/etc/environment".to_owned(), Form::Environment),
        ("/etc/profile".to_owned(), Form::Environment),
        ("/etc/sysconfig/proxy".to_owned(), Form::Environment),
        ("/etc/apt/apt.conf".to_owned(), Form::Apt),
        ("/etc/dnf/dnf.conf".to_owned(), Form::Dnf),
        ("/etc/yum.conf".to_owned(), Form::Dnf),
    ];
    for (folder, ending, form) in [
        ("/etc/profile.d", ".sh", Form::Environment),
        ("/etc/environment.d", ".conf", Form::Environment),
        ("/etc/apt/apt.conf.d", "", Form::Apt),
    ] {
        let names = context.root.names(folder);
        let names = names.iter().filter(|name| name.ends_with(ending) && !name.starts_with('.'));
        files.extend(names.map(|name| (format!("{folder}/{name}"), form)));
    }
    files
}

fn look(context: &Context<'_>) -> Outcome<(Vec<Edit>, Vec<String>)> {
    let (mut all, mut lines) = (Vec::new(), Vec::new());
    for (path, form) in files(context) {
        // Only what names a proxy is gone into: a link or a large file without one is nobody's trouble.
        let text = context.root.text(&path).unwrap_or_default();
        let (_, found) = without_proxies(&text, form);
        if found.is_empty() {
            continue;
        }
        all.extend(edits::edit(context, &path, |text| Some(without_proxies(text, form).0))?);
        lines.extend(
            found.iter().map(|line| format!("{path}: switch off: {}", context.redacted(line))),
        );
    }
    Ok((all, lines))
}

pub(in crate::platform::linux) fn plan_system(
    context: &Context<'_>,
    _: &Parameters,
) -> Outcome<Plan> {
    let (all, lines) = look(context)?;
    if all.is_empty() {
        return Ok(Plan::already("no file of settings names a proxy"));
    }
    Plan::changes(lines, "").noting(edits::noted(&all)?)
}

pub(in crate::platform::linux) fn clear_system(
    context: &Context<'_>,
    _: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let (all, _) = look(context)?;
    edits::make(context, &all)?;
    let paths: Vec<&str> = all.iter().map(|edit| edit.noted.path.as_str()).collect();
    Ok(format!("the proxy was switched off in {}", paths.join(", ")))
}

pub(in crate::platform::linux) fn undo_system(
    context: &Context<'_>,
    _: &Parameters,
    before: &Value,
) -> Outcome<String> {
    edits::restore(context, &noted::<Vec<Noted>>(before)?)
}
