//! `disk.clean_packages`: package files that were downloaded and installed, by the package manager itself.

use std::path::PathBuf;

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

use super::size;
use super::sweep::{Manner, Rule, Swept, sweep};

/// A cache: its folder, the endings of what is in it, the program and its words.
type Cache = (&'static str, &'static [&'static str], &'static str, &'static [&'static str]);

const CACHES: [Cache; 5] = [
    ("/var/cache/apt/archives", &[".deb"], "apt-get", &["clean"]),
    ("/var/cache/dnf", &[".rpm"], "dnf", &["clean", "packages"]),
    ("/var/cache/libdnf5", &[".rpm"], "dnf", &["clean", "packages"]),
    ("/var/cache/yum", &[".rpm"], "yum", &["clean", "packages"]),
    ("/var/cache/zypp/packages", &[".rpm"], "zypper", &["--non-interactive", "clean"]),
];

/// A cache that has something in it: its folder, who cleans it and with which words, and what is in it.
struct Found {
    folder: &'static str,
    program: PathBuf,
    words: &'static [&'static str],
    swept: Swept,
}

fn found(context: &Context<'_>) -> Outcome<Vec<Found>> {
    let mut all = Vec::new();
    let mut known = false;
    for (folder, endings, name, words) in CACHES {
        let Some(program) = context.programs.find(name) else { continue };
        if !context.root.exists(folder) {
            continue;
        }
        known = true;
        let chosen = |name: &str| endings.iter().any(|ending| name.ends_with(ending));
        let rule = Rule { before: i64::MAX, spared: &|_| false, chosen: &chosen, folders: false };
        let swept = sweep(context.root, folder, rule, Manner::Count)
            .map_err(|error| Trouble::io(format_args!("look through {folder}"), &error))?;
        if swept.files > 0 {
            all.push(Found { folder, program, words, swept });
        }
    }
    if !known {
        return Err(Trouble::unsupported(
            "no package manager keeps downloads here that can be cleaned (looked for those of apt-get, dnf, yum and zypper)",
        ));
    }
    Ok(all)
}

pub(in crate::platform::linux) fn plan(context: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    let line = |Found { folder, swept, .. }: &Found| {
        let Swept { files, bytes, .. } = swept;
        format!("{folder}: remove {files} package files, which frees {}", size(*bytes))
    };
    let lines = found(context)?.iter().map(line).collect();
    Ok(Plan::changes(lines, "no downloaded package files are kept"))
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    _: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let mut all = Swept::default();
    for Found { program, words, swept, .. } in found(context)? {
        let folder = context.root.host_path("/").display().to_string();
        let mut words = words.to_vec();
        // apt takes another tree by its configuration, the others by a word.
        let root = if program.ends_with("apt-get") {
            format!("-oDir={folder}")
        } else {
            format!("--installroot={folder}")
        };
        if !context.root.is_live() {
            words.insert(0, &root);
        }
        context.must(&program, &words)?;
        all.add(swept);
    }
    all.told("package files")
}
