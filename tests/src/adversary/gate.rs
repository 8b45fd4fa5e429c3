//! The gate of the hostile controller: the real wire and the real TLS, with the stolen CA, where the honest one listened.
//! It says what the attacks have it say, and acknowledges everything. Not the attacks.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use befund_model::id::{AgentId, JobId};
use befund_model::job::{JobEvent, Outcome};
use befund_proto::convert::json;
use befund_proto::v1;
use befund_proto::v1::agent_message::Body as In;
use befund_proto::v1::controller_message::Body as Out;
use befund_proto::v1::{enrollment_server, link_server};
use befund_runtime::clock::Clock;
use befund_runtime::tls;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status, Streaming};

use super::ca::StolenCa;
use super::lanes::{Heard, Lanes};

/// The controller, serving until it is dropped.
#[derive(Debug)]
pub struct HostileController {
    /// What the machines said, and the way to speak to them.
    pub lanes: Arc<Lanes>,
    gate: Gate,
    _runtime: Runtime,
}

impl HostileController {
    /// Takes the place of the controller of this data folder, which has stopped, at its gate's address.
    ///
    /// # Panics
    /// If the address cannot be had.
    #[must_use]
    pub fn in_place_of(data: &Path, address: &str) -> Self {
        let address: SocketAddr = address.parse().expect("an address");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let (lanes, ca) = (Arc::new(Lanes::default()), Arc::new(StolenCa::of(data)));
        let gate = Gate { lanes: Arc::clone(&lanes), ca, ahead_ms: Arc::default() };
        let config = tls::gate(gate.ca.listener(), gate.ca.root().clone(), &Clock::system());
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config.expect("a gate")));
        let listener = runtime.block_on(TcpListener::bind(address)).expect("the gate's address");
        let (accepted, streams) = mpsc::channel::<io::Result<Io>>(16);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, accepted) = (acceptor.clone(), accepted.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let _ = accepted.send(Ok(Io(stream))).await;
                    }
                });
            }
        });
        let server = tonic::transport::Server::builder()
            .add_service(enrollment_server::EnrollmentServer::new(gate.clone()))
            .add_service(link_server::LinkServer::new(gate.clone()))
            .serve_with_incoming(ReceiverStream::new(streams));
        runtime.spawn(server);
        Self { lanes, gate, _runtime: runtime }
    }

    /// What the controller's signed time is from now on, in milliseconds ahead of the right one.
    pub fn set_ahead(&self, milliseconds: i64) {
        self.gate.ahead_ms.store(milliseconds, Ordering::SeqCst);
    }
}

#[derive(Clone, Debug)]
struct Gate {
    lanes: Arc<Lanes>,
    ca: Arc<StolenCa>,
    ahead_ms: Arc<AtomicI64>,
}

type Replies<T> = Pin<Box<dyn tokio_stream::Stream<Item = Result<T, Status>> + Send>>;

fn agent_of<T>(request: &Request<T>) -> Result<AgentId, Status> {
    let who = request.extensions().get::<Who>().and_then(|who| who.0);
    who.ok_or_else(|| Status::unauthenticated("no certificate"))
}

fn job(bytes: &[u8]) -> JobId {
    JobId::from_slice(bytes).expect("a machine sends ids")
}

impl Gate {
    /// Notes what a machine said; what is answered.
    fn hear(&self, agent: AgentId, results: &Mutex<Vec<u8>>, said: In) -> Option<Out> {
        let (heard, answer) = match said {
            In::Hello(hello) => {
                if let Some(trust) = hello.trust {
                    self.lanes.note(agent, Heard::Trust(trust));
                }
                return None;
            }
            In::Trust(trust) => (Heard::Trust(trust), None),
            In::OrderAccepted(accepted) => (Heard::Accepted(job(&accepted.job)), None),
            In::SaidAck(ack) => (Heard::SaidAck(job(&ack.job), ack.seq), None),
            In::Event(event) => {
                let what: JobEvent = json::read("event", &event.body).expect("an event");
                let ack = v1::EventAck { job: event.job.clone(), seq: event.seq };
                (Heard::Event(job(&event.job), what), Some(Out::EventAck(ack)))
            }
            In::Result(part) => {
                let mut whole = results.lock().unwrap_or_else(PoisonError::into_inner);
                whole.extend_from_slice(&part.body);
                if !part.last {
                    return None;
                }
                let whole = std::mem::take(&mut *whole);
                let outcome: Outcome = json::read("outcome", &whole).expect("an outcome");
                let ack = v1::ResultAck { job: part.job.clone() };
                (Heard::Ended(job(&part.job), Box::new(outcome)), Some(Out::ResultAck(ack)))
            }
            In::Heartbeat(_) | In::CheckIn(_) | In::OwnJob(_) => return None,
        };
        self.lanes.note(agent, heard);
        answer
    }
}

