//! `net.client-cert`: the certificates that this machine shows to networks (802.1X, VPN), as its programs
//! are configured or as they lie in its stores. docs/probes.md: fewer than 14 days left is worth a look;
//! one that expired, or has no key, is a failure.

use std::collections::BTreeMap;

use befund_model::Timestamp;
use befund_model::probe::trust::{ClientCert, ClientCertFacts};
use befund_model::probe::{Parameters, Verdict};
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{Context, Measured, Outcome, platform, tls};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    /// Those that a program is configured to show.
    pub(super) configured: Vec<Held>,
    /// Those in stores, out of which programs take whichever fits.
    pub(super) stored: Vec<Held>,
    /// What could not be looked at, and why.
    pub(super) missing: Option<String>,
}

/// A certificate and its key, as the system has them.
#[derive(Debug)]
pub(super) struct Held {
    /// What uses it, or whose store it is in.
    pub(super) used_by: String,
    /// Its file, or its place in the store.
    pub(super) place: String,
    /// The certificate, or why it cannot be looked into.
    pub(super) der: Result<CertificateDer<'static>, String>,
    /// Whether its key is there; absent if that is not known.
    pub(super) key: Option<bool>,
    /// The key's file, if it is one.
    pub(super) key_file: Option<String>,
}

pub(super) fn run(context: &Context<'_>, _: &Parameters) -> Outcome {
    let Certificates { configured, stored, missing } = platform::client_certificates(context)?;
    let now = context.clock.now();
    let mut certificates: Vec<_> = configured.into_iter().map(|one| look(one, now)).collect();
    certificates.extend(current(stored, now));
    certificates.sort_by(|a, b| (&a.file, &a.used_by).cmp(&(&b.file, &b.used_by)));
    for certificate in &certificates {
        context.say(line(certificate));
    }
    let (verdict, summary) = judge(&certificates);
    let measured = Measured::new(verdict, summary, &ClientCertFacts { certificates })?;
    Ok(match missing {
        Some(reason) => measured.partial(reason),
        None => measured,
    })
}

fn look(held: Held, now: Timestamp) -> ClientCert {
    let Held { used_by, place, der, key, key_file } = held;
    let mut told = ClientCert { used_by, file: place, key, key_file, ..ClientCert::default() };
    let none = || "it is no certificate that can be looked into".to_owned();
    match der.and_then(|der| tls::read(&der).ok_or_else(none)) {
        Err(problem) => told.problem = Some(problem),
        Ok(own) => {
            told.days_left = Some(tls::days(now, own.not_after));
            told.not_after = Some(own.not_after);
            (told.subject, told.issuer) = (Some(own.subject), Some(own.issuer));
        }
    }
    told
}

/// Of a store's certificates those that a network could be shown, and of those of one issuer for one
/// subject the one that is good for longest: the others were renewed.
fn current(stored: Vec<Held>, now: Timestamp) -> Vec<ClientCert> {
    let for_clients = |held: &Held| held.der.as_ref().is_ok_and(|der| is_for_clients(der));
    let (fitting, rest): (Vec<_>, Vec<_>) = stored.into_iter().partition(for_clients);
    let mut newest: BTreeMap<_, ClientCert> = BTreeMap::new();
    for one in fitting.into_iter().map(|held| look(held, now)) {
        let whose = (one.used_by.clone(), one.subject.clone(), one.issuer.clone());
        let known = newest.get(&whose);
        if known.is_none_or(|known| (known.not_after, known.key) < (one.not_after, one.key)) {
            newest.insert(whose, one);
        }
    }
    let unreadable = rest.into_iter().filter(|held| held.der.is_err());
    newest.into_values().chain(unreadable.map(|held| look(held, now))).collect()
}

/// Whether a certificate may be shown by a client (RFC 5280, 4.2.1.12), and is no authority's.
fn is_for_clients(der: &CertificateDer<'_>) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return false };
    let usage = certificate.extended_key_usage().ok().flatten();
    !certificate.is_ca() && usage.is_none_or(|usage| usage.value.client_auth || usage.value.any)
}

