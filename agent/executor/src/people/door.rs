//! The socket of the people's door: takes connections of every account, keeps each within its bounds, and carries
//! what is said to and fro. Whose word counts is the desk's ([`super::People`]).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, debug, info, info_span, warn};

use befund_model::Timestamp;
use befund_model::id::JobId;
use befund_model::language::Language;
use befund_model::runbook::Mode;
use befund_runtime::clock::{Clock, random};
use befund_runtime::frame::{self, FrameError};
use befund_runtime::local::{self, Listener, ReadHalf, Stream, WriteHalf};
use befund_runtime::peer::{Account, Peer};
use befund_runtime::places::{Bounds, Place, Places};

use super::conversation::{Conversation, Turn, Wish};
use super::protocol::{FromPerson, MAX_FRAME_BYTES, ToPerson};
use super::wording::{Phrase, Teller, line};
use super::{OwnRun, OwnRuns, People, Presence, Role, offers};

/// The most connections of all accounts, and of one.
const BOUNDS: Bounds = Bounds { all: 32, each: 6 };
/// How long the first frame may take to come, and each to be taken.
const PATIENCE: Duration = Duration::from_secs(10);
/// Frames that wait to be looked at.
const HEARD: usize = 4;
/// How long a run that was stopped may take to tell what became of it.
const STOPPING: Duration = Duration::from_secs(60);

/// What the door opens on.
#[derive(Clone, Debug)]
pub struct Host {
    /// Who is there.
    pub people: People,
    /// What they may start.
    pub runs: Arc<dyn OwnRuns>,
}

