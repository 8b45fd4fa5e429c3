//! The console: pages for technicians, over the same services as the API. Text nodes only: whatever
//! comes from a machine or a person goes through one escaper ([`text::Visible`]).

pub mod act;
pub mod assets;
pub mod browser_keys;
pub mod catalogue;
pub mod changes;
pub mod chooser;
pub mod effects;
pub mod entry;
pub mod escalate;
pub mod facts;
pub mod failure;
pub mod findings;
pub mod forms;
pub mod highlight;
pub mod history;
pub mod inputs;
pub mod job;
pub mod machine;
pub mod page;
pub mod queue;
pub mod routes;
pub mod run;
pub mod sign_in;
pub mod text;
pub mod ticket;
pub mod trust;
pub mod undo;
pub mod units;
pub mod ways;
pub mod words;
