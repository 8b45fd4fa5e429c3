//! One small file over HTTP or HTTPS, as a program would fetch a proxy script: directly, no more than
//! so many bytes, two redirects at most, within a deadline. HTTPS is believed by this machine's roots.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::answer::Answer;
use super::targets::HttpUrl;
use super::{Context, reach, tls};

/// How long the connection, and then the answer, may take.
const ATTEMPT: Duration = Duration::from_secs(6);
const MAX_REDIRECTS: usize = 2;
/// The most bytes of an answer's head.
const MAX_HEAD: usize = 16 << 10;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fetched {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// Where it came from in the end.
    pub(super) url: String,
}

/// Fetches a file; `cap` bytes of it at most.
pub(super) fn get(context: &Context<'_>, url: &str, cap: usize) -> Result<Fetched, String> {
    let mut url = url.to_owned();
    for _ in 0..=MAX_REDIRECTS {
        let bytes = exchange(context, &url, cap + MAX_HEAD)?;
        let answer = Answer::parse(&bytes).ok_or_else(|| "the answer is not HTTP".to_owned())?;
        match answer.location.filter(|_| (300..400).contains(&answer.status)) {
            Some(to) => url = next(&url, to).ok_or_else(|| "it leads nowhere".to_owned())?,
            None => {
                let body = answer.body[..answer.body.len().min(cap)].to_vec();
                return Ok(Fetched { status: answer.status, body, url });
            }
        }
    }
    Err("it leads from one place to the next".to_owned())
}

/// Where a redirect leads: another address, or another path at the same place.
fn next(url: &str, to: &str) -> Option<String> {
    if to.starts_with("http://") || to.starts_with("https://") {
        return Some(to.to_owned());
    }
    let scheme = url.find("://")? + 3;
    let end = url[scheme..].find('/').map_or(url.len(), |at| scheme + at);
    to.starts_with('/').then(|| format!("{}{to}", &url[..end]))
}

fn exchange(context: &Context<'_>, url: &str, cap: usize) -> Result<Vec<u8>, String> {
    let secure = url.starts_with("https://");
    let plain = url.replacen("https://", "http://", 1);
    let parsed = HttpUrl::parse(&plain)
        .ok_or_else(|| "expected an address that begins with http:// or https://".to_owned())?;
    let named = parsed.authority.trim_end_matches(']').ends_with(&format!(":{}", parsed.port));
    let port = if secure && !named { 443 } else { parsed.port };
    let stream = reach::connect_host(context, parsed.host, port, ATTEMPT)?;
    let left = context.left(ATTEMPT).map_err(|late| late.reason)?;
    let question = format!(
        // Of the older version, so that the answer comes in one piece.
        "GET {} HTTP/1.0\r\nHost: {}\r\nUser-Agent: befund\r\nAccept: */*\r\n\r\n",
        parsed.path, parsed.authority
    );
    let until = Instant::now() + left;
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!("{} did not answer in time", parsed.host)
        }
        _ => format!("{} did not answer: {error}", parsed.host),
    };
    if secure {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = tls::roots(context, &provider)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("could not set up TLS: {error}"))?
            .with_webpki_verifier(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(parsed.host.to_owned()).map_err(|_| {
            format!("{:?} is not a name that a certificate can be for", parsed.host)
        })?;
        let connection = ClientConnection::new(Arc::new(config), name)
            .map_err(|error| format!("could not set up TLS: {error}"))?;
        let at = stream.try_clone().map_err(failed)?;
        let mut stream = StreamOwned::new(connection, stream);
        converse(&mut stream, &at, &question, until, cap).map_err(failed)
    } else {
        let at = stream.try_clone().map_err(failed)?;
        let mut stream = stream;
        converse(&mut stream, &at, &question, until, cap).map_err(failed)
    }
}

fn converse(
    stream: &mut (impl Read + Write),
    socket: &TcpStream,
    question: &str,
    until: Instant,
    cap: usize,
) -> std::io::Result<Vec<u8>> {
    let patience = || {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(std::io::Error::from(ErrorKind::TimedOut)) } else { Ok(Some(left)) }
    };
    socket.set_write_timeout(patience()?)?;
    socket.set_read_timeout(patience()?)?;
    stream.write_all(question.as_bytes())?;
    let mut bytes = Vec::new();
    let mut chunk = [0; 8 << 10];
    while bytes.len() < cap {
        socket.set_read_timeout(patience()?)?;
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Servers that hang up without a farewell.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof && !bytes.is_empty() => break,
            Err(error) => return Err(error),
        }
        if Answer::parse(&bytes).is_some_and(|answer| answer.is_whole()) {
            break;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_lead_on() {
        let at = "http://a.example:8080/x/y.pac?q";
        assert_eq!(next(at, "https://b.example/").as_deref(), Some("https://b.example/"));
        assert_eq!(next(at, "/z").as_deref(), Some("http://a.example:8080/z"));
        assert_eq!(next("http://a.example", "/z").as_deref(), Some("http://a.example/z"));
        assert_eq!(next(at, "javascript:x"), None);
    }
}
