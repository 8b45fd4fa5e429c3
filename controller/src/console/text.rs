//! Text on a page: escaped for HTML, with control characters and invisible direction marks made
//! visible, so that nothing that a machine or a person sent can hide or reorder what is read.

use std::fmt::{self, Write};

use askama::filters::Escaper;

/// The escaper of every template (askama.toml names it).
#[derive(Clone, Copy, Debug, Default)]
pub struct Visible;

impl Escaper for Visible {
    fn write_escaped_str<W: Write>(&self, mut dest: W, string: &str) -> fmt::Result {
        for letter in string.chars() {
            match letter {
                '<' => dest.write_str("&lt;")?,
                '>' => dest.write_str("&gt;")?,
                '&' => dest.write_str("&amp;")?,
                '"' => dest.write_str("&quot;")?,
                '\'' => dest.write_str("&#39;")?,
                '\n' | '\t' => dest.write_char(letter)?,
                '\u{0}'..='\u{1f}' => dest.write_char(picture(letter))?,
                '\u{7f}' => dest.write_char('\u{2421}')?,
                letter if hides(letter) => write!(dest, "⟨U+{:04X}⟩", u32::from(letter))?,
                letter => dest.write_char(letter)?,
            }
        }
        Ok(())
    }
}

/// The picture of a control character, from Unicode's block of them.
fn picture(letter: char) -> char {
    char::from_u32(0x2400 + u32::from(letter)).unwrap_or('\u{fffd}')
}

/// Characters that are invisible, reorder their neighbours, or are no characters.
const fn hides(letter: char) -> bool {
    matches!(letter,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Writes a text, escaped, into markup that is built by hand.
pub fn put(markup: &mut String, text: &str) {
    // Writing into a String does not fail.
    let _ = Visible.write_escaped_str(markup, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut markup = String::new();
        put(&mut markup, text);
        markup
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(shown("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(shown("a\u{1b}[31m\u{0}\r\nb\tc"), "a␛[31m␀␍\nb\tc");
        assert_eq!(shown("exe\u{202e}gpj"), "exe⟨U+202E⟩gpj");
        assert_eq!(shown("\u{9b}\u{200b}\u{7f}"), "⟨U+009B⟩⟨U+200B⟩␡");
        assert_eq!(shown("Grüße 你好 عربى"), "Grüße 你好 عربى");
    }
}
