//! A folder of runbooks as its authors have it on disk: the runbooks at its top, scripts below `scripts/`, rehearsals
//! below `tests/<runbook>/`. Which of it belongs into a catalogue, and what is wrong with it. Not who signs it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use befund_runbook::document::{Act, Runbook, UndoBy};
use befund_runbook::{Diagnostic, Severity};
use befund_trust::catalogue::{MAX_FILE_BYTES, MAX_FILES, check_path};

use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::signed;

/// The manifest's name in a folder.
pub(crate) const MANIFEST: &str = "manifest.json";
const SCRIPTS: &str = "scripts";
const TESTS: &str = "tests";
/// How deep scripts may lie.
const MAX_DEPTH: usize = 8;

/// What a folder has for a catalogue.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    /// Where it is.
    pub(crate) root: PathBuf,
    /// By their paths within it.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// What lies there and belongs to no catalogue.
    pub(crate) left_out: Vec<String>,
}

/// A runbook's file, looked at.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    /// The file, as it is shown.
    pub(crate) file: String,
    /// Its text.
    pub(crate) text: String,
    /// The runbook, if it can be used.
    pub(crate) runbook: Option<Runbook>,
    /// What is wrong with it, or odd.
    pub(crate) told: Vec<Diagnostic>,
}

impl Looked {
    /// Whether it cannot be used.
    pub(crate) fn is_bad(&self) -> bool {
        self.told.iter().any(|told| told.severity == Severity::Error)
    }
}

impl Folder {
    /// Reads a folder.
    ///
    /// # Errors
    /// If something in it cannot be read, is too large, or may not be in a catalogue.
    pub(crate) fn read(what: &str, root: &Path) -> Result<Self, Failure> {
        let mut folder =
            Self { root: root.to_owned(), files: BTreeMap::new(), left_out: Vec::new() };
        for (name, path) in entries(what, root)? {
            let kind = kind(what, &path)?;
            if name.starts_with('.')
                || name.starts_with(MANIFEST)
                || (kind.is_dir() && name == TESTS)
            {
                continue;
            }
            if kind.is_file() && name.ends_with(".yaml") {
                folder.take(what, name, &path)?;
            } else if kind.is_dir() && name == SCRIPTS {
                folder.scripts(what, &name, &path, 1)?;
            } else {
                folder.left_out.push(name);
            }
        }
        Ok(folder)
    }

