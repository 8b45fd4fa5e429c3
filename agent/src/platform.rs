//! What differs between systems: modes of files, local sockets, accounts, the machine's names, and the
//! memory of a process that waits.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(target_os = "linux")]
pub(crate) use linux::{Changes, give_memory_back, keep_heap_small};
#[cfg(not(target_os = "linux"))]
pub(crate) use other::{Changes, give_memory_back, keep_heap_small};

#[cfg(unix)]
pub(crate) use unix::{
    Listener, Stream, account_name, bind, connect, create_private, host_name, make_private_folder,
    os_name, own_uid, sync_folder,
};
