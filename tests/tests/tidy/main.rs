//! The tidy test: what ARCHITECTURE.md calls invariants, as far as reading the tree can check them.
//!
//! Each rule is a function from a file to its breaches; each is tried here on a bad text first, so
//! that a rule which can no longer fail is noticed.

mod crates;
mod rules;
mod source;

use std::fmt;
use std::path::{Path, PathBuf};

/// A place that breaks a rule, and why the rule is there.
#[derive(Debug, PartialEq, Eq)]
struct Breach {
    path: String,
    line: usize,
    why: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.why)
    }
}

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests live in the workspace").to_owned()
}

/// All files below `dir` whose name ends so, as paths relative to the root with `/`.
fn files(dir: &Path, end: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = vec![dir.to_owned()];
    while let Some(folder) = rest.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable folder") {
            let entry = entry.expect("a readable folder");
            let name = entry.file_name().into_string().expect("names are UTF-8");
            let kind = entry.file_type().expect("a file's kind can be read");
            if kind.is_dir() {
                if !name.starts_with('.') && name != "target" {
                    rest.push(entry.path());
                }
            } else if kind.is_file() && name.ends_with(end) {
                let path = entry.path();
                let relative = path.strip_prefix(dir).expect("it was found below");
                let text = std::fs::read_to_string(&path).expect("sources are UTF-8");
                found.push((relative.to_string_lossy().replace('\\', "/"), text));
            }
        }
    }
    found.sort();
    found
}

fn assert_none(breaches: &[Breach]) {
    let lines: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} breaches:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn every_source_keeps_the_rules() {
    let sources = files(&root(), ".rs");
    assert!(sources.len() > 50, "only {} sources found: the walk is broken", sources.len());
    let mut breaches = Vec::new();
    for (path, text) in &sources {
        let source = source::Source::read(path, text);
        for rule in rules::ALL {
            breaches.extend((rule.check)(&source));
        }
    }
    assert_none(&breaches);
}

#[test]
fn every_rule_can_fail_and_can_pass() {
    for rule in rules::ALL {
        for bad in rule.bad {
            let source = source::Source::read(bad.0, bad.1);
            let breaches = (rule.check)(&source);
            assert_eq!(breaches.len(), 1, "{}: {bad:?}: {breaches:?}", rule.name);
            assert_eq!(breaches[0].line, bad.2, "{}: {bad:?}", rule.name);
        }
        for good in rule.good {
            let source = source::Source::read(good.0, good.1);
            assert_eq!((rule.check)(&source), [], "{}: {good:?}", rule.name);
        }
    }
}

#[test]
fn dependencies_point_one_way() {
    let manifests = files(&root(), "Cargo.toml");
    assert!(manifests.len() > 8, "only {} manifests found: the walk is broken", manifests.len());
    let breaches: Vec<Breach> =
        manifests.iter().flat_map(|(path, text)| crates::check(path, text)).collect();
    assert_none(&breaches);
}

#[test]
fn a_dependency_that_points_back_is_noticed() {
    let manifest = |name: &str, dependencies: &str| {
        format!("[package]\nname = \"{name}\"\n\n{dependencies}\n")
    };
    for (name, dependencies, why) in [
        ("befund-model", "[dependencies]\ntokio.workspace = true", "tokio"),
        ("befund-model", "[dependencies]\nx = { package = \"sqlx\", version = \"1\" }", "sqlx"),
        ("befund-model", "[dev-dependencies]\nbefund-runtime.workspace = true", "befund-runtime"),
        ("befund", "[dependencies]\nbefund-controller = { path = \"..\" }", "befund-controller"),
        (
            "befund-controller",
            "[target.'cfg(unix)'.dependencies]\nbefund-agent.workspace = true",
            "befund-agent",
        ),
        ("befund-collect", "[build-dependencies]\nbefund-proto.workspace = true", "befund-proto"),
        ("befund-new", "[dependencies]\nserde = \"1\"", "befund-new"),
    ] {
        let breaches = crates::check("x/Cargo.toml", &manifest(name, dependencies));
        assert_eq!(breaches.len(), 1, "{name}: {dependencies}: {breaches:?}");
        assert!(breaches[0].why.contains(why), "{}", breaches[0]);
        assert!(breaches[0].line > 1, "{}", breaches[0]);
    }
    let good = manifest("befund", "[dependencies]\nbefund-model.workspace = true\nserde = \"1\"");
    assert_eq!(crates::check("x/Cargo.toml", &good), []);
}

#[test]
fn the_lexer_tells_code_from_text() {
    let text = r####"//! unsafe in a comment
let a = "unsafe \" in a string"; // unsafe
let b = r#"unsafe " raw
over lines"#; /* unsafe /* nested */ unsafe */ let c = 'u'; let d: &'static str = b"x";
let e = '"'; let unsafe_code = '\''; unsafe {}
"####;
    let source = source::Source::read("a.rs", text);
    assert_eq!(source.words("unsafe").collect::<Vec<_>>(), [5]);
    let strings: Vec<(usize, &str)> =
        source.strings.iter().map(|string| (string.line, string.text.as_str())).collect();
    assert_eq!(
        strings,
        [(2, r#"unsafe \" in a string"#), (3, "unsafe \" raw\nover lines"), (4, "x"),]
    );
}
