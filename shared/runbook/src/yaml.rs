//! The part of YAML that runbooks are written in, as a tree with places: mappings, lists and scalars. Anchors,
//! aliases and tags are refused, since what is read should be what a person sees; so are keys that come
//! twice, further documents, and what is too deep or too much. What the tree means is not known here.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::diagnostic::{Diagnostic, Severity};

/// The most bytes of a document.
pub(crate) const MOST_BYTES: usize = 256 << 10;
/// How deep anything may stand in anything.
const MOST_DEEP: usize = 24;
/// The most nodes.
const MOST_NODES: usize = 20_000;
/// The most problems that are told at once.
pub(crate) const MOST_PROBLEMS: usize = 200;

/// A place in the text, from 1; the column in characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A part of the document.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A mapping's key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) place: Place,
    pub(crate) text: String,
}

/// A text as it was written.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) style: Style,
    /// Where it stands in the document, in characters.
    from: usize,
    to: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Single,
    Double,
    Block,
}

impl Node {
    /// The member of a mapping.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Content::Map(entries) = &self.content else { return None };
        entries.iter().find(|(key, _)| key.text == name).map(|(_, node)| node)
    }

    /// A mapping's members; none of anything else.
    pub(crate) fn entries(&self) -> &[(Key, Self)] {
        match &self.content {
            Content::Map(entries) => entries,
            Content::Scalar(_) | Content::List(_) => &[],
        }
    }

    /// A list's items; none of anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.content {
            Content::List(items) => items,
            Content::Scalar(_) | Content::Map(_) => &[],
        }
    }

    /// The scalar, unless it is nothing.
    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.content {
            Content::Scalar(scalar) if !scalar.is_nothing() => Some(scalar),
            Content::Scalar(_) | Content::List(_) | Content::Map(_) => None,
        }
    }

    /// The scalar's text.
    pub(crate) fn text(&self) -> Option<&str> {
        self.scalar().map(|scalar| scalar.text.as_str())
    }

    /// What it is called, in messages.
    pub(crate) const fn noun(&self) -> &'static str {
        match &self.content {
            Content::Scalar(scalar) if scalar.is_nothing() => "nothing",
            Content::Scalar(_) => "a text",
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
        }
    }
}

impl Scalar {
    /// Whether there is no value: `key:` alone, or `~`.
    const fn is_nothing(&self) -> bool {
        matches!((self.style, self.text.as_bytes()), (Style::Plain, b"" | b"~" | b"null"))
    }

    /// Where a character of the text stands, given by its line and column within that text, from 1; the
    /// beginning of the scalar where that cannot be told (a folded text).
    pub(crate) fn place_of(&self, source: &str, at: Place, within: Place) -> Place {
        let raw: String = source.chars().skip(self.from).take(self.to - self.from).collect();
        if within.line == 1 && !raw.contains('\n') {
            let before = self.text.chars().take(within.column.saturating_sub(1)).count();
            let written = match self.style {
                Style::Plain => before,
                Style::Single => 1 + written(&raw, '\'', before),
                Style::Double => 1 + written(&raw, '\\', before),
                Style::Block => return at,
            };
            return Place { line: at.line, column: at.column + written };
        }
        // A literal block keeps its lines; they are found by their ends, from where it or its content begins.
        let Some(inner) = self.text.lines().nth(within.line.saturating_sub(1)) else { return at };
        let indent = |line: usize| {
            let outer = source.lines().nth(line.checked_sub(1)?)?;
            let indent = outer.strip_suffix(inner).filter(|indent| indent.trim().is_empty())?;
            Some(Place { line, column: indent.chars().count() + within.column })
        };
        let first = at.line + within.line;
        match self.style {
            Style::Block => indent(first - 1).or_else(|| indent(first)).unwrap_or(at),
            Style::Plain | Style::Single | Style::Double => at,
        }
    }
}

/// How many characters were written for the first `count` behind the opening quote.
fn written(raw: &str, escape: char, count: usize) -> usize {
    let mut signs = raw.chars().skip(1);
    let mut length = 0;
    for _ in 0..count {
        match signs.next() {
            Some(sign) if sign == escape => {
                length += 2;
                let long = match signs.next() {
                    Some('x') if escape == '\\' => 2,
                    Some('u') if escape == '\\' => 4,
                    Some('U') if escape == '\\' => 8,
                    _ => 0,
                };
                length += long;
                signs.by_ref().take(long).for_each(drop);
            }
            Some(_) => length += 1,
            None => break,
        }
    }
    length
}

/// A collection that is being read.
struct Open {
    place: Place,
    content: Content,
    key: Option<Key>,
}

