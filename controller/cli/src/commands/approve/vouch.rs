//! Who vouches for what a step does: the trust root that this technician pinned, by an unbroken chain to the root that the
//! controller has now, and those whom that root lets sign catalogues.

use befund_model::api::{CatalogueDocument, TrustRootView};
use befund_runtime::clock::Clock;
use befund_trust::catalogue::{self, Manifest, Verified};
use befund_trust::digest::Sha256;
use befund_trust::floor::Now;
use befund_trust::root::{self, Offer, Root, Trusted};

use super::compare::{self, Step};
use super::pending::Pending;
use crate::client::{Client, read};
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::pins::{Pin, PinFile};

/// Who vouches for a step.
#[derive(Debug)]
pub(crate) enum Vouched {
    /// Those who signed the catalogue that the step is of, and what it says of the step.
    By(Box<Vouchers>),
    /// Nobody, and why.
    Not(String),
}

/// Those who signed a catalogue, and the step as it stands there.
#[derive(Debug)]
pub(crate) struct Vouchers {
    /// Their names.
    pub(crate) people: Vec<String>,
    /// The step.
    pub(crate) step: Step,
}

/// Who vouches for a step, and the root by which that was judged.
///
/// # Errors
/// If what is to be signed contradicts what was signed, or the controller's word does not follow from the pin.
pub(super) async fn of(
    client: &Client,
    what: &str,
    pins: &PinFile,
    url: &str,
    pending: &Pending,
) -> Result<(Vouched, Option<Root>), Failure> {
    let Some(mut pin) = pins.of(url)? else {
        let why = format!(
            "no trust root is pinned for {url}, so that nobody can tell whether your colleagues signed this runbook"
        );
        return Ok((Vouched::Not(why), None));
    };
    let floors = pin.floors();
    let now = floors
        .now(Clock::system().now())
        .now()
        .map_err(|error| Failure::cannot(Exit::Failed, what, chain(&error)))?;
    let trusted = trusted(client, what, &pin, now).await?;
    pin.saw_root(&trusted);
    let root = Some(trusted.root().clone());
    let step = &pending.statement.step;
    let manifest = manifest(client, what, &trusted, &pin, now).await?;
    pin.saw_catalogue(&manifest);
    pins.keep(url, pin)?;
    if step.catalogue.version < manifest.get().version {
        let why = format!(
            "the job was started with version {} of the catalogue, and by now there is version {}: cancel it and start \
             it anew, if you can",
            step.catalogue.version,
            manifest.get().version
        );
        return Ok((Vouched::Not(why), root));
    }
    let contradicts = |why: String| {
        Failure::cannot(
            Exit::Failed,
            what,
            format!("this is not what your colleagues signed: {why}"),
        )
        .hint("sign nothing, and have somebody look at the machine and the controller")
    };
    if pending.statement.organisation != trusted.root().organisation() {
        return Err(contradicts(format!("it is of {:?}", pending.statement.organisation)));
    }
    if step.catalogue.digest != manifest.digest() {
        return Err(contradicts(
            "it names another catalogue of the same version, or a later one".to_owned(),
        ));
    }
    let path = format!("{}.yaml", step.runbook.name);
    let bytes = client.bytes(what, &["catalogue-files", &step.runbook.digest.to_string()]).await?;
    manifest.check_file(&path, &bytes).map_err(|error| contradicts(chain(&error)))?;
    if step.runbook.digest != Sha256::of(&bytes) {
        return Err(contradicts(format!("it names another {path}")));
    }
    let text = String::from_utf8(bytes).map_err(|_| contradicts(format!("{path} is not UTF-8")))?;
    let (runbook, _) = befund_runbook::load(&text)
        .map_err(|_| contradicts(format!("{path} cannot be read by this version")))?;
    let step = compare::step(step, runbook, manifest.get()).map_err(contradicts)?;
    let people = manifest.signers().iter().map(|person| person.name.clone()).collect();
    Ok((Vouched::By(Box::new(Vouchers { people, step })), root))
}

/// The root that follows from the pinned one.
async fn trusted(client: &Client, what: &str, pin: &Pin, now: Now) -> Result<Trusted, Failure> {
    let views: Vec<TrustRootView> = read(what, &client.get(what, &["trust-roots"]).await?)?;
    let pinned = |view: &TrustRootView| Sha256::of(view.root.as_bytes()) == pin.root;
    let Some(first) = views.iter().position(pinned) else {
        let why =
            format!("the controller does not have the trust root that you pinned ({})", pin.root);
        return Err(Failure::cannot(Exit::Failed, what, why).hint(
            "sign nothing; if the root was made anew, have a colleague hand it to you and pin it: befund trust pin FILE",
        ));
    };
    let roots: Vec<Offer<'_, String>> = views[first..]
        .iter()
        .map(|view| Offer { bytes: view.root.as_bytes(), signatures: &view.signatures })
        .collect();
    root::follow(None, &roots, Some(pin.root.0), &pin.floors(), now).map_err(|error| {
        Failure::cannot(Exit::Failed, what, chain(&error))
            .hint("the trust roots that the controller has do not follow from the one that you pinned; sign nothing")
    })
}

/// The current catalogue, as enough people signed it.
async fn manifest(
    client: &Client,
    what: &str,
    trusted: &Trusted,
    pin: &Pin,
    now: Now,
) -> Result<Verified<Manifest>, Failure> {
    let document: CatalogueDocument =
        read(what, &client.get(what, &["catalogues", "current"]).await?)?;
    let (bytes, signatures) = (document.manifest.as_bytes(), &document.signatures);
    catalogue::verify(bytes, signatures, trusted, &pin.floors(), now).map_err(|error| {
        Failure::cannot(Exit::Failed, what, chain(&error))
            .hint("the machine would not take a signature for it either; sign nothing")
    })
}
