//! `dns.use_dhcp_servers`: the name servers that the network hands out, instead of those entered by hand: in
//! NetworkManager's connection, in systemd-resolved's link, or in `/etc/resolv.conf` itself.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::context::Context;
use crate::engine::{Plan, noted};
use crate::parameters::Parameters;
use crate::platform::edits::{self, Noted};
use crate::platform::linux::network::{chosen, leases, links, managers};
use crate::trouble::{Outcome, Trouble};

const FILE: &str = "/etc/resolv.conf";
const KEYS: [&str; 4] = ["ipv4.dns", "ipv4.ignore-auto-dns", "ipv6.dns", "ipv6.ignore-auto-dns"];

/// What was set, and is set again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Before {
    /// A connection of NetworkManager's: the values of [`KEYS`].
    Connection { uuid: String, values: Vec<String> },
    /// `/etc/resolv.conf`.
    File(Vec<Noted>),
}

/// What is to be done.
enum Way {
    Connection { uuid: String, values: Vec<String> },
    File(links::Link),
}

fn way(context: &Context<'_>, parameters: &Parameters) -> Outcome<Way> {
    let link = chosen(context, parameters)?;
    if let Some(uuid) = managers::connection(context, &link.name)? {
        let values = values(context, &uuid)?;
        return Ok(Way::Connection { uuid, values });
    }
    if let Some(target) = context.root.link(FILE) {
        return Err(Trouble::unsupported(format!(
            "{FILE} leads to {target}, so that whoever writes that chooses the name servers, and {} is no connection of NetworkManager's",
            link.name
        )));
    }
    Ok(Way::File(link))
}

fn values(context: &Context<'_>, uuid: &str) -> Outcome<Vec<String>> {
    let nmcli = context.program("nmcli")?;
    KEYS.iter()
        .map(|key| {
            let asked = context.ask(&nmcli, &["-g", key, "connection", "show", "uuid", uuid])?;
            crate::context::ended_well(&nmcli, &asked)?;
            Ok(asked.text.trim().to_owned())
        })
        .collect()
}

/// Whether the values of [`KEYS`] say that servers were entered by hand.
fn by_hand(values: &[String]) -> bool {
    let said = |value: &String| !value.is_empty() && value != "no" && value != "--";
    values.iter().any(said)
}

fn edit(context: &Context<'_>, link: &links::Link) -> Outcome<(Option<edits::Edit>, Vec<IpAddr>)> {
    let servers = leases::of(context, link)?.name_servers;
    if servers.is_empty() {
        return Err(Trouble::failed(format!("the lease of {} names no name servers", link.name)));
    }
    let edit = edits::edit(context, FILE, |text| Some(with_servers(text, &servers)))?;
    Ok((edit, servers))
}

/// The text with these name servers and no others; the same if it has them already.
fn with_servers(text: &str, servers: &[IpAddr]) -> String {
    let server = |line: &str| {
        let rest = line.trim_start().strip_prefix("nameserver")?;
        rest.starts_with([' ', '\t']).then(|| rest.trim().to_owned())
    };
    let there: Vec<String> = text.lines().filter_map(server).collect();
    let wanted: Vec<String> = servers.iter().map(ToString::to_string).collect();
    if there == wanted {
        return text.to_owned();
    }
    let mut result = String::new();
    for line in text.split_inclusive('\n').filter(|line| server(line).is_none()) {
        result.push_str(line);
    }
    if !result.is_empty() && !result.ends_with('\n') {
        result.push('\n');
    }
    for server in wanted {
        result.push_str("nameserver ");
        result.push_str(&server);
        result.push('\n');
    }
    result
}

fn listed(servers: &[IpAddr]) -> String {
    servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

pub(in crate::platform::linux) fn plan(
    context: &Context<'_>,
    parameters: &Parameters,
) -> Outcome<Plan> {
    match way(context, parameters)? {
        Way::Connection { uuid, values } => {
            if !by_hand(&values) {
                return Ok(Plan::already("the connection has no name servers of its own"));
            }
            let set: Vec<String> =
                KEYS.iter().zip(&values).map(|(key, value)| format!("{key} {value}")).collect();
            Plan::change(format!(
                "have the connection use the network's name servers instead of {}",
                set.join(", ")
            ))
            .noting(Before::Connection { uuid, values })
        }
        Way::File(link) => {
            let (edit, servers) = edit(context, &link)?;
            let listed = listed(&servers);
            let Some(edit) = edit else {
                return Ok(Plan::already(format!("{FILE} names {listed} already")));
            };
            Plan::change(format!("{FILE}: name {listed} and no others"))
                .noting(Before::File(edits::noted(&[edit])?))
        }
    }
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    parameters: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    match way(context, parameters)? {
        Way::Connection { uuid, .. } => {
            set(context, &uuid, &["", "no", "", "no"])?;
            Ok("the connection uses the network's name servers".to_owned())
        }
        Way::File(link) => {
            let (edit, servers) = edit(context, &link)?;
            edits::make(context, edit.as_slice())?;
            Ok(format!("{FILE} names {}", listed(&servers)))
        }
    }
}

fn set(context: &Context<'_>, uuid: &str, values: &[&str]) -> Outcome<()> {
    let nmcli = context.program("nmcli")?;
    let mut words = vec!["connection", "modify", "uuid", uuid];
    for (key, value) in KEYS.iter().zip(values) {
        words.extend([key, value]);
    }
    context.must(&nmcli, &words)?;
    context.must(&nmcli, &["connection", "up", "uuid", uuid])?;
    Ok(())
}

pub(in crate::platform::linux) fn undo(
    context: &Context<'_>,
    _: &Parameters,
    before: &Value,
) -> Outcome<String> {
    match noted(before)? {
        Before::File(files) => edits::restore(context, &files),
        Before::Connection { uuid, values } => {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            set(context, &uuid, &values)?;
            Ok("the connection has the name servers that were entered by hand again".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn servers_are_replaced_and_the_rest_stays() {
        let servers = ["10.0.0.53".parse().expect("an address"), "fd00::53".parse().expect("one")];
        let text = "# by hand\nnameserver 1.2.3.4\nsearch example.com\nnameserver 5.6.7.8";
        let after = with_servers(text, &servers);
        assert_eq!(
            after,
            "# by hand\nsearch example.com\nnameserver 10.0.0.53\nnameserver fd00::53\n"
        );
        assert_eq!(with_servers(&after, &servers), after);
    }

    proptest! {
        #[test]
        fn twice_is_as_once(text in "((nameserver|search|#|options) ?[0-9a-z.]{0,8}\n?){0,6}", last: u8) {
            let servers = [IpAddr::from([10, 0, 0, last])];
            let once = with_servers(&text, &servers);
            prop_assert_eq!(with_servers(&once, &servers), once);
        }
    }
}
