//! Who is signed in on macOS: whoever owns the console, as Apple's own tools ask. Sessions from afar are not told of.

use std::io;
use std::os::unix::fs::MetadataExt as _;

use befund_runtime::peer::Account;

/// The accounts.
pub(crate) fn signed_in() -> io::Result<Vec<Account>> {
    let owner = std::fs::metadata("/dev/console")?.uid();
    // It is root's as long as nobody is signed in.
    Ok(if owner == 0 { Vec::new() } else { vec![Account::of_uid(owner)] })
}
