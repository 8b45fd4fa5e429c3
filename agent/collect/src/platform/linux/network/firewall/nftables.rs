//! The kernel's filters, by nfnetlink (linux/netfilter/nf_tables.h): the chains that packets come
//! through, their policies, and how many rules each has. Only root may ask.

use std::io;

use rustix::net::netlink::NETFILTER;

use crate::platform::linux::network::netlink::{attributes, dump};

/// `NFNL_SUBSYS_NFTABLES << 8`.
const NFTABLES: u16 = 10 << 8;
const GET_CHAIN: u16 = NFTABLES | 4;
const GET_RULE: u16 = NFTABLES | 7;
const CHAIN_TABLE: u16 = 1;
const CHAIN_NAME: u16 = 3;
const CHAIN_HOOK: u16 = 4;
const CHAIN_POLICY: u16 = 5;
const CHAIN_USE: u16 = 6;
const CHAIN_TYPE: u16 = 7;
const HOOK_NUMBER: u16 = 1;
const RULE_TABLE: u16 = 1;
const RULE_CHAIN: u16 = 2;
const RULE_EXPRESSIONS: u16 = 4;
const EXPRESSION_NAME: u16 = 1;
const EXPRESSION_DATA: u16 = 2;

/// linux/netfilter.h.
const NF_DROP: u32 = 0;
const FAMILY_INET: u8 = 1;
const FAMILY_IPV4: u8 = 2;
const FAMILY_IPV6: u8 = 10;
/// What is for this machine (`NF_INET_LOCAL_IN`).
pub(crate) const INPUT: u32 = 1;
/// What is handed on (`NF_INET_FORWARD`).
pub(crate) const FORWARD: u32 = 2;
/// What this machine sends (`NF_INET_LOCAL_OUT`).
pub(crate) const OUTPUT: u32 = 3;

/// A message's own header (`struct nfgenmsg`), before its attributes: family, version, two bytes.
const HEADER: usize = 4;

/// A chain that packets come through and that filters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// For packets of IPv4.
    pub(crate) four: bool,
    /// For packets of IPv6.
    pub(crate) six: bool,
    pub(crate) table: String,
    pub(crate) name: String,
    /// [`INPUT`], [`FORWARD`] or [`OUTPUT`].
    pub(crate) hook: u32,
    /// Whether it drops what no rule names: by its policy, or by its last rule.
    pub(crate) blocks: bool,
    /// How many rules stand in it, those of chains that it leads to not counted.
    pub(crate) rules: u32,
}

/// The chains that filter, in the kernel's order.
pub(crate) fn chains() -> io::Result<Vec<Chain>> {
    let mut chains = Vec::new();
    dump(Some(NETFILTER), GET_CHAIN, &[0; HEADER], |_, message| chains.extend(chain(message)))?;
    for (family, chain) in &mut chains {
        if chain.blocks || chain.rules == 0 {
            continue;
        }
        let mut last = false;
        let request = rules_of(*family, chain);
        dump(Some(NETFILTER), GET_RULE, &request, |_, message| last = ends(message))?;
        chain.blocks = last;
    }
    Ok(chains.into_iter().map(|(_, chain)| chain).collect())
}

/// A number of four bytes in network order.
fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?))
}

fn text(bytes: &[u8]) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}

/// A chain with its family, if it stands where packets come through, and filters.
pub(crate) fn chain(message: &[u8]) -> Option<(u8, Chain)> {
    let family = *message.first()?;
    let mut chain = Chain {
        four: matches!(family, FAMILY_INET | FAMILY_IPV4),
        six: matches!(family, FAMILY_INET | FAMILY_IPV6),
        ..Chain::default()
    };
    let (mut hook, mut filters) = (None, false);
    for (kind, value) in attributes(message.get(HEADER..)?) {
        match kind {
            CHAIN_TABLE => chain.table = text(value),
            CHAIN_NAME => chain.name = text(value),
            CHAIN_HOOK => {
                hook = attributes(value).find(|(kind, _)| *kind == HOOK_NUMBER);
                hook = hook.filter(|(_, value)| value.len() == 4);
            }
            CHAIN_POLICY => chain.blocks = number(value)? == NF_DROP,
            // Nothing leads to such a chain but the hook, so that only rules use it.
            CHAIN_USE => chain.rules = number(value)?,
            CHAIN_TYPE => filters = text(value) == "filter",
            _ => {}
        }
    }
    chain.hook = number(hook?.1)?;
    let ours = (chain.four || chain.six) && matches!(chain.hook, INPUT | FORWARD | OUTPUT);
    (filters && ours).then_some((family, chain))
}

/// A request for the rules of this chain.
pub(crate) fn rules_of(family: u8, chain: &Chain) -> Vec<u8> {
    let mut request = vec![family, 0, 0, 0];
    for (kind, name) in [(RULE_TABLE, &chain.table), (RULE_CHAIN, &chain.name)] {
        let length = u16::try_from(name.len() + 5).unwrap_or(u16::MAX);
        request.extend_from_slice(&length.to_ne_bytes());
        request.extend_from_slice(&kind.to_ne_bytes());
        request.extend_from_slice(name.as_bytes());
        request.push(0);
        request.resize(request.len().next_multiple_of(4), 0);
    }
    request
}

/// Whether a rule drops or refuses whatever comes to it.
pub(crate) fn ends(message: &[u8]) -> bool {
    let Some(body) = message.get(HEADER..) else { return false };
    let Some((_, expressions)) = attributes(body).find(|(kind, _)| *kind == RULE_EXPRESSIONS)
    else {
        return false;
    };
    let mut ends = false;
    for (_, expression) in attributes(expressions) {
        let (mut name, mut data) = (String::new(), &[][..]);
        for (kind, value) in attributes(expression) {
            match kind {
                EXPRESSION_NAME => name = text(value),
                EXPRESSION_DATA => data = value,
                _ => {}
            }
        }
        match name.as_str() {
            // These look at nothing in the packet.
            "counter" | "log" => {}
            "reject" => ends = true,
            "immediate" if drops(data) => ends = true,
            // iptables' own kinds of verdict.
            "target" => {
                let target =
                    attributes(data).find(|(kind, _)| *kind == 1).map(|(_, name)| text(name));
                if target.as_deref() != Some("REJECT") {
                    return false;
                }
                ends = true;
            }
            // A condition, or another verdict.
            _ => return false,
        }
    }
    ends
}

/// Whether an `immediate` is the verdict "drop": its register is 0, its data a verdict's code.
fn drops(data: &[u8]) -> bool {
    const REGISTER: u16 = 1;
    const VALUE: u16 = 2;
    const VERDICT: u16 = 2;
    const CODE: u16 = 1;
    let find = |bytes, wanted| attributes(bytes).find(|(kind, _)| *kind == wanted).map(|(_, v)| v);
    let code = || number(find(find(find(data, VALUE)?, VERDICT)?, CODE)?);
    find(data, REGISTER).and_then(number) == Some(0) && code() == Some(NF_DROP)
}