/// Answers until `ending`; connections are spawned on `tasks`.
pub async fn serve(
    mut listener: Listener,
    host: Host,
    tasks: TaskTracker,
    ending: CancellationToken,
) {
    let places = Places::new(BOUNDS);
    loop {
        let accepted = tokio::select! {
            () = ending.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                // Out of descriptors, most likely; they come back as connections end.
                warn!(%error, "could not take a connection at the people's door");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        let Some(place) = places.take() else {
            debug!("too many connections at the people's door");
            continue;
        };
        let (host, ending) = (host.clone(), ending.clone());
        let visit = async move {
            // What ends with the executor ends here, in the middle of whatever it was.
            ending.run_until_cancelled(visit(stream, place, host)).await;
        };
        tasks.spawn(visit.instrument(info_span!("person")));
    }
}

async fn visit(mut stream: Stream, mut place: Place, host: Host) {
    let Peer { account, .. } = match local::credentials(&mut stream).await {
        Ok(peer) => peer,
        Err(error) => return warn!(%error, "could not ask whose account is at the people's door"),
    };
    if !place.is_for(&account) {
        return debug!(%account, "too many connections of one account");
    }
    let (from, to) = local::split(stream);
    let (presence, say, said) = Presence::new(&host.people, account.clone());
    let (hear, heard) = mpsc::channel(HEARD);
    let visit = Visit { presence, say, heard, conversation: Conversation::new(), host, account };
    let talk = async {
        let reading = read(from, hear);
        let talking = visit.talk();
        tokio::pin!(reading, talking);
        // The reader ends when the other side does, and the talk then soon after.
        tokio::select! {
            () = &mut talking => {}
            () = &mut reading => talking.await,
        }
    };
    let writing = write(to, said);
    tokio::pin!(talk, writing);
    tokio::select! {
        // What was said at last is still written.
        () = &mut talk => writing.await,
        // Nobody reads any more.
        () = &mut writing => {}
    }
}

/// Reads frames until the other side ends, or says something that is none.
async fn read(mut from: ReadHalf, hear: mpsc::Sender<FromPerson>) {
    let mut first = true;
    loop {
        let next = frame::receive_at_most::<FromPerson>(&mut from, MAX_FRAME_BYTES, 0);
        // Never cancelled but with the connection.
        let next = if first { timeout(PATIENCE, next).await } else { Ok(next.await) };
        first = false;
        match next {
            Ok(Ok(Some(frame))) => {
                if hear.send(frame.header).await.is_err() {
                    return;
                }
            }
            Ok(Ok(None)) => return,
            Ok(Err(error)) => {
                return debug!(error = &error as &dyn std::error::Error, "a frame was none");
            }
            Err(_) => return debug!("nothing was said"),
        }
    }
}

/// Writes what is said until nobody says anything any more, or nobody reads.
async fn write(mut to: WriteHalf, mut said: mpsc::Receiver<ToPerson>) {
    while let Some(message) = said.recv().await {
        let sent = timeout(PATIENCE, frame::send(&mut to, &message, &[]));
        let sent =
            sent.await.unwrap_or_else(|_| Err(FrameError::Io(std::io::ErrorKind::TimedOut.into())));
        if let Err(error) = sent {
            return debug!(error = &error as &dyn std::error::Error, "a person left");
        }
    }
}

/// A connection at work.
struct Visit {
    presence: Presence,
    say: mpsc::Sender<ToPerson>,
    heard: mpsc::Receiver<FromPerson>,
    conversation: Conversation,
    host: Host,
    account: Account,
}

impl Visit {
    async fn say(&self, message: ToPerson) {
        // Whoever does not read is given up by the writer.
        let _ = self.say.send(message).await;
    }

    async fn decline(&self, why: String) {
        self.say(ToPerson::Declined { why }).await;
    }

    async fn talk(mut self) {
        let Some(frame) = self.heard.recv().await else { return };
        match self.conversation.hear(frame) {
            Turn::Attend(language) => self.attend(language).await,
            Turn::Fix(wish, language) => self.fix(wish, language).await,
            Turn::List(language) => match self.host.runs.offers().await {
                Ok(runbooks) => {
                    let offers = offers::offers(&runbooks, language);
                    self.say(ToPerson::Offers { offers }).await;
                }
                Err(why) => self.decline(line(&why)).await,
            },
            Turn::Misplaced => self.misplaced().await,
            Turn::Answer { .. } | Turn::Consent { .. } | Turn::Stop | Turn::Leave => {}
        }
    }

    async fn misplaced(&self) {
        let why =
            "that does not belong here; the program may be of another version than the executor";
        self.decline(why.to_owned()).await;
    }

    /// Whether it counts as a person; declined if not.
    async fn admit(&self, language: Language) -> bool {
        let admitted = self.presence.is_signed_in().await;
        if !admitted {
            let name = self.account.name();
            info!(account = %self.account, "an account that is not signed in came to the people's door");
            self.decline(Phrase::NotSignedIn.fill(language, &[&name])).await;
        }
        admitted
    }

    async fn attend(mut self, language: Language) {
        if !self.admit(language).await {
            return;
        }
        self.say(ToPerson::Welcome).await;
        self.presence.arrive(language, Role::Attends).await;
        while let Some(frame) = self.heard.recv().await {
            let turn = self.conversation.hear(frame);
            if !self.take(turn).await {
                return;
            }
        }
    }

    /// Takes what was said while it is asked; whether the talk goes on.
    async fn take(&self, turn: Turn) -> bool {
        match turn {
            Turn::Answer { number, choice } => self.presence.answer(number, &choice).await,
            Turn::Consent { number, given, for_ticket } => {
                self.presence.consent(number, given, for_ticket).await;
            }
            Turn::Misplaced => {
                self.misplaced().await;
                return false;
            }
            Turn::Attend(_) | Turn::Fix(..) | Turn::List(_) | Turn::Stop | Turn::Leave => {
                return false;
            }
        }
        true
    }

    async fn fix(mut self, wish: Wish, language: Language) {
        if !self.admit(language).await {
            return;
        }
        self.presence.arrive(language, Role::Fixes).await;
        let job = JobId::new(now(), random());
        info!(%job, account = %self.account, runbook = wish.runbook, "a person starts a runbook");
        // Before it starts, so that its first question finds them.
        if !self.presence.owns(job) {
            return self.decline(Phrase::AtWork.fill(language, &[])).await;
        }
        let runs = Arc::clone(&self.host.runs);
        let mode = wish.mode;
        match runs.start(job, wish, &self.account).await {
            Err(why) => self.decline(line(&why)).await,
            Ok(run) => {
                let title = run.runbook.title.in_language(language).to_owned();
                self.say(ToPerson::Begun { job, title }).await;
                self.follow(run, mode, language).await;
            }
        }
        self.presence.owns_no_more(job);
    }

    /// Tells how a run goes, hears what the person says to it, and stops it when they leave.
    async fn follow(&mut self, mut run: OwnRun, mode: Mode, language: Language) {
        let _stop = run.cancel.clone().drop_guard();
        let teller = Teller::new(Arc::clone(&run.runbook), language, mode);
        let mut leaving = false;
        loop {
            tokio::select! {
                news = run.news.recv() => {
                    let Some(news) = news else { break };
                    for line in teller.lines(&news) {
                        self.say(ToPerson::Tell { line }).await;
                    }
                }
                heard = self.heard.recv(), if !leaving => {
                    let goes_on = match heard.map(|frame| self.conversation.hear(frame)) {
                        Some(Turn::Stop) => {
                            run.cancel.cancel();
                            true
                        }
                        Some(turn) => self.take(turn).await,
                        None => false,
                    };
                    if !goes_on {
                        // It left: the run is stopped, and nobody waits for what it came to.
                        leaving = true;
                        run.cancel.cancel();
                    }
                }
                () = tokio::time::sleep(STOPPING), if leaving => return,
            }
        }
        match run.result.await {
            Ok(Ok(result)) => self.say(ToPerson::Done(Box::new(teller.done(&result)))).await,
            Ok(Err(why)) => self.decline(line(&why)).await,
            Err(_) => self.decline(Phrase::NoResult.fill(language, &[])).await,
        }
    }
}

/// When a run was started: its number has the time in it.
fn now() -> Timestamp {
    Clock::system().now()
}
