//! Where the parts of a document were written.

use std::collections::BTreeMap;

use crate::yaml::{Place, Scalar};

/// The places of all parts, by their paths, and those of all expressions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(super) parts: BTreeMap<String, Place>,
    /// By path and text: a parameter can have more than one expression in it.
    pub(super) expressions: BTreeMap<(String, String), Written>,
}

/// An expression as it was written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// Where its scalar begins.
    pub(super) at: Place,
    /// The scalar that it stands in.
    pub(super) scalar: Scalar,
    /// How many characters of that come before it.
    pub(super) skipped: usize,
}

impl Written {
    /// Where in the document a place of the expression is, given by its line and column within it.
    pub(super) fn place_of(&self, source: &str, line: usize, column: usize) -> Place {
        let column = if line == 1 { column + self.skipped } else { column };
        self.scalar.place_of(source, self.at, Place { line, column })
    }
}

impl Places {
    /// The place of a part, or of the nearest one around it that was written.
    pub(super) fn of(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(place) = self.parts.get(path) {
                return *place;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return Place { line: 1, column: 1 },
            }
        }
    }
}
