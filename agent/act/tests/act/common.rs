//! A machine made of a folder, its programs made of scripts, and how it is told what to do.

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use befund_act::{
    ActOrder, Machine, Programs, Purpose, Root, SessionUser, Surroundings, Told, Work,
};
use befund_act::{SystemClock, WallClock};
use befund_model::action::{Acted, Holds, Prediction};
use befund_model::said;
use befund_model::snapshot::Status;
use serde_json::Value;

/// A machine.
pub(crate) struct Made {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) machine: Machine,
    pub(crate) user: Option<SessionUser>,
    pub(crate) within_ms: u64,
    pub(crate) output_bytes: u64,
    clock: Box<dyn WallClock + Sync>,
}

impl Made {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (root, programs) = (folder.path().join("root"), folder.path().join("programs"));
        fs::create_dir(&root).expect("a folder");
        fs::create_dir(&programs).expect("a folder");
        let machine = Machine { root, programs: Some(programs), ..Machine::default() };
        let clock = Box::new(SystemClock);
        Self { folder, machine, user: None, within_ms: 60_000, output_bytes: 64 << 10, clock }
    }

    pub(crate) fn with_clock(mut self, clock: impl WallClock + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// A file of the machine's.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.machine.root.join(path.trim_start_matches('/'))
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
        self
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect("readable")
    }

    /// A program of the machine's: a shell script.
    pub(crate) fn program(&self, name: &str, script: &str) -> &Self {
        let path = self.folder.path().join("programs").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
        self
    }

    /// A program of this system's, by its own path.
    pub(crate) fn real(&self, name: &str) -> bool {
        let known = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];
        let found =
            known.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
        let Some(found) = found else { return false };
        let link = self.folder.path().join("programs").join(name);
        std::os::unix::fs::symlink(found, link).expect("a link");
        true
    }

    fn tell(&self, action: &str, parameters: &Value, purpose: Purpose) -> Vec<Told> {
        let work = Work::Action { name: action.to_owned(), parameters: parameters.clone() };
        self.order(work, purpose, &[])
    }

    pub(crate) fn order(&self, work: Work, purpose: Purpose, script: &[u8]) -> Vec<Told> {
        let order = ActOrder {
            work,
            purpose,
            within_ms: self.within_ms,
            output_bytes: self.output_bytes,
            user: self.user.clone(),
            machine: self.machine.clone(),
        };
        let programs =
            self.machine.programs.as_deref().map_or_else(Programs::system, Programs::only);
        let root = Root::at(&self.machine.root).expect("a tree");
        let around = Surroundings { root, programs, clock: &*self.clock };
        let mut told = Vec::new();
        befund_act::act(&order, script, &around, &mut |said| {
            told.push(said);
            ControlFlow::Continue(())
        });
        told
    }

    pub(crate) fn predict(&self, action: &str, parameters: &Value) -> Prediction {
        match self.tell(action, parameters, Purpose::Predict).pop() {
            Some(Told::Predicted(prediction)) => {
                // Whoever is asked reads it in their own language. Why it cannot be told is for technicians.
                for line in prediction.lines.iter().filter(|line| !line.starts_with("cannot")) {
                    let german = said::german(line).filter(|german| german != line);
                    let german = german.unwrap_or_else(|| panic!("{action}: no German: {line}"));
                    let rest = german.strip_prefix("es würde sich nichts ändern: ");
                    let same = rest.is_some_and(|rest| line.ends_with(rest));
                    assert!(!same, "{action}: no German: {line}");
                }
                prediction
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn perform(&self, action: &str, parameters: &Value) -> Acted {
        acted(self.tell(action, parameters, Purpose::Perform))
    }

    pub(crate) fn undo(&self, action: &str, parameters: &Value, before: &Value) -> Acted {
        acted(self.tell(action, parameters, Purpose::Undo { before: before.clone() }))
    }

    pub(crate) fn holds(&self, action: &str, parameters: &Value) -> Holds {
        match self.tell(action, parameters, Purpose::Holds).pop() {
            Some(Told::Holds { holds, .. }) => holds,
            other => panic!("{other:?}"),
        }
    }

    /// The whole life of an action that changes something: it is predicted, done, holds, and done again changes
    /// nothing.
    pub(crate) fn lives(&self, action: &str, parameters: &Value) -> Acted {
        let prediction = self.predict(action, parameters);
        assert!(prediction.changes, "{action}: {prediction:?}");
        assert_eq!(self.holds(action, parameters), Holds::NotDone, "{action}");
        let acted = self.perform(action, parameters);
        assert_eq!(acted.status, Status::Ok, "{action}: {acted:?}");
        assert_eq!(self.holds(action, parameters), Holds::Done, "{action}");
        let again = self.perform(action, parameters);
        assert_eq!(again.status, Status::Ok, "{action}: {again:?}");
        assert!(again.summary.starts_with("nothing was changed"), "{action}: {again:?}");
        assert_eq!(again.before, Value::Null, "{action}");
        acted
    }
}

/// The last that was told, of something that was done or not.
pub(crate) fn acted(mut told: Vec<Told>) -> Acted {
    match told.pop() {
        Some(Told::Acted(acted)) => *acted,
        other => panic!("{other:?}"),
    }
}

/// The lines that were told.
pub(crate) fn lines(told: &[Told]) -> Vec<&str> {
    told.iter()
        .filter_map(|told| match told {
            Told::Output(lines) => Some(lines.split('\n')),
            Told::Before(_) | Told::Predicted(_) | Told::Acted(_) | Told::Holds { .. } => None,
        })
        .flatten()
        .collect()
}

/// Says that a story was not told, past the test runner, which swallows what passing tests print.
pub(crate) fn skipped(story: &str, why: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "SKIPPED {story}: {why}").expect("standard error");
}

pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|about| {
        use std::os::unix::fs::MetadataExt as _;
        about.uid() == 0
    })
}
