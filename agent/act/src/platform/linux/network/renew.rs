//! `net.dhcp_renew`: the address lease of an interface asked for again, by whoever asks for it otherwise.

use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

use super::links::{Link, numbered};
use super::managers::{self, Client, Kind, Supplier};
use super::{chosen, routes};

/// How often it is looked whether the address has come.
const LOOK: Duration = Duration::from_millis(100);

pub(in crate::platform::linux) fn plan(
    context: &Context<'_>,
    parameters: &Parameters,
) -> Outcome<Plan> {
    let link = chosen(context, parameters)?;
    let name = &link.name;
    let line = match managers::of(context, &link)? {
        Supplier::NetworkManager(_) => {
            format!("have NetworkManager connect {name} anew, which asks for an address")
        }
        Supplier::Networkd => format!("have systemd-networkd ask for the address of {name} again"),
        Supplier::Client(Client { kind: Kind::Dhclient, .. }) => {
            format!("start the DHCP client dhclient of {name} anew")
        }
        Supplier::Client(Client { kind: Kind::Dhcpcd, .. }) => {
            format!("have dhcpcd ask for the address of {name} again")
        }
        Supplier::Client(Client { kind: Kind::Udhcpc, .. }) => {
            format!("have udhcpc ask for the address of {name} again")
        }
        Supplier::Nobody => match own_client(context)? {
            (Kind::Dhclient, _) => format!("ask for an address of {name} with dhclient"),
            (Kind::Dhcpcd, _) => format!("ask for an address of {name} with dhcpcd"),
            (Kind::Udhcpc, _) => format!("ask for an address of {name} with udhcpc"),
        },
    };
    Ok(Plan::change(line).unpredictable("which address comes is the network's to say"))
}

fn own_client(context: &Context<'_>) -> Outcome<(Kind, std::path::PathBuf)> {
    let known = [(Kind::Dhclient, "dhclient"), (Kind::Dhcpcd, "dhcpcd"), (Kind::Udhcpc, "udhcpc")];
    known
        .into_iter()
        .find_map(|(kind, name)| Some((kind, context.programs.find(name)?)))
        .ok_or_else(|| {
            Trouble::unsupported(
                "nobody on this machine asks for addresses (looked for NetworkManager, systemd-networkd, dhclient, dhcpcd and udhcpc)",
            )
        })
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let link = chosen(context, parameters)?;
    let name = link.name.as_str();
    match managers::of(context, &link)? {
        Supplier::NetworkManager(uuid) => {
            let nmcli = context.program("nmcli")?;
            context.must(&nmcli, &["connection", "up", "uuid", &uuid, "ifname", name])?;
        }
        Supplier::Networkd => {
            context.must(&context.program("networkctl")?, &["renew", name])?;
        }
        Supplier::Client(client) => by_client(context, &link, &client)?,
        Supplier::Nobody => {
            let (kind, program) = own_client(context)?;
            match kind {
                Kind::Dhclient => lasting(context, name, &program, &["-1", "-v", "-4", name])?,
                Kind::Dhcpcd => lasting(context, name, &program, &["-4", "-1", name])?,
                Kind::Udhcpc => {
                    lasting(context, name, &program, &["-i", name, "-n", "-b", "-t", "5"])?;
                }
            }
        }
    }
    let address = wait_for_address(context, &link)?;
    Ok(format!("{name} has the address {address}"))
}

fn by_client(context: &Context<'_>, link: &Link, client: &Client) -> Outcome<()> {
    let name = link.name.as_str();
    match client.kind {
        Kind::Dhcpcd => {
            context.must(&context.program("dhcpcd")?, &["-n", name])?;
        }
        // udhcpc(8): SIGUSR1 renews.
        Kind::Udhcpc => {
            let pid = i32::try_from(client.pid).ok().and_then(Pid::from_raw);
            let pid = pid.ok_or_else(|| Trouble::failed("udhcpc has ended"))?;
            kill_process(pid, Signal::USR1)
                .map_err(|error| Trouble::io("have udhcpc ask again", &error.into()))?;
        }
        Kind::Dhclient => {
            let program = context.program("dhclient")?;
            let files = files(&client.arguments);
            let stop = files.iter().map(String::as_str).chain(["-4", "-x", name]);
            context.must(&program, &stop.collect::<Vec<_>>())?;
            let start = files.iter().map(String::as_str).chain(["-1", "-v", "-4", name]);
            lasting(context, name, &program, &start.collect::<Vec<_>>())?;
        }
    }
    Ok(())
}

/// The files that a dhclient works with, as it was started with them.
fn files(arguments: &[String]) -> Vec<String> {
    let mut files = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if ["-pf", "-lf", "-cf", "-sf"].contains(&word.as_str())
            && let Some(file) = words.next().filter(|file| file.starts_with('/'))
        {
            files.extend([word.clone(), file.clone()]);
        }
    }
    files
}

/// Starts a client that goes on after us: under systemd, a unit of its own, since what is started here ends with
/// this process.
fn lasting(
    context: &Context<'_>,
    interface: &str,
    program: &Path,
    arguments: &[&str],
) -> Outcome<()> {
    if context.root.exists("/run/systemd/system")
        && let Some(starter) = context.programs.find("systemd-run")
    {
        let unit = format!("--unit=befund-address-{interface}");
        let program = program.display().to_string();
        let mut words = vec!["--quiet", "--collect", "--service-type=forking", &unit, &program];
        words.extend(arguments);
        context.must(&starter, &words)?;
        return Ok(());
    }
    context.must(program, arguments)?;
    Ok(())
}

fn wait_for_address(context: &Context<'_>, link: &Link) -> Outcome<std::net::Ipv4Addr> {
    loop {
        let link = numbered(link.index)?;
        if let Some(address) = routes::has_address(link.index)? {
            return Ok(address);
        }
        if context.left().is_err() {
            let within = context.order.within_ms;
            return Err(Trouble::failed(format!(
                "{} got no address within {within} ms: no DHCP server answers, or the cable is out",
                link.name
            )));
        }
        std::thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_files_of_a_client_are_taken_over() {
        let words =
            ["-4", "-pf", "/run/d.pid", "-lf", "relative", "-cf", "/etc/d.conf", "-e", "X=1"];
        let words: Vec<String> = words.map(str::to_owned).into();
        assert_eq!(files(&words), ["-pf", "/run/d.pid", "-cf", "/etc/d.conf"]);
    }
}
