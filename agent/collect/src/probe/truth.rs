//! `net.dns-truth`: what programs on this machine get for a name, against what each server says when it
//! is asked by itself, and what a reference server says. docs/probes.md: an answer that differs is a
//! failure, unless the name is one of the inside.
//!
//! Names under a search domain of the machine, and those of reserved or single-label kinds, are never
//! asked of the reference: they would tell the outside of the inside.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use befund_model::probe::names::{DnsTruthFacts, NameAnswer, NameTruth, Truth};
use befund_model::probe::{Parameters, Verdict};

use super::wire::Record;
use super::{Context, Measured, Outcome, Unmeasured, dns, micros, platform, reach, targets};

/// The most addresses of a name.
const MAX_ADDRESSES: usize = 32;
/// Domains that are good on the inside only (RFC 6761, 6762, 8375; ICANN's `internal`; customs).
const INSIDE: &[&str] =
    &["local", "internal", "home.arpa", "lan", "corp", "home", "localdomain", "intranet", "test"];

pub(super) fn run(context: &Context<'_>, parameters: &Parameters) -> Outcome {
    let names: Vec<&str> = match parameters.name("name") {
        Some(name) => vec![name],
        None => context.targets.dns.iter().map(String::as_str).collect(),
    };
    if names.is_empty() {
        return Err(Unmeasured::unsupported("the policy lists no names under targets.dns"));
    }
    let picked = parameters.name("reference");
    let resolvers = &context.targets.resolvers;
    let reference = resolvers
        .iter()
        .find(|(name, _)| picked.is_none_or(|picked| picked == name.as_str()))
        .and_then(|(name, address)| Some((name, targets::resolver(address)?)));
    let (reference, reference_at) = reference.ok_or_else(|| {
        Unmeasured::unsupported("the policy lists no reference under targets.resolvers")
    })?;
    let (servers, search) = platform::name_servers(context)?;
    context.left(Duration::from_secs(1))?;
    let names = super::beside(&names, |name| {
        let inside = is_inside(name, &search);
        let asked = (!inside).then_some(reference_at);
        look(context, name, &servers, asked, inside)
    });
    for name in &names {
        context.say(line(name));
    }
    let worst =
        names.iter().map(|name| judge(name.truth)).max_by_key(|verdict| super::tls::rank(*verdict));
    let summary = names.iter().map(line).collect::<Vec<_>>().join(", ");
    let facts = DnsTruthFacts {
        reference: reference.clone(),
        reference_address: dns::shown(reference_at),
        names,
    };
    Measured::new(worst.unwrap_or_default(), summary, &facts)
}

fn is_inside(name: &str, search: &[String]) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let under = |domain: &str| {
        let domain = domain.trim_matches('.').to_ascii_lowercase();
        name.strip_suffix(domain.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            && !domain.is_empty()
    };
    !name.contains('.')
        || search.iter().any(|one| under(one))
        || INSIDE.iter().any(|one| under(one))
}

fn look(
    context: &Context<'_>,
    name: &str,
    servers: &[SocketAddr],
    reference: Option<SocketAddr>,
    inside: bool,
) -> NameTruth {
    let mut asked: Vec<Option<SocketAddr>> = vec![None];
    asked.extend(servers.iter().copied().map(Some));
    asked.extend(reference.map(Some));
    let mut answers = super::beside(&asked, |whom| match whom {
        None => system(context, name),
        Some(server) => direct(context, name, *server),
    });
    let reference = reference.and_then(|_| answers.pop());
    let servers = answers.split_off(1);
    let system = answers.pop().unwrap_or_default();
    let truth = compare(&system, &servers, reference.as_ref(), inside);
    NameTruth { name: name.to_owned(), system, servers, reference, truth }
}

fn system(context: &Context<'_>, name: &str) -> NameAnswer {
    let started = Instant::now();
    let mut answer = NameAnswer { from: "system".to_owned(), ..NameAnswer::default() };
    match reach::resolve_all(context, name, 80, MAX_ADDRESSES) {
        Ok(found) => {
            answer.addresses = found.iter().map(SocketAddr::ip).collect();
            answer.addresses.sort_unstable();
            answer.latency_us = Some(micros(started.elapsed()));
        }
        Err(error) => answer.error = Some(error),
    }
    answer
}

fn direct(context: &Context<'_>, name: &str, server: SocketAddr) -> NameAnswer {
    let told = dns::lookup(context, server, name, Record::A);
    let mut addresses = told.addresses;
    addresses.sort_unstable();
    NameAnswer {
        from: dns::shown(server),
        rcode: told.rcode,
        addresses,
        latency_us: told.latency_us,
        error: told.error,
    }
}

/// Whether an address is one that no public name should have.
fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            let [first, second, ..] = four.octets();
            four.is_private()
                || four.is_loopback()
                || four.is_link_local()
                || four.is_unspecified()
                // Carriers' own (RFC 6598).
                || (first == 100 && second & 0xc0 == 64)
        }
        IpAddr::V6(six) => {
            six.is_loopback()
                || six.is_unspecified()
                || six.is_unique_local()
                || six.is_unicast_link_local()
        }
    }
}

