//! An answer of HTTP/1, as far as it has come: its status, two of its headers, its body.

/// A head that has come whole, and what has come behind it.
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) location: Option<&'a str>,
    length: Option<usize>,
    pub(super) body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// Reads it; what a portal's clumsy server leaves out does not matter.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
        let header = |wanted: &str| {
            head.split("\r\n").skip(1).find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case(wanted).then(|| value.trim())
            })
        };
        Some(Self {
            status,
            location: header("location"),
            length: header("content-length").and_then(|text| text.parse().ok()),
            body: &bytes[end + 4..],
        })
    }

    /// Whether head and announced body are there, so that a server that keeps the connection open is
    /// not waited for.
    pub(super) fn is_whole(&self) -> bool {
        self.length.is_some_and(|length| self.body.len() >= length)
            || matches!(self.status, 204 | 304)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_is_whole_once_its_body_is() {
        let whole = |text: &str| Answer::parse(text.as_bytes()).is_some_and(|one| one.is_whole());
        assert!(whole("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
        assert!(!whole("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"));
        assert!(!whole("HTTP/1.1 200 OK\r\n\r\nok"), "it ends with the connection");
        assert!(whole("HTTP/1.1 204\r\n\r\n"));
        assert!(!whole("HTTP/1.1 204\r\n"));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "HTTP/1\\.[01] .{0,40}(\r\n|.{0,20}: .{0,20}){0,4}\r\n\r\n.{0,20}") {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                let _ = Answer::parse(bytes).is_some_and(|answer| answer.is_whole());
            }
        }
    }
}
