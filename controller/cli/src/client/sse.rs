//! Server-sent events (WHATWG HTML, "Server-sent events"): bytes in, events out. No I/O.

/// The most bytes of one event; more than any that the controller sends.
pub(crate) const MAX_EVENT_BYTES: usize = 4 << 20;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its kind; `message` if the stream did not say.
    pub(crate) event: String,
    /// Its lines, joined by newlines.
    pub(crate) data: String,
    /// The last id that the stream told, to go on from.
    pub(crate) id: Option<String>,
}

/// An event that is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream has more than {MAX_EVENT_BYTES} bytes")]
pub(crate) struct TooLarge;

/// The parser: push bytes as they come, in pieces of any size.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    begun: bool,
    event: String,
    data: String,
    has_data: bool,
    id: Option<String>,
}

impl Parser {
    /// Takes bytes, and gives the events that they complete.
    ///
    /// # Errors
    /// When an event is larger than [`MAX_EVENT_BYTES`]; the stream is of no use then.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLarge> {
        let mut events = Vec::new();
        for &byte in bytes {
            let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => {
                    let line = std::mem::take(&mut self.line);
                    events.extend(self.end_line(&line)?);
                }
                _ => {
                    if self.line.len() >= MAX_EVENT_BYTES {
                        return Err(TooLarge);
                    }
                    self.line.push(byte);
                }
            }
        }
        Ok(events)
    }

    fn end_line(&mut self, line: &[u8]) -> Result<Option<Event>, TooLarge> {
        let text = String::from_utf8_lossy(line);
        let mut text = &*text;
        if !std::mem::replace(&mut self.begun, true) {
            text = text.strip_prefix('\u{feff}').unwrap_or(text);
        }
        if text.is_empty() {
            return Ok(self.dispatch());
        }
        let (field, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event),
            "data" => {
                if self.data.len() + value.len() >= MAX_EVENT_BYTES {
                    return Err(TooLarge);
                }
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(value);
            }
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            // Comments (an empty field), `retry`, and what a later standard adds.
            _ => {}
        }
        Ok(None)
    }

    fn dispatch(&mut self) -> Option<Event> {
        let event = std::mem::take(&mut self.event);
        let data = std::mem::take(&mut self.data);
        if !std::mem::take(&mut self.has_data) {
            return None;
        }
        let event = if event.is_empty() { "message".to_owned() } else { event };
        Some(Event { event, data, id: self.id.clone() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Vec<Event> {
        Parser::default().push(text.as_bytes()).expect("small")
    }

    #[test]
    fn fields_comments_and_line_ends() {
        let events = parse(
            "\u{feff}: hello\r\nevent: news\r\nid: 7\r\ndata: {\"a\":\r\ndata:1}\r\n\r\nretry: 5\rdata\r\rid:\ndata: x\n\nevent: lost\n\n",
        );
        let event = |event: &str, data: &str, id: &str| Event {
            event: event.into(),
            data: data.into(),
            id: Some(id.into()),
        };
        assert_eq!(
            events,
            [
                event("news", "{\"a\":\n1}", "7"),
                event("message", "", "7"),
                event("message", "x", "")
            ]
        );
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut parser = Parser::default();
        let line = vec![b'x'; MAX_EVENT_BYTES];
        assert_eq!(parser.push(&line), Ok(vec![]));
        assert_eq!(parser.push(b"x"), Err(TooLarge));

        let mut parser = Parser::default();
        let mut line = b"data: ".to_vec();
        line.resize(1 << 20, b'x');
        line.push(b'\n');
        let refused = (0..5).find_map(|_| parser.push(&line).err());
        assert_eq!(refused, Some(TooLarge));
    }

    proptest! {
        #[test]
        fn the_same_events_come_however_the_bytes_are_cut(
            text in "(event: [a-z]{0,3}|data:? ?[a-z:]{0,3}|id: [0-9]{0,2}|:[a-z]{0,2}|)(\r|\n|\r\n)(data: [äöü]{1,2}(\r|\n|\r\n)){0,3}(\r|\n|\r\n){1,2}(data: z\n\n)?",
            cuts in prop::collection::vec(1_usize..5, 0..40),
        ) {
            let whole = parse(&text);
            let mut parser = Parser::default();
            let mut rest = text.as_bytes();
            let mut pieces = Vec::new();
            for cut in cuts {
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                pieces.extend(parser.push(head).expect("small"));
                rest = tail;
            }
            pieces.extend(parser.push(rest).expect("small"));
            prop_assert_eq!(whole, pieces);
        }

        #[test]
        fn what_is_written_is_read(data in prop::collection::vec("[ -~]{0,20}", 1..5), id in 0_u64..) {
            let lines: String = data.iter().map(|line| format!("data: {line}\n")).collect();
            let events = parse(&format!("event: news\nid: {id}\n{lines}\n"));
            prop_assert_eq!(events, vec![Event {
                event: "news".into(), data: data.join("\n"), id: Some(id.to_string()),
            }]);
        }
    }
}
