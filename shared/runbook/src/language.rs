//! The language of runbooks as tables: every key with what it takes, its default and what it says. The
//! reader checks by them and the JSON schema for editors is made of them, so that the two cannot differ.
//! Not here: what keys mean together, which is the linter's.

pub(crate) mod form;
pub(crate) mod keys;
pub(crate) mod pattern;
pub(crate) mod quantity;
pub(crate) mod words;
