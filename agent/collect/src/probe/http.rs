//! `net.http`: asks known places over plain HTTP, and sees whether somebody on the way answers
//! instead. docs/probes.md: a redirect is a captive portal, no answer is a failure.
//!
//! A client of its own: one request, one answer of which the beginning matters, no redirect
//! followed, nothing sent but the question.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use befund_model::probe::remote::{HttpCheck, HttpFacts, Portal};
use befund_model::probe::{Parameters, Verdict};

use super::answer::Answer;
use super::targets::{self, HttpUrl};
use super::{Context, Measured, Outcome, Unmeasured, micros, millis, reach};

/// How long the connection, and then the answer, may take.
const ATTEMPT: Duration = Duration::from_secs(4);
/// The most bytes of an answer that are read.
const MAX_ANSWER: usize = 16 << 10;

pub(super) fn run(context: &Context<'_>, parameters: &Parameters) -> Outcome {
    let picked = parameters.name("check");
    let chosen: Vec<_> = context
        .targets
        .http
        .iter()
        .filter(|(name, _)| picked.is_none_or(|picked| picked == name.as_str()))
        .collect();
    if chosen.is_empty() {
        return Err(Unmeasured::unsupported("the policy lists no addresses under targets.http"));
    }
    let checks = super::beside(&chosen, |(name, check)| ask(context, name, check));
    for check in &checks {
        context.say(line(check));
    }
    let has = |result| checks.iter().find(|check| check.result == result);
    let (result, verdict, summary) = if let Some(check) = has(Portal::Open) {
        let latency = millis(check.latency_us.unwrap_or(0));
        (Portal::Open, Verdict::Pass, format!("the Internet is open ({} in {latency})", check.name))
    } else if let Some(check) = has(Portal::Redirect) {
        (Portal::Redirect, Verdict::Warn, line(check))
    } else {
        let all: Vec<_> = checks.iter().map(line).collect();
        (Portal::None, Verdict::Fail, all.join(", "))
    };
    let portal_host = match result {
        Portal::Redirect => checks.iter().find_map(|check| check.location_host.clone()),
        Portal::Open | Portal::None => None,
    };
    Measured::new(verdict, summary, &HttpFacts { checks, result, portal_host })
}

fn ask(context: &Context<'_>, name: &str, wanted: &targets::HttpCheck) -> HttpCheck {
    let mut check =
        HttpCheck { name: name.to_owned(), url: wanted.url.clone(), ..HttpCheck::default() };
    let started = Instant::now();
    match exchange(context, &wanted.url) {
        Err(error) => check.error = Some(error),
        Ok(bytes) => match Answer::parse(&bytes) {
            None => check.error = Some("the answer is not HTTP".to_owned()),
            Some(answer) => {
                check.latency_us = Some(micros(started.elapsed()));
                check.status = Some(answer.status);
                let body = wanted.body.as_deref().unwrap_or("");
                check.expected =
                    answer.status == wanted.status && answer.body.starts_with(body.as_bytes());
                check.location_host = answer.location.and_then(host_of);
                check.result = if check.expected { Portal::Open } else { Portal::Redirect };
            }
        },
    }
    check
}

fn exchange(context: &Context<'_>, url: &str) -> Result<Vec<u8>, String> {
    let url = HttpUrl::parse(url).ok_or_else(|| format!("{url:?} is not an http:// address"))?;
    let mut stream = reach::connect_host(context, url.host, url.port, ATTEMPT)?;
    let until = Instant::now() + context.left(ATTEMPT).map_err(|late| late.reason)?;
    let failed =
        |verb: &str, error: std::io::Error| format!("could not {verb} {}: {error}", url.host);
    let question = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: befund\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        url.path, url.authority
    );
    stream.set_write_timeout(Some(ATTEMPT)).map_err(|error| failed("write to", error))?;
    stream.write_all(question.as_bytes()).map_err(|error| failed("write to", error))?;
    let mut bytes = vec![0; MAX_ANSWER];
    let mut length = 0;
    while length < bytes.len() && !Answer::parse(&bytes[..length]).is_some_and(|one| one.is_whole())
    {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(format!("{} did not answer within {} s", url.host, ATTEMPT.as_secs()));
        }
        stream.set_read_timeout(Some(left)).map_err(|error| failed("read from", error))?;
        match stream.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // Judged by what came.
            Err(_) if length > 0 => break,
            Err(error) => return Err(failed("read from", error)),
        }
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// The host of an address that a stranger gave: letters, digits, `-`, `.` and `:` only.
fn host_of(location: &str) -> Option<String> {
    let rest = location.strip_prefix("http://").or_else(|| location.strip_prefix("https://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
    (!host.is_empty() && host.len() <= 255 && host.bytes().all(fits)).then(|| host.to_owned())
}

/// Reads an answer: its status, and the host that it sends to.
pub(super) fn read(bytes: &[u8]) -> Option<(u16, Option<String>)> {
    let answer = Answer::parse(bytes)?;
    Some((answer.status, answer.location.and_then(host_of)))
}

fn line(check: &HttpCheck) -> String {
    match (check.result, check.status, &check.error) {
        (Portal::Open, Some(status), _) => format!("{} answers {status} as expected", check.name),
        (_, Some(status), _) => match &check.location_host {
            Some(host) => {
                format!("{} is answered {status} and sent to {host}: a captive portal", check.name)
            }
            None => format!("{} is answered {status} by somebody else", check.name),
        },
        (_, None, error) => format!("{}: {}", check.name, error.as_deref().unwrap_or("no answer")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_is_read() {
        let text =
            b"HTTP/1.0 302 Found\r\nlocation: https://login.hotel.example:8443/x?u=1\r\n\r\nGo";
        let answer = Answer::parse(text).expect("an answer");
        assert_eq!((answer.status, answer.body), (302, &b"Go"[..]));
        assert_eq!(answer.location.and_then(host_of).as_deref(), Some("login.hotel.example:8443"));
    }

    #[test]
    fn hosts_that_are_none_are_not_told() {
        for bad in ["javascript:alert(1)", "http://", "http://a b/", "/login", "http://<x>/"] {
            assert_eq!(host_of(bad), None, "{bad}");
        }
        assert_eq!(host_of("http://user:pass@a.example/").as_deref(), Some("a.example"));
    }
}
