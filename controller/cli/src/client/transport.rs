//! How the controller is reached: TLS that trusts the pinned CA and nothing else, or plain HTTP on
//! loopback; no redirects, so that a token goes nowhere but to its controller.

use std::time::Duration;

use befund_model::token::CaPin;
use befund_runtime::clock::Clock;
use befund_runtime::tls;
use reqwest::Url;

use crate::exit::Exit;
use crate::failure::{Failure, chain};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a stream may be silent; the controller sends a comment every 15 s.
const SILENCE: Duration = Duration::from_secs(60);
/// How long an answer may take as a whole.
pub(super) const ANSWER: Duration = Duration::from_secs(60);

/// Reads a controller's address: `https://…`, or `http://` on loopback.
///
/// # Errors
/// If it is none of the two.
pub(crate) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("{error}; expected an address as in https://help.example:8443"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address with a password in it is not taken".to_owned());
    }
    match url.scheme() {
        "https" if url.has_host() => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("plain HTTP is only allowed to this machine itself (127.0.0.1, [::1], \
                       localhost); use https://"
            .to_owned()),
        other => Err(format!("expected https://…, not {other}:")),
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A client for this address.
pub(super) fn http(url: &Url, pin: Option<CaPin>) -> Result<reqwest::Client, Failure> {
    let what = || format!("prepare the connection to {url}");
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("befund/", env!("CARGO_PKG_VERSION")));
    if is_loopback(url) {
        builder = builder.no_proxy();
    }
    // Plain HTTP never uses it, but without one the builder would look for the system's roots.
    let pin = match (url.scheme(), pin) {
        ("https", None) => {
            return Err(Failure::cannot(Exit::Usage, what(), "the pin of its CA is missing").hint(
                "sign in with --pin sha256:…, as `befund-controller doctor` prints it on the host",
            ));
        }
        (_, pin) => pin.unwrap_or(CaPin([0; 32])),
    };
    let mut config = tls::client(pin, &Clock::system(), None)
        .map_err(|error| Failure::cannot(Exit::Failed, what(), chain(&error)))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    builder
        .tls_backend_preconfigured(config)
        .build()
        .map_err(|error| Failure::cannot(Exit::Failed, what(), chain(&error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        for good in [
            "https://help.example",
            "https://10.0.0.1:8443/",
            "http://127.0.0.1:80",
            "http://[::1]:7480",
            "http://localhost:7480",
        ] {
            assert!(address(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("http://help.example", "plain HTTP"),
            ("http://10.0.0.1", "plain HTTP"),
            ("http://localhost.evil.example", "plain HTTP"),
            ("http://127.0.0.1.evil.example", "plain HTTP"),
            ("help.example", "expected an address"),
            ("ftp://help.example", "expected https"),
            ("https://ada:hunter2@help.example", "password"),
        ] {
            let error = address(bad).expect_err(bad);
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    #[test]
    fn https_needs_a_pin() {
        let url = address("https://help.example").expect("good");
        let failure = http(&url, None).expect_err("no pin");
        assert_eq!(failure.exit(), Exit::Usage);
        http(&url, Some(CaPin([1; 32]))).expect("a pin is enough");
    }
}
