//! `updates.refresh`: the lists of available updates fetched again. Nothing is installed.

use std::path::PathBuf;

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

fn fetcher(context: &Context<'_>) -> Outcome<(PathBuf, &'static [&'static str])> {
    // Of a machine with several, the one that owns its packages comes first: by its database.
    let known: [(&str, &str, &[&str]); 6] = [
        ("/var/lib/dpkg/status", "apt-get", &["update", "-q"]),
        ("/var/lib/rpm", "dnf", &["-q", "makecache", "--refresh"]),
        ("/usr/lib/sysimage/rpm", "dnf", &["-q", "makecache", "--refresh"]),
        ("/usr/lib/sysimage/rpm", "zypper", &["--non-interactive", "refresh"]),
        ("/var/lib/rpm", "yum", &["-q", "makecache"]),
        ("/lib/apk/db", "apk", &["update"]),
    ];
    known
        .into_iter()
        .filter(|(database, ..)| context.root.exists(database))
        .find_map(|(_, name, words)| Some((context.programs.find(name)?, words)))
        .ok_or_else(|| {
            Trouble::unsupported(
                "no package manager that fetches lists by themselves was found (looked for apt-get, dnf, zypper, yum and apk)",
            )
        })
}

pub(in crate::platform::linux) fn plan(context: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    let (program, _) = fetcher(context)?;
    let line = format!("have {} fetch the lists of updates", program.display());
    Ok(Plan::change(line).unpredictable("what is in them is not known before"))
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    _: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let (program, words) = fetcher(context)?;
    super::must(context, &program, words)?;
    Ok("the lists of updates were fetched".to_owned())
}
