//! Files of the system's that are changed: read whole, replaced in one go, and put back exactly as they were,
//! unless somebody has changed them since.

use befund_model::id::Hash;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::trouble::{Outcome, Trouble};

/// The most bytes of all the files that one action changes: their copies are kept for undoing.
pub(crate) const MAX_BYTES: usize = 256 << 10;

/// What a file was and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Noted {
    /// The file.
    pub(crate) path: String,
    /// Its bytes before, in Base64.
    pub(crate) was: String,
    /// The hash of its bytes afterwards.
    pub(crate) now: Hash,
}

/// A change to a file, worked out and not yet made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Edit {
    pub(crate) noted: Noted,
    pub(crate) bytes: Vec<u8>,
}

/// Works out a change to a file of text; `None` if it is not there or there is nothing to change.
pub(crate) fn edit(
    context: &Context<'_>,
    path: &str,
    change: impl FnOnce(&str) -> Option<String>,
) -> Outcome<Option<Edit>> {
    if !context.root.exists(path) {
        return Ok(None);
    }
    let bytes = load(context, path)?;
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return Err(Trouble::failed(format!("{path} is not changed: it is not UTF-8")));
    };
    let Some(after) = change(text).map(String::into_bytes).filter(|after| *after != bytes) else {
        return Ok(None);
    };
    let noted = Noted { path: path.to_owned(), was: BASE64.encode(&bytes), now: Hash::of(&after) };
    Ok(Some(Edit { noted, bytes: after }))
}

/// Makes changes that were worked out.
pub(crate) fn make(context: &Context<'_>, edits: &[Edit]) -> Outcome<()> {
    for Edit { noted, bytes } in edits {
        replace(context, &noted.path, bytes)?;
    }
    Ok(())
}

/// What is noted of changes, so that they can be undone.
pub(crate) fn noted(edits: &[Edit]) -> Outcome<Vec<Noted>> {
    let noted: Vec<Noted> = edits.iter().map(|edit| edit.noted.clone()).collect();
    if noted.iter().map(|noted| noted.was.len() / 4 * 3).sum::<usize>() > MAX_BYTES {
        let paths: Vec<&str> = noted.iter().map(|noted| noted.path.as_str()).collect();
        return Err(Trouble::failed(format!(
            "{} are not changed: they have more than {MAX_BYTES} bytes together, which is more than is kept for undoing",
            paths.join(", ")
        )));
    }
    Ok(noted)
}

/// Puts files back. One that was changed since by somebody else is left as it is, which is an error.
pub(crate) fn restore(context: &Context<'_>, noted: &[Noted]) -> Outcome<String> {
    let mut back = Vec::new();
    for Noted { path, was, now } in noted {
        let was = BASE64.decode(was.as_bytes()).map_err(|_| {
            Trouble::failed(format!("the copy of {path} that was noted cannot be read"))
        })?;
        let bytes = load(context, path)?;
        if bytes == was {
            continue;
        }
        if Hash::of(&bytes) != *now {
            return Err(Trouble::failed(format!(
                "{path} is not put back: somebody has changed it since; compare it by hand"
            )));
        }
        replace(context, path, &was)?;
        back.push(path.as_str());
    }
    Ok(match back.as_slice() {
        [] => "everything was as before already".to_owned(),
        back => format!("{} was put back as it was", back.join(", ")),
    })
}

fn load(context: &Context<'_>, path: &str) -> Outcome<Vec<u8>> {
    context
        .root
        .own_file(path, MAX_BYTES)
        .map_err(|error| Trouble::io(format_args!("read {path} in order to change it"), &error))
}

fn replace(context: &Context<'_>, path: &str, bytes: &[u8]) -> Outcome<()> {
    context
        .root
        .replace(path, bytes)
        .map_err(|error| Trouble::io(format_args!("replace {path}"), &error))
}
