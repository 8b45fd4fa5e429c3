//! A controller's HTTP side on a free port, over SQLite in a folder of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use befund_controller::api::credential::Shown;
use befund_controller::bus::Bus;
use befund_controller::config::Config;
use befund_controller::findings::CheckSet;
use befund_controller::gate::Live;
use befund_controller::state::{AppState, Identity};
use befund_controller::store::repository::{CredentialKind, NewCredential, Operators as _};
use befund_controller::store::{Store, StoreOptions};
use befund_controller::{api, password};
use befund_model::audit::{Actor, By};
use befund_model::id::{CredentialId, OperatorId};
use befund_model::operator::{Operator, Role};
use befund_model::token::{CaPin, Secret};
use befund_runtime::clock::{self, Clock};
use jiff::SignedDuration;
use reqwest::{Method, RequestBuilder};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The password of every account.
pub(crate) const PASSWORD: &str = "correct horse battery";

const CONFIG: &str = "organisation = \"x\"\n[gate]\nlisten = \"127.0.0.1:0\"\nnames = [\"localhost\"]\n[console]\nlisten = \"127.0.0.1:0\"\n";

/// It, with an account for each role, named as the role.
pub(crate) struct Bed {
    pub(crate) app: AppState,
    pub(crate) address: SocketAddr,
    client: reqwest::Client,
    served: JoinHandle<()>,
    _folder: TempDir,
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.served.abort();
    }
}

impl Bed {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("befund.db").display());
        let store = Store::open(&url, StoreOptions::default()).await.expect("a store");
        let app = AppState {
            store,
            bus: Bus::default(),
            clock: Clock::system(),
            live: Live::default(),
            checks: Arc::new(CheckSet::shipped()),
            shelf: Arc::default(),
            config: Arc::new(Config::parse(CONFIG, Path::new("config.toml")).expect("good")),
            identity: Arc::new(Identity {
                addresses: vec!["localhost:7443".to_owned()],
                ca_pin: CaPin([7; 32]),
            }),
            stopping: CancellationToken::new(),
            metrics: metrics_exporter_prometheus::PrometheusBuilder::new()
                .build_recorder()
                .handle(),
        };
        let hash = password::hash(PASSWORD).expect("a good password");
        for role in Role::ALL {
            let now = app.clock.now();
            let id = OperatorId::new(now, clock::random());
            let name = role.as_str().to_owned();
            let one = Operator { id, name, role, disabled: false, created_at: now };
            app.store.add_operator(&one, &hash, &system(), now).await.expect("an account");
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let router = api::router(app.clone());
        let served = tokio::spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, service).await.expect("serves");
        });
        // Taken by another test already: fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        Self { app, address, client, served, _folder: folder }
    }

    /// A credential of this role's account, as it is shown.
    pub(crate) async fn credential(&self, role: Role, kind: CredentialKind) -> Shown {
        let now = self.app.clock.now();
        let found = self.app.store.operator(role.as_str()).await.expect("readable");
        let (operator, _) = found.expect("there is one for each role");
        let id = CredentialId::new(now, clock::random());
        let shown = Shown { id, kind, secret: Secret(clock::random()) };
        let kept = NewCredential {
            id,
            secret_hash: shown.hash(),
            kind,
            operator: operator.id,
            label: "a test".to_owned(),
            expires_at: now.checked_add(SignedDuration::from_hours(1)).expect("in range"),
        };
        self.app.store.add_credential(&kept, &system(), now).await.expect("kept");
        shown
    }

    /// A request by nobody.
    pub(crate) fn nobody(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// A request with a personal token of this role.
    pub(crate) async fn by(&self, role: Role, method: Method, path: &str) -> RequestBuilder {
        let token = self.credential(role, CredentialKind::Token).await.encode();
        self.nobody(method, path).bearer_auth(token)
    }
}

/// The controller itself.
pub(crate) fn system() -> By {
    By { actor: Actor::System, source: "local".to_owned() }
}
