//! Which of some programs run: `/proc/<pid>/comm`.

use crate::collector::Context;
use crate::platform::linux::software::processes;

/// Those of these names that some process has, in their order.
pub(super) fn running<'a>(cx: &Context, names: &[&'a str]) -> Vec<&'a str> {
    let mut found = vec![false; names.len()];
    for pid in processes::pids(cx).unwrap_or_default() {
        let Ok(Some(name)) = cx.root.line(&format!("/proc/{pid}/comm")) else { continue };
        if let Some(at) = names.iter().position(|known| *known == name) {
            found[at] = true;
        }
    }
    names.iter().zip(found).filter(|(_, found)| *found).map(|(name, _)| *name).collect()
}
