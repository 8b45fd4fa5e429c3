//! Attacks as a table: what each tries, and by which words it is refused; and how a table is gone through. An attack has
//! failed only if nothing was run and the machine said why: one that never arrived has not.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Scene;

/// An attack.
#[derive(Clone, Copy, Debug)]
pub struct Attack {
    /// What it tries, for people.
    pub tries: &'static str,
    /// Of the words by which it is refused.
    pub refused: &'static str,
    /// Mounts it; what the machine said.
    pub mount: fn(&mut Scene) -> String,
}

/// Attacks of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// What they have in common.
    pub title: &'static str,
    /// Where the attacker stands.
    pub about: &'static str,
    /// They.
    pub attacks: &'static [Attack],
}

/// Makes a table: what is tried, the words of the refusal, and how.
#[macro_export]
macro_rules! attacks {
    ($($tries:literal, $refused:literal, $mount:expr;)*) => {
        &[$($crate::adversary::Attack { tries: $tries, refused: $refused, mount: $mount }),*]
    };
}

/// What came of attacks.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many were mounted.
    pub mounted: usize,
    /// Those that succeeded, or were not refused for their reason.
    pub failures: Vec<String>,
}

impl Report {
    /// Mounts all attacks of a group, one after the other.
    pub fn go_through(&mut self, scene: &mut Scene, group: &Group) {
        for Attack { tries, refused, mount } in group.attacks {
            let before = scene.marks();
            let mounted = catch_unwind(AssertUnwindSafe(|| mount(scene)));
            let said = mounted.unwrap_or_else(|panic| match panic.downcast::<String>() {
                Ok(why) => format!("the attack broke off: {why}"),
                Err(_) => "the attack broke off".to_owned(),
            });
            self.mounted += 1;
            let name = format!("{}: {tries}", group.title);
            if scene.marks() != before {
                self.failures.push(format!("{name}: something was run; the machine said {said}"));
            } else if scene.was_owned() {
                self.failures.push(format!("{name}: a script of the attacker's was run: {said}"));
            } else if !said.contains(refused) {
                self.failures.push(format!("{name}: {refused:?} is not in {said:?}"));
            }
        }
    }
}

/// The tables as a page has them.
#[must_use]
pub fn page(groups: &[&Group]) -> String {
    let mut text = String::new();
    for group in groups {
        // Writing to a text does not fail.
        let _ =
            writeln!(text, "### {} ({})\n\n{}\n", group.title, group.attacks.len(), group.about);
        text.push_str("| what is tried | the machine says |\n|---|---|\n");
        for attack in group.attacks {
            let refused = attack.refused.replace('|', "\\|");
            let _ = writeln!(text, "| {} | {refused} |", attack.tries);
        }
        text.push('\n');
    }
    text
}
