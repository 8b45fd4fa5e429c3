//! What differs between systems: modes of files, local sockets, accounts and the machine's names.

#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub(crate) use unix::{
    Listener, Stream, account_name, bind, connect, create_private, host_name, make_private_folder,
    os_name, own_uid, sync_folder,
};
