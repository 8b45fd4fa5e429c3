//! `net.pac`: the proxy scripts that are configured: whether each comes, how fast, and whether it is
//! one. docs/probes.md: longer than 3 s is worth a look; one that does not come, or is none, is a
//! failure.
//!
//! A script is looked at, never run: it would be a stranger's program in the privileged half. What is
//! checked is that it has the function that browsers call, and that its brackets fit; the proxies that
//! it names are knocked at.

use std::time::{Duration, Instant};

use befund_model::probe::trust::{PacFacts, PacProxy, PacScript};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, fetch, micros, millis, platform, reach, targets};

const SLOW: Duration = Duration::from_secs(3);
/// The most bytes of a script; Chromium takes 1 MiB.
const MAX_BYTES: usize = 1 << 20;
/// The most scripts, and proxies of each.
const MAX_SCRIPTS: usize = 4;
const MAX_PROXIES: usize = 8;
/// How long a proxy may take to take the connection.
const KNOCK: Duration = Duration::from_secs(2);

pub(super) fn run(context: &Context<'_>, _: &Parameters) -> Outcome {
    let settings = platform::proxy_settings(context.root)
        .map_err(|error| super::Unmeasured::io("read", "the proxy settings", &error))?;
    let mut wanted: Vec<(String, String)> = Vec::new();
    for (source, _, url) in settings.into_iter().filter(|(_, scheme, _)| scheme == "auto") {
        let urls = if url == "wpad" { looked_for(context) } else { vec![url] };
        for url in urls {
            if !wanted.iter().any(|(_, known)| *known == url) && wanted.len() < MAX_SCRIPTS {
                wanted.push((source.clone(), url));
            }
        }
    }
    let scripts = super::beside(&wanted, |(source, url)| script(context, source, url));
    for script in &scripts {
        context.say(line(script));
    }
    let (verdict, summary) = judge(&scripts);
    Measured::new(verdict, summary, &PacFacts { scripts })
}

/// Where a script is looked for by the name of the network (WPAD).
fn looked_for(context: &Context<'_>) -> Vec<String> {
    let search = platform::name_servers(context).map(|(_, search)| search).unwrap_or_default();
    let under = search.iter().map(|domain| domain.trim_matches('.')).filter(|one| !one.is_empty());
    under.take(2).map(|domain| format!("http://wpad.{domain}/wpad.dat")).collect()
}

fn script(context: &Context<'_>, source: &str, url: &str) -> PacScript {
    let shown = url.split(['?', '#']).next().unwrap_or(url).to_owned();
    let mut told = PacScript { url: shown, source: source.to_owned(), ..PacScript::default() };
    let started = Instant::now();
    let body = match url.strip_prefix("file://") {
        Some(path) => context.bytes(path, MAX_BYTES as u64).map_err(|error| error.reason),
        None => fetch::get(context, url, MAX_BYTES).map(|fetched| {
            told.status = Some(fetched.status);
            fetched.body
        }),
    };
    let body = match body {
        Ok(body) => body,
        Err(error) => {
            told.problem = Some(error);
            return told;
        }
    };
    told.took_us = Some(micros(started.elapsed()));
    told.bytes = u64::try_from(body.len()).ok();
    if told.status.is_some_and(|status| status != 200) {
        told.problem = Some(format!("the server answers {}", told.status.unwrap_or(0)));
        return told;
    }
    let text = String::from_utf8_lossy(&body);
    told.problem = problem(&text).map(str::to_owned);
    told.usable = told.problem.is_none();
    let addresses = proxies(&text);
    told.proxies = super::beside(&addresses, |address| {
        let reached = targets::host_and_port(address, None)
            .is_some_and(|(host, port)| reach::connect_host(context, host, port, KNOCK).is_ok());
        PacProxy { address: address.clone(), reachable: reached }
    });
    told
}

/// What a script would fail on before it says anything.
fn problem(text: &str) -> Option<&'static str> {
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
fn proxies(text: &str) -> Vec<String> {
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

fn line(script: &PacScript) -> String {
    match (&script.problem, script.took_us) {
        (Some(problem), _) => format!("{}: {problem}", script.url),
        (None, Some(us)) => {
            let proxies = script.proxies.len();
            format!("{} came in {} and names {proxies} proxies", script.url, millis(us))
        }
        (None, None) => format!("{} did not come", script.url),
    }
}

fn judge(scripts: &[PacScript]) -> (Verdict, String) {
    if scripts.is_empty() {
        return (Verdict::Pass, "no proxy script is configured for the whole machine".to_owned());
    }
    let bad: Vec<_> = scripts.iter().filter(|script| !script.usable).map(line).collect();
    if !bad.is_empty() {
        return (Verdict::Fail, bad.join(", "));
    }
    let all: Vec<_> = scripts.iter().map(line).collect();
    let slow = scripts.iter().any(|script| script.took_us > Some(micros(SLOW)));
    let dead: Vec<_> = scripts
        .iter()
        .flat_map(|script| &script.proxies)
        .filter(|proxy| !proxy.reachable)
        .map(|proxy| proxy.address.as_str())
        .collect();
    if !dead.is_empty() {
        let dead = dead.join(", ");
        (Verdict::Warn, format!("{}; these take no connections: {dead}", all.join(", ")))
    } else if slow {
        (Verdict::Warn, all.join(", "))
    } else {
        (Verdict::Pass, all.join(", "))
    }
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
