//! The rules for sources, each with texts that break it and texts that do not.

use crate::Breach;
use crate::source::Source;

/// A rule.
pub(crate) struct Rule {
    /// What it is called when its own test fails.
    pub(crate) name: &'static str,
    /// Finds the breaches.
    pub(crate) check: fn(&Source<'_>) -> Vec<Breach>,
    /// Path, text and the line of the one breach.
    pub(crate) bad: &'static [(&'static str, &'static str, usize)],
    /// Path and text without a breach.
    pub(crate) good: &'static [(&'static str, &'static str)],
}

/// The most lines of a source file.
const MAX_LINES: usize = 500;

/// All rules.
pub(crate) const ALL: &[Rule] = &[
    Rule {
        name: "length",
        check: length,
        bad: &[("a.rs", LONG, 501)],
        good: &[("a.rs", "//! x\n")],
    },
    Rule {
        name: "opening",
        check: opening,
        bad: &[("a.rs", "use x;\n", 1), ("a.rs", "", 1), ("a.rs", "//!\nuse x;", 1)],
        good: &[("a.rs", "//! What it is.\n")],
    },
    Rule {
        name: "sql",
        check: sql,
        bad: &[
            ("controller/src/jobs.rs", "x\nf(\"SELECT id FROM jobs\")", 2),
            ("controller/src/jobs.rs", "f(r#\"\n  insert into jobs values (1)\"#)", 1),
            ("controller/src/storefront.rs", "f(\"UPDATE jobs SET state = $1\")", 1),
            ("agent/src/a.rs", "f(\"delete from jobs\")", 1),
            ("agent/src/a.rs", "f(\"CREATE TABLE IF NOT EXISTS x\")", 1),
        ],
        good: &[
            ("controller/src/store/jobs.rs", "f(\"SELECT id FROM jobs\")"),
            ("controller/src/store.rs", "f(\"SELECT id FROM jobs\")"),
            ("tests/src/tamper.rs", "f(\"SELECT id FROM jobs\")"),
            ("controller/src/jobs.rs", "// SELECT id FROM jobs\nf(\"update the settings\")"),
        ],
    },
    Rule {
        name: "cfg",
        check: cfg,
        bad: &[
            ("a.rs", "x\n#[cfg(target_os = \"linux\")]", 2),
            ("a.rs", "#[cfg(all(test,\n  not(windows)))]", 1),
            ("a.rs", "if cfg!(unix) {}", 1),
            ("platforms/a.rs", "#[cfg_attr(unix, x)]", 1),
        ],
        good: &[
            ("a/platform.rs", "#[cfg(unix)]"),
            ("a/platform/linux.rs", "#[cfg(target_os = \"linux\")]"),
            ("a.rs", "#[cfg(test)] // cfg(unix)\n#[cfg(feature = \"unix\")] f(\"cfg(unix)\")"),
        ],
    },
    Rule {
        name: "unsafe",
        check: unsafe_code,
        bad: &[("a.rs", "x\nunsafe { y }", 2)],
        good: &[
            ("a/platform/linux.rs", "unsafe { y }"),
            ("a.rs", "#![deny(unsafe_code)] // unsafe\nf(\"unsafe\")"),
        ],
    },
    Rule {
        name: "wire",
        check: wire,
        bad: &[
            ("agent/src/spool.rs", "use befund_proto::v1;", 1),
            ("controller/src/api/jobs.rs", "x\nlet y: befund_proto::v1::Order = z;", 2),
        ],
        good: &[
            ("proto/tests/a.rs", "use befund_proto::v1;"),
            ("controller/src/gate.rs", "use befund_proto::v1;"),
            ("controller/src/gate/session.rs", "use befund_proto::v1;"),
            ("agent/src/link/session.rs", "use befund_proto::v1;"),
            ("tests/src/load.rs", "use befund_proto::v1;"),
            ("agent/src/spool.rs", "// befund_proto is not for us"),
        ],
    },
    Rule {
        name: "unfinished",
        check: unfinished,
        bad: &[
            ("a.rs", "x\ntodo!()", 2),
            ("a.rs", "unimplemented!(\"later\")", 1),
            ("a.rs", "dbg!(x)", 1),
            ("a.rs", "#[test]\n#[ignore]\nfn x() {}", 2),
            ("a.rs", "#[ignore = \"slow\"]\nfn x() {}", 1),
        ],
        good: &[("a.rs", "// todo!()\nlet todo = \"dbg!(x)\"; if ignore { }")],
    },
    Rule {
        name: "mod.rs",
        check: mod_rs,
        bad: &[("a/mod.rs", "//! x\n", 1)],
        good: &[("a/model.rs", "//! x\n"), ("mod/a.rs", "//! x\n")],
    },
    Rule {
        name: "exit",
        check: exit,
        bad: &[("a/run.rs", "x\nstd::process::exit(1)", 2), ("a.rs", "use std::process::exit;", 1)],
        good: &[("a/src/main.rs", "std::process::exit(1)"), ("a.rs", "loop { exit() }")],
    },
];

const LONG: &str = {
    const LINES: [u8; 2 * (MAX_LINES + 1)] = {
        let mut lines = [b'\n'; 2 * (MAX_LINES + 1)];
        let mut at = 0;
        while at < lines.len() {
            lines[at] = b'x';
            at += 2;
        }
        lines
    };
    match std::str::from_utf8(&LINES) {
        Ok(text) => text,
        Err(_) => "",
    }
};

fn breach(source: &Source<'_>, line: usize, why: impl Into<String>) -> Breach {
    Breach { path: source.path.to_owned(), line, why: why.into() }
}

fn length(source: &Source<'_>) -> Vec<Breach> {
    let lines = source.text.lines().count();
    if lines <= MAX_LINES {
        return Vec::new();
    }
    let why = format!("{lines} lines; at most {MAX_LINES}, since a file does one thing: split it");
    vec![breach(source, MAX_LINES + 1, why)]
}

fn opening(source: &Source<'_>) -> Vec<Breach> {
    let first = source.text.lines().next().unwrap_or_default();
    match first.strip_prefix("//!") {
        Some(words) if !words.trim().is_empty() => Vec::new(),
        _ => {
            vec![breach(source, 1, "a file opens with `//!`: what it is, and what it is not")]
        }
    }
}

fn sql(source: &Source<'_>) -> Vec<Breach> {
    // Windows' WMI is asked in a language that looks the same and reaches no database.
    let allowed = source.is_in("controller/src/store")
        || source.is_in("agent/collect/src/platform/windows")
        || source.is_in("controller/tests/store")
        || source.is_in("tests/src/tamper")
        || source.is_in("tests/tests/tidy");
    if allowed {
        return Vec::new();
    }
    let statements = source.strings.iter().filter(|string| is_sql(&string.text));
    statements
        .map(|string| {
            breach(
                source,
                string.line,
                "SQL stands only under controller/src/store, where both databases are tested",
            )
        })
        .collect()
}

fn is_sql(text: &str) -> bool {
    let words: Vec<String> = text.split_whitespace().map(str::to_ascii_lowercase).collect();
    let has = |word: &str| words.iter().any(|other| other == word);
    let pair = |a: &str, b: &str| words.windows(2).any(|two| two[0] == a && two[1] == b);
    match words.first().map(String::as_str) {
        Some("select") if has("from") => return true,
        Some("update") if has("set") => return true,
        Some("pragma") => return true,
        _ => {}
    }
    let made = ["table", "index", "view", "trigger"];
    pair("insert", "into")
        || pair("delete", "from")
        || made.iter().any(|made| pair("create", made) || pair("drop", made) || pair("alter", made))
}

fn cfg(source: &Source<'_>) -> Vec<Breach> {
    if source.is_under("platform") {
        return Vec::new();
    }
    let mut breaches = Vec::new();
    for word in ["cfg", "cfg_attr"] {
        for (line, code) in source.places(word) {
            let condition = Source::read(source.path, inside_parentheses(code));
            let systems = ["target_os", "target_family", "unix", "windows", "target_env"];
            if systems.iter().any(|system| condition.words(system).next().is_some()) {
                breaches.push(breach(
                    source,
                    line,
                    "what differs between systems stands only under a `platform` module, with one switch for each capability",
                ));
            }
        }
    }
    breaches
}

/// What stands between the next parentheses, if they follow at once.
fn inside_parentheses(code: &str) -> &str {
    let Some(open) = code.find('(').filter(|open| *open <= "cfg_attr!".len()) else { return "" };
    let mut depth = 0_usize;
    for (at, c) in code[open..].char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &code[open + 1..open + at];
        }
    }
    ""
}

