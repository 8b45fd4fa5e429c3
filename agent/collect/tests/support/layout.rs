//! Lays recorded trees out and reads them, for the stories of this crate.
//!
//! A tree is one text file, `trees/NAME.tree`: `--- path` and the file's lines, `--x path` and its
//! bytes in hexadecimal, `--> path target` for a symbolic link, `--@ path seconds` for when a file or a
//! folder was last written, in seconds since 1970, and `--! path` for a file that may be run. It is laid out
//! in a temporary folder, so that names which some systems do not allow need not be in the repository.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use befund_collect::{Limits, Plan, Root, collect, expected};
use befund_model::snapshot::{PrivacyClass, Section, SectionKind};
use tempfile::TempDir;

/// When everything was last written of which nothing else is said: 1 April 2024, 0:00 UTC.
const WRITTEN: u64 = 1_711_929_600;

pub(crate) fn laid_out(recorded: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let under = |path: &str| folder.path().join(path.trim_start_matches('/'));
    let mut file: Option<(PathBuf, bool)> = None;
    let mut content = String::new();
    let mut times: Vec<(PathBuf, u64)> = Vec::new();
    for line in recorded.lines().chain(["--- end"]) {
        if !["--- ", "--x ", "--> ", "--@ ", "--! "].iter().any(|mark| line.starts_with(mark)) {
            if file.is_some() {
                content.push_str(line);
                content.push('\n');
            }
            continue;
        }
        if let Some((path, hex)) = file.take() {
            let bytes = if hex { unhexed(&content) } else { content.clone().into_bytes() };
            fs::write(path, bytes).expect("written");
        }
        content.clear();
        // Only a path that something follows ends at the last blank.
        let rest = &line[4..];
        let two = matches!(&line[..3], "-->" | "--@").then(|| rest.rsplit_once(' ')).flatten();
        let (path, second) = two.map_or((rest, None), |(path, second)| (path, Some(second)));
        if path == "end" {
            break;
        }
        let path = under(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        match (&line[..3], second) {
            ("-->", Some(target)) => symlink(target, path).expect("linked"),
            ("--@", Some(seconds)) => times.push((path, seconds.trim().parse().expect("seconds"))),
            ("--!", _) => {
                fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a file");
            }
            (kind, _) => file = Some((path, kind == "--x")),
        }
    }
    write_times(folder.path());
    for (path, seconds) in times {
        if !path.exists() {
            fs::create_dir_all(&path).expect("made");
        }
        write_time(&path, seconds);
    }
    folder
}

/// The same times for everything, so that sections are the same each time.
fn write_times(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            write_times(&entry.path());
        } else if kind.is_file() {
            write_time(&entry.path(), WRITTEN);
        }
    }
    write_time(folder, WRITTEN);
}

fn write_time(path: &Path, seconds: u64) {
    let at = UNIX_EPOCH + Duration::from_secs(seconds);
    File::open(path).expect("opened").set_modified(at).expect("its time is set");
}

fn unhexed(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hexadecimal")).collect()
}

pub(crate) fn collected(folder: &Path, plan: &Plan) -> Vec<Section> {
    // These tests share a process, so that none can be told what it used alone.
    let plan = &Plan { limits: Limits::NONE, ..plan.clone() };
    let root = Root::at(folder).expect("the tree");
    let mut sections = Vec::new();
    collect(&root, plan, |section| sections.push(section));
    sections.sort_by(|a, b| a.line.kind.cmp(&b.line.kind));
    sections
}

/// Every section, as a text.
pub(crate) fn everything(recorded: &str) -> String {
    told(recorded, None)
}

/// These sections, or every one, as a text.
pub(crate) fn told(recorded: &str, only: Option<&[&'static str]>) -> String {
    let folder = laid_out(recorded);
    let only = only.map(|kinds| kinds.iter().map(|kind| SectionKind::known(kind)).collect());
    let plan = Plan { only, ..Plan::all(PrivacyClass::Consent) };
    let sections = collected(folder.path(), &plan);
    let kinds: Vec<SectionKind> =
        sections.iter().map(|section| section.line.kind.clone()).collect();
    let wanted: Vec<SectionKind> = expected(&plan).into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, wanted, "every section comes, once");
    let mut told = String::new();
    for Section { line, bytes } in &sections {
        let content: serde_json::Value = serde_json::from_slice(bytes).expect("JSON");
        writeln!(told, "== {} {}", line.kind, line.status).expect("a string");
        if !line.reason.is_empty() {
            writeln!(told, "   because {}", line.reason).expect("a string");
        }
        if line.redacted > 0 {
            writeln!(told, "   {} redacted", line.redacted).expect("a string");
        }
        if !content.is_null() {
            writeln!(told, "{content:#}").expect("a string");
        }
    }
    told
}