#[tonic::async_trait]
impl link_server::Link for Gate {
    async fn renew(
        &self,
        request: Request<v1::RenewRequest>,
    ) -> Result<Response<v1::Certificate>, Status> {
        let agent = agent_of(&request)?;
        Ok(Response::new(self.ca.issue(agent, &request.into_inner().csr)))
    }

    type CatalogueStream = Replies<v1::CataloguePart>;

    async fn catalogue(
        &self,
        request: Request<v1::CatalogueRequest>,
    ) -> Result<Response<Self::CatalogueStream>, Status> {
        let agent = agent_of(&request)?;
        self.lanes.note(agent, Heard::AskedCatalogue);
        let parts = self.lanes.shelf(agent).into_iter().map(Ok);
        Ok(Response::new(Box::pin(tokio_stream::iter(parts))))
    }

    type SessionStream = Replies<v1::ControllerMessage>;

    async fn session(
        &self,
        request: Request<Streaming<v1::AgentMessage>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let agent = agent_of(&request)?;
        let mut inbound = request.into_inner();
        let (say, said) = mpsc::channel(256);
        let gate = self.clone();
        tokio::spawn(async move {
            let results = Mutex::default();
            while let Ok(Some(message)) = inbound.message().await {
                let Some(body) = message.body else { continue };
                let hello = matches!(body, In::Hello(_));
                let answer = gate.hear(agent, &results, body);
                if hello {
                    let welcome = v1::Welcome {
                        organisation: "Example Works".to_owned(),
                        heartbeat_seconds: 30,
                        ..v1::Welcome::default()
                    };
                    let body = Some(Out::Welcome(welcome));
                    let _ = say.send(Ok(v1::ControllerMessage { body })).await;
                    gate.lanes.opened(agent, say.clone());
                    gate.lanes.note(agent, Heard::Hello);
                }
                if let Some(answer) = answer {
                    let _ = say.send(Ok(v1::ControllerMessage { body: Some(answer) })).await;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(said))))
    }

    type UploadStream = Replies<v1::UploadReply>;

    async fn upload(
        &self,
        _: Request<Streaming<v1::UploadPart>>,
    ) -> Result<Response<Self::UploadStream>, Status> {
        // What a machine sends is nothing to attack it with.
        let later = v1::UploadReply { body: Some(v1::upload_reply::Body::LaterMs(3_600_000)) };
        Ok(Response::new(Box::pin(tokio_stream::once(Ok(later)))))
    }
}

#[tonic::async_trait]
impl enrollment_server::Enrollment for Gate {
    async fn enroll(
        &self,
        _: Request<v1::EnrollRequest>,
    ) -> Result<Response<v1::Certificate>, Status> {
        Err(Status::unavailable("nobody enrolls here"))
    }

    type RecoverStream = Replies<v1::RecoverReply>;

    async fn recover(
        &self,
        _: Request<Streaming<v1::RecoverRequest>>,
    ) -> Result<Response<Self::RecoverStream>, Status> {
        Err(Status::unavailable("nothing is recovered here"))
    }

    async fn time(
        &self,
        request: Request<v1::TimeRequest>,
    ) -> Result<Response<v1::TimeReply>, Status> {
        let ahead = self.ahead_ms.load(Ordering::SeqCst);
        let now = Clock::system().now();
        let far = Duration::from_millis(ahead.unsigned_abs());
        let now = if ahead < 0 { now - far } else { now + far };
        Ok(Response::new(self.ca.time(&request.into_inner().nonce, now)))
    }
}

struct Io(TlsStream<TcpStream>);

/// Whose certificate is at the other end, if any.
#[derive(Clone, Copy, Debug)]
struct Who(Option<AgentId>);

impl Connected for Io {
    type ConnectInfo = Who;

    fn connect_info(&self) -> Who {
        let certificates = self.0.get_ref().1.peer_certificates();
        let leaf = certificates.and_then(|chain| chain.first());
        Who(leaf.and_then(|leaf| tls::peer_of(leaf).ok()).map(|peer| peer.agent))
    }
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
