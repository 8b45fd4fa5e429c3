//! A Rust source with its comments and literals told apart from its code: as much of a lexer as
//! the rules need.

/// A source file.
pub(crate) struct Source<'a> {
    /// Its path from the workspace's root, with `/`.
    pub(crate) path: &'a str,
    /// As it is.
    pub(crate) text: &'a str,
    /// The same with comments and the insides of literals blanked, line for line.
    pub(crate) code: String,
    /// Its string literals, escapes not undone.
    pub(crate) strings: Vec<Literal>,
}

/// A string literal.
pub(crate) struct Literal {
    /// The line that it begins on, from 1.
    pub(crate) line: usize,
    /// Its inside.
    pub(crate) text: String,
}

impl<'a> Source<'a> {
    /// Takes a file apart.
    pub(crate) fn read(path: &'a str, text: &'a str) -> Self {
        let mut lexer = Lexer { rest: text, line: 1, code: String::new(), strings: Vec::new() };
        lexer.run();
        Self { path, text, code: lexer.code, strings: lexer.strings }
    }

    /// The lines on which this word stands in code.
    pub(crate) fn words(&self, word: &str) -> impl Iterator<Item = usize> {
        self.places(word).map(|(line, _)| line)
    }

    /// The places at which this word stands in code: the line, and the code from there on.
    pub(crate) fn places(&self, word: &str) -> impl Iterator<Item = (usize, &str)> {
        let code = self.code.as_str();
        code.match_indices(word).filter_map(move |(at, _)| {
            let before = code[..at].chars().next_back();
            let after = code[at + word.len()..].chars().next();
            let within = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let line = code[..at].matches('\n').count() + 1;
            (!within(before) && !within(after)).then(|| (line, &code[at..]))
        })
    }

    /// Whether the file is below this folder, or is the module file beside it.
    pub(crate) fn is_in(&self, folder: &str) -> bool {
        self.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
    }

    /// Whether some folder above the file, or the file, is called so.
    pub(crate) fn is_under(&self, name: &str) -> bool {
        self.path.split('/').any(|part| part.strip_suffix(".rs").unwrap_or(part) == name)
    }
}

struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    code: String,
    strings: Vec<Literal>,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(c) = self.rest.chars().next() {
            if self.rest.starts_with("//") {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.blank(end);
            } else if self.rest.starts_with("/*") {
                self.blank(block_comment(self.rest));
            } else if let Some(opening) = raw_opening(self.rest).filter(|_| !self.in_word()) {
                let hashes = opening - self.rest.find('r').unwrap_or(0) - 2;
                let close = format!("\"{}", "#".repeat(hashes));
                let inside = self.rest[opening..].find(&close).unwrap_or(self.rest.len() - opening);
                self.literal(opening, inside, close.len());
            } else if c == '"' {
                self.literal(1, quoted(&self.rest[1..], '"'), 1);
            } else if c == '\'' {
                match character(self.rest) {
                    Some(length) => self.blank(length),
                    None => self.keep(1),
                }
            } else {
                self.keep(c.len_utf8());
            }
        }
    }

    fn in_word(&self) -> bool {
        self.code.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
    }

    fn literal(&mut self, opening: usize, inside: usize, closing: usize) {
        let text = self.rest[opening..opening + inside].to_owned();
        self.strings.push(Literal { line: self.line, text });
        self.blank((opening + inside + closing).min(self.rest.len()));
    }

    fn keep(&mut self, length: usize) {
        let (kept, rest) = self.rest.split_at(length);
        self.line += kept.matches('\n').count();
        self.code.push_str(kept);
        self.rest = rest;
    }

    fn blank(&mut self, length: usize) {
        let (blanked, rest) = self.rest.split_at(length);
        for c in blanked.chars() {
            self.code.push(if c == '\n' { '\n' } else { ' ' });
        }
        self.line += blanked.matches('\n').count();
        self.rest = rest;
    }
}

/// The length of a raw string's opening (`r"`, `br##"`), if one stands here.
fn raw_opening(text: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        text.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(['"', '#']))
    })?;
    let hashes = text[prefix.len()..].bytes().take_while(|byte| *byte == b'#').count();
    let opening = prefix.len() + hashes;
    text[opening..].starts_with('"').then_some(opening + 1)
}

/// The length of what stands before the closing quote.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character literal; none for a lifetime.
fn character(text: &str) -> Option<usize> {
    let inside = &text[1..];
    let first = inside.chars().next()?;
    if first == '\\' {
        return Some(quoted(inside, '\'') + 2).filter(|length| *length <= text.len());
    }
    inside[first.len_utf8()..].starts_with('\'').then(|| first.len_utf8() + 2)
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(next) = text[at..].find(['/', '*']) {
        at += next;
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}
