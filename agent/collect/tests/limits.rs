//! What the collecting process holds itself to.

use std::process::Command;
use std::time::Duration;

use befund_collect::Limits;

const HELD: &str = "BEFUND_HELD";

/// Limits hold for a whole process, so this one starts another, of itself.
#[test]
fn the_system_refuses_memory_beyond_the_limit() {
    let limits = Limits { cpu: Duration::from_secs(60), memory_bytes: 32 << 20 };
    let can_have = |bytes: usize| Vec::<u8>::new().try_reserve_exact(bytes).is_ok();
    if std::env::var_os(HELD).is_some() {
        limits.hold();
        assert!(can_have(16 << 20), "less than the limit is there");
        assert!(!can_have(128 << 20), "more than twice the limit is not");
        return;
    }
    assert!(can_have(128 << 20), "nothing is held here");
    let this = std::env::current_exe().expect("a path");
    let arguments = ["--exact", "the_system_refuses_memory_beyond_the_limit"];
    let other = Command::new(this).args(arguments).env(HELD, "1").output().expect("it runs");
    let said = String::from_utf8_lossy(&other.stdout);
    assert!(other.status.success() && said.contains("1 passed"), "{said}");
}
