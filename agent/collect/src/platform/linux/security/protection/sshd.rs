//! What OpenSSH's server is set up to allow (sshd_config(5)): for each keyword the first value wins, files
//! taken in stand where they are taken in. `Match` blocks hold for some sign-ins only; those that change what
//! is told here are named.

use crate::collector::{Context, Gap};
use crate::platform::linux::files;

/// How deep files may take in files (sshd's own limit).
const MAX_DEPTH: usize = 16;

/// What is told of it; what is not set is as OpenSSH ships it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    root: Option<String>,
    passwords: Option<bool>,
    keyboard: Option<bool>,
    pam: Option<bool>,
    methods: Option<String>,
    /// Keywords that a `Match` block changes.
    pub(crate) matched: Vec<String>,
}

impl Settings {
    /// The machine's.
    pub(super) fn read(cx: &Context) -> Option<Self> {
        const FILE: &str = "/etc/ssh/sshd_config";
        let file = if cx.root.exists(FILE) { FILE } else { "/usr/etc/ssh/sshd_config" };
        let text = cx.note(cx.root.text(file))?;
        let mut settings = Self::default();
        settings.take(cx, &text, 0, Block::All);
        if !settings.matched.is_empty() {
            settings.matched.sort_unstable();
            settings.matched.dedup();
            cx.gap(Gap::failed(format!(
                "sshd_config changes {} for some sign-ins (Match); what is told holds for the others",
                settings.matched.join(", ")
            )));
        }
        Some(settings)
    }

    fn take(&mut self, cx: &Context, text: &str, depth: usize, mut block: Block) {
        for line in text.lines() {
            let Some((keyword, value)) = keyword(line) else { continue };
            match keyword.to_ascii_lowercase().as_str() {
                "match" => {
                    block =
                        if value.eq_ignore_ascii_case("all") { Block::All } else { Block::Some };
                }
                "include" if depth < MAX_DEPTH => {
                    for pattern in value.split_ascii_whitespace() {
                        let pattern = if pattern.starts_with('/') {
                            pattern.to_owned()
                        } else {
                            format!("/etc/ssh/{pattern}")
                        };
                        for path in files::matching(cx, &pattern) {
                            if let Some(text) = cx.note(cx.root.text(&path)) {
                                // A block ends with the file that it stands in.
                                self.take(cx, &text, depth + 1, block);
                            }
                        }
                    }
                }
                name => self.set(name, value, block),
            }
        }
    }

    pub(crate) fn set(&mut self, name: &str, value: &str, block: Block) {
        let yes = value.eq_ignore_ascii_case("yes");
        let told = matches!(
            name,
            "permitrootlogin"
                | "passwordauthentication"
                | "kbdinteractiveauthentication"
                | "challengeresponseauthentication"
                | "authenticationmethods"
        );
        if block == Block::Some {
            if told {
                self.matched.push(name.to_owned());
            }
            return;
        }
        match name {
            "permitrootlogin" => {
                self.root.get_or_insert_with(|| value.to_ascii_lowercase());
            }
            "passwordauthentication" => {
                self.passwords.get_or_insert(yes);
            }
            // The second is the older name.
            "kbdinteractiveauthentication" | "challengeresponseauthentication" => {
                self.keyboard.get_or_insert(yes);
            }
            "usepam" => {
                self.pam.get_or_insert(yes);
            }
            "authenticationmethods" => {
                self.methods.get_or_insert_with(|| value.to_ascii_lowercase());
            }
            _ => {}
        }
    }

    /// What the administrator may sign in with.
    pub(crate) fn root(&self) -> String {
        match self.root.as_deref() {
            None | Some("prohibit-password" | "without-password") => "prohibit-password".into(),
            Some(other) => other.to_owned(),
        }
    }

    /// Whether a password is enough: asked for by the server itself, or by PAM in a dialogue.
    pub(crate) fn passwords(&self) -> bool {
        let asked = self.passwords.unwrap_or(true);
        let dialogue = self.keyboard.unwrap_or(true) && self.pam.unwrap_or(false);
        let alone = |list: &str| {
            let mut methods =
                list.split(',').map(|method| method.split(':').next().unwrap_or(method));
            methods.all(|method| matches!(method, "password" | "keyboard-interactive" | "any"))
        };
        let enough = self
            .methods
            .as_deref()
            .is_none_or(|methods| methods.split_ascii_whitespace().any(alone));
        (asked || dialogue) && enough
    }
}

/// Whom a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// Everybody.
    All,
    /// Those whom a `Match` line describes.
    Some,
}

/// A keyword and its value, which may be quoted, or follow a `=`.
pub(crate) fn keyword(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let end = line.find(|letter: char| letter.is_whitespace() || letter == '=')?;
    let (keyword, value) = line.split_at(end);
    let value = value.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '=');
    let value = match value.strip_prefix('"') {
        Some(rest) => rest.split('"').next().unwrap_or(rest),
        None => value.split(" #").next().unwrap_or(value).trim_end(),
    };
    (!value.is_empty()).then_some((keyword, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (String, bool, usize) {
        let empty = tempfile::tempdir().expect("a temporary folder");
        let cx = Context::new(&crate::Root::at(empty.path()).expect("a tree"));
        let mut settings = Settings::default();
        settings.take(&cx, text, 0, Block::All);
        (settings.root(), settings.passwords(), settings.matched.len())
    }

    #[test]
    fn the_first_value_wins_and_defaults_are_openssh_s_own() {
        assert_eq!(told(""), ("prohibit-password".into(), true, 0));
        assert_eq!(told("PermitRootLogin no\nPermitRootLogin yes\n").0, "no");
        // Debian 12: no dialogue, and so no other way to give a password.
        let debian = "KbdInteractiveAuthentication no\nUsePAM yes\n";
        assert!(told(debian).1);
        assert!(!told(&format!("PasswordAuthentication=no\n{debian}")).1);
        assert!(told("PasswordAuthentication no\nUsePAM yes\n").1);
        assert!(!told("PasswordAuthentication no\nUsePAM no\n").1);
        assert!(!told("AuthenticationMethods publickey,password\n").1);
        assert!(told("AuthenticationMethods publickey password\n").1);
    }

    #[test]
    fn blocks_for_some_are_named_and_not_mixed_in() {
        let text = "PasswordAuthentication no\nUsePAM no\nMatch User anna\n  PasswordAuthentication \"yes\"\nMatch all\nPermitRootLogin yes # x\n";
        assert_eq!(told(text), ("yes".into(), false, 1));
    }
}
