//! What a child may that changes nothing: the executor's own rights are those of whoever changes a machine.

use std::io;

use rustix::thread::{
    CapabilitySet, capabilities, clear_ambient_capability_set, remove_capability_from_bounding_set,
    set_capabilities,
};

/// What reading the whole system takes, and no more: files and processes of any owner, the kernel's log, how disks
/// fare (NVMe's and SMART's own words are commands to the disk), echoes where the system gives them to root alone, and the
/// kernel's filters and tunnels, which it shows only to who may set them.
const READING: CapabilitySet = CapabilitySet::DAC_READ_SEARCH
    .union(CapabilitySet::SYS_PTRACE)
    .union(CapabilitySet::SYSLOG)
    .union(CapabilitySet::SYS_RAWIO)
    .union(CapabilitySet::SYS_ADMIN)
    .union(CapabilitySet::NET_RAW)
    .union(CapabilitySet::NET_ADMIN);

/// Gives up all of root's rights but those of reading, for this process and whatever it starts.
///
/// # Errors
/// The system's.
pub(crate) fn only_read() -> io::Result<()> {
    keep(READING)
}

/// Gives up all of root's rights.
///
/// # Errors
/// The system's.
pub(crate) fn only_think() -> io::Result<()> {
    keep(CapabilitySet::empty())
}

fn keep(kept: CapabilitySet) -> io::Result<()> {
    let mut sets = capabilities(None)?;
    if sets.permitted.contains(CapabilitySet::SETPCAP) {
        // First, since it takes a right that is given up next. A right that this kernel does not know is not there.
        for capability in CapabilitySet::all().difference(kept).iter() {
            match remove_capability_from_bounding_set(capability) {
                Ok(()) | Err(rustix::io::Errno::INVAL) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    clear_ambient_capability_set()?;
    sets.permitted = sets.permitted.intersection(kept);
    sets.effective = sets.effective.intersection(kept);
    sets.inheritable = CapabilitySet::empty();
    Ok(set_capabilities(None, sets)?)
}
