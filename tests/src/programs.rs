//! Where the programs under test are: beside the tests, as `cargo test --workspace` builds them.

use std::path::PathBuf;

/// The path of a program of this workspace.
///
/// # Panics
/// If it is not built; the message says how.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let mut folders = test.ancestors().skip(1);
    folders.find_map(|folder| Some(folder.join(name)).filter(|path| path.is_file())).unwrap_or_else(
        || panic!("{name} is not built beside {}: run `cargo build --workspace`", test.display()),
    )
}
