//! Stories of single runs, and what holds for any run.

mod adversary;
mod any;
mod limits;
mod player;
mod resuming;
mod stories;
