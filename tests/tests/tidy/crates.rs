//! Which crate of the workspace may know which, and what the domain must not know at all.

use crate::Breach;

/// For each crate of the workspace, the others that it may depend on. The tests may know all.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("befund-model", &[]),
    ("befund-expression", &["befund-model"]),
    ("befund-checks", &["befund-model", "befund-expression"]),
    ("befund-runbook", &["befund-model", "befund-expression"]),
    ("befund-runtime", &["befund-model"]),
    ("befund-trust", &["befund-model"]),
    ("befund-proto", &["befund-model"]),
    ("befund-collect", &["befund-model", "befund-runtime"]),
    ("befund-act", &["befund-model", "befund-runtime"]),
    (
        "befund-executor",
        &[
            "befund-model",
            "befund-runtime",
            "befund-expression",
            "befund-runbook",
            "befund-trust",
            "befund-collect",
            "befund-act",
        ],
    ),
    (
        "befund-agent",
        &[
            "befund-model",
            "befund-runtime",
            "befund-proto",
            "befund-expression",
            "befund-act",
            "befund-collect",
            "befund-executor",
        ],
    ),
    (
        "befund-controller",
        &[
            "befund-model",
            "befund-runtime",
            "befund-proto",
            "befund-checks",
            "befund-runbook",
            "befund-trust",
        ],
    ),
    (
        "befund",
        &[
            "befund-model",
            "befund-runtime",
            "befund-checks",
            "befund-expression",
            "befund-runbook",
            "befund-trust",
        ],
    ),
    ("befund-browser", &[]),
    ("xtask", &["befund-browser"]),
    (
        "befund-hostile",
        &[
            "befund-model",
            "befund-expression",
            "befund-runbook",
            "befund-runtime",
            "befund-proto",
            "befund-collect",
            "befund-executor",
            "befund-agent",
            "befund-controller",
            "befund-expression",
            "befund-runbook",
            "befund-trust",
        ],
    ),
    ("befund-fuzz", &["befund-hostile"]),
    (
        "befund-tests",
        &[
            "befund-browser",
            "befund-model",
            "befund-checks",
            "befund-runtime",
            "befund-proto",
            "befund-collect",
            "befund-executor",
            "befund-agent",
            "befund-controller",
            "befund-expression",
            "befund-runbook",
            "befund-trust",
            "befund",
        ],
    ),
];

/// What brings I/O or a wire format with it.
const NOT_FOR_THE_MODEL: &[&str] = &[
    "tokio",
    "tokio-util",
    "futures-util",
    "prost",
    "prost-types",
    "tonic",
    "sqlx",
    "axum",
    "reqwest",
    "hyper",
    "rustls",
    "rustix",
    "socket2",
    "getrandom",
];

/// The breaches of one `Cargo.toml`.
pub(crate) fn check(path: &str, text: &str) -> Vec<Breach> {
    let manifest: toml::Table = text.parse().expect("Cargo has read it");
    let Some(name) = manifest.get("package").and_then(|package| package.get("name")?.as_str())
    else {
        return Vec::new();
    };
    let breach = |word: &str, why: String| Breach {
        path: path.to_owned(),
        line: text.lines().position(|line| line.contains(word)).map_or(1, |at| at + 1),
        why,
    };
    let Some((_, may_know)) = MAY_KNOW.iter().find(|(crate_name, _)| *crate_name == name) else {
        let why = format!("{name} has no line in the tidy test's table of who may know whom");
        return vec![breach(name, why)];
    };
    let mut breaches = Vec::new();
    for (kind, key, package) in dependencies(&manifest) {
        let ours = MAY_KNOW.iter().any(|(crate_name, _)| *crate_name == package);
        // Its fixtures are for every crate's tests.
        let fixtures = kind == "dev-dependencies" && package == "befund-tests";
        if ours && package != name && !fixtures && !may_know.contains(&package.as_str()) {
            let why = format!("{name} must not know {package}: dependencies point one way");
            breaches.push(breach(&key, why));
        }
        if name == "befund-model" && NOT_FOR_THE_MODEL.contains(&package.as_str()) {
            let why = format!("the model knows neither I/O nor a wire format, so not {package}");
            breaches.push(breach(&key, why));
        }
    }
    breaches
}

/// Every dependency: of which kind, its key, and the package that it stands for.
fn dependencies(manifest: &toml::Table) -> Vec<(&'static str, String, String)> {
    let mut tables = vec![manifest];
    if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
        tables.extend(targets.values().filter_map(toml::Value::as_table));
    }
    let mut found = Vec::new();
    for table in tables {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(dependencies) = table.get(kind).and_then(toml::Value::as_table) else {
                continue;
            };
            for (key, value) in dependencies {
                let package = value.get("package").and_then(toml::Value::as_str).unwrap_or(key);
                found.push((kind, key.clone(), package.to_owned()));
            }
        }
    }
    found
}
