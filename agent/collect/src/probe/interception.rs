//! `net.interception`: who issued what servers show. docs/probes.md: a root that the machine's owner
//! added is worth a look (somebody on the way may sign for others), one that the machine does not
//! know a failure. With an expected issuer, another one is told as well.

use befund_model::probe::remote::TlsTarget;
use befund_model::probe::trust::{Intercepted, InterceptionFacts, Root};
use befund_model::probe::{Parameters, Verdict};

use super::{Context, Measured, Outcome, platform, tls};

pub(super) fn run(context: &Context<'_>, parameters: &Parameters) -> Outcome {
    let issuer = parameters.name("issuer").and_then(|name| context.targets.issuers.get(name));
    let added = platform::added_roots(context);
    let added_roots = added.as_deref().unwrap_or_default();
    let mut managed_roots: Vec<_> =
        added_roots.iter().filter_map(|root| Some(tls::read(root)?.subject)).collect();
    managed_roots.sort_unstable();
    managed_roots.dedup();
    let targets = tls::ask_all(context, parameters, |target| {
        // Without one that is picked, the one that the policy names as it does the target.
        let issuer = issuer.or_else(|| context.targets.issuers.get(&target.name));
        placed(target, &managed_roots, issuer.map(String::as_str))
    })?;
    for target in &targets {
        context.say(line(target));
    }
    let worst = targets.iter().map(judge).max_by_key(|verdict| tls::rank(*verdict));
    let summary = targets.iter().map(line).collect::<Vec<_>>().join(", ");
    let facts = InterceptionFacts { targets, managed_roots };
    let measured = Measured::new(worst.unwrap_or_default(), summary, &facts)?;
    Ok(match added {
        Ok(_) => measured,
        Err(reason) => measured.partial(reason),
    })
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