/// Reads a document.
///
/// # Errors
/// Everything that is no YAML, or none that runbooks are written in.
pub(crate) fn parse(text: &str) -> Result<Node, Vec<Diagnostic>> {
    if text.len() > MOST_BYTES {
        let message = format!("it has {} bytes; a runbook has {MOST_BYTES} at most", text.len());
        return Err(vec![problem(Place { line: 1, column: 1 }, "too-large", message)]);
    }
    let mut tree = Tree::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let result = match event {
            Ok((event, span)) => tree.take(event, span),
            Err(error) => {
                let marker = error.marker();
                let place = Place { line: marker.line().max(1), column: marker.col() + 1 };
                Err(problem(place, "yaml", format!("it is not YAML: {}", error.info())))
            }
        };
        if let Err(fatal) = result {
            tree.problems.push(fatal);
            return Err(tree.problems);
        }
    }
    match tree.root {
        Some(root) if tree.problems.is_empty() => Ok(root),
        Some(_) => Err(tree.problems),
        None => {
            let message = "there is nothing in it".to_owned();
            tree.problems.push(problem(Place { line: 1, column: 1 }, "yaml", message));
            Err(tree.problems)
        }
    }
}

#[derive(Default)]
struct Tree {
    root: Option<Node>,
    stack: Vec<Open>,
    nodes: usize,
    problems: Vec<Diagnostic>,
}

impl Tree {
    /// Takes the next event.
    ///
    /// # Errors
    /// With what makes it useless to read on.
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Diagnostic> {
        let place = Place { line: span.start.line().max(1), column: span.start.col() + 1 };
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(_) => {
                self.refuse(place, "alias", "an alias (`*name`): write it out where it is needed");
                self.scalar(String::new(), Style::Plain, span, place)
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.plain(place, anchor, tag.is_some());
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                self.scalar(text.into_owned(), style, span, place)
            }
            Event::SequenceStart(anchor, tag) => {
                self.plain(place, anchor, tag.is_some());
                self.open(place, Content::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.plain(place, anchor, tag.is_some());
                self.open(place, Content::Map(Vec::new()))
            }
            Event::SequenceEnd | Event::MappingEnd => match self.stack.pop() {
                Some(Open { place, content, .. }) => self.put(Node { place, content }),
                None => Ok(()),
            },
        }
    }

    fn scalar(
        &mut self,
        text: String,
        style: Style,
        span: Span,
        place: Place,
    ) -> Result<(), Diagnostic> {
        self.count(place)?;
        if let Some(Open { content: Content::Map(entries), key: key @ None, .. }) =
            self.stack.last_mut()
        {
            if let Some((first, _)) = entries.iter().find(|(known, _)| known.text == text) {
                let message =
                    format!("`{text}` stands here twice, first in line {}", first.place.line);
                self.problems.push(problem(place, "duplicate-key", message));
            }
            *key = Some(Key { place, text });
            return Ok(());
        }
        let (from, to) = (span.start.index(), span.end.index().max(span.start.index()));
        self.put(Node { place, content: Content::Scalar(Scalar { text, style, from, to }) })
    }

    fn open(&mut self, place: Place, content: Content) -> Result<(), Diagnostic> {
        self.count(place)?;
        if let Some(Open { content: Content::Map(_), key: None, .. }) = self.stack.last() {
            let message = "a key is a word, not a list or mapping".to_owned();
            return Err(problem(place, "yaml", message));
        }
        if self.stack.len() == MOST_DEEP {
            let message = format!("more than {MOST_DEEP} lists and mappings stand in one another");
            return Err(problem(place, "too-deep", message));
        }
        self.stack.push(Open { place, content, key: None });
        Ok(())
    }

    fn put(&mut self, node: Node) -> Result<(), Diagnostic> {
        match self.stack.last_mut() {
            Some(Open { content: Content::List(items), .. }) => items.push(node),
            Some(Open { content: Content::Map(entries), key, .. }) => {
                if let Some(key) = key.take() {
                    entries.push((key, node));
                }
            }
            Some(Open { content: Content::Scalar(_), .. }) => {}
            None if self.root.is_none() => self.root = Some(node),
            None => {
                let message = "a second document begins; a file has one runbook".to_owned();
                return Err(problem(node.place, "yaml", message));
            }
        }
        Ok(())
    }

    fn count(&mut self, place: Place) -> Result<(), Diagnostic> {
        self.nodes += 1;
        if self.nodes > MOST_NODES || self.problems.len() >= MOST_PROBLEMS {
            let message = format!("there are more than {MOST_NODES} parts, or too many problems");
            return Err(problem(place, "too-large", message));
        }
        Ok(())
    }

    fn plain(&mut self, place: Place, anchor: usize, tagged: bool) {
        if anchor > 0 {
            self.refuse(place, "anchor", "an anchor (`&name`): write it out where it is needed");
        }
        if tagged {
            self.refuse(place, "tag", "a tag (`!name`): what a value is, its key says");
        }
    }

    fn refuse(&mut self, place: Place, code: &'static str, what: &str) {
        self.problems.push(problem(place, code, format!("runbooks do without {what}")));
    }
}

fn problem(place: Place, code: &'static str, message: String) -> Diagnostic {
    let Place { line, column } = place;
    let (path, expected) = (String::new(), String::new());
    Diagnostic { severity: Severity::Error, code, line, column, path, message, expected }
}
