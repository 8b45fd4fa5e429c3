//! The console: pages for technicians, over the same services as the API. Text nodes only: whatever
//! comes from a machine or a person goes through one escaper ([`text::Visible`]).

pub mod act;
pub mod assets;
pub mod changes;
pub mod entry;
pub mod facts;
pub mod failure;
pub mod findings;
pub mod forms;
pub mod highlight;
pub mod history;
pub mod inputs;
pub mod job;
pub mod machine;
pub mod news;
pub mod page;
pub mod queue;
pub mod routes;
pub mod sign_in;
pub mod text;
pub mod ticket;
pub mod units;
pub mod words;
