//! What a value in a runbook's file can be.

use super::pattern::Pattern;

/// What a value can be.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// A text of at most so many characters, not empty.
    Text(usize),
    /// The same text in each language: `{en: ..., de: ...}`, each of at most so many characters.
    Both(usize),
    /// A text of a certain form.
    Pattern(&'static Pattern),
    /// One of these words.
    Words(fn() -> Vec<&'static str>),
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Whole {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// A time, as in `30s`.
    Duration {
        /// The shortest, in milliseconds.
        min: u64,
        /// The longest, in milliseconds.
        max: u64,
    },
    /// A size, as in `64KiB`.
    Size {
        /// The smallest, in bytes.
        min: u64,
        /// The largest, in bytes.
        max: u64,
    },
    /// An expression.
    Expression(Sees),
    /// A scalar of any kind.
    Value,
    /// A value that is filled in: scalars whose texts may have `${EXPRESSION}` in them, and lists of such.
    Template,
    /// A list.
    List {
        /// Of what.
        of: &'static Form,
        /// The most.
        most: usize,
    },
    /// A mapping of names that the author chooses.
    Map {
        /// What a name looks like.
        names: &'static Pattern,
        /// Of what.
        of: &'static Form,
        /// The most.
        most: usize,
    },
    /// A mapping of these keys.
    Object(&'static Object),
    /// One of these objects: the one whose first key is there.
    By(&'static [&'static Object]),
    /// The first where a scalar stands, the second where a mapping does.
    Either(&'static Form, &'static Form),
    /// Nothing that a runbook says, and why.
    Refused(&'static str),
}

/// What an expression may name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sees {
    /// Facts, answers, inputs and the time.
    Facts,
    /// Those, and whether the trouble is over.
    Ending,
}

/// A mapping of known keys.
pub(crate) struct Object {
    /// What it is, for messages and editors.
    pub(crate) noun: &'static str,
    /// The keys; of objects that are told apart, the one that tells comes first.
    pub(crate) keys: &'static [Key],
}

/// A key.
pub(crate) struct Key {
    /// As it is written.
    pub(crate) name: &'static str,
    /// Whether it must be there.
    pub(crate) need: Need,
    /// What it takes.
    pub(crate) form: Form,
    /// One line for authors.
    pub(crate) says: &'static str,
}

/// Whether a key must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// It must.
    Required,
    /// If it is not there, this is so.
    Default(&'static str),
}

impl Object {
    /// The keys that an author can write.
    pub(crate) fn allowed(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.keys.iter().filter(|key| !matches!(key.form, Form::Refused(_)))
    }
}
