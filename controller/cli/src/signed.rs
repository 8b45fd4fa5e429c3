//! A file that people sign, with the signatures beside it: `FILE`, `FILE.1.sig`, `FILE.2.sig` and so on. Not what is in
//! it, and not who may sign it.

use std::path::{Path, PathBuf};

use befund_trust::key::PublicKey;
use befund_trust::root::MAX_SIGNATURES;
use befund_trust::signature::{self, Namespace, Signature};

use crate::exit::Exit;
use crate::failure::{Failure, chain};

/// A file and its signatures.
#[derive(Clone, Debug)]
pub(crate) struct SignedFile {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its exact bytes.
    pub(crate) bytes: Vec<u8>,
    /// What each file beside it holds, in the order of their numbers.
    pub(crate) signatures: Vec<String>,
    /// The number of the next signature's file.
    next: u32,
}

impl SignedFile {
    /// Reads a file of at most so many bytes, and its signatures.
    ///
    /// # Errors
    /// If one of them cannot be read or is too large.
    pub(crate) fn read(what: &str, path: &Path, most: usize) -> Result<Self, Failure> {
        let bytes = read(what, path, most)?;
        let mut numbered = numbered(what, path)?;
        numbered.sort();
        if numbered.len() > MAX_SIGNATURES {
            let why = format!("{} has more than {MAX_SIGNATURES} signatures", path.display());
            return Err(Failure::cannot(Exit::Usage, what, why));
        }
        let next = numbered.last().map_or(1, |(number, _)| number.saturating_add(1));
        let mut signatures = Vec::new();
        for (_, file) in &numbered {
            let armored = read(what, file, signature::MAX_BYTES)?;
            let armored = String::from_utf8(armored).map_err(|_| {
                Failure::cannot(Exit::Usage, what, format!("{} is no signature", file.display()))
            })?;
            signatures.push(armored);
        }
        Ok(Self { path: path.to_owned(), bytes, signatures, next })
    }

    /// Writes the file anew, without signatures: those of what was there before are removed.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn begin(what: &str, path: &Path, bytes: Vec<u8>) -> Result<Self, Failure> {
        for (_, file) in numbered(what, path)? {
            std::fs::remove_file(&file).map_err(|error| failed(what, &file, &error))?;
        }
        std::fs::write(path, &bytes).map_err(|error| failed(what, path, &error))?;
        Ok(Self { path: path.to_owned(), bytes, signatures: Vec::new(), next: 1 })
    }

    /// Whose signatures there are.
    ///
    /// # Errors
    /// If one is not good.
    pub(crate) fn keys(&self, what: &str, namespace: Namespace) -> Result<Vec<PublicKey>, Failure> {
        self.signatures
            .iter()
            .map(|armored| {
                let signature = Signature::parse(armored.as_bytes())?;
                signature.verify(namespace, &self.bytes).cloned()
            })
            .collect::<Result<_, signature::Refusal>>()
            .map_err(|error| {
                let why = format!("a signature beside {}: {}", self.path.display(), chain(&error));
                Failure::cannot(Exit::Usage, what, why)
                    .hint("it is of something else, or the file was changed since; remove it, and have it signed anew")
            })
    }

    /// Keeps a signature beside the file; answers where.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn add(&mut self, what: &str, armored: String) -> Result<PathBuf, Failure> {
        let path = beside(&self.path, self.next);
        std::fs::write(&path, &armored).map_err(|error| failed(what, &path, &error))?;
        self.signatures.push(armored);
        self.next = self.next.saturating_add(1);
        Ok(path)
    }
}

/// Reads a file of at most so many bytes.
///
/// # Errors
/// If it cannot be read or is too large.
pub(crate) fn read(what: &str, path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    use std::io::Read as _;
    let unread = |error: &std::io::Error| {
        Failure::cannot(Exit::Usage, what, format!("{}: {error}", path.display()))
    };
    let file = std::fs::File::open(path).map_err(|error| unread(&error))?;
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(|error| unread(&error))?;
    if bytes.len() > most {
        let why = format!("{} has more than {most} bytes", path.display());
        return Err(Failure::cannot(Exit::Usage, what, why));
    }
    Ok(bytes)
}

fn beside(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}.sig"));
    PathBuf::from(name)
}

/// The files of signatures, with their numbers.
fn numbered(what: &str, path: &Path) -> Result<Vec<(u32, PathBuf)>, Failure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let entries = std::fs::read_dir(folder).map_err(|error| failed(what, folder, &error))?;
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| failed(what, folder, &error))?;
        let other = entry.file_name().to_string_lossy().into_owned();
        let number = other
            .strip_prefix(&name)
            .and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".sig")?.parse().ok());
        if let Some(number) = number {
            found.push((number, entry.path()));
        }
    }
    Ok(found)
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::cannot(Exit::Failed, what, format!("{}: {error}", path.display()))
}
