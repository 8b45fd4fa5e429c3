//! How the controller's answers look to a person. Pure: values in, text out.

pub(crate) mod audit;
pub(crate) mod finding;
pub(crate) mod job;
pub(crate) mod machine;
pub(crate) mod snapshot;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod ticket;
pub(crate) mod timeline;
pub(crate) mod value;

#[cfg(test)]
mod tests;
