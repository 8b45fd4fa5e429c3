//! What each kind of certificate says: names, uses, span, serial.

use std::net::IpAddr;
use std::time::Duration;

use befund_model::Timestamp;
use befund_model::id::AgentId;
use befund_runtime::{clock, tls};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose, SanType, SerialNumber,
};
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{BACKDATED, CaError};

const DAY: Duration = Duration::from_secs(24 * 3600);
const ROOT_LIFE: Duration = Duration::from_secs(3653 * DAY.as_secs());
const INTERMEDIATE_LIFE: Duration = Duration::from_secs(731 * DAY.as_secs());

/// From when until when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Its first second.
    pub(super) not_before: Timestamp,
    /// Its last second.
    pub(super) not_after: Timestamp,
}

impl Span {
    /// From an hour ago on, for so long, and no longer than whoever signs it.
    pub(super) fn from(
        now: Timestamp,
        life: Duration,
        at_most: Timestamp,
    ) -> Result<Self, CaError> {
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        let at = |second: Option<i64>| {
            second.and_then(|second| Timestamp::from_second(second).ok()).ok_or(CaError::Clock(now))
        };
        Ok(Self {
            not_before: at(now.as_second().checked_sub(seconds(BACKDATED)))?,
            not_after: at(now.as_second().checked_add(seconds(life)))?.min(at_most),
        })
    }
}

/// The root: signs intermediates.
pub(super) fn root(organisation: &str, now: Timestamp) -> Result<CertificateParams, CaError> {
    let span = Span::from(now, ROOT_LIFE, Timestamp::MAX)?;
    let mut params = named(format!("{organisation} Befund root"), span, now)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// The intermediate: signs leaves, and the time.
pub(super) fn intermediate(
    organisation: &str,
    now: Timestamp,
) -> Result<CertificateParams, CaError> {
    let span = Span::from(now, INTERMEDIATE_LIFE, Timestamp::MAX)?;
    let mut params = named(format!("{organisation} Befund issuing 1"), span, now)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    Ok(params)
}

/// An agent: one URI, client authentication, nothing else.
pub(super) fn agent(agent: AgentId, span: Span) -> Result<CertificateParams, CaError> {
    let uri = tls::agent_uri(agent);
    let mut params = named(format!("agent {agent}"), span, span.not_before)?;
    params.subject_alt_names =
        vec![SanType::URI(uri.clone().try_into().map_err(|_| CaError::Name(uri))?)];
    leaf(&mut params, ExtendedKeyUsagePurpose::ClientAuth);
    Ok(params)
}

/// A listener: the host's names and addresses, server authentication, nothing else.
pub(super) fn server(names: &[String], span: Span) -> Result<CertificateParams, CaError> {
    let mut params = named("Befund controller".to_owned(), span, span.not_before)?;
    params.subject_alt_names = names.iter().map(|name| san(name)).collect::<Result<_, _>>()?;
    leaf(&mut params, ExtendedKeyUsagePurpose::ServerAuth);
    Ok(params)
}

fn san(name: &str) -> Result<SanType, CaError> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    if !super::is_name(name) {
        return Err(CaError::Name(name.to_owned()));
    }
    Ok(SanType::DnsName(name.to_owned().try_into().map_err(|_| CaError::Name(name.to_owned()))?))
}

fn leaf(params: &mut CertificateParams, usage: ExtendedKeyUsagePurpose) {
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
}

fn named(name: String, span: Span, now: Timestamp) -> Result<CertificateParams, CaError> {
    let moment = |at: Timestamp| {
        // rcgen speaks in days of the calendar; seconds are added to the first of 1970.
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        u64::try_from(at.as_second())
            .ok()
            .and_then(|seconds| epoch.checked_add(Duration::from_secs(seconds).try_into().ok()?))
            .ok_or(CaError::Clock(now))
    };
    let mut params = CertificateParams::default();
    params.not_before = moment(span.not_before)?;
    params.not_after = moment(span.not_after)?;
    params.serial_number = Some(serial());
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

/// 128 random bits, positive and never shorter.
fn serial() -> SerialNumber {
    let mut bytes = clock::random::<16>();
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&bytes)
}

/// When a certificate ends.
pub(super) fn ends(certificate: &CertificateDer<'_>) -> Result<Timestamp, String> {
    let (_, certificate) =
        X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
    Timestamp::from_second(certificate.validity().not_after.timestamp())
        .map_err(|error| error.to_string())
}
