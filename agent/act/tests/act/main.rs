//! Stories of what changes on a machine, and of how it is put back: on a made-up tree of files, in network
//! namespaces of their own, and with the system's own tools where they can be had for a folder.

mod broken;
mod child;
mod common;
mod disk;
mod docs;
mod files;
mod network;
mod printing;
mod processes;
mod scripts;
mod services;
mod time;
mod tools;
