//! The languages that people read Befund in.

use serde::{Deserialize, Serialize};

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English, where nothing else is asked for.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// The language of a tag as in `de`, `de-AT` or `de_DE.UTF-8`; `None` for one that we do not have.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_', '.', '@']).next()?;
        [("en", Self::English), ("de", Self::German)]
            .into_iter()
            .find_map(|(code, language)| primary.eq_ignore_ascii_case(code).then_some(language))
    }
}

/// The same text in each language, as a file or a message brings it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// English.
    pub en: String,
    /// German.
    pub de: String,
}

impl Text {
    /// The text in this language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::German => &self.de,
        }
    }
}

/// The same text in each language, as the program brings it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// English.
    pub english: &'static str,
    /// German.
    pub german: &'static str,
}

impl Words {
    /// The text in this language.
    #[must_use]
    pub const fn in_language(self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::German => self.german,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_its_language_however_much_follows() {
        for tag in ["de", "DE", "de-AT", "de_DE.UTF-8", "de@euro"] {
            assert_eq!(Language::of_tag(tag), Some(Language::German), "{tag}");
        }
        assert_eq!(Language::of_tag("en-GB"), Some(Language::English));
        for tag in ["", "C", "den", "fr", "*"] {
            assert_eq!(Language::of_tag(tag), None, "{tag}");
        }
    }
}
