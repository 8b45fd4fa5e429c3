//! A connection to a controller: TCP (through a proxy, if there is one), TLS with the pinned CA,
//! HTTP/2 with small windows. One connection is one channel: when it breaks, the channel is of no
//! more use, and whoever holds it connects anew, with jitter.

use std::error::Error as StdError;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use befund_runtime::tls::WrongPin;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

use super::proxy::{Proxy, ProxyError};

/// How long TCP, the proxy and TLS may take, each.
const PATIENCE: Duration = Duration::from_secs(10);
/// HTTP/2's windows: uploads go the other way, and what comes is small.
const WINDOW: u32 = 64 << 10;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address cannot be read.
    #[error("{0:?} is not a controller's address: expected host:port, as in help.example:443")]
    Address(String),
    /// Nobody there.
    #[error("could not reach {0}")]
    Unreachable(String, #[source] io::Error),
    /// It took too long.
    #[error("{0} did not answer within {seconds} s", seconds = PATIENCE.as_secs())]
    Late(String),
    /// The proxy's fault.
    #[error("could not reach {0} through the proxy {1}")]
    Proxy(String, String, #[source] ProxyError),
    /// The server's certificate is not good at this time.
    #[error("the certificate of {0} is not valid at the time that this machine's clock shows")]
    Validity(String, #[source] io::Error),
    /// The server is not the one that is trusted.
    #[error("{0} is not the controller that this machine trusts")]
    Untrusted(String, #[source] io::Error),
    /// TLS failed otherwise.
    #[error("no secure connection to {0} could be made")]
    Tls(String, #[source] io::Error),
    /// HTTP/2 did not start.
    #[error("{0} does not speak as a controller does")]
    Http(String, #[source] tonic::transport::Error),
}

/// Connects to one address.
///
/// # Errors
/// As the variants say.
pub async fn connect(
    address: &str,
    mut tls: ClientConfig,
    proxy: Option<&Proxy>,
) -> Result<Channel, ConnectError> {
    let host = host_of(address).ok_or_else(|| ConnectError::Address(address.to_owned()))?;
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| ConnectError::Address(address.to_owned()))?;
    let late = |_| ConnectError::Late(address.to_owned());
    let proxy = proxy.filter(|proxy| proxy.is_for(host));
    let dial = proxy.map_or(address, |proxy| proxy.address.as_str());
    let mut stream = timeout(PATIENCE, TcpStream::connect(dial))
        .await
        .map_err(late)?
        .map_err(|error| ConnectError::Unreachable(dial.to_owned(), error))?;
    // A lost setting costs speed, nothing else.
    let _ = stream.set_nodelay(true);
    if let Some(proxy) = proxy {
        timeout(PATIENCE, proxy.open(&mut stream, address)).await.map_err(late)?.map_err(
            |error| ConnectError::Proxy(address.to_owned(), proxy.address.clone(), error),
        )?;
    }
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let stream = timeout(PATIENCE, TlsConnector::from(Arc::new(tls)).connect(name, stream))
        .await
        .map_err(late)?
        .map_err(|error| judge(address, error))?;
    channel(address, TokioIo::new(stream)).await
}

async fn channel(
    address: &str,
    stream: TokioIo<TlsStream<TcpStream>>,
) -> Result<Channel, ConnectError> {
    let http = |error| ConnectError::Http(address.to_owned(), error);
    let endpoint = Endpoint::from_shared(format!("http://{address}"))
        .map_err(http)?
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .http2_keep_alive_interval(Duration::from_secs(60))
        .keep_alive_timeout(Duration::from_secs(20))
        .keep_alive_while_idle(true)
        .buffer_size(16);
    let stream = Mutex::new(Some(stream));
    let once = tower::service_fn(move |_| {
        let stream = stream.lock().unwrap_or_else(PoisonError::into_inner).take();
        std::future::ready(stream.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected)))
    });
    endpoint.connect_with_connector(once).await.map_err(http)
}

/// The host of `host:port`, without the brackets of an IPv6 address.
fn host_of(address: &str) -> Option<&str> {
    let (host, port) = address.rsplit_once(':')?;
    port.parse::<u16>().ok()?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    (!host.is_empty()).then_some(host)
}

fn judge(address: &str, error: io::Error) -> ConnectError {
    let address = address.to_owned();
    match rustls_error(&error) {
        Some(rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        )) => ConnectError::Validity(address, error),
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(why))) => {
            match why.0.downcast_ref::<WrongPin>() {
                Some(pin) => ConnectError::Untrusted(address, io::Error::other(pin.clone())),
                None => ConnectError::Untrusted(address, error),
            }
        }
        Some(rustls::Error::InvalidCertificate(_)) => ConnectError::Untrusted(address, error),
        _ => ConnectError::Tls(address, error),
    }
}

/// The error of TLS among an error's causes.
fn rustls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let within = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .and_then(|inner| rustls_error(inner));
        if within.is_some() {
            return within;
        }
        next = error.source();
    }
    None
}

/// What the server said of our certificate, where it turned us away because of it. Under TLS 1.3
/// this comes with the first answer, not with the handshake.
#[must_use]
pub fn alert_in(error: &(dyn StdError + 'static)) -> Option<AlertDescription> {
    match rustls_error(error) {
        Some(rustls::Error::AlertReceived(alert)) => Some(*alert),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_told_from_its_port() {
        assert_eq!(host_of("help.example:443"), Some("help.example"));
        assert_eq!(host_of("[::1]:7443"), Some("::1"));
        assert_eq!(host_of("127.0.0.1:0"), Some("127.0.0.1"));
        for wrong in ["help.example", ":443", "help.example:https", ""] {
            assert_eq!(host_of(wrong), None, "{wrong}");
        }
    }
}
