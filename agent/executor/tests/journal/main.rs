//! Stories of the journal: what is there after a crash, whenever it comes and whatever of the unsynced writes
//! it leaves.

mod crash;
mod disk;
mod histories;
mod promises;
mod sample;
mod stories;
