//! A gate of the test's own: the real wire and the real TLS, in front of answers that the test
//! chooses.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use befund_model::Timestamp;
use befund_model::id::AgentId;
use befund_model::token::{CaPin, EnrollmentToken, Secret};
use befund_proto::v1;
use befund_proto::v1::agent_message::Body as In;
use befund_proto::v1::controller_message::Body as Out;
use befund_proto::v1::upload_part::Body as Part;
use befund_proto::v1::{enrollment_server, link_server};
use befund_runtime::clock::Clock;
use befund_runtime::tls;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status, Streaming};

/// What the gate heard.
#[derive(Debug)]
pub(crate) enum Heard {
    Enrolled,
    Recovered(u64),
    Renewed,
    AskedTime,
    /// A session was refused.
    Refused,
    /// A session's first message.
    Hello(v1::Hello),
    /// The catalogue was asked for.
    AskedCatalogue(v1::CatalogueRequest),
    Said(In),
    /// A snapshot: its manifest and purpose, and the payload's bytes.
    Uploaded {
        manifest: befund_model::snapshot::Manifest,
        purpose: String,
        bytes: usize,
    },
}

/// What the gate answers.
pub(crate) struct Answers {
    /// Enroll is refused with this.
    pub(crate) refuse_enroll: Option<Status>,
    /// From when and until when new certificates are good, from the gate's time.
    pub(crate) validity: (Duration, Duration),
    /// What comes after welcome, on each session.
    pub(crate) after_welcome: Vec<v1::ControllerMessage>,
    /// Whether results are acknowledged.
    pub(crate) acknowledge_results: bool,
    /// Sessions are refused with this.
    pub(crate) refuse_session: Option<Status>,
    /// The catalogue's digest and the root's version, told in each welcome.
    pub(crate) current: (Vec<u8>, u32),
    /// What is handed out.
    pub(crate) catalogue: Vec<v1::CataloguePart>,
}

type Saying = mpsc::Sender<Result<v1::ControllerMessage, Status>>;

struct Ca {
    root: CertificateDer<'static>,
    intermediate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    key: Vec<u8>,
}

/// The gate.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) address: SocketAddr,
    pub(crate) pin: CaPin,
    pub(crate) agent: AgentId,
    pub(crate) answers: Arc<Mutex<Answers>>,
    pub(crate) clock: Clock,
    ca: Arc<Ca>,
    heard: mpsc::UnboundedSender<Heard>,
    bound: Arc<Mutex<Vec<Vec<u8>>>>,
    /// Where the last session is spoken to.
    say: Arc<Mutex<Option<Saying>>>,
}

type Replies<T> = Pin<Box<dyn futures_core::Stream<Item = Result<T, Status>> + Send>>;

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params
}

fn ca(clock: &Clock) -> (Ca, KeyPair, Vec<CertificateDer<'static>>) {
    let root_key = KeyPair::generate().unwrap();
    let root = authority("root").self_signed(&root_key).unwrap();
    let root_issuer = Issuer::new(authority("root"), root_key);
    let key = KeyPair::generate().unwrap();
    let intermediate = authority("intermediate").signed_by(&key, &root_issuer).unwrap();
    let bytes = key.serialize_der();
    let issuer = Issuer::new(authority("intermediate"), key);
    let server_key = KeyPair::generate().unwrap();
    let mut server = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let (now, day) = (time(clock.now()), time::Duration::days(1));
    (server.not_before, server.not_after) = (now - day, now + day);
    let server = server.signed_by(&server_key, &issuer).unwrap();
    let chain = vec![server.der().clone(), intermediate.der().clone(), root.der().clone()];
    let ca = Ca {
        root: root.der().clone(),
        intermediate: intermediate.der().clone(),
        issuer,
        key: bytes,
    };
    (ca, server_key, chain)
}

fn time(at: Timestamp) -> time::OffsetDateTime {
    time::OffsetDateTime::from_unix_timestamp(at.as_second()).unwrap()
}

