//! What a program prints, line by line and up to a cap. Pure.

/// The most bytes of a line; a longer one is told in pieces.
const MAX_LINE_BYTES: usize = 4 << 10;

/// Which pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Errors,
}

/// A line of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it was printed.
    pub stream: Stream,
    /// The text, without its end; what is no text in UTF-8 is replaced.
    pub text: String,
}

/// Takes in bytes and gives lines.
#[derive(Debug)]
pub(super) struct Tap {
    cap: u64,
    left: u64,
    cut: u64,
    output: Vec<u8>,
    errors: Vec<u8>,
    /// All lines.
    text: String,
}

impl Tap {
    pub(super) const fn new(cap: u64) -> Self {
        Self { cap, left: cap, cut: 0, output: Vec::new(), errors: Vec::new(), text: String::new() }
    }

    /// Takes in bytes.
    pub(super) fn push(&mut self, stream: Stream, bytes: &[u8], tell: &mut impl FnMut(&Line)) {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        let (taken, beyond) = bytes.split_at(room);
        self.left -= room as u64;
        let mut partial = std::mem::take(self.partial(stream));
        partial.extend_from_slice(taken);
        let mut rest = partial.as_slice();
        loop {
            let end = rest.iter().take(MAX_LINE_BYTES).position(|byte| *byte == b'\n');
            let (line, after) = match end {
                Some(end) => (&rest[..end], end + 1),
                None if rest.len() > MAX_LINE_BYTES => {
                    let end = whole_letters(&rest[..MAX_LINE_BYTES]);
                    (&rest[..end], end)
                }
                None => break,
            };
            self.line(stream, line, tell);
            rest = &rest[after..];
        }
        *self.partial(stream) = rest.to_vec();
        if !beyond.is_empty() {
            let first = self.cut == 0;
            self.cut += beyond.len() as u64;
            if first {
                self.flush(tell);
                let mark = format!("[cut: it printed more than its {} bytes]", self.cap);
                self.line(stream, mark.as_bytes(), tell);
            }
        }
    }

    /// Nothing more comes: the text of all, and how many bytes were left out.
    pub(super) fn finish(mut self, tell: &mut impl FnMut(&Line)) -> (String, u64) {
        self.flush(tell);
        (self.text, self.cut)
    }

    fn flush(&mut self, tell: &mut impl FnMut(&Line)) {
        for stream in [Stream::Output, Stream::Errors] {
            let partial = std::mem::take(self.partial(stream));
            if !partial.is_empty() {
                self.line(stream, &partial, tell);
            }
        }
    }

    fn line(&mut self, stream: Stream, bytes: &[u8], tell: &mut impl FnMut(&Line)) {
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let line = Line { stream, text: String::from_utf8_lossy(bytes).into_owned() };
        self.text.push_str(&line.text);
        self.text.push('\n');
        tell(&line);
    }

    const fn partial(&mut self, stream: Stream) -> &mut Vec<u8> {
        match stream {
            Stream::Output => &mut self.output,
            Stream::Errors => &mut self.errors,
        }
    }
}

/// How many of the bytes can be taken without cutting a letter in two.
fn whole_letters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => error.valid_up_to(),
        Ok(_) | Err(_) => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(cap: u64, pushed: &[(Stream, &[u8])]) -> (Vec<String>, String, u64) {
        let (mut tap, mut lines) = (Tap::new(cap), Vec::new());
        let mut tell = |line: &Line| lines.push(line.text.clone());
        for (stream, bytes) in pushed {
            tap.push(*stream, bytes, &mut tell);
        }
        let (text, cut) = tap.finish(&mut tell);
        (lines, text, cut)
    }

    #[test]
    fn lines_come_whole_whatever_pieces_they_came_in() {
        use Stream::{Errors, Output};
        let (lines, text, cut) =
            all(99, &[(Output, b"one\r\ntw"), (Errors, b"oops\n"), (Output, b"o\n\nlast \xFF")]);

        assert_eq!(lines, ["one", "oops", "two", "", "last \u{FFFD}"]);
        assert_eq!((text.as_str(), cut), ("one\noops\ntwo\n\nlast \u{FFFD}\n", 0));
    }

    #[test]
    fn what_is_beyond_the_cap_is_counted_and_marked_once() {
        let (lines, _, cut) =
            all(5, &[(Stream::Output, b"abc\ndef\n"), (Stream::Errors, b"more\n")]);

        assert_eq!(lines, ["abc", "d", "[cut: it printed more than its 5 bytes]"]);
        assert_eq!(cut, 8);
    }

    #[test]
    fn a_line_without_end_comes_in_pieces_of_whole_letters() {
        let long = "ä".repeat(5_000);
        let (lines, ..) = all(99_999, &[(Stream::Output, format!("a{long}").as_bytes())]);

        assert!(lines.len() > 2 && lines.iter().all(|line| line.len() <= MAX_LINE_BYTES));
        assert_eq!(lines.concat(), format!("a{long}"));
    }
}
