//! HTTP/2 on one connection of a machine, from its handshake to its end. hyper itself and not
//! tonic's server, which holds the states of HTTP/1 and of its layers for every connection as well:
//! 3 KB for each idle machine.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use befund_runtime::lifecycle::Lifecycle;
use befund_runtime::telemetry;
use futures_util::FutureExt as _;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tonic::body::Body;
use tower::Service;
use tracing::{Span, debug};

use super::connection::{Caller, Stream};

/// HTTP/2 windows, bytes: enough for an upload's small frames, little enough for an idle machine.
const WINDOW: u32 = 64 << 10;
/// Streams of one machine at once: its session, uploads, a renewal.
const STREAMS: u32 = 8;
/// The most bytes of a request's headers.
const HEADERS: u32 = 4 << 10;
/// How often a silent connection is asked whether it is there, and how long it may think.
const PING: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(20));

/// Serves connections through one door.
#[derive(Clone)]
pub(super) struct Serving<D> {
    /// Who may call what.
    pub(super) door: D,
    /// The process's life.
    pub(super) life: Lifecycle,
}

impl<D, F> Serving<D>
where
    D: Service<
            http::Request<Body>,
            Response = http::Response<Body>,
            Error = Infallible,
            Future = F,
        > + Clone
        + Send
        + 'static,
    F: Future<Output = Result<http::Response<Body>, Infallible>> + Send + 'static,
{
    /// Serves until either side ends the connection.
    pub(super) fn begin(&self, stream: Stream) {
        let caller = stream.caller();
        let door = self.door.clone();
        let service = service_fn(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(Caller(caller.clone()));
            // The door and what is behind it are always ready.
            door.clone().call(request.map(Body::new))
        });
        let serving = http2::Builder::new(Tracked(self.life.clone()))
            .timer(TokioTimer::new())
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(HEADERS)
            .keep_alive_interval(PING.0)
            .keep_alive_timeout(PING.1)
            .serve_connection(TokioIo::new(stream), service);
        self.life.spawn(
            Span::none(),
            serving.map(|served| {
                if let Err(error) = served {
                    debug!(error = telemetry::chain(&error), "a machine's connection broke");
                }
            }),
        );
    }
}

/// Runs each stream as a task that the process's end waits for.
#[derive(Clone)]
struct Tracked(Lifecycle);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tracked {
    fn execute(&self, stream: F) {
        self.0.spawn(Span::none(), stream);
    }
}
