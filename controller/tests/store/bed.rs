//! What the cases stand on: a fresh store on either database, and makers of what is put into it.

use std::sync::atomic::{AtomicU64, Ordering};

use befund_controller::store::repository::{
    Agents as _, IncomingSnapshot, MachineFacts, NewToken, Redeemed, Redemption,
};
use befund_controller::store::{Store, StoreOptions};
use befund_model::Timestamp;
use befund_model::audit::{Actor, By};
use befund_model::id::{AgentId, Hash, OperatorId, RequestId, SnapshotId, TokenId};
use befund_model::snapshot::{
    Manifest, PrivacyClass, Purpose, Request, SectionKind, SectionRef, Status, Volatility,
};
use befund_runtime::clock::random;
use befund_tests::postgres::TestPostgres;

/// Makes `sqlite::case` and `postgres::case` of each case.
macro_rules! on_both {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(crate::bed::Bed::sqlite().await).await; })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() { super::$case(crate::bed::Bed::postgres().await).await; })+
        }
    };
}
pub(crate) use on_both;

pub(crate) struct Bed {
    pub(crate) store: Store,
    pub(crate) url: String,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) postgres: Option<TestPostgres>,
}

impl Bed {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("befund.db").display());
        let options = options(&folder);
        let store = Store::open(&url, options).await.unwrap();
        Self { store, url, folder, postgres: None }
    }

    pub(crate) async fn postgres() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let postgres = TestPostgres::start().unwrap();
        let url = postgres.url();
        let store = Store::open(&url, options(&folder)).await.unwrap();
        Self { store, url, folder, postgres: Some(postgres) }
    }

    /// Opens the same database once more, as another controller or after a restart would.
    pub(crate) async fn again(&self) -> Store {
        Store::open(&self.url, options(&self.folder)).await.unwrap()
    }

    /// Changes the database from outside of the store.
    pub(crate) async fn tamper(&self, statement: &str) {
        if let Some(postgres) = &self.postgres {
            postgres.run(statement).unwrap();
            return;
        }
        let path = self.folder.path().join("befund.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        sqlx::Connection::close(connection).await.unwrap();
    }

    /// A machine that was enrolled.
    pub(crate) async fn machine(&self, name: &str) -> AgentId {
        let token = token(1);
        self.store.create_token(token.clone(), &by(), at(0)).await.unwrap();
        let mut redemption = redemption(&token);
        redemption.facts.name = name.to_owned();
        let agent = redemption.agent;
        assert_eq!(self.store.redeem(redemption, at(1)).await.unwrap(), Redeemed::New(agent));
        agent
    }
}

fn options(folder: &tempfile::TempDir) -> StoreOptions {
    StoreOptions { ledger: Some(folder.path().join("ledger")), ..StoreOptions::default() }
}

/// Seconds after a fixed time.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_760_000_000 + seconds).unwrap()
}

pub(crate) fn by() -> By {
    named("ada")
}

pub(crate) fn named(name: &str) -> By {
    let id = OperatorId::new(at(0), [7; 10]);
    By { actor: Actor::Operator { id, name: name.to_owned() }, source: "192.0.2.1".to_owned() }
}

pub(crate) fn token(uses: u32) -> NewToken {
    NewToken {
        id: TokenId::new(at(0), random()),
        secret_hash: random(),
        uses,
        expires_at: at(1_800),
        group: "office".to_owned(),
        network: String::new(),
    }
}

pub(crate) fn redemption(token: &NewToken) -> Redemption {
    Redemption {
        token: token.id,
        secret_hash: token.secret_hash,
        agent: AgentId::new(at(0), random()),
        public_key: random::<91>().to_vec(),
        facts: MachineFacts {
            name: "pc-1".to_owned(),
            os: "Debian GNU/Linux 12".to_owned(),
            agent_version: "0.1.0".to_owned(),
        },
        source: [192, 0, 2, 9].into(),
    }
}

/// A snapshot of these section contents, all of them sent.
pub(crate) fn snapshot(agent: AgentId, contents: &[&str]) -> IncomingSnapshot {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let taken_at = at(i64::try_from(count).unwrap() % 1_000);
    let sections: Vec<(Hash, Vec<u8>)> =
        contents.iter().map(|text| (Hash::of(text.as_bytes()), text.as_bytes().to_vec())).collect();
    let lines = sections
        .iter()
        .enumerate()
        .map(|(index, (hash, bytes))| SectionRef {
            kind: format!("kind.{index:03}").parse::<SectionKind>().unwrap(),
            status: Status::Ok,
            reason: String::new(),
            hash: *hash,
            size: bytes.len() as u64,
            class: PrivacyClass::Scheduled,
            volatility: Volatility::Stable,
            redacted: 0,
            took_us: 5,
        })
        .collect();
    IncomingSnapshot {
        agent,
        manifest: Manifest { id: SnapshotId::new(taken_at, random()), taken_at, sections: lines },
        purpose: Purpose::Scheduled,
        sections,
        basis: None,
    }
}

/// The same, of which only the manifest is sent.
pub(crate) fn unsent(mut snapshot: IncomingSnapshot) -> IncomingSnapshot {
    snapshot.sections.clear();
    snapshot
}

pub(crate) fn request(message: &str) -> Request {
    Request {
        id: RequestId::new(at(0), random()),
        message: message.to_owned(),
        requester: "grace".to_owned(),
        at: at(0),
    }
}
