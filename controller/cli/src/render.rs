//! How the controller's answers look to a person. Pure: values in, text out.

pub(crate) mod approval;
pub(crate) mod audit;
pub(crate) mod explain;
pub(crate) mod finding;
pub(crate) mod job;
pub(crate) mod machine;
pub(crate) mod question;
pub(crate) mod result;
pub(crate) mod runbook;
pub(crate) mod snapshot;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod ticket;
pub(crate) mod timeline;
pub(crate) mod trust;
pub(crate) mod value;

#[cfg(test)]
mod tests;
