//! Keeps one session open: connects to the controller's addresses in turn, comes back with full
//! jitter, renews the certificate, recovers after it ran out, and puts the clock right where it has
//! to.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic::{Code, Streaming};
use tracing::{debug, info, warn};

use befund_model::Timestamp;
use befund_model::machine::MachineTrust;
use befund_proto::v1::agent_message::Body as Out;
use befund_proto::v1::link_client::LinkClient;
use befund_proto::{convert, v1};
use befund_runtime::backoff::{Backoff, full_jitter};
use befund_runtime::clock::{self, Clock};
use befund_runtime::{telemetry, tls};

use super::enrollment::{self, EnrollError};
use super::note::Note;
use super::proxy::Proxy;
use super::renewal::Renewal;
use super::session::{Farewell, Heard};
use super::transport::{self, ConnectError};
use super::{time, wire};
use crate::disk::RealDisk;
use crate::door::protocol::Connectivity;
use crate::identity::{Credential, IdentityFolder, StoredIdentity};

/// How long the controller may take to open a stream and to say welcome.
const PATIENCE: Duration = Duration::from_secs(20);
/// Waits grow from here...
const BASE: Duration = Duration::from_secs(1);
/// ...to here, so that all of ten thousand are back within a minute or so.
const CAP: Duration = Duration::from_secs(60);
/// After somebody else took over the identity.
const REPLACED: Duration = Duration::from_secs(600);
/// After the controller did not know the identity: it may be restored from a backup that does.
const UNKNOWN: Duration = Duration::from_secs(3600);
/// After the controller revoked the identity: a restored controller, too, should be met again.
const REVOKED: Duration = Duration::from_secs(24 * 3600);
/// The least time between two renewals.
const BETWEEN_RENEWALS: Duration = Duration::from_secs(60);
/// After one that failed: this long, and up to [`SPREAD`] more.
const AFTER_FAILURE: Duration = Duration::from_secs(60);
const SPREAD: Duration = Duration::from_secs(600);
/// Messages that wait for the connection.
const QUEUE: usize = 32;
/// What this version understands beyond the base.
const CAPABILITIES: [&str; 2] = ["delta", "runbook"];

/// What the core wants of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// A new certificate, now.
    Renew,
    /// Another connection.
    Reconnect,
}

/// What is known of the connection.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) connectivity: Connectivity,
    pub(crate) certificate_until: Timestamp,
}

/// How a connection ended.
#[derive(Debug)]
enum End {
    /// The agent stops.
    Stopped,
    /// With a new certificate: come back at once.
    Renewed,
    /// The controller's wish.
    Farewell(Farewell),
    /// It broke; whether it had been welcomed.
    Broken { welcomed: bool, why: String },
    /// The certificate is not accepted.
    Refused { why: String },
    /// The controller does not know the machine.
    Unknown,
}

/// Keeps the connection.
pub(crate) struct Keeper {
    pub(crate) folder: IdentityFolder<RealDisk>,
    pub(crate) identity: StoredIdentity,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) clock: Clock,
    pub(crate) inbox: mpsc::Sender<Note>,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) facts: watch::Sender<Known>,
    /// What the machine trusts, once that is known.
    pub(crate) trust: watch::Receiver<Option<MachineTrust>>,
    pub(crate) stop: CancellationToken,
    /// No renewal before this.
    pub(crate) renew_after: Option<Instant>,
}

