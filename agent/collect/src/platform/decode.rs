//! What Windows gives as numbers, bytes and texts, in words: only arithmetic, so that it compiles and is
//! tried on every system.
#![cfg_attr(not(windows), expect(dead_code, reason = "only Windows' collectors use it all"))]

pub(crate) mod battery;
pub(crate) mod boots;
pub(crate) mod browsers;
pub(crate) mod certificates;
pub(crate) mod clock;
pub(crate) mod crash;
pub(crate) mod devices;
pub(crate) mod echo;
pub(crate) mod event;
pub(crate) mod firmware;
pub(crate) mod hostile;
pub(crate) mod hresult;
pub(crate) mod load;
pub(crate) mod net;
pub(crate) mod packages;
pub(crate) mod phonebook;
pub(crate) mod printers;
pub(crate) mod processes;
pub(crate) mod proxy;
pub(crate) mod security;
pub(crate) mod storage;
pub(crate) mod tasks;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod topology;
pub(crate) mod windows;