impl Gate {
    /// Starts one on a free port; it ends with the test's runtime.
    pub(crate) async fn start() -> (Self, mpsc::UnboundedReceiver<Heard>) {
        Self::start_at(0).await
    }

    /// Starts one whose clock is so many milliseconds ahead.
    pub(crate) async fn start_at(ahead_ms: i64) -> (Self, mpsc::UnboundedReceiver<Heard>) {
        let clock = Clock::system();
        clock.correct_by(ahead_ms);
        let (ca, server_key, chain) = ca(&clock);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (heard, hears) = mpsc::unbounded_channel();
        let gate = Self {
            address: listener.local_addr().unwrap(),
            pin: tls::pin_of(&ca.root).unwrap(),
            agent: AgentId::new(Timestamp::UNIX_EPOCH, [5; 10]),
            answers: Arc::new(Mutex::new(Answers {
                refuse_enroll: None,
                validity: (Duration::from_secs(3600), Duration::from_secs(24 * 3600)),
                after_welcome: Vec::new(),
                acknowledge_results: true,
                refuse_session: None,
                current: (Vec::new(), 0),
                catalogue: Vec::new(),
            })),
            clock,
            ca: Arc::new(ca),
            heard,
            bound: Arc::default(),
            say: Arc::default(),
        };
        let identity = tls::Identity { chain, key: PrivateKeyDer::Pkcs8(server_key.into()) };
        let config = tls::gate(identity, gate.ca.root.clone(), &gate.clock).unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let (accepted, streams) = mpsc::channel::<io::Result<Io>>(16);
        tokio::spawn(async move {
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
        tokio::spawn(server);
        (gate, hears)
    }

    /// A token for this gate.
    pub(crate) fn token(&self) -> EnrollmentToken {
        EnrollmentToken {
            addresses: vec![self.address.to_string()],
            ca_pin: self.pin,
            trust_root: None,
            id: befund_model::id::TokenId::new(Timestamp::UNIX_EPOCH, [1; 10]),
            secret: Secret([2; 32]),
        }
    }

    /// Says something on the last session.
    pub(crate) async fn say(&self, message: v1::ControllerMessage) {
        let say = self.say.lock().unwrap().clone().unwrap();
        say.send(Ok(message)).await.unwrap();
    }

    /// Breaks the last session off.
    pub(crate) async fn break_off(&self) {
        let say = self.say.lock().unwrap().take().unwrap();
        say.send(Err(Status::unavailable("broken off"))).await.unwrap();
    }

    fn tell(&self, heard: Heard) {
        let _ = self.heard.send(heard);
    }

    fn issue(&self, csr: &[u8], counter: u64) -> v1::Certificate {
        let mut request = CertificateSigningRequestParams::from_der(&csr.into()).unwrap();
        let (before, after) = self.answers.lock().unwrap().validity;
        let now = self.clock.now();
        let (not_before, not_after) = (now - before, now + after);
        request.params.subject_alt_names =
            vec![SanType::URI(tls::agent_uri(self.agent).try_into().unwrap())];
        request.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        (request.params.not_before, request.params.not_after) = (time(not_before), time(not_after));
        let leaf = request.signed_by(&self.ca.issuer).unwrap();
        let key = tls::peer_of(leaf.der()).unwrap().public_key;
        self.bound.lock().unwrap().push(key);
        let chain = [leaf.der(), &self.ca.intermediate, &self.ca.root];
        v1::Certificate {
            agent_id: befund_proto::convert::id::bytes(self.agent.as_bytes()),
            chain: chain.iter().map(|der| bytes::Bytes::copy_from_slice(der)).collect(),
            not_before: not_before.as_millisecond(),
            not_after: not_after.as_millisecond(),
            organisation: "Example Ltd".into(),
            recovery_counter: counter,
        }
    }
}

#[tonic::async_trait]
impl enrollment_server::Enrollment for Gate {
    async fn enroll(
        &self,
        request: Request<v1::EnrollRequest>,
    ) -> Result<Response<v1::Certificate>, Status> {
        if let Some(status) = self.answers.lock().unwrap().refuse_enroll.clone() {
            return Err(status);
        }
        let certificate = self.issue(&request.into_inner().csr, 0);
        self.tell(Heard::Enrolled);
        Ok(Response::new(certificate))
    }

    type RecoverStream = Replies<v1::RecoverReply>;

    async fn recover(
        &self,
        request: Request<Streaming<v1::RecoverRequest>>,
    ) -> Result<Response<Self::RecoverStream>, Status> {
        use v1::recover_reply::Step as Reply;
        use v1::recover_request::Step;
        let mut inbound = request.into_inner();
        let (say, said) = mpsc::channel(4);
        let gate = self.clone();
        tokio::spawn(async move {
            let begin = inbound.message().await.unwrap().unwrap();
            assert!(matches!(begin.step, Some(Step::Begin(_))));
            let nonce = [9; 32];
            let challenge = v1::RecoverChallenge { nonce: nonce.to_vec().into() };
            let reply = v1::RecoverReply { step: Some(Reply::Challenge(challenge)) };
            say.send(Ok(reply)).await.unwrap();
            let Some(Step::Proof(proof)) = inbound.message().await.unwrap().unwrap().step else {
                panic!("no proof")
            };
            let digest = ring::digest::digest(&ring::digest::SHA256, &proof.csr);
            let message = [
                b"befund-recover-v1\0".as_slice(),
                gate.agent.as_bytes(),
                &nonce,
                &proof.counter.to_be_bytes(),
                digest.as_ref(),
            ]
            .concat();
            let bound = gate.bound.lock().unwrap().last().unwrap().clone();
            // The key is the last 65 bytes of a P-256 SubjectPublicKeyInfo.
            let key = ring::signature::UnparsedPublicKey::new(
                &ring::signature::ECDSA_P256_SHA256_ASN1,
                &bound[bound.len() - 65..],
            );
            let answer = match key.verify(&message, &proof.signature) {
                Ok(()) => {
                    gate.tell(Heard::Recovered(proof.counter));
                    let certificate = gate.issue(&proof.csr, proof.counter);
                    Ok(v1::RecoverReply { step: Some(Reply::Certificate(certificate)) })
                }
                Err(_) => Err(Status::permission_denied("not proven")),
            };
            let _ = say.send(answer).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(said))))
    }

    async fn time(
        &self,
        request: Request<v1::TimeRequest>,
    ) -> Result<Response<v1::TimeReply>, Status> {
        self.tell(Heard::AskedTime);
        let now = self.clock.now().as_millisecond();
        let nonce = request.into_inner().nonce;
        let message = [b"befund-time-v1\0".as_slice(), &nonce, &now.to_be_bytes()].concat();
        let signature = befund_agent::identity::key::sign(&self.ca.key, &message).unwrap();
        let chain = [&self.ca.intermediate, &self.ca.root];
        Ok(Response::new(v1::TimeReply {
            now,
            signature: signature.into(),
            chain: chain.iter().map(|der| bytes::Bytes::copy_from_slice(der)).collect(),
        }))
    }
}

#[tonic::async_trait]
impl link_server::Link for Gate {
    async fn renew(
        &self,
        request: Request<v1::RenewRequest>,
    ) -> Result<Response<v1::Certificate>, Status> {
        let certificate = self.issue(&request.into_inner().csr, 0);
        self.tell(Heard::Renewed);
        Ok(Response::new(certificate))
    }

