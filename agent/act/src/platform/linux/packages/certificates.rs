//! `certificates.refresh`: the bundle of trusted certificates built anew from the system's own.

use std::path::PathBuf;

use befund_model::action::Holds;

use crate::context::Context;
use crate::engine::Plan;
use crate::parameters::Parameters;
use crate::trouble::{Outcome, Trouble};

const BUNDLES: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
];

fn builder(context: &Context<'_>) -> Outcome<(PathBuf, &'static [&'static str])> {
    let known: [(&str, &[&str]); 3] = [
        ("update-ca-certificates", &[]),
        ("update-ca-trust", &["extract"]),
        ("trust", &["extract-compat"]),
    ];
    known
        .into_iter()
        .find_map(|(name, words)| Some((context.programs.find(name)?, words)))
        .ok_or_else(|| {
            Trouble::unsupported(
                "nothing builds a list of certificates here (looked for update-ca-certificates, update-ca-trust and trust)",
            )
        })
}

/// How many certificates the bundle has; `None` if there is none.
fn count(context: &Context<'_>) -> Option<(&'static str, usize)> {
    BUNDLES.into_iter().find_map(|path| {
        let text = context.root.text(path).ok()?;
        Some((path, text.matches("-----BEGIN ").count()))
    })
}

pub(in crate::platform::linux) fn plan(context: &Context<'_>, _: &Parameters) -> Outcome<Plan> {
    let (program, _) = builder(context)?;
    let now = match count(context) {
        Some((path, count)) => format!("{path} has {count} certificates now"),
        None => "there is no list now".to_owned(),
    };
    let line = format!("have {} build the list anew; {now}", program.display());
    Ok(Plan::change(line).unpredictable("how many certificates it has then is not known before"))
}

pub(in crate::platform::linux) fn perform(
    context: &Context<'_>,
    _: &Parameters,
    _: &mut Plan,
) -> Outcome<String> {
    let (program, words) = builder(context)?;
    context.must(&program, words)?;
    Ok(match count(context) {
        Some((path, count)) => format!("{path} was built anew, with {count} certificates"),
        None => "the list was built anew".to_owned(),
    })
}

pub(in crate::platform::linux) fn has_list(
    context: &Context<'_>,
    _: &Parameters,
) -> Outcome<(Holds, String)> {
    Ok(match count(context) {
        Some((path, 0)) => (Holds::NotDone, format!("{path} is empty")),
        Some((path, count)) => (Holds::Unknown, format!("{path} has {count} certificates")),
        None => (Holds::NotDone, "there is no list of trusted certificates".to_owned()),
    })
}