/// How the system's answer stands to the reference's. IPv4 alone is compared, which servers were
/// asked for.
fn compare(
    system: &NameAnswer,
    servers: &[NameAnswer],
    reference: Option<&NameAnswer>,
    inside: bool,
) -> Truth {
    let four: Vec<&IpAddr> = system.addresses.iter().filter(|one| one.is_ipv4()).collect();
    let meets = |other: &NameAnswer| other.addresses.iter().any(|one| four.contains(&one));
    let spoke: Vec<_> = servers.iter().filter(|server| !server.addresses.is_empty()).collect();
    if inside {
        return if four.is_empty() && system.addresses.is_empty() {
            Truth::Unknown
        } else {
            Truth::Internal
        };
    }
    // This machine says what none of its servers does: its hosts file, or a cache that is stale.
    if !four.is_empty() && !spoke.is_empty() && !spoke.iter().any(|server| meets(server)) {
        let near = |server: &&&NameAnswer| {
            server.addresses.iter().any(is_private) == four.iter().any(|one| is_private(one))
        };
        // Servers of a large service answer otherwise each time.
        if !spoke.iter().all(|server| near(&server)) || four.iter().any(|one| is_private(one)) {
            return Truth::Overridden;
        }
    }
    let Some(reference) = reference.filter(|reference| reference.rcode.is_some()) else {
        return Truth::Unknown;
    };
    let exists = !reference.addresses.is_empty();
    let refused = !exists && reference.rcode.as_deref() != Some("NXDOMAIN");
    match (four.is_empty(), exists) {
        _ if meets(reference) => Truth::Same,
        // Addresses of IPv6 alone, or an answer that says nothing either way.
        (_, false) if refused => Truth::Unknown,
        (true, false) => Truth::Same,
        (true, true) if system.addresses.is_empty() => Truth::Missing,
        (true, true) => Truth::Unknown,
        (false, false) if four.iter().all(|one| is_private(one)) => Truth::Internal,
        (false, false) => Truth::Invented,
        (false, true) if four.iter().all(|one| is_private(one)) => Truth::Diverted,
        (false, true) => Truth::Elsewhere,
    }
}

const fn judge(truth: Truth) -> Verdict {
    match truth {
        Truth::Unknown => Verdict::Unknown,
        Truth::Same | Truth::Internal => Verdict::Pass,
        Truth::Elsewhere => Verdict::Warn,
        Truth::Diverted | Truth::Invented | Truth::Missing | Truth::Overridden => Verdict::Fail,
    }
}

fn line(name: &NameTruth) -> String {
    let word = match name.truth {
        Truth::Unknown => "could not be compared",
        Truth::Same => "is what the reference says",
        Truth::Internal => "is a name of the inside",
        Truth::Elsewhere => "leads to other public addresses than the reference's",
        Truth::Diverted => "is diverted to an address of the inside, or blocked",
        Truth::Invented => "does not exist, but gets an address here",
        Truth::Missing => "exists, but is not found here",
        Truth::Overridden => "is answered otherwise by this machine itself than by its servers",
    };
    format!("{} {word}", name.name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(rcode: &str, addresses: &[&str]) -> NameAnswer {
        NameAnswer {
            rcode: (!rcode.is_empty()).then(|| rcode.to_owned()),
            addresses: addresses.iter().map(|one| one.parse().expect("an address")).collect(),
            ..NameAnswer::default()
        }
    }

    #[test]
    fn answers_are_told_apart() {
        let (one, two, inner) = ("203.0.113.1", "203.0.113.2", "10.0.0.5");
        for (system, server, reference, truth) in [
            (vec![one, two], vec![one], vec![two], Truth::Same),
            (vec![one], vec![one], vec![two], Truth::Elsewhere),
            (vec![inner], vec![inner], vec![one], Truth::Diverted),
            (vec!["0.0.0.0"], vec!["0.0.0.0"], vec![one], Truth::Diverted),
            (vec![one], vec![one], vec![], Truth::Invented),
            (vec![inner], vec![inner], vec![], Truth::Internal),
            (vec![], vec![], vec![one], Truth::Missing),
            (vec![], vec![], vec![], Truth::Same),
            (vec![inner], vec![one], vec![one], Truth::Overridden),
            (vec!["2001:db8::1"], vec![], vec![one], Truth::Unknown),
        ] {
            let code = |list: &[&str]| if list.is_empty() { "NXDOMAIN" } else { "NOERROR" };
            let told = compare(
                &answer("", &system),
                &[answer(code(&server), &server)],
                Some(&answer(code(&reference), &reference)),
                false,
            );
            assert_eq!(told, truth, "{system:?} {server:?} {reference:?}");
        }
        let silent = answer("", &[]);
        assert_eq!(compare(&answer("", &[one]), &[], Some(&silent), false), Truth::Unknown);
        let broken = answer("SERVFAIL", &[]);
        assert_eq!(compare(&answer("", &[one]), &[], Some(&broken), false), Truth::Unknown);
        assert_eq!(compare(&answer("", &[inner]), &[], None, true), Truth::Internal);
    }

    #[test]
    fn names_of_the_inside_are_kept_inside() {
        let search = vec!["Office.Example".to_owned(), ".".to_owned()];
        for name in
            ["files.office.example", "office.example.", "printer", "nas.local", "x.home.arpa"]
        {
            assert!(is_inside(name, &search), "{name}");
        }
        for name in ["example.com", "notoffice.example", "local.example"] {
            assert!(!is_inside(name, &search), "{name}");
        }
    }

    proptest! {
        #[test]
        fn an_answer_that_meets_the_reference_is_never_a_failure(common: [u8; 4], mine: Vec<[u8; 4]>, theirs: Vec<[u8; 4]>) {
            let list = |more: &[[u8; 4]]| -> Vec<IpAddr> {
                std::iter::once(&common).chain(more).map(|four| IpAddr::from(*four)).collect()
            };
            let mut system = answer("", &[]);
            system.addresses = list(&mine);
            let mut reference = answer("NOERROR", &[]);
            reference.addresses = list(&theirs);
            let truth = compare(&system, std::slice::from_ref(&system), Some(&reference), false);
            prop_assert_eq!(truth, Truth::Same);
        }
    }
}
