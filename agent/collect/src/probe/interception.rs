//! `net.interception`: who issued what servers show. docs/probes.md: a root that the machine's owner
//! added is worth a look (somebody on the way may sign for others), one that the machine does not
//! know a failure. With an expected issuer, another one is told as well.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use befund_model::probe::remote::TlsTarget;
use befund_model::probe::trust::{Intercepted, InterceptionFacts, Root};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, platform, tls};

/// Where the machine's owner puts roots of their own: Debian, Red Hat, Arch, SUSE.
const OWN_ROOTS: &[&str] = &[
    "/usr/local/share/ca-certificates",
    "/etc/pki/ca-trust/source/anchors",
    "/etc/ca-certificates/trust-source/anchors",
    "/etc/pki/trust/anchors",
];
/// The most files of such, and bytes of each.
const MAX_FILES: usize = 500;
const MAX_BYTES: u64 = 256 << 10;

pub(super) fn run(context: &Context<'_>, parameters: &Parameters) -> Outcome {
    let issuer = parameters.name("issuer").and_then(|name| context.targets.issuers.get(name));
    let mut managed_roots = managed(context);
    managed_roots.sort_unstable();
    managed_roots.dedup();
    let targets = tls::ask_all(context, parameters, |target| {
        placed(target, &managed_roots, issuer.map(String::as_str))
    })?;
    for target in &targets {
        context.say(line(target));
    }
    let worst = targets.iter().map(judge).max_by_key(|verdict| tls::rank(*verdict));
    let summary = targets.iter().map(line).collect::<Vec<_>>().join(", ");
    let facts = InterceptionFacts { targets, managed_roots };
    let measured = Measured::new(worst.unwrap_or_default(), summary, &facts)?;
    Ok(match platform::linux_places("the roots that the machine's owner added") {
        Ok(()) => measured,
        Err(unmeasured) => measured.partial(unmeasured.reason),
    })
}

/// The subjects of the roots that the machine's owner added.
fn managed(context: &Context<'_>) -> Vec<String> {
    let mut subjects = Vec::new();
    let mut left = MAX_FILES;
    for folder in OWN_ROOTS {
        files(&context.path(folder), 2, &mut left, &mut |path| {
            let bytes = std::fs::File::open(path).and_then(|file| {
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(&mut std::io::Read::take(file, MAX_BYTES), &mut bytes)?;
                Ok(bytes)
            });
            let Ok(bytes) = bytes else { return };
            for certificate in certificates(&bytes) {
                subjects.extend(tls::read(&certificate).map(|certificate| certificate.subject));
            }
        });
    }
    subjects
}

/// The certificates of a file, in text or not.
pub(super) fn certificates(bytes: &[u8]) -> Vec<CertificateDer<'static>> {
    let mut found: Vec<_> = CertificateDer::pem_slice_iter(bytes).flatten().collect();
    if found.is_empty() && bytes.first() == Some(&0x30) {
        found.push(CertificateDer::from(bytes.to_vec()));
    }
    found
}

/// Visits the files of a folder and of those in it, so deep.
fn files(folder: &Path, depth: usize, left: &mut usize, visit: &mut impl FnMut(&Path)) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if *left == 0 {
            return;
        }
        // Links are followed to files, as the system's own tools do.
        if path.is_dir() && depth > 0 {
            files(&path, depth - 1, left, visit);
        } else if path.is_file() {
            *left -= 1;
            visit(&path);
        }
    }
}

/// Where what was shown leads.
fn placed(told: TlsTarget, managed: &[String], issuer: Option<&str>) -> Intercepted {
    let root_subject = told.chain.last().map(|last| last.issuer.clone());
    let unknown = told.problem.as_deref().is_some_and(|problem| problem.contains("lead to a root"));
    let owned = || {
        let issuers = told.chain.iter().map(|one| &one.issuer);
        issuers.into_iter().any(|issuer| managed.contains(issuer))
    };
    let root = match &told.chain[..] {
        [] => Root::None,
        _ if unknown => Root::Unknown,
        _ if owned() => Root::Managed,
        _ => Root::Public,
    };
    let expected = issuer.filter(|_| !told.chain.is_empty()).map(|issuer| {
        match issuer.strip_prefix("sha256:") {
            Some(hex) => told.chain.iter().any(|one| {
                one.sha256.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(hex))
            }),
            None => {
                let issuer = issuer.to_lowercase();
                told.chain.iter().any(|one| one.issuer.to_lowercase().contains(&issuer))
            }
        }
    });
    Intercepted {
        name: told.name,
        target: told.target,
        chain: told.chain,
        root,
        root_subject,
        expected,
        problem: told.error.or(told.problem),
    }
}

/// That a chain is broken otherwise (expired, another name) is `net.tls`' to judge.
const fn judge(target: &Intercepted) -> Verdict {
    match (target.root, target.expected) {
        (Root::None, _) => Verdict::Unknown,
        (Root::Unknown, _) => Verdict::Fail,
        (Root::Managed | Root::Public, Some(true)) | (Root::Public, None) => Verdict::Pass,
        (Root::Managed, _) | (Root::Public, Some(false)) => Verdict::Warn,
    }
}

fn line(target: &Intercepted) -> String {
    let at = &target.target;
    let signer = target.root_subject.as_deref().unwrap_or("nobody");
    let told = match target.root {
        Root::None => {
            format!("{at}: {}", target.problem.as_deref().unwrap_or("no certificate came"))
        }
        Root::Public => format!("{at} is signed by {signer}, which came with the system"),
        Root::Managed => format!("{at} is signed by {signer}, which this machine's owner added"),
        Root::Unknown => format!("{at} is signed by {signer}, which this machine does not know"),
    };
    match target.expected {
        Some(false) => format!("{told}; the expected issuer is another"),
        Some(true) | None => told,
    }
}
