//! What people do with machines: finding them, seeing whether they are connected, revoking them.

use befund_model::api::MachineView;
use befund_model::machine::Machine;

use crate::api::caller::Caller;
use crate::api::problem::{Code, Failure};
use crate::bus::Hint;
use crate::state::AppState;
use crate::store::repository::Agents as _;

/// A machine by its id or its name.
///
/// # Errors
/// `not_found`.
pub async fn find(app: &AppState, id_or_name: &str) -> Result<Machine, Failure> {
    app.store
        .find_machine(id_or_name)
        .await?
        .ok_or_else(|| Failure::not_found("machine", format_args!("{id_or_name:?}")))
}

/// A machine with what the gate knows of it, without what it trusts.
#[must_use]
pub fn view(app: &AppState, machine: Machine) -> MachineView {
    let connected = app.live.connected(machine.id);
    MachineView { machine, connected, trust: None }
}

/// Machines with all that is known of them.
///
/// # Errors
/// If the store fails.
pub async fn views(app: &AppState, machines: Vec<Machine>) -> Result<Vec<MachineView>, Failure> {
    let agents: Vec<_> = machines.iter().map(|machine| machine.id).collect();
    let mut trusted = app.store.trusted(&agents).await?;
    let whole = |machine: Machine| {
        let trust = trusted.remove(&machine.id);
        MachineView { trust, ..view(app, machine) }
    };
    Ok(machines.into_iter().map(whole).collect())
}

/// A machine with all that is known of it.
///
/// # Errors
/// If the store fails.
pub async fn whole(app: &AppState, machine: Machine) -> Result<MachineView, Failure> {
    let trust = app.store.trusted(&[machine.id]).await?.remove(&machine.id);
    Ok(MachineView { trust, ..view(app, machine) })
}

/// Ends a machine's identity for good.
///
/// # Errors
/// `not_found`; `conflict` if it was revoked before.
pub async fn revoke(app: &AppState, id_or_name: &str, caller: &Caller) -> Result<Machine, Failure> {
    let machine = find(app, id_or_name).await?;
    if machine.revoked_at.is_some() {
        return Err(Failure::new(
            Code::Conflict,
            format!("machine {} was revoked already", machine.name),
        ));
    }
    let machine = app.store.revoke(machine.id, &caller.by(), app.clock.now()).await?;
    app.bus.tell(Hint::Revoked(machine.id));
    app.bus.tell(Hint::Machine(machine.id));
    Ok(machine)
}
