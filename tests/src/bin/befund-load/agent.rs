//! One simulated agent: what a real one says on the wire, without the machine behind it.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use befund_model::id::AgentId;
use befund_model::snapshot::Purpose;
use befund_model::token::EnrollmentToken;
use befund_proto::v1::agent_message::Body as Said;
use befund_proto::v1::controller_message::Body as Heard;
use befund_proto::v1::enrollment_client::EnrollmentClient;
use befund_proto::v1::link_client::LinkClient;
use befund_proto::v1::upload_part::Body as Part;
use befund_proto::v1::upload_reply::Body as Reply;
use befund_proto::{CHUNK_BYTES, convert, v1};
use befund_runtime::clock::Clock;
use befund_runtime::tls;
use bytes::Bytes;
use hyper_util::rt::TokioIo;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};

use crate::counted::{Count, Counted};
use crate::snapshot::{Fleet, Own, Ready};

/// Enrolled, not connected.
pub(crate) struct Agent {
    index: usize,
    address: String,
    tls: Arc<rustls::ClientConfig>,
}

/// Connected, its session open.
pub(crate) struct Connected {
    index: usize,
    link: LinkClient<Channel>,
    say: mpsc::Sender<v1::AgentMessage>,
    hear: tonic::Streaming<v1::ControllerMessage>,
    root: Vec<u8>,
    count: Count,
    own: Own,
    ready: Option<Ready>,
}

impl Agent {
    /// Redeems the token for an identity with a key of its own.
    pub(crate) async fn enroll(index: usize, token: &str) -> Result<Self> {
        let token = EnrollmentToken::decode(token).context("read the token")?;
        let address = token.addresses.first().context("an address in the token")?.clone();
        let key = rcgen::KeyPair::generate().context("make a key")?;
        let csr = rcgen::CertificateParams::default()
            .serialize_request(&key)
            .context("make a certificate request")?;
        let open = Arc::new(tls::client(token.ca_pin, &Clock::system(), None)?);
        let channel = connect(&address, open, Count::default()).await?;
        let certificate = EnrollmentClient::new(channel)
            .enroll(v1::EnrollRequest {
                token_id: convert::id::bytes(token.id.as_bytes()),
                token_secret: convert::id::bytes(&token.secret.0),
                csr: csr.der().to_vec().into(),
                facts: Some(facts(index)),
            })
            .await
            .with_context(|| format!("enroll agent {index}"))?
            .into_inner();
        AgentId::from_slice(&certificate.agent_id).context("an agent id")?;
        let chain =
            certificate.chain.iter().map(|der| CertificateDer::from(der.to_vec())).collect();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let identity = tls::Identity { chain, key };
        let tls = Arc::new(tls::client(token.ca_pin, &Clock::system(), Some(identity))?);
        Ok(Self { index, address, tls })
    }

    /// Opens the session and waits to be welcomed.
    pub(crate) async fn connect(self) -> Result<Connected> {
        let count = Count::default();
        let channel = connect(&self.address, self.tls, count.clone()).await?;
        let mut link = LinkClient::new(channel);
        let (say, said) = mpsc::channel(4);
        let hello = v1::Hello { facts: Some(facts(self.index)), ..v1::Hello::default() };
        say.send(v1::AgentMessage { body: Some(Said::Hello(hello)) }).await.context("hello")?;
        let mut hear = link
            .session(ReceiverStream::new(said))
            .await
            .with_context(|| format!("open the session of agent {}", self.index))?
            .into_inner();
        match hear.message().await.context("be welcomed")?.and_then(|message| message.body) {
            Some(Heard::Welcome(_)) => {}
            other => bail!("agent {} heard {other:?} instead of a welcome", self.index),
        }
        let (root, own, ready) = (Vec::new(), Own::default(), None);
        Ok(Connected { index: self.index, link, say, hear, root, count, own, ready })
    }
}

impl Connected {
    /// Makes this round's snapshot.
    pub(crate) fn prepare(&mut self, fleet: &Fleet, round: usize) -> Result<()> {
        self.ready = Some(fleet.prepare(self.index, round, &mut self.own)?);
        Ok(())
    }

