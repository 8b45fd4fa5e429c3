//! `packages.repair`: interrupted installations finished, the database repaired.

use befund_model::action::Holds;

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

const DPKG: &str = "/var/lib/dpkg";

/// Which database the machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Dpkg,
    Rpm,
}

fn kind(context: &Context<'_>) -> Outcome<Kind> {
    let (root, programs) = (context.root, context.programs);
    if root.exists(&format!("{DPKG}/status")) && programs.find("dpkg").is_some() {
        return Ok(Kind::Dpkg);
    }
    let rpm = root.exists("/var/lib/rpm") || root.exists("/usr/lib/sysimage/rpm");
    if rpm && programs.find("rpm").is_some() {
        return Ok(Kind::Rpm);
    }
    Err(Trouble::unsupported(
        "this machine has no database of packages that can be repaired (looked for dpkg's and rpm's)",
    ))
}

/// Packages of dpkg's status file whose state is neither installed nor gone, `package state`.
fn unfinished(status: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut package = "";
    for line in status.lines() {
        if let Some(name) = line.strip_prefix("Package: ") {
            package = name.trim();
        } else if let Some(words) = line.strip_prefix("Status: ")
            && let Some(state) = words.split_ascii_whitespace().nth(2)
            && matches!(
                state,
                "unpacked"
                    | "half-configured"
                    | "half-installed"
                    | "triggers-awaited"
                    | "triggers-pending"
            )
        {
            found.push(format!("{package} ({state})"));
        }
    }
    found
}

/// What dpkg has not finished: packages, and changes that it has not put into its status file.
fn pending(context: &Context<'_>) -> Outcome<Vec<String>> {
    let path = format!("{DPKG}/status");
    // The file of a large machine has some megabytes.
    let file = context.root.host_path(&path);
    let text =
        std::fs::read(&file).map_err(|error| Trouble::io(format_args!("read {path}"), &error))?;
    let mut lines: Vec<String> = unfinished(&String::from_utf8_lossy(&text))
        .into_iter()
        .map(|package| format!("finish {package}"))
        .collect();
    let updates = context.root.names(&format!("{DPKG}/updates"));
    let updates =
        updates.iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).count();
    if updates > 0 {
        lines.push(format!("take over {updates} changes that dpkg had begun to write"));
    }
    Ok(lines)
}

pub(in crate::platform::linux) fn plan(context: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    match kind(context)? {
        Kind::Dpkg => {
            let lines = pending(context)?;
            let plan = Plan::changes(lines, "no installation is unfinished");
            Ok(if plan.would_change() {
                plan.unpredictable("what missing dependencies bring along is not known before")
            } else {
                plan
            })
        }
        Kind::Rpm => Ok(Plan::change("build rpm's database anew from itself")
            .unpredictable("whether it has damage shows only then")),
    }
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    _: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    match kind(context)? {
        Kind::Dpkg => {
            let dpkg = context.program("dpkg")?;
            let root = format!("--root={}", context.root.host_path("/").display());
            let mut words = vec!["--force-confdef", "--force-confold", "--configure", "--pending"];
            if !context.root.is_live() {
                words.insert(0, &root);
            }
            let configured = super::must(context, &dpkg, &words);
            if pending(context)?.is_empty() {
                return Ok("the interrupted installations were finished".to_owned());
            }
            // What dpkg cannot do alone may lack other packages.
            let apt = context.programs.find("apt-get").filter(|_| context.root.is_live());
            let Some(apt) = apt else {
                configured?;
                return Ok("dpkg has done what it could".to_owned());
            };
            let words = [
                "-q",
                "-y",
                "--fix-broken",
                "--no-remove",
                "-o",
                "Dpkg::Options::=--force-confdef",
                "-o",
                "Dpkg::Options::=--force-confold",
                "install",
            ];
            super::must(context, &apt, &words)?;
            Ok("the interrupted installations were finished".to_owned())
        }
        Kind::Rpm => {
            let rpm = context.program("rpm")?;
            let root = context.root.host_path("/").display().to_string();
            super::must(context, &rpm, &["--root", &root, "--rebuilddb"])?;
            super::must(context, &rpm, &["--root", &root, "--verifydb"])?;
            Ok("rpm's database was built anew".to_owned())
        }
    }
}

pub(in crate::platform::linux) fn is_whole(
    context: &Context<'_>,
    _: &Parameters,
) -> Outcome<(Holds, String)> {
    match kind(context)? {
        Kind::Dpkg => {
            let lines = pending(context)?;
            Ok(if lines.is_empty() {
                (Holds::Done, "no installation is unfinished".to_owned())
            } else {
                (Holds::NotDone, lines.join("; "))
            })
        }
        Kind::Rpm => Ok((Holds::Unknown, "rpm does not tell when it was built anew".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn unfinished_packages_are_found() {
        let status = "Package: a\nStatus: install ok installed\n\nPackage: b\nStatus: install ok half-configured\n\n\
            Package: c\nStatus: deinstall ok config-files\n";
        assert_eq!(unfinished(status), ["b (half-configured)"]);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in any::<String>()) {
            unfinished(&text);
        }
    }
}
