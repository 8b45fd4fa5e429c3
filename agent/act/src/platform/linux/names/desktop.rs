//! `proxy.clear_user`: the proxy in the desktop's settings of the person signed in: GNOME's by `gsettings`,
//! KDE's by `kwriteconfig`, run as that person.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::platform::Account;
use crate::platform::linux::{sound, users};
use crate::trouble::{Outcome, Trouble};

const SCHEMA: &str = "org.gnome.system.proxy";
/// The group and key of KDE's `kioslaverc`.
const KDE: [&str; 6] = ["--file", "kioslaverc", "--group", "Proxy Settings", "--key", "ProxyType"];

/// What was set, and is set again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Set {
    /// GNOME's mode: `manual` or `auto`.
    gnome: Option<String>,
    /// KDE's type: 1 to 4.
    kde: Option<String>,
}

fn kde(context: &Context<'_>, verb: &str) -> Option<PathBuf> {
    [6, 5].iter().find_map(|version| context.programs.find(&format!("k{verb}config{version}")))
}

fn look(context: &Context<'_>) -> Outcome<(Account, Set)> {
    let account = users::signed_in(context)?;
    let mut set = Set::default();
    let mut asked = false;
    if let Some(gsettings) = context.programs.find("gsettings") {
        let answer = sound::ask(context, &account, &gsettings, &["get", SCHEMA, "mode"])?;
        if answer.is_ok() {
            asked = true;
            let mode = answer.text.trim().trim_matches('\'').to_owned();
            set.gnome = Some(mode).filter(|mode| mode == "manual" || mode == "auto");
        }
    }
    if let Some(reader) = kde(context, "read") {
        let answer = sound::ask(context, &account, &reader, &KDE)?;
        if answer.is_ok() {
            asked = true;
            let kind = answer.text.trim().to_owned();
            set.kde = Some(kind).filter(|kind| matches!(kind.as_str(), "1" | "2" | "3" | "4"));
        }
    }
    if !asked {
        return Err(Trouble::unsupported(format!(
            "{} has no desktop whose proxy could be asked for (looked for gsettings and kreadconfig)",
            account.name
        )));
    }
    Ok((account, set))
}

fn put(
    context: &Context<'_>,
    account: &Account,
    set: &Set,
    gnome: impl Fn(&str) -> String,
    kde_to: impl Fn(&str) -> String,
) -> Outcome<()> {
    if let Some(mode) = &set.gnome {
        let gsettings = context.program("gsettings")?;
        sound::must(context, account, &gsettings, &["set", SCHEMA, "mode", &gnome(mode)])?;
    }
    if let Some(kind) = &set.kde {
        let writer = kde(context, "write")
            .ok_or_else(|| Trouble::unsupported("kwriteconfig is not installed"))?;
        let value = kde_to(kind);
        let words = [&KDE[..], &[value.as_str()]].concat();
        sound::must(context, account, &writer, &words)?;
    }
    Ok(())
}

pub(in crate::platform::linux) fn plan(context: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    let (account, set) = look(context)?;
    let name = &account.name;
    let mut lines = Vec::new();
    if let Some(mode) = &set.gnome {
        lines.push(format!("set GNOME's proxy of {name} from {mode} to none"));
    }
    if let Some(kind) = &set.kde {
        lines.push(format!("set KDE's proxy of {name} from type {kind} to none"));
    }
    if lines.is_empty() {
        return Ok(Plan::already(format!("{name} has no proxy in the desktop's settings")));
    }
    Plan::changes(lines, "").noting(set)
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    _: &Parameters,
    plan: &mut Plan,
) -> Outcome<String> {
    let account = users::signed_in(context)?;
    let set: Set = noted(&plan.before)?;
    put(context, &account, &set, |_| "none".to_owned(), |_| "0".to_owned())?;
    Ok(format!("the proxy of {} was removed", account.name))
}

pub(in crate::platform::linux) fn undo(
    context: &Context<'_>,
    _: &Parameters,
    before: &Value,
) -> Outcome<String> {
    let account = users::signed_in(context)?;
    let set: Set = noted(before)?;
    put(context, &account, &set, str::to_owned, str::to_owned)?;
    Ok(format!("{} has the proxy of before again", account.name))
}
