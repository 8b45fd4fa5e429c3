//! Shapes as text, for people and for programs that do not want to trace types: `text`, `number`, `flag`, `any`,
//! `(up|down)` for words, `[text]` for a list, `<number>` for an object with any names, `{name: text, speed?: number}`
//! for one with these members. `{:#}` breaks what is wide into lines.

use std::fmt;
use std::str::FromStr;

use super::{Member, Shape};

/// The most columns of an object that stays on its line.
const WIDE: usize = 100;
/// How deep shapes lie within each other, at most.
const MAX_DEPTH: u32 = 32;

/// A text that is no shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("reading a shape: {wanted} is expected before \"{rest}\"")]
pub struct NoShape {
    /// What may stand there.
    wanted: &'static str,
    /// The beginning of what stands there.
    rest: String,
}

impl fmt::Display for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = out.alternate().then_some(0);
        write(self, out, indent)
    }
}

/// Writes a shape, over several lines where `indent` tells how far in they stand.
fn write(shape: &Shape, out: &mut dyn fmt::Write, indent: Option<usize>) -> fmt::Result {
    match shape {
        Shape::Any => out.write_str("any"),
        Shape::Flag => out.write_str("flag"),
        Shape::Number => out.write_str("number"),
        Shape::Text => out.write_str("text"),
        Shape::Word(words) => write!(out, "({})", words.join("|")),
        Shape::List(of) => {
            out.write_char('[')?;
            write(of, out, indent)?;
            out.write_char(']')
        }
        Shape::Map(of) => {
            out.write_char('<')?;
            write(of, out, indent)?;
            out.write_char('>')
        }
        Shape::Object(members) => {
            let indent = indent.filter(|indent| indent + shape.to_string().len() > WIDE);
            out.write_char('{')?;
            for (index, (name, Member { shape, optional })) in members.iter().enumerate() {
                let mark = if *optional { "?" } else { "" };
                match indent {
                    Some(indent) => write!(out, "\n{:1$}{name}{mark}: ", "", indent + 2)?,
                    None if index > 0 => write!(out, ", {name}{mark}: ")?,
                    None => write!(out, "{name}{mark}: ")?,
                }
                write(shape, out, indent.map(|indent| indent + 2))?;
                if indent.is_some() {
                    out.write_char(',')?;
                }
            }
            match indent {
                Some(indent) => write!(out, "\n{:1$}}}", "", indent),
                None => out.write_char('}'),
            }
        }
    }
}

impl FromStr for Shape {
    type Err = NoShape;

    fn from_str(text: &str) -> Result<Self, NoShape> {
        let mut reader = Reader { rest: text };
        let shape = reader.shape(0)?;
        if reader.rest.trim_start().is_empty() { Ok(shape) } else { Err(reader.wants("the end")) }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn shape(&mut self, depth: u32) -> Result<Shape, NoShape> {
        if depth > MAX_DEPTH {
            return Err(self.wants("a shape that lies less deep"));
        }
        if self.takes('[') {
            let of = self.shape(depth + 1)?;
            return self.closed(']', "\"]\"", Shape::List(Box::new(of)));
        }
        if self.takes('<') {
            let of = self.shape(depth + 1)?;
            return self.closed('>', "\">\"", Shape::Map(Box::new(of)));
        }
        if self.takes('(') {
            let mut words = vec![self.word()?.to_owned()];
            while self.takes('|') {
                words.push(self.word()?.to_owned());
            }
            return self.closed(')', "\"|\" or \")\"", Shape::Word(words));
        }
        if self.takes('{') {
            return self.object(depth);
        }
        let before = self.rest;
        match self.word()? {
            "any" => Ok(Shape::Any),
            "flag" => Ok(Shape::Flag),
            "number" => Ok(Shape::Number),
            "text" => Ok(Shape::Text),
            _ => {
                self.rest = before;
                Err(self.wants("a shape"))
            }
        }
    }

    fn object(&mut self, depth: u32) -> Result<Shape, NoShape> {
        let mut members = std::collections::BTreeMap::new();
        while !self.takes('}') {
            let name = self.word()?.to_owned();
            let optional = self.takes('?');
            if !self.takes(':') {
                return Err(self.wants("\":\""));
            }
            let shape = self.shape(depth + 1)?;
            if members.insert(name, Member { shape, optional }).is_some() {
                return Err(self.wants("a name that is not there yet"));
            }
            if !self.takes(',') {
                return self.closed('}', "\",\" or \"}\"", Shape::Object(members));
            }
        }
        Ok(Shape::Object(members))
    }

    fn closed(&mut self, with: char, wanted: &'static str, shape: Shape) -> Result<Shape, NoShape> {
        if self.takes(with) { Ok(shape) } else { Err(self.wants(wanted)) }
    }

    fn takes(&mut self, sign: char) -> bool {
        self.rest = self.rest.trim_start();
        let Some(rest) = self.rest.strip_prefix(sign) else { return false };
        self.rest = rest;
        true
    }

    /// A name or a word: everything up to a sign of the notation.
    fn word(&mut self) -> Result<&'a str, NoShape> {
        self.rest = self.rest.trim_start();
        let end =
            self.rest.find(|sign: char| "[]<>(){}|?:,".contains(sign) || sign.is_whitespace());
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        if word.is_empty() {
            return Err(self.wants("a word"));
        }
        self.rest = rest;
        Ok(word)
    }

    fn wants(&self, wanted: &'static str) -> NoShape {
        NoShape { wanted, rest: self.rest.trim_start().chars().take(24).collect() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shapes() -> impl Strategy<Value = Shape> {
        let word = "[a-z][a-z0-9_.-]{0,8}";
        let leaf = prop_oneof![
            Just(Shape::Any),
            Just(Shape::Flag),
            Just(Shape::Number),
            Just(Shape::Text),
            prop::collection::vec(word, 1..4).prop_map(Shape::Word),
        ];
        leaf.prop_recursive(4, 40, 5, move |inner| {
            let member = (inner.clone(), any::<bool>())
                .prop_map(|(shape, optional)| Member { shape, optional });
            prop_oneof![
                inner.clone().prop_map(|of| Shape::List(Box::new(of))),
                inner.prop_map(|of| Shape::Map(Box::new(of))),
                prop::collection::btree_map(word, member, 0..5).prop_map(Shape::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(shape in shapes()) {
            prop_assert_eq!(shape.to_string().parse::<Shape>(), Ok(shape.clone()));
            prop_assert_eq!(format!("{shape:#}").parse::<Shape>(), Ok(shape));
        }

        #[test]
        fn no_text_does_harm(text in "[a-z\\[\\]<>(){}|?:, ]{0,200}") {
            let _: Result<Shape, NoShape> = text.parse();
        }
    }

    #[test]
    fn what_is_no_shape_is_told_where() {
        for (text, told) in [
            ("", "a word is expected before \"\""),
            ("txt", "a shape is expected before \"txt\""),
            ("[text", "\"]\" is expected before \"\""),
            ("{a: text b: text}", "\",\" or \"}\" is expected before \"b: text}\""),
            ("{a: text, a: flag}", "a name that is not there yet is expected before \"}\""),
            ("text text", "the end is expected before \"text\""),
        ] {
            let error = text.parse::<Shape>().expect_err(text).to_string();
            assert_eq!(error, format!("reading a shape: {told}"));
        }
        let deep = "[".repeat(100_000);
        assert!(deep.parse::<Shape>().is_err());
    }
}