    /// Sends the snapshot that was made and waits for the receipt.
    pub(crate) async fn send(&mut self) -> Result<()> {
        let snapshot = self.ready.take().context("a snapshot that was made")?;
        self.root = snapshot.manifest.root().as_bytes().to_vec();
        let (say, said) = mpsc::channel(8);
        let open = v1::UploadOpen {
            manifest: convert::json::write(&snapshot.manifest),
            purpose: convert::json::write(&Purpose::Scheduled),
            more: false,
        };
        say.send(v1::UploadPart { body: Some(Part::Open(open)) }).await.context("open")?;
        let mut replies =
            self.link.upload(ReceiverStream::new(said)).await.context("upload")?.into_inner();
        loop {
            match replies.message().await.context("wait for an answer")?.and_then(|m| m.body) {
                Some(Reply::Wanted(wanted)) => {
                    for section in wanted.sections {
                        let frame = snapshot
                            .frames
                            .get(section.index as usize)
                            .context("a section that was offered")?;
                        send_section(&say, section.index, frame).await?;
                    }
                }
                Some(Reply::Receipt(_)) => return Ok(()),
                Some(Reply::LaterMs(ms)) => {
                    bail!("agent {} was told to come back in {ms} ms", self.index)
                }
                None => bail!("the upload of agent {} ended without a receipt", self.index),
            }
        }
    }

    /// Says that nothing changed and waits for the answer; gives the bytes that crossed the
    /// connection for it, both ways, TLS records included.
    pub(crate) async fn check_in(&mut self) -> Result<u64> {
        let before = self.count.bytes();
        let body = Said::CheckIn(v1::CheckIn { root: self.root.clone().into() });
        self.say.send(v1::AgentMessage { body: Some(body) }).await.context("check in")?;
        match self.hear.message().await.context("wait for an answer")?.and_then(|m| m.body) {
            Some(Heard::CheckIn(v1::CheckInReply { known: true })) => {
                Ok(self.count.bytes() - before)
            }
            other => bail!("agent {} heard {other:?} to its check-in", self.index),
        }
    }
}

async fn send_section(say: &mpsc::Sender<v1::UploadPart>, index: u32, frame: &Bytes) -> Result<()> {
    let head = v1::SectionHead {
        index,
        encoding: v1::section_head::Encoding::Zstd.into(),
        length: frame.len() as u64,
    };
    say.send(v1::UploadPart { body: Some(Part::Section(head)) }).await.context("send")?;
    for from in (0..frame.len()).step_by(CHUNK_BYTES) {
        let chunk = frame.slice(from..frame.len().min(from + CHUNK_BYTES));
        say.send(v1::UploadPart { body: Some(Part::Chunk(chunk)) }).await.context("send")?;
    }
    Ok(())
}

fn facts(index: usize) -> v1::Facts {
    v1::Facts {
        host_name: format!("load-{index:05}"),
        os: "Simulated 1".to_owned(),
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

async fn connect(
    address: &str,
    config: Arc<rustls::ClientConfig>,
    count: Count,
) -> Result<Channel> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).to_owned();
    let target = address.to_owned();
    let connector = tower::service_fn(move |_: http::Uri| {
        let (target, host, mut config) = (target.clone(), host.clone(), (*config).clone());
        let count = count.clone();
        async move {
            config.alpn_protocols = vec![b"h2".to_vec()];
            let tcp = TcpStream::connect(&target).await?;
            tcp.set_nodelay(true)?;
            let tcp = Counted::new(tcp, count);
            let name = ServerName::try_from(host).map_err(std::io::Error::other)?;
            let tls = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, tcp).await?;
            Ok::<_, std::io::Error>(TokioIo::new(tls))
        }
    });
    Endpoint::from_shared(format!("http://{address}"))
        .context("an address")?
        .connect_with_connector(connector)
        .await
        .with_context(|| format!("connect to {address}"))
}
