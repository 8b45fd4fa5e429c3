//! apt's settings: `apt.conf` and `apt.conf.d` (apt.conf(5)).

use crate::collector::Context;
use crate::platform::linux::files;

/// How deep scopes may be nested; nobody nests more than four.
const MAX_DEPTH: usize = 16;

/// Names and values, in the order in which they are set; a later one wins. Names are in lower case, as
/// apt does not tell them apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings(Vec<(String, String)>);

impl Settings {
    /// The machine's. apt reads the folder first, then the file.
    pub(crate) fn read(cx: &Context) -> Self {
        let mut settings = Self::default();
        let mut paths: Vec<String> = files::paths(cx, "/etc/apt/apt.conf.d");
        paths.retain(|path| is_used(path));
        paths.push("/etc/apt/apt.conf".into());
        for path in paths {
            if let Some(text) = cx.note(cx.root.text(&path)) {
                settings.0.extend(Self::parse(&text).0);
            }
        }
        settings
    }

    pub(crate) fn parse(text: &str) -> Self {
        let mut settings = Vec::new();
        let mut scopes: Vec<String> = Vec::new();
        let mut words: Vec<String> = Vec::new();
        for token in tokens(text) {
            match token {
                Token::Word(word) => words.push(word),
                Token::Open => {
                    scopes.push(words.first().cloned().unwrap_or_default());
                    scopes.truncate(MAX_DEPTH);
                    words.clear();
                }
                Token::Close => {
                    scopes.pop();
                    words.clear();
                }
                Token::End => {
                    let mut path = scopes.clone();
                    // A value alone is an item of a list.
                    let value = words.pop().unwrap_or_default();
                    path.extend(words.drain(..).next());
                    settings.push((path.join("::").to_ascii_lowercase(), value));
                }
            }
        }
        Self(settings)
    }

    /// The last value of this name, which is in lower case.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().rev().find(|(known, _)| known == name)?;
        Some(value.as_str())
    }
}

/// Whether apt reads a file of one of its folders: no ending, or `.conf`, `.list`, `.sources`, `.pref`.
pub(crate) fn is_used(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = ["conf", "list", "sources", "pref"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending)?.strip_suffix('.'))
        .unwrap_or(name);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !stem.is_empty()
        && !name.starts_with('.')
        && stem.bytes().all(plain)
        && (stem != name || !name.contains('.'))
}

enum Token {
    Word(String),
    Open,
    Close,
    End,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let skip = |rest: &str, end: &str| rest.find(end).map_or(rest.len(), |at| at + end.len());
        if rest.starts_with("//") || letter == '#' {
            rest = &rest[skip(rest, "\n")..];
        } else if rest.starts_with("/*") {
            rest = &rest[skip(rest, "*/")..];
        } else if letter == '"' {
            let inside = &rest[1..];
            let end = inside.find('"').unwrap_or(inside.len());
            tokens.push(Token::Word(inside[..end].to_owned()));
            rest = inside.get(end + 1..).unwrap_or_default();
        } else if let Some(token) = match letter {
            '{' => Some(Token::Open),
            '}' => Some(Token::Close),
            ';' => Some(Token::End),
            _ => None,
        } {
            tokens.push(token);
            rest = &rest[1..];
        } else if letter.is_whitespace() {
            rest = &rest[letter.len_utf8()..];
        } else {
            let ends =
                |letter: char| letter.is_whitespace() || matches!(letter, '{' | '}' | ';' | '"');
            let end = rest.find(ends).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flat_and_nested_settings_are_the_same() {
        let flat = Settings::parse("APT::Periodic::Unattended-Upgrade \"1\";\n");
        let nested = Settings::parse(
            "// x\n# y\nAPT /* z */ {\n  Periodic { Unattended-Upgrade 1; };\n};\nUnattended-Upgrade::Origins-Pattern { \"origin=Debian\"; };\n",
        );
        for settings in [&flat, &nested] {
            assert_eq!(settings.get("apt::periodic::unattended-upgrade"), Some("1"));
        }
        assert_eq!(nested.get("unattended-upgrade::origins-pattern"), Some("origin=Debian"));
    }

    #[test]
    fn files_that_apt_passes_by_are_passed_by() {
        for used in ["20auto-upgrades", "/etc/x/50unattended-upgrades", "a.conf", "1.2.list"] {
            assert!(is_used(used), "{used}");
        }
        for unused in ["a.conf.dpkg-old", "b~", "c.save", ".d", "e.bak"] {
            assert!(!is_used(unused), "{unused}");
        }
    }
}