    fn scripts(&mut self, what: &str, at: &str, path: &Path, depth: usize) -> Result<(), Failure> {
        if depth > MAX_DEPTH {
            let why = format!("{} lies more than {MAX_DEPTH} folders deep", path.display());
            return Err(Failure::cannot(Exit::Usage, what, why));
        }
        for (name, path) in entries(what, path)? {
            let within = format!("{at}/{name}");
            if kind(what, &path)?.is_dir() {
                self.scripts(what, &within, &path, depth + 1)?;
            } else {
                self.take(what, within, &path)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, what: &str, within: String, path: &Path) -> Result<(), Failure> {
        check_path(&within).map_err(|error| {
            Failure::cannot(Exit::Usage, what, chain(&error)).hint("rename the file")
        })?;
        if self.files.len() == MAX_FILES {
            let why = format!("a catalogue has {MAX_FILES} files at most");
            return Err(Failure::cannot(Exit::Usage, what, why));
        }
        let most = usize::try_from(MAX_FILE_BYTES).unwrap_or(usize::MAX);
        let bytes = signed::read(what, path, most)?;
        self.files.insert(within, bytes);
        Ok(())
    }

    /// The files as they are handed over: text each.
    ///
    /// # Errors
    /// If one is not UTF-8.
    pub(crate) fn texts(&self, what: &str) -> Result<BTreeMap<String, String>, Failure> {
        let text = |(path, bytes): (&String, &Vec<u8>)| match String::from_utf8(bytes.clone()) {
            Ok(text) => Ok((path.clone(), text)),
            Err(_) => {
                let why = format!("{path} is not UTF-8, which all of a catalogue has to be");
                Err(Failure::cannot(Exit::Usage, what, why))
            }
        };
        self.files.iter().map(text).collect()
    }

    /// Looks at each runbook, and whether the folder has what it names.
    pub(crate) fn look(&self) -> Vec<Looked> {
        let runbooks = self.files.iter().filter(|(path, _)| !path.contains('/'));
        runbooks
            .map(|(path, bytes)| {
                let file = self.root.join(path).display().to_string();
                let mut looked = look(file, bytes);
                if let Some(runbook) = &looked.runbook {
                    let told = self.wants(path, runbook, &looked.text);
                    looked.told.extend(told);
                }
                looked
            })
            .collect()
    }

    /// What a runbook wants of its folder that is not so.
    fn wants(&self, path: &str, runbook: &Runbook, text: &str) -> Vec<Diagnostic> {
        let reading = befund_runbook::read(text).ok();
        let tell = |code, at: &str, message| {
            let place = reading.as_ref().and_then(|reading| reading.place(at));
            let (line, column) = place.unwrap_or((1, 1));
            let (path, expected) = (at.to_owned(), String::new());
            Diagnostic { severity: Severity::Error, code, line, column, path, message, expected }
        };
        let mut told = Vec::new();
        if path.strip_suffix(".yaml") != Some(runbook.name.as_str()) {
            let message = format!("the runbook {0} has to stand in {0}.yaml", runbook.name);
            told.push(tell("file-name", "runbook", message));
        }
        for (place, cause) in runbook.causes.iter().enumerate() {
            for (index, fix) in cause.fixes.iter().enumerate() {
                let at = format!("causes[{place}].fix[{index}]");
                let done = match &fix.act {
                    Act::Script(script) => Some(script),
                    Act::Action(_) | Act::Instruct | Act::OpenUrl | Act::Reboot => None,
                };
                let undone = match &fix.undo {
                    UndoBy::Script(script) => Some(script),
                    UndoBy::Auto | UndoBy::Action(_) | UndoBy::None => None,
                };
                for script in done.into_iter().chain(undone) {
                    if !self.files.contains_key(&script.path) {
                        let message = format!("the folder has no {}", script.path);
                        told.push(tell("no-script", &at, message));
                    }
                }
            }
        }
        told
    }

    /// The rehearsals of a runbook: each file with its text.
    ///
    /// # Errors
    /// If one cannot be read.
    pub(crate) fn rehearsals(
        &self,
        what: &str,
        runbook: &str,
    ) -> Result<Vec<(PathBuf, String)>, Failure> {
        let folder = self.root.join(TESTS).join(runbook);
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for (name, path) in entries(what, &folder)? {
            if !name.ends_with(".yaml") {
                continue;
            }
            let most = usize::try_from(MAX_FILE_BYTES).unwrap_or(usize::MAX);
            let bytes = signed::read(what, &path, most)?;
            let text = String::from_utf8(bytes).map_err(|_| {
                Failure::cannot(Exit::Usage, what, format!("{} is not UTF-8", path.display()))
            })?;
            found.push((path, text));
        }
        Ok(found)
    }
}

/// Looks at one runbook.
pub(crate) fn look(file: String, bytes: &[u8]) -> Looked {
    let Ok(text) = String::from_utf8(bytes.to_vec()) else {
        let message = "the file is not UTF-8".to_owned();
        let told = Diagnostic {
            severity: Severity::Error,
            code: "utf-8",
            line: 1,
            column: 1,
            path: String::new(),
            message,
            expected: String::new(),
        };
        return Looked { file, text: String::new(), runbook: None, told: vec![told] };
    };
    match befund_runbook::load(&text) {
        Ok((runbook, told)) => Looked { file, text, runbook: Some(runbook), told },
        Err(told) => Looked { file, text, runbook: None, told },
    }
}

/// What is in a folder, by name.
fn entries(what: &str, folder: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let unread = |error: std::io::Error| {
        Failure::cannot(Exit::Usage, what, format!("{}: {error}", folder.display()))
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        let name = entry.file_name().into_string().map_err(|name| {
            let why = format!(
                "{} has a file whose name is not UTF-8: {}",
                folder.display(),
                name.display()
            );
            Failure::cannot(Exit::Usage, what, why)
        })?;
        found.push((name, entry.path()));
    }
    found.sort();
    Ok(found)
}

/// A file's kind. Links are refused: what is signed is what lies there.
fn kind(what: &str, path: &Path) -> Result<std::fs::FileType, Failure> {
    let kind = std::fs::symlink_metadata(path)
        .map_err(|error| {
            Failure::cannot(Exit::Usage, what, format!("{}: {error}", path.display()))
        })?
        .file_type();
    if kind.is_symlink() {
        let why = format!("{} is a link, and a catalogue has none", path.display());
        return Err(Failure::cannot(Exit::Usage, what, why).hint("put the file itself there"));
    }
    Ok(kind)
}
