//! `approve` and `decline`: what a technician signs before a machine changes anything, shown in full first and held against
//! what their colleagues signed. A controller, or a machine, that shows one thing and wants another signed is found out
//! here.

use befund_model::api::ApproveFix;
use befund_model::id::JobId;
use befund_model::job::Job;
use befund_runtime::clock::Clock;
use befund_trust::key::PublicKey;
use befund_trust::root::{Role, Root};
use befund_trust::signature::Namespace;
use serde_json::Value;

use crate::ask::{Answer, Lines};
use crate::client::{Client, read};
use crate::commands::Desk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::pins::PinFile;
use crate::render;
use crate::signer::With;

mod compare;
mod pending;
mod vouch;

pub(crate) use compare::Step;
pub(crate) use pending::{Pending, Wanted};
pub(crate) use vouch::Vouched;

/// Arguments of `befund approve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Approve {
    /// The job; without it, what waits is listed.
    job: Option<JobId>,
    #[command(flatten)]
    with: With,
    /// Do not ask, where the pinned trust root vouches for what is signed; what nobody vouches for is asked about anyway.
    #[arg(long)]
    yes: bool,
}

/// Whether a person is asked before it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asking {
    /// Always.
    Always,
    /// Only about what nobody vouches for.
    Unvouched,
}

/// A step that can be signed: held against what was signed before, with the key that is to sign it.
pub(crate) struct Prepared {
    pending: Pending,
    vouched: Vouched,
    root: Option<Root>,
}

impl Approve {
    /// Does it.
    pub(crate) async fn run(self, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
        let Some(id) = self.job else { return waiting(desk).await };
        let what = format!("approve what job {id} waits for");
        let (sign_in, client) = desk.signed_in()?;
        let pending = pending::of(&client, &what, id).await?;
        let prepared = Prepared::of(&client, &what, &desk.pins(), &sign_in.url, pending).await?;
        if desk.for_people() {
            let text = prepared.shown(desk);
            desk.screen.print(&text)?;
        }
        let asking = if self.yes { Asking::Unvouched } else { Asking::Always };
        prepared.agreed(&what, asking).await?;
        let raw = prepared.sign(&client, &what, &self.with).await?;
        let pending = &prepared.pending;
        desk.screen.show(&raw, |look| render::approval::signed(look, pending))?;
        Ok(Exit::Ok)
    }
}

impl Prepared {
    /// Holds what a job wants signed against what was signed by the catalogue's signers.
    ///
    /// # Errors
    /// If it contradicts that, or has expired.
    pub(crate) async fn of(
        client: &Client,
        what: &str,
        pins: &PinFile,
        url: &str,
        pending: Pending,
    ) -> Result<Self, Failure> {
        let now = Clock::system().now();
        if now >= pending.statement.expires {
            let why = format!("the machine took no signature after {}", pending.statement.expires);
            return Err(Failure::cannot(Exit::Conflict, what, why).hint(
                "is this computer's clock right? Otherwise wait for the machine to ask anew",
            ));
        }
        let (vouched, root) = vouch::of(client, what, pins, url, &pending).await?;
        Ok(Self { pending, vouched, root })
    }

    /// All of it, for whoever is about to sign.
    pub(crate) fn shown(&self, desk: &Desk<'_>) -> String {
        render::approval::asked(desk.screen.look(), &self.pending, &self.vouched)
    }

    /// The question at the end.
    pub(crate) fn question(&self) -> &'static str {
        match self.vouched {
            Vouched::By(_) => "Sign it?",
            Vouched::Not(_) => "NOBODY VOUCHES FOR WHAT THIS DOES. Sign it all the same?",
        }
    }

    /// Asks whether it is to be signed.
    async fn agreed(&self, what: &str, asking: Asking) -> Result<(), Failure> {
        if asking == Asking::Unvouched && matches!(self.vouched, Vouched::By(_)) {
            return Ok(());
        }
        let hint = match self.vouched {
            Vouched::By(_) => "add --yes",
            Vouched::Not(_) => {
                "pin the trust root first, as you had it from a colleague: befund trust pin FILE"
            }
        };
        match Lines::default().confirm(what, self.question()).await.map_err(|f| f.hint(hint))? {
            Answer::Yes => Ok(()),
            Answer::No => Err(Failure::cannot(
                Exit::Usage,
                what,
                "it was not confirmed, and nothing was signed",
            )
            .hint(format!("to tell the machine so: befund decline {}", self.pending.job.id))),
        }
    }

    /// Signs it and hands the signature over.
    ///
    /// # Errors
    /// If it cannot be signed, with this key not, or the controller refuses.
    pub(crate) async fn sign(
        &self,
        client: &Client,
        what: &str,
        with: &With,
    ) -> Result<Value, Failure> {
        let signer = with.signer(what, self.root.as_ref())?;
        if let Some(root) = &self.root {
            let role = self.pending.role();
            if !may(root, role, signer.public()) {
                let who = crate::commands::runbook::who(root, role, &[signer.public().clone()]);
                let why = format!("this key may not sign {} steps", role.as_str());
                return Err(Failure::cannot(Exit::Forbidden, what, why).hint(who));
            }
            if let Some(name) = self.has_signed(root, signer.public()) {
                let why = format!("{name} has signed this already, and nobody counts twice");
                let who = crate::commands::runbook::who(root, role, &[signer.public().clone()]);
                return Err(Failure::cannot(Exit::Conflict, what, why).hint(who));
            }
        }
        let armored = signer.sign(what, Namespace::Approval, &self.pending.bytes).await?;
        let id = self.pending.job.id.to_string();
        let body = ApproveFix { fix: self.pending.fix.clone(), signatures: vec![armored] };
        client.post(what, &["jobs", &id, "approval"], &body).await
    }
}

impl Prepared {
    /// The name of whose key this is, if the machine has their signature.
    fn has_signed(&self, root: &Root, key: &PublicKey) -> Option<String> {
        let person = root.owner(key)?;
        let name = format!("{} ({})", person.name, person.id);
        self.pending.signed.contains(&name).then_some(name)
    }
}

fn may(root: &Root, role: Role, key: &PublicKey) -> bool {
    root.owner(key).is_some_and(|person| root.quorum(role).people.contains(&person.id))
}

async fn waiting(desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let what = "list what waits for a signature";
    let client = desk.client()?;
    let raw = client.get_with(what, &["jobs"], &[("state", "needs_approval")]).await?;
    let jobs: Vec<Job> = read(what, &raw)?;
    let mut pending = Vec::new();
    if desk.for_people() {
        for job in &jobs {
            // One that was answered meanwhile, or cannot be read, waits for nobody here.
            if let Ok(one) = pending::of(&client, what, job.id).await {
                pending.push(one);
            }
        }
    }
    desk.screen.show(&raw, |look| render::approval::waiting(look, &pending))?;
    Ok(Exit::Ok)
}

/// Tells a job that its fix will not be signed.
pub(crate) async fn decline(id: JobId, desk: &mut Desk<'_>) -> Result<(), Failure> {
    let what = format!("decline what job {id} waits for");
    let client = desk.client()?;
    let pending = pending::of(&client, &what, id).await?;
    let body = ApproveFix { fix: pending.fix.clone(), signatures: Vec::new() };
    let raw = client.post(&what, &["jobs", &id.to_string(), "approval"], &body).await?;
    desk.screen.show(&raw, |_| {
        format!(
            "The machine is told that {} will not be done.",
            render::approval::act(&pending.statement.step.act)
        )
    })
}