impl Keeper {
    /// Until the agent stops.
    pub(crate) async fn keep(mut self) {
        let mut backoff = Backoff::new(BASE, CAP);
        loop {
            let stop = self.stop.clone();
            let Some(end) = stop.run_until_cancelled(self.once()).await else { return };
            // The core may have gone already.
            let _ = self.inbox.send(Note::Closed).await;
            let random = u64::from_be_bytes(clock::random());
            let (wait, why) = match end {
                End::Stopped => return,
                End::Renewed => continue,
                End::Farewell(Farewell::Revoked) => {
                    warn!("the controller revoked this machine's identity; trying once a day");
                    self.tell(Connectivity::Revoked);
                    let wait = around(REVOKED, random);
                    if stop.run_until_cancelled(sleep(wait)).await.is_none() {
                        return;
                    }
                    continue;
                }
                End::Unknown => {
                    let why = "the controller does not know this machine: ask the help desk for a \
                               new token and enroll it anew";
                    (around(UNKNOWN, random), why.to_owned())
                }
                End::Farewell(Farewell::Replaced) => {
                    warn!("another machine uses this machine's identity; waiting");
                    (around(REPLACED, random), "another machine uses this identity".to_owned())
                }
                End::Farewell(Farewell::Expired) => {
                    // The next try recovers, if the clock agrees; else the clock is asked for.
                    self.second_thoughts().await;
                    (full_jitter(BASE, random), "the certificate ran out".to_owned())
                }
                End::Farewell(Farewell::Stopping) => {
                    backoff.reset();
                    (full_jitter(BASE * 5, random), "the controller stops".to_owned())
                }
                End::Farewell(Farewell::Other) => {
                    (full_jitter(CAP, random), "the controller ended the session".to_owned())
                }
                End::Broken { welcomed, why } => {
                    if welcomed {
                        backoff.reset();
                    }
                    (backoff.next(random), why)
                }
                End::Refused { why } => {
                    self.second_thoughts().await;
                    (backoff.next(random), why)
                }
            };
            info!(why, wait_ms = wait.as_millis(), "not connected");
            let until = self.clock.now().checked_add(wait).unwrap_or_default();
            self.tell(Connectivity::Waiting { why, until });
            if stop.run_until_cancelled(sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    async fn once(&mut self) -> End {
        self.tell(Connectivity::Connecting);
        let mut why = String::new();
        if self.now_ms() >= self.identity.current.not_after
            && let Err(error) = self.recover().await
        {
            match error {
                EnrollError::Refused { revoked: true, .. } => {
                    return End::Farewell(Farewell::Revoked);
                }
                EnrollError::Refused { code: Code::PermissionDenied, .. } => return End::Unknown,
                _ => why = telemetry::chain(&error),
            }
        }
        if self.now_ms() >= self.identity.current.not_after {
            let why = format!("the certificate ran out and could not be recovered: {why}");
            return End::Broken { welcomed: false, why };
        }
        for address in self.identity.addresses.clone() {
            match self.connect(&address).await {
                Ok(channel) => return self.session(&address, channel).await,
                Err(error) => {
                    why = telemetry::chain(&error);
                    debug!(address, why, "an address does not answer");
                }
            }
        }
        End::Broken { welcomed: false, why }
    }

    async fn connect(&self, address: &str) -> Result<Channel, ConnectFailure> {
        let pin = self.identity.pin()?;
        let credential = &self.identity.current;
        let config = || tls::client(pin, &self.clock, Some(credential.to_tls()));
        match transport::connect(address, config()?, self.proxy.as_ref()).await {
            Err(ConnectError::Validity(..)) => {
                time::correct(address, pin, self.proxy.as_ref(), &self.clock).await?;
                Ok(transport::connect(address, config()?, self.proxy.as_ref()).await?)
            }
            other => Ok(other?),
        }
    }

    async fn session(&mut self, address: &str, channel: Channel) -> End {
        while self.commands.try_recv().is_ok() {}
        let (say, said) = mpsc::channel(QUEUE);
        let trust_told = self.trust.borrow().clone();
        let hello = v1::Hello {
            facts: Some(enrollment::facts()),
            capabilities: CAPABILITIES.map(str::to_owned).to_vec(),
            clock: self.now_ms() - self.clock.correction_ms(),
            clock_correction: self.clock.correction_ms(),
            trust: trust_told.as_ref().map(convert::trust::write),
        };
        // The queue is empty: this does not wait.
        let _ = say.send(v1::AgentMessage { body: Some(Out::Hello(hello)) }).await;
        let mut client = LinkClient::new(channel.clone());
        let opening = async {
            let mut stream = client.session(ReceiverStream::new(said)).await?.into_inner();
            let first = stream.message().await?;
            Ok::<_, tonic::Status>((stream, first))
        };
        let (stream, first) = match timeout(PATIENCE, opening).await {
            Err(_) => {
                let why = format!("{address} took the connection and did not say welcome");
                return End::Broken { welcomed: false, why };
            }
            Ok(Err(status)) => return refused(&status),
            Ok(Ok(opened)) => opened,
        };
        let opened = Note::Opened { say, channel: channel.clone(), trust_told };
        if self.inbox.send(opened).await.is_err() {
            return End::Stopped;
        }
        self.listen(address, channel, stream, first).await
    }

    async fn listen(
        &mut self,
        address: &str,
        channel: Channel,
        mut stream: Streaming<v1::ControllerMessage>,
        first: Option<v1::ControllerMessage>,
    ) -> End {
        let mut welcomed = false;
        let mut next = first;
        let due = enrollment::renewal_at(&self.identity.current);
        let mut renewal = Renewal::at(due, self.renew_after.map(Instant::into_std));
        loop {
            let Some(message) = next else {
                return End::Broken { welcomed, why: "the controller closed the session".into() };
            };
            match wire::read(message) {
                Ok(None) => debug!("the controller said something that this version does not know"),
                Err(error) => {
                    warn!(error = telemetry::chain(&error), "the controller said something odd")
                }
                Ok(Some(Heard::Goodbye(why))) => return End::Farewell(why),
                Ok(Some(heard)) => {
                    if let (Heard::Welcome { .. }, false) = (&heard, welcomed) {
                        welcomed = true;
                        self.welcomed(address);
                    }
                    if self.inbox.send(Note::Heard(heard)).await.is_err() {
                        return End::Stopped;
                    }
                }
            }
            next = loop {
                let look = renewal.wait(Instant::now().into_std(), self.now_ms());
                // Cancel-safe: `message` keeps what it has read in the stream.
                tokio::select! {
                    message = stream.message() => match message {
                        Ok(message) => break message,
                        Err(status) if welcomed => {
                            return End::Broken { welcomed, why: telemetry::chain(&status) };
                        }
                        Err(status) => return refused(&status),
                    },
                    command = self.commands.recv() => match command {
                        None => return End::Stopped,
                        Some(Command::Reconnect) => return End::Farewell(Farewell::Stopping),
                        Some(Command::Renew) => renewal.wanted(),
                    },
                    () = sleep(look) => {
                        if !renewal.wait(Instant::now().into_std(), self.now_ms()).is_zero() {
                            continue;
                        }
                        match self.renew(channel.clone()).await {
                            Ok(()) => return End::Renewed,
                            Err(error) => {
                                let error = telemetry::chain(&error);
                                warn!(error, "the certificate could not be renewed; trying again");
                                let random = u64::from_be_bytes(clock::random());
                                let wait = AFTER_FAILURE + full_jitter(SPREAD, random);
                                renewal.put_off((Instant::now() + wait).into_std());
                            }
                        }
                    }
                }
            };
        }
    }

    fn welcomed(&mut self, address: &str) {
        info!(address, "connected");
        if self.identity.previous.take().is_some() {
            // From now on the controller knows the new key.
            self.store();
        }
        let since = self.clock.now();
        self.tell(Connectivity::Connected { address: address.to_owned(), since });
    }

    async fn renew(&mut self, channel: Channel) -> Result<(), EnrollError> {
        let (credential, counter) = enrollment::renew(channel, &self.identity).await?;
        info!(until = credential.not_after, "the certificate was renewed");
        self.take_up(credential, counter);
        self.renew_after = Some(Instant::now() + BETWEEN_RENEWALS);
        Ok(())
    }

    fn take_up(&mut self, credential: Credential, counter: u64) {
        let old = std::mem::replace(&mut self.identity.current, credential);
        self.identity.previous = Some(old);
        self.identity.recovery_counter = self.identity.recovery_counter.max(counter);
        self.store();
    }

    /// Asks for a certificate by the bound key: the current one's, or that of the one before, if the
    /// controller has never seen the current one.
    async fn recover(&mut self) -> Result<(), EnrollError> {
        let current = self.identity.current.clone();
        match (self.recover_by(&current).await, self.identity.previous.clone()) {
            (
                Err(EnrollError::Refused { code: Code::PermissionDenied, revoked: false, .. }),
                Some(previous),
            ) => self.recover_by(&previous).await,
            (other, _) => other,
        }
    }

    async fn recover_by(&mut self, bound: &Credential) -> Result<(), EnrollError> {
        // Kept first: a counter is used once, whatever becomes of the answer.
        self.identity.recovery_counter += 1;
        self.folder.store(&self.identity)?;
        let counter = self.identity.recovery_counter;
        let proxy = self.proxy.as_ref();
        let (new, counter) =
            enrollment::recover(&self.identity, bound, counter, proxy, &self.clock).await?;
        info!(until = new.not_after, "the certificate was recovered");
        self.take_up(new, counter);
        Ok(())
    }

    /// The controller does not take the certificate: the new one may never have reached it, or the
    /// clock may hide that it ran out.
    async fn second_thoughts(&mut self) {
        let Ok(pin) = self.identity.pin() else { return };
        for address in &self.identity.addresses {
            match time::correct(address, pin, self.proxy.as_ref(), &self.clock).await {
                Ok(()) => break,
                Err(error) => {
                    debug!(error = telemetry::chain(&error), "the time could not be asked")
                }
            }
        }
        let good = self.now_ms() < self.identity.current.not_after;
        if good && let Some(previous) = &mut self.identity.previous {
            std::mem::swap(&mut self.identity.current, previous);
        }
    }

    fn store(&self) {
        if let Err(error) = self.folder.store(&self.identity) {
            warn!(
                error = telemetry::chain(&error),
                "the identity could not be kept; going on without"
            );
        }
    }

    fn tell(&self, connectivity: Connectivity) {
        let certificate_until = self.identity.good_until();
        self.facts.send_replace(Known { connectivity, certificate_until });
    }

    fn now_ms(&self) -> i64 {
        self.clock.now().as_millisecond()
    }
}

/// A wait of about this length, from half of it to half more, so that many do not come at once.
fn around(wait: Duration, random: u64) -> Duration {
    wait / 2 + full_jitter(wait, random)
}

fn refused(status: &tonic::Status) -> End {
    let why = telemetry::chain(status);
    match status.code() {
        _ if enrollment::says_revoked(status) => End::Farewell(Farewell::Revoked),
        Code::PermissionDenied => End::Unknown,
        Code::Unauthenticated => End::Refused { why },
        _ if transport::alert_in(status).is_some() => End::Refused { why },
        _ => End::Broken { welcomed: false, why },
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
enum ConnectFailure {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Identity(#[from] crate::identity::IdentityError),
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    #[error("this machine's clock is wrong, and the time could not be asked")]
    Time(#[from] time::TimeError),
}
