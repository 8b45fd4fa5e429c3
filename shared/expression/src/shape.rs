//! What facts can look like, and what an expression makes of that. CEL has no types; with the shapes of what
//! an expression names, a mistyped member, a comparison with a word that never comes and a condition
//! that is none are found before anything runs. What has no known shape is not judged.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::expression::{Expression, ExpressionError};

pub use notation::NoShape;

mod notation;
mod trace;
mod walk;

/// A shape of facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// Anything: nothing is judged of it.
    #[default]
    Any,
    /// True or false.
    Flag,
    /// A number.
    Number,
    /// A text.
    Text,
    /// One of these words.
    Word(Vec<String>),
    /// A list.
    List(Box<Shape>),
    /// An object with any names.
    Map(Box<Shape>),
    /// An object with these members and no others.
    Object(BTreeMap<String, Member>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What it looks like.
    pub shape: Shape,
    /// Whether it may be left out, so that an expression asks for it with `has` first.
    pub optional: bool,
}

impl Shape {
    /// What values of a type look like in JSON, by how it reads itself. [`Shape::Any`] where it does not tell.
    #[must_use]
    pub fn of<T: DeserializeOwned>() -> Self {
        trace::trace::<T>()
    }

    /// What a value of it is called, in messages.
    #[must_use]
    pub const fn noun(&self) -> &'static str {
        match self {
            Self::Any => "value",
            Self::Flag => "flag (true or false)",
            Self::Number => "number",
            Self::Text => "text",
            Self::Word(_) => "word",
            Self::List(_) => "list",
            Self::Map(_) | Self::Object(_) => "object",
        }
    }

    /// Whether a value can be of both shapes.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::Flag, Self::Flag) | (Self::Number, Self::Number) => true,
            (Self::Text | Self::Word(_), Self::Text | Self::Word(_)) => true,
            (Self::List(_), Self::List(_)) => true,
            (Self::Map(_) | Self::Object(_), Self::Map(_) | Self::Object(_)) => true,
            (
                Self::Flag
                | Self::Number
                | Self::Text
                | Self::Word(_)
                | Self::List(_)
                | Self::Map(_)
                | Self::Object(_),
                _,
            ) => false,
        }
    }
}

impl Expression {
    /// The shape of its value, by the shapes of what it names, and everything that cannot be right: members
    /// that are never there, words that never come, texts compared with numbers, a condition that is none.
    /// What it names and `roots` does not tell is not judged.
    #[must_use]
    pub fn shape(&self, roots: &BTreeMap<String, Shape>) -> (Shape, Vec<ExpressionError>) {
        walk::walk(self, roots)
    }
}
