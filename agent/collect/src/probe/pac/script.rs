//! Whether a text is a proxy script that a browser would take, and which proxies it names. It is looked
//! at, never run.

use crate::probe::targets;

/// The most proxies of a script.
const MAX_PROXIES: usize = 8;

/// What a script would fail on before it says anything.
pub(super) fn problem(text: &str) -> Option<&'static str> {
    let start = text.trim_start().get(..64).unwrap_or(text.trim_start()).to_ascii_lowercase();
    if text.trim().is_empty() {
        return Some("it is empty");
    }
    if start.starts_with("<!doctype") || start.starts_with("<html") || start.starts_with("<?xml") {
        return Some("it is a page, not a script");
    }
    let code = code(text);
    match code {
        None => Some("a text or comment in it does not end"),
        Some(code) if !code.contains("FindProxyForURL") => {
            Some("it has no function FindProxyForURL")
        }
        Some(code) if !balanced(&code) => Some("its brackets do not fit"),
        Some(_) => None,
    }
}

/// A script without its comments and without what stands in its texts; `None` if one does not end.
fn code(text: &str) -> Option<String> {
    let mut code = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    let mut before = '\n';
    while let Some(sign) = signs.next() {
        match (sign, signs.peek()) {
            ('/', Some('/')) => {
                for sign in signs.by_ref() {
                    if sign == '\n' {
                        break;
                    }
                }
                code.push('\n');
            }
            ('/', Some('*')) => {
                signs.next();
                let mut last = ' ';
                loop {
                    let sign = signs.next()?;
                    if last == '*' && sign == '/' {
                        break;
                    }
                    last = sign;
                }
                code.push(' ');
            }
            // A pattern stands where no value can have ended; brackets in it need not fit.
            ('/', _) if "(,=:[!&|?{};\n".contains(before) => {
                let mut class = false;
                loop {
                    match signs.next()? {
                        '\\' => drop(signs.next()),
                        '[' => class = true,
                        ']' => class = false,
                        '/' if !class => break,
                        '\n' => return None,
                        _ => {}
                    }
                }
                code.push('0');
            }
            ('"' | '\'' | '`', _) => {
                loop {
                    match signs.next()? {
                        '\\' => drop(signs.next()),
                        '\n' if sign != '`' => return None,
                        other if other == sign => break,
                        _ => {}
                    }
                }
                code.push('0');
            }
            _ => code.push(sign),
        }
        if !sign.is_whitespace() {
            before = code.chars().next_back().unwrap_or(sign);
        }
    }
    Some(code)
}

fn balanced(code: &str) -> bool {
    let mut open = Vec::new();
    for sign in code.chars() {
        let fits = match sign {
            '(' | '[' | '{' => {
                open.push(sign);
                true
            }
            ')' => open.pop() == Some('('),
            ']' => open.pop() == Some('['),
            '}' => open.pop() == Some('{'),
            _ => true,
        };
        if !fits {
            return false;
        }
    }
    open.is_empty()
}

/// The proxies that stand in a script's texts, as `PROXY host:port`, in order.
pub(super) fn proxies(text: &str) -> Vec<String> {
    const KINDS: [(&str, u16); 6] = [
        ("PROXY", 80),
        ("HTTP", 80),
        ("HTTPS", 443),
        ("SOCKS", 1080),
        ("SOCKS4", 1080),
        ("SOCKS5", 1080),
    ];
    let mut found: Vec<String> = Vec::new();
    let mut words = text.split(|sign: char| sign.is_whitespace() || "\"';,()`".contains(sign));
    let mut before = "";
    for word in words.by_ref().filter(|word| !word.is_empty()) {
        let kind = KINDS.iter().find(|(kind, _)| *kind == before);
        before = word;
        let Some((_, port)) = kind else { continue };
        let Some((host, port)) = targets::host_and_port(word, Some(*port)) else { continue };
        // Words of the language, as in `PROXY + host`.
        if !host.contains(['.', ':']) && !word.contains(':') {
            continue;
        }
        let shown =
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        if !found.contains(&shown) && found.len() < MAX_PROXIES {
            found.push(shown);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "// ours\nfunction FindProxyForURL(url, host) {\n  /* ) */\n  if (/^http:[/(]/.test(url) && isPlainHostName(host) || shExpMatch(host, \"*.lan)\")) return 'DIRECT';\n  return \"PROXY proxy.example:3128; PROXY [2001:db8::1]:8080; SOCKS5 socks.example; DIRECT\";\n}\n";

    #[test]
    fn a_script_is_told_from_what_is_none() {
        assert_eq!(problem(GOOD), None);
        for (text, expected) in [
            (" \n", "it is empty"),
            ("<!DOCTYPE html><html>Please sign in</html>", "it is a page, not a script"),
            ("function other() {}", "it has no function FindProxyForURL"),
            ("// FindProxyForURL\nvar x = 1;", "it has no function FindProxyForURL"),
            ("function FindProxyForURL(u, h) { return 'DIRECT';", "its brackets do not fit"),
            (
                "function FindProxyForURL(u, h) { return 'DIRECT; }",
                "a text or comment in it does not end",
            ),
            ("function FindProxyForURL(u, h) { /* }", "a text or comment in it does not end"),
        ] {
            assert_eq!(problem(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn the_proxies_of_a_script_are_found() {
        assert_eq!(
            proxies(GOOD),
            ["proxy.example:3128", "[2001:db8::1]:8080", "socks.example:1080"]
        );
        assert!(proxies("return \"PROXY \" + host + \":80\"; // PROXY of ours").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_borne(text in "(function FindProxyForURL|[(){}\\[\\]\"'/*\\\\\n;]|PROXY |[a-zé:.0-9]{0,6}){0,40}") {
            problem(&text);
            proxies(&text);
        }
    }
}
