//! From wire to domain (`TryFrom`, with an error that names the field) and back (`From`): a file
//! for each topic.

pub mod id;
pub mod json;
pub mod trust;

/// A message that says something which is no value of the domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("field {field} of the message is not valid: {problem}")]
pub struct InvalidField {
    /// The field's name in the .proto file.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}
