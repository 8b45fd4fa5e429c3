//! apt's preferences: which version of a package it would take (apt_preferences(5)).
//!
//! Patterns that are regular expressions, or that name source packages, are not understood; how many
//! there are is told.

use crate::collector::{Context, Gap};
use crate::platform::linux::files;
use crate::platform::linux::files::fits;

use super::configuration::{Settings, is_used};
use super::indexes::Index;

/// The pins, in order, and the release that is preferred.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pins {
    pins: Vec<Pin>,
    preferred: Option<String>,
    /// How many were not understood.
    pub(crate) lost: usize,
}

#[derive(Debug, PartialEq, Eq)]
struct Pin {
    /// Names of packages, with `*` and `?`; empty for all packages.
    packages: Vec<String>,
    what: What,
    priority: i32,
}

#[derive(Debug, PartialEq, Eq)]
enum What {
    /// A version, with `*` at its end.
    Version(String),
    /// A host.
    Host(String),
    /// Properties of a release: the letter and the value.
    Release(Vec<(char, String)>),
}

impl Pins {
    pub(crate) fn read(cx: &Context) -> Self {
        let mut pins = Self {
            preferred: Settings::read(cx).get("apt::default-release").map(str::to_owned),
            ..Self::default()
        };
        let mut paths = vec!["/etc/apt/preferences".to_owned()];
        let more = files::paths(cx, "/etc/apt/preferences.d");
        paths.extend(more.into_iter().filter(|path| is_used(path)));
        for path in paths {
            if let Some(text) = cx.note(cx.root.text(&path)) {
                pins.add(&text);
            }
        }
        if pins.lost > 0 {
            cx.gap(Gap::failed(format!(
                "{} of apt's preferences were not understood, so that what waits may be told wrongly",
                pins.lost
            )));
        }
        pins
    }

    pub(crate) fn add(&mut self, text: &str) {
        let (mut packages, mut pin, mut priority) = (None, None, None);
        for line in text.lines().chain([""]) {
            if line.starts_with('#') {
                continue;
            }
            if line.trim().is_empty() {
                match (packages.take(), pin.take(), priority.take()) {
                    (None, None, None) => {}
                    (Some(packages), Some(what), Some(priority)) => {
                        self.pins.push(Pin { packages, what, priority });
                    }
                    _ => self.lost += 1,
                }
                continue;
            }
            // `Explanation` is for people.
            let Some((name, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            if name.eq_ignore_ascii_case("Package") {
                packages = names(value);
            } else if name.eq_ignore_ascii_case("Pin") {
                pin = what(value);
            } else if name.eq_ignore_ascii_case("Pin-Priority") {
                priority = value.parse().ok();
            }
        }
    }

    /// The priority of everything in a list.
    pub(crate) fn of_index(&self, index: &Index) -> i32 {
        let general = |pin: &&Pin| pin.packages.is_empty() && pin.what.is_index(index);
        if let Some(pin) = self.pins.iter().find(general) {
            return pin.priority;
        }
        let release = &index.release;
        let preferred = self.preferred.as_ref();
        if preferred.is_some_and(|name| *name == release.suite || *name == release.codename) {
            return 990;
        }
        match (release.not_automatic, release.but_upgrades) {
            (true, true) => 100,
            (true, false) => 1,
            (false, _) => 500,
        }
    }

    /// The priority of one version of a package in a list, if there is a pin of its own.
    pub(crate) fn of_version(
        &self,
        package: &str,
        version: &str,
        index: Option<&Index>,
    ) -> Option<i32> {
        let own = |pin: &&Pin| {
            !pin.packages.is_empty()
                && pin.packages.iter().any(|pattern| fits(pattern, package))
                && match &pin.what {
                    What::Version(pattern) => fits(pattern, version),
                    what => index.is_some_and(|index| what.is_index(index)),
                }
        };
        self.pins.iter().find(own).map(|pin| pin.priority)
    }

    /// Whether any pin is for packages of its own, so that versions have to be looked at one by one.
    pub(crate) fn has_own(&self) -> bool {
        self.pins.iter().any(|pin| !pin.packages.is_empty())
    }
}

/// The names of a pin; none for all packages. `None` if one is a regular expression or a source.
fn names(value: &str) -> Option<Vec<String>> {
    let names: Vec<&str> = value.split_ascii_whitespace().collect();
    if names == ["*"] {
        return Some(Vec::new());
    }
    let plain = |name: &&str| !name.starts_with("src:") && !name.contains(['/', '[', '(']);
    let plain = !names.is_empty() && names.iter().all(plain);
    // A name may stand with its architecture.
    let bare = |name: &&str| name.split(':').next().unwrap_or_default().to_owned();
    plain.then(|| names.iter().map(bare).collect())
}

fn what(value: &str) -> Option<What> {
    let (kind, rest) = value.split_once(char::is_whitespace)?;
    let rest = rest.trim();
    match kind {
        "version" => Some(What::Version(rest.to_owned())),
        "origin" => Some(What::Host(rest.trim_matches('"').to_owned())),
        "release" => {
            let property = |text: &str| match text.trim().split_once('=') {
                Some((letter, value)) => {
                    let letter = letter.trim().chars().next()?;
                    "avnolcb"
                        .contains(letter)
                        .then(|| (letter, value.trim().trim_matches('"').to_owned()))
                }
                // A lone word is a version if it begins with a digit, else the name of a suite.
                None => {
                    let word = text.trim().to_owned();
                    let letter = if word.starts_with(|first: char| first.is_ascii_digit()) {
                        'v'
                    } else {
                        'a'
                    };
                    (!word.is_empty() && word != "*").then_some((letter, word))
                }
            };
            let properties: Option<Vec<_>> = rest.split(',').map(property).collect();
            properties.map(What::Release)
        }
        _ => None,
    }
}

impl What {
    fn is_index(&self, index: &Index) -> bool {
        let release = &index.release;
        match self {
            Self::Version(_) => false,
            Self::Host(host) => *host == index.host,
            Self::Release(properties) => properties.iter().all(|(letter, value)| match letter {
                // apt takes a codename for the name of a suite as well.
                'a' => fits(value, &release.suite) || fits(value, &release.codename),
                'n' => fits(value, &release.codename),
                'v' => fits(value, &release.version),
                'o' => fits(value, &release.origin),
                'l' => fits(value, &release.label),
                'c' => fits(value, &index.component),
                _ => true,
            }),
        }
    }
}
