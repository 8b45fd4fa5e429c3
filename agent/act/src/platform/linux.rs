//! Linux: the actions, by area. By netlink and files where that is simple, else by the system's own tools.

mod accounts;
mod asking;
mod devices;
mod disk;
mod environment;
mod names;
mod netlink;
mod network;
mod packages;
mod printing;
mod processes;
mod root;
mod sealed;
mod services;
mod shares;
mod sound;
mod users;

use befund_model::action::Takes;

use crate::context::Context;
use crate::engine::{Check, Row, nothing_to_undo};
use crate::trouble::{Outcome, Trouble};

use super::family::plain_name;
use super::{clock, hosts as redirects};

pub use root::Root;
pub(super) use sealed::{input, sealed};

/// Where names are redirected.
pub(super) const HOSTS: &str = "/etc/hosts";
/// The kernel's IFNAMSIZ without the zero at the end.
const LONGEST_INTERFACE: usize = 15;
const LONGEST_NAME: usize = 128;

/// Every action is done on Linux, though a given machine may lack what it takes.
pub(crate) const UNSUPPORTED: &[(&str, &str)] = &[];

/// Whether a text may be such a name at all.
pub(crate) fn name(takes: Takes, name: &str) -> Result<(), String> {
    match takes {
        Takes::Interface => plain_name(name, LONGEST_INTERFACE),
        Takes::Named(_)
        | Takes::Service
        | Takes::Printer
        | Takes::Account
        | Takes::Number { .. }
        | Takes::Word(_) => plain_name(name, LONGEST_NAME),
    }
}

/// Whether this machine has what is named.
pub(crate) fn exists(context: &Context<'_>, action: &str, takes: Takes, name: &str) -> Outcome<()> {
    match takes {
        Takes::Interface => {
            let recorded = format!("/sys/class/net/{name}");
            if !context.root.is_live() && context.root.exists(&recorded) {
                return Ok(());
            }
            network::links::named(name).map(|_| ())
        }
        Takes::Service if action == "net.vpn_reconnect" => {
            if network::vpn::is_known(context, name)? {
                return Ok(());
            }
            Err(Trouble::failed(format!(
                "this machine has no VPN connection and no service of the name {name}"
            )))
        }
        Takes::Service => {
            if services::is_installed(context, name)? {
                return Ok(());
            }
            Err(Trouble::failed(format!("the service {name} is not installed on this machine")))
        }
        Takes::Printer => printing::exists(context, name),
        Takes::Account => users::named(context, name).map(|_| ()),
        Takes::Named(_) | Takes::Number { .. } | Takes::Word(_) => Ok(()),
    }
}

macro_rules! row {
    ($name:literal, $plan:path, $perform:path, $undo:path, $holds:expr) => {
        Row { name: $name, plan: $plan, perform: $perform, undo: $undo, holds: $holds }
    };
}

const SAYS_NOTHING: Check = Check::Unknown("what was emptied or made anew leaves no trace");

