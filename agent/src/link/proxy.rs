//! Which proxy a connection goes through, and the CONNECT that opens it.

use std::io;

use data_encoding::BASE64;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::config::ProxyConfig;

/// The most bytes of a proxy's answer.
const MAX_ANSWER_BYTES: usize = 8 << 10;

/// A proxy, and whom it is not for.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// `host:port`.
    pub address: String,
    /// `Basic …`.
    authorization: Option<String>,
    except: Vec<String>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({})", self.address)
    }
}

/// Why a proxy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// The setting is no proxy.
    #[error(
        "the proxy {0:?} cannot be used: expected http://host:port, as in http://proxy.example:3128"
    )]
    Setting(String),
    /// The transport failed.
    #[error("the connection to the proxy broke")]
    Io(#[from] io::Error),
    /// It answered something else than HTTP.
    #[error("the proxy did not answer as an HTTP proxy does")]
    NotHttp,
    /// It said no.
    #[error("the proxy refused the connection: {0}{hint}", hint = hint(.0))]
    Refused(String),
}

fn hint(status: &str) -> &'static str {
    if status.starts_with("407") {
        "; set its user and password in the agent's settings"
    } else {
        ""
    }
}

impl Proxy {
    /// The proxy by the settings, or else by the environment (`HTTPS_PROXY`, `NO_PROXY`, in either
    /// case); `None` for none.
    ///
    /// # Errors
    /// If what is set is no proxy.
    pub fn choose(
        config: Option<&ProxyConfig>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, ProxyError> {
        if let Some(config) = config {
            let credentials = config
                .user
                .as_ref()
                .map(|user| format!("{user}:{}", config.password.as_deref().unwrap_or_default()));
            return Self::parse(&config.url, credentials, config.except.clone());
        }
        let either = |name: &str| environment(name).or_else(|| environment(&name.to_lowercase()));
        let except = either("NO_PROXY").unwrap_or_default();
        let except = except.split(',').map(|host| host.trim().to_owned()).collect();
        Self::parse(&either("HTTPS_PROXY").unwrap_or_default(), None, except)
    }

    fn parse(
        url: &str,
        credentials: Option<String>,
        except: Vec<String>,
    ) -> Result<Option<Self>, ProxyError> {
        let url = url.trim();
        if url.is_empty() {
            return Ok(None);
        }
        // What may hold a password is not repeated.
        let shown = url.rsplit_once('@').map_or(url, |(_, host)| host);
        let wrong = || ProxyError::Setting(shown.to_owned());
        let rest = match url.split_once("://") {
            None => url,
            Some(("http", rest)) => rest,
            Some(_) => return Err(wrong()),
        };
        let rest = rest.trim_end_matches('/');
        let (own, host) = match rest.rsplit_once('@') {
            Some((own, host)) => (Some(own.to_owned()), host),
            None => (None, rest),
        };
        let has_port = host
            .rsplit_once(':')
            .is_some_and(|(name, port)| !name.is_empty() && port.parse::<u16>().is_ok());
        if host.is_empty() || host.contains('/') {
            return Err(wrong());
        }
        let address = if has_port { host.to_owned() } else { format!("{host}:80") };
        let authorization = credentials
            .or(own)
            .map(|credentials| format!("Basic {}", BASE64.encode(credentials.as_bytes())));
        Ok(Some(Self { address, authorization, except }))
    }

    /// Whether this host is reached through it.
    #[must_use]
    pub fn is_for(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']']).to_lowercase();
        !self.except.iter().filter(|entry| !entry.is_empty()).any(|entry| {
            let entry = entry.trim_start_matches("*.").trim_start_matches('.').to_lowercase();
            entry == "*"
                || host == entry
                || host.strip_suffix(&entry).is_some_and(|head| head.ends_with('.'))
        })
    }

    /// Asks it, on a fresh connection, for one to `target` (`host:port`).
    ///
    /// # Errors
    /// If it says no, or nothing that can be understood.
    pub async fn open(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        target: &str,
    ) -> Result<(), ProxyError> {
        let authorization = self
            .authorization
            .as_ref()
            .map(|value| format!("Proxy-Authorization: {value}\r\n"))
            .unwrap_or_default();
        let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n");
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        let mut answer = Vec::new();
        // Byte by byte, since what follows the blank line is no longer the proxy's.
        while !answer.ends_with(b"\r\n\r\n") {
            if answer.len() >= MAX_ANSWER_BYTES {
                return Err(ProxyError::NotHttp);
            }
            answer.push(stream.read_u8().await?);
        }
        let answer = String::from_utf8_lossy(&answer);
        let status = answer
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1."))
            .and_then(|line| line.split_once(' '))
            .map(|(_, status)| status.trim().chars().take(100).collect::<String>())
            .ok_or(ProxyError::NotHttp)?;
        if status.starts_with('2') { Ok(()) } else { Err(ProxyError::Refused(status)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_environment(pairs: &[(&str, &str)]) -> Result<Option<Proxy>, ProxyError> {
        Proxy::choose(None, |name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_names_the_proxy_and_whom_it_is_not_for() {
        let proxy = from_environment(&[
            ("https_proxy", "http://me:secret@proxy.example:3128/"),
            ("NO_PROXY", "localhost, .inside.example,10.0.0.1"),
        ])
        .expect("well formed")
        .expect("set");
        assert_eq!(proxy.address, "proxy.example:3128");
        assert_eq!(proxy.authorization.as_deref(), Some("Basic bWU6c2VjcmV0"));
        for (host, through) in [
            ("help.example", true),
            ("a.inside.example", false),
            ("inside.example", false),
            ("outside.example", true),
            ("10.0.0.1", false),
        ] {
            assert_eq!(proxy.is_for(host), through, "{host}");
        }
    }

    #[test]
    fn a_proxy_that_is_none_is_told_without_its_password() {
        let error = from_environment(&[("HTTPS_PROXY", "socks5://me:secret@proxy.example:1")])
            .expect_err("not an HTTP proxy")
            .to_string();
        assert!(error.contains("proxy.example") && !error.contains("secret"), "{error}");
        assert_eq!(from_environment(&[]).expect("none"), None);
    }
}