fn unsafe_code(source: &Source<'_>) -> Vec<Breach> {
    if source.is_under("platform") {
        return Vec::new();
    }
    let why = "`unsafe` stands only under a `platform` module, with its SAFETY comment";
    source.words("unsafe").map(|line| breach(source, line, why)).collect()
}

fn wire(source: &Source<'_>) -> Vec<Breach> {
    let edges = [
        "proto",
        "controller/src/gate",
        "controller/tests/gate",
        "agent/src/link",
        "agent/tests",
        "tests",
    ];
    if edges.iter().any(|edge| source.is_in(edge)) {
        return Vec::new();
    }
    let why = "wire types stand only at the edges (proto, gate, link): convert to the model there";
    source.words("befund_proto").map(|line| breach(source, line, why)).collect()
}

fn unfinished(source: &Source<'_>) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for word in ["todo", "unimplemented", "dbg"] {
        let macros = source.places(word).filter(|(_, code)| code[word.len()..].starts_with('!'));
        for (line, _) in macros {
            breaches.push(breach(
                source,
                line,
                format!("`{word}!` is for work that is not done: finish it"),
            ));
        }
    }
    for (at, _) in source.code.match_indices("#[ignore") {
        let line = source.code[..at].matches('\n').count() + 1;
        breaches.push(breach(
            source,
            line,
            "a test that is ignored tests nothing: mend it or remove it",
        ));
    }
    breaches
}

fn mod_rs(source: &Source<'_>) -> Vec<Breach> {
    if source.path.split('/').next_back() == Some("mod.rs") {
        vec![breach(
            source,
            1,
            "a module is `foo.rs` beside `foo/`, so that its name is in its path",
        )]
    } else {
        Vec::new()
    }
}

fn exit(source: &Source<'_>) -> Vec<Breach> {
    if source.path.split('/').next_back() == Some("main.rs") {
        return Vec::new();
    }
    let why =
        "only `main` ends the process: everything else returns, so that it is cleaned up after";
    source
        .places("process")
        .filter(|(_, code)| {
            let rest = code.strip_prefix("process::exit").unwrap_or("_");
            !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        })
        .map(|(line, _)| breach(source, line, why))
        .collect()
}
