//! Where the programs under test are: beside the tests, as `cargo test --workspace` builds them, or
//! in the folders that `BEFUND_PROGRAMS` lists (as `PATH` does), which are looked at first.

use std::path::PathBuf;

/// The path of a program of this workspace.
///
/// # Panics
/// If it is not built; the message says how.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let listed = std::env::var_os("BEFUND_PROGRAMS").unwrap_or_default();
    let listed: Vec<PathBuf> = std::env::split_paths(&listed).collect();
    let beside = test.ancestors().skip(1).map(PathBuf::from);
    let mut found = listed.into_iter().chain(beside).map(|folder| folder.join(name));
    found.find(|path| path.is_file()).unwrap_or_else(|| {
        panic!("{name} is not built beside {}: run `cargo build --workspace`", test.display())
    })
}