fn verdict(certificate: &ClientCert) -> Verdict {
    match (certificate.days_left, certificate.key) {
        (_, Some(false)) => Verdict::Fail,
        (Some(days), _) if days < 0 => Verdict::Fail,
        (Some(days), _) if days < tls::WARN_DAYS => Verdict::Warn,
        (Some(_), _) => Verdict::Pass,
        (None, _) => Verdict::Unknown,
    }
}

fn line(certificate: &ClientCert) -> String {
    let ClientCert { used_by, file, days_left, problem, key, .. } = certificate;
    let state = match (problem, days_left, key) {
        (Some(problem), _, _) => problem.clone(),
        (None, _, Some(false)) => "its key is not there".to_owned(),
        (None, Some(days), _) if *days < 0 => format!("it expired {} days ago", -days),
        (None, Some(days), _) => format!("{days} days left"),
        (None, None, _) => "it tells no end".to_owned(),
    };
    format!("{used_by} ({file}): {state}")
}

fn judge(certificates: &[ClientCert]) -> (Verdict, String) {
    if certificates.is_empty() {
        let none = "this machine has no certificate to show to a network";
        return (Verdict::Pass, none.to_owned());
    }
    let worst = certificates.iter().map(verdict).max_by_key(|verdict| tls::rank(*verdict));
    (worst.unwrap_or_default(), certificates.iter().map(line).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    };

    use super::*;

    #[test]
    fn expiry_and_keys_decide() {
        let of = |days_left, key| ClientCert { days_left, key, ..ClientCert::default() };
        for (certificate, expected) in [
            (of(Some(30), Some(true)), Verdict::Pass),
            (of(Some(13), Some(true)), Verdict::Warn),
            (of(Some(-1), Some(true)), Verdict::Fail),
            (of(Some(30), Some(false)), Verdict::Fail),
            (of(None, Some(true)), Verdict::Unknown),
        ] {
            assert_eq!(verdict(&certificate), expected, "{certificate:?}");
        }
    }

    /// A certificate in a store, good until a day of 2030.
    fn held(name: &str, usages: &[ExtendedKeyUsagePurpose], ca: bool, day: u8) -> Held {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = usages.to_vec();
        params.not_after = rcgen::date_time_ymd(2030, 1, day);
        if ca {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let key = KeyPair::generate().expect("a key");
        let der = params.self_signed(&key).expect("a certificate").der().clone();
        Held {
            used_by: "this machine".to_owned(),
            place: format!("{name} {day}"),
            der: Ok(der),
            key: Some(true),
            key_file: None,
        }
    }

    #[test]
    fn of_a_store_only_what_a_network_would_be_shown_is_told() {
        use ExtendedKeyUsagePurpose::{Any, ClientAuth, ServerAuth};
        let broken =
            Held { der: Ok(CertificateDer::from(vec![0x30, 1])), ..held("broken", &[], false, 9) };
        let closed = Held { der: Err("denied".to_owned()), ..held("closed", &[], false, 9) };
        let stored = vec![
            held("client", &[ClientAuth, ServerAuth], false, 9),
            held("any", &[Any], false, 9),
            held("unsaid", &[], false, 9),
            held("server", &[ServerAuth], false, 9),
            held("authority", &[ClientAuth], true, 9),
            broken,
            closed,
        ];
        let now = Timestamp::from_second(1_893_456_000).expect("1 January 2030");
        let told = current(stored, now);
        let mut places: Vec<_> = told.iter().map(|one| one.file.as_str()).collect();
        places.sort_unstable();
        assert_eq!(places, ["any 9", "client 9", "closed 9", "unsaid 9"]);
        assert!(told.iter().all(|one| one.days_left == Some(8) || one.problem.is_some()));
    }

    #[test]
    fn a_certificate_that_was_renewed_counts_no_more() {
        let old = held("pc", &[], false, 2);
        let new = held("pc", &[], false, 20);
        let other = held("other", &[], false, 3);
        let now = Timestamp::from_second(1_893_456_000 + 10 * 86_400).expect("11 January 2030");
        let told = current(vec![new, old, other], now);
        let told: Vec<_> = told.iter().map(|one| (one.file.as_str(), verdict(one))).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.contains(&("pc 20", Verdict::Warn)), "{told:?}");
        assert!(told.contains(&("other 3", Verdict::Fail)), "{told:?}");
    }
}