/// How each action is done.
pub(crate) const ROWS: &[Row] = &[
    row!("account.unlock", accounts::plan, accounts::perform, nothing_to_undo, Check::Plan),
    row!(
        "certificates.refresh",
        packages::certificates::plan,
        packages::certificates::perform,
        nothing_to_undo,
        Check::Look(packages::certificates::has_list)
    ),
    row!("devices.unblock", devices::plan, devices::perform, devices::undo, Check::Plan),
    row!(
        "disk.clean_crashes",
        disk::crashes::plan,
        disk::crashes::perform,
        nothing_to_undo,
        Check::Plan
    ),
    row!(
        "disk.clean_journal",
        disk::journal::plan,
        disk::journal::perform,
        nothing_to_undo,
        Check::Plan
    ),
    row!(
        "disk.clean_packages",
        disk::packages::plan,
        disk::packages::perform,
        nothing_to_undo,
        Check::Plan
    ),
    row!("disk.clean_temp", disk::temp::plan, disk::temp::perform, nothing_to_undo, Check::Plan),
    row!(
        "dns.flush_cache",
        names::cache::plan,
        names::cache::perform,
        nothing_to_undo,
        SAYS_NOTHING
    ),
    row!(
        "dns.use_dhcp_servers",
        names::servers::plan,
        names::servers::perform,
        names::servers::undo,
        Check::Plan
    ),
    row!("hosts.entry_disable", redirects::plan, redirects::perform, redirects::undo, Check::Plan),
    row!(
        "net.adapter_enable",
        network::adapters::plan_enable,
        network::adapters::enable,
        network::adapters::undo,
        Check::Plan
    ),
    row!(
        "net.adapter_restart",
        network::adapters::plan_restart,
        network::adapters::restart,
        network::adapters::undo,
        Check::Look(network::adapters::is_on)
    ),
    row!(
        "net.dhcp_renew",
        network::renew::plan,
        network::renew::perform,
        nothing_to_undo,
        Check::Unknown("whether a lease was asked for again, only the client could tell")
    ),
    row!("net.mtu_set", network::mtu::plan, network::mtu::perform, network::mtu::undo, Check::Plan),
    row!(
        "net.route_default_restore",
        network::default_route::plan,
        network::default_route::perform,
        network::default_route::undo,
        Check::Plan
    ),
    row!(
        "net.vpn_reconnect",
        network::vpn::plan,
        network::vpn::perform,
        nothing_to_undo,
        SAYS_NOTHING
    ),
    row!(
        "net.wifi_radio_on",
        network::radio::plan,
        network::radio::perform,
        network::radio::undo,
        Check::Plan
    ),
    row!(
        "net.wifi_reconnect",
        network::wireless::plan,
        network::wireless::perform,
        nothing_to_undo,
        SAYS_NOTHING
    ),
    row!(
        "packages.repair",
        packages::repair::plan,
        packages::repair::perform,
        nothing_to_undo,
        Check::Look(packages::repair::is_whole)
    ),
    row!(
        "printer.cancel_jobs",
        printing::plan_cancel,
        printing::cancel,
        nothing_to_undo,
        Check::Plan
    ),
    row!(
        "printer.resume",
        printing::plan_resume,
        printing::resume,
        printing::undo_resume,
        Check::Plan
    ),
    row!(
        "process.end",
        processes::plan_end,
        processes::end,
        nothing_to_undo,
        Check::Look(processes::has_ended)
    ),
    row!(
        "process.lower_priority",
        processes::plan_lower,
        processes::lower,
        processes::undo_lower,
        Check::Plan
    ),
    row!(
        "proxy.clear_system",
        names::proxies::plan_system,
        names::proxies::clear_system,
        names::proxies::undo_system,
        Check::Plan
    ),
    row!(
        "proxy.clear_user",
        names::desktop::plan,
        names::desktop::perform,
        names::desktop::undo,
        Check::Plan
    ),
    row!(
        "service.enable",
        services::plan_enable,
        services::enable,
        services::undo_enable,
        Check::Plan
    ),
    row!(
        "service.restart",
        services::plan_restart,
        services::restart,
        services::undo_start,
        Check::Look(services::is_up)
    ),
    row!("service.start", services::plan_start, services::start, services::undo_start, Check::Plan),
    row!("share.reconnect", shares::plan, shares::perform, nothing_to_undo, Check::Plan),
    row!(
        "sound.restart",
        sound::service::plan,
        sound::service::perform,
        nothing_to_undo,
        SAYS_NOTHING
    ),
    row!(
        "sound.unmute",
        sound::mixer::plan,
        sound::mixer::perform,
        sound::mixer::undo,
        Check::Plan
    ),
    row!("time.resync", clock::plan, clock::perform, nothing_to_undo, Check::Plan),
    row!(
        "updates.refresh",
        packages::refresh::plan,
        packages::refresh::perform,
        nothing_to_undo,
        SAYS_NOTHING
    ),
];