    type CatalogueStream = Replies<v1::CataloguePart>;

    async fn catalogue(
        &self,
        request: Request<v1::CatalogueRequest>,
    ) -> Result<Response<Self::CatalogueStream>, Status> {
        self.tell(Heard::AskedCatalogue(request.into_inner()));
        let parts = self.answers.lock().unwrap().catalogue.clone();
        let parts = futures_util::stream::iter(parts.into_iter().map(Ok));
        Ok(Response::new(Box::pin(parts)))
    }

    type SessionStream = Replies<v1::ControllerMessage>;

    async fn session(
        &self,
        request: Request<Streaming<v1::AgentMessage>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        if let Some(status) = self.answers.lock().unwrap().refuse_session.clone() {
            self.tell(Heard::Refused);
            return Err(status);
        }
        let mut inbound = request.into_inner();
        let (say, said) = mpsc::channel(64);
        let gate = self.clone();
        tokio::spawn(async move {
            let (catalogue, root_version) = gate.answers.lock().unwrap().current.clone();
            let welcome = v1::Welcome {
                catalogue: catalogue.into(),
                root_version,
                organisation: "Example Ltd".into(),
                heartbeat_seconds: 30,
                clock: gate.clock.now().as_millisecond(),
                ..Default::default()
            };
            while let Ok(Some(message)) = inbound.message().await {
                match message.body {
                    Some(In::Hello(hello)) => {
                        gate.tell(Heard::Hello(hello));
                        *gate.say.lock().unwrap() = Some(say.clone());
                        let body = Some(Out::Welcome(welcome.clone()));
                        let _ = say.send(Ok(v1::ControllerMessage { body })).await;
                        let more = gate.answers.lock().unwrap().after_welcome.clone();
                        for message in more {
                            let _ = say.send(Ok(message)).await;
                        }
                    }
                    Some(In::Result(part)) if part.last => {
                        let ack = Out::ResultAck(v1::ResultAck { job: part.job.clone() });
                        gate.tell(Heard::Said(In::Result(part)));
                        if !gate.answers.lock().unwrap().acknowledge_results {
                            continue;
                        }
                        let _ = say.send(Ok(v1::ControllerMessage { body: Some(ack) })).await;
                    }
                    Some(other) => gate.tell(Heard::Said(other)),
                    None => {}
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(said))))
    }

    type UploadStream = Replies<v1::UploadReply>;

    async fn upload(
        &self,
        request: Request<Streaming<v1::UploadPart>>,
    ) -> Result<Response<Self::UploadStream>, Status> {
        use v1::upload_reply::Body as Reply;
        let mut inbound = request.into_inner();
        let (say, said) = mpsc::channel(4);
        let gate = self.clone();
        tokio::spawn(async move {
            let (mut manifest, mut purpose, mut bytes) = (Vec::new(), String::new(), 0);
            let (mut sections, mut expected) = (0, 0);
            while let Ok(Some(part)) = inbound.message().await {
                match part.body {
                    Some(Part::Open(open)) => {
                        manifest.extend_from_slice(&open.manifest);
                        purpose.push_str(&String::from_utf8_lossy(&open.purpose));
                        if open.more {
                            continue;
                        }
                        let known: befund_model::snapshot::Manifest =
                            serde_json::from_slice(&manifest).unwrap();
                        sections = known.sections.len();
                        let wanted = (0..sections)
                            .map(|index| v1::WantedSection {
                                index: index as u32,
                                base: bytes::Bytes::new(),
                            })
                            .collect();
                        let body = Some(Reply::Wanted(v1::UploadWanted { sections: wanted }));
                        let _ = say.send(Ok(v1::UploadReply { body })).await;
                    }
                    Some(Part::Section(head)) => {
                        sections -= 1;
                        expected += head.length as usize;
                    }
                    Some(Part::Chunk(chunk)) => bytes += chunk.len(),
                    None => {}
                }
                if !manifest.is_empty() && sections == 0 && bytes == expected && expected > 0 {
                    let manifest: befund_model::snapshot::Manifest =
                        serde_json::from_slice(&manifest).unwrap();
                    let receipt = v1::UploadReceipt {
                        snapshot: befund_proto::convert::id::bytes(manifest.id.as_bytes()),
                        ticket: if purpose.contains("request") { 7 } else { 0 },
                        duplicate: false,
                    };
                    gate.tell(Heard::Uploaded { manifest, purpose: purpose.clone(), bytes });
                    let body = Some(Reply::Receipt(receipt));
                    let _ = say.send(Ok(v1::UploadReply { body })).await;
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(said))))
    }
}

struct Io(TlsStream<TcpStream>);

impl Connected for Io {
    type ConnectInfo = ();
    fn connect_info(&self) {}
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
