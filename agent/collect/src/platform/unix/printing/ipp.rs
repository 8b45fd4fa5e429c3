//! As much of IPP as asking a print server takes (RFC 8010, section 3): a request of words and
//! addresses, and an answer's groups of attributes. Lengths that lead nowhere end the reading.

/// Where an operation's own attributes begin.
const OPERATION: u8 = 0x01;
/// Where a job's attributes begin.
pub(crate) const JOB: u8 = 0x02;
const END: u8 = 0x03;
/// Where a printer's attributes begin.
pub(crate) const PRINTER: u8 = 0x04;

/// A request without a document.
#[derive(Debug)]
pub(crate) struct Request(Vec<u8>);

impl Request {
    /// For this operation (RFC 8011, 5.4.15; CUPS's own begin at 4001h).
    pub(crate) fn new(operation: u16) -> Self {
        let mut bytes = vec![2, 0];
        bytes.extend_from_slice(&operation.to_be_bytes());
        bytes.extend_from_slice(&1_u32.to_be_bytes());
        bytes.push(OPERATION);
        let mut request = Self(bytes);
        request.attribute(0x47, "attributes-charset", "utf-8");
        request.attribute(0x48, "attributes-natural-language", "en");
        request
    }

    /// An address.
    pub(crate) fn uri(mut self, name: &str, uri: &str) -> Self {
        self.attribute(0x45, name, uri);
        self
    }

    /// Words, one or several.
    pub(crate) fn keywords(mut self, name: &str, words: &[&str]) -> Self {
        for (index, word) in words.iter().enumerate() {
            // A further value of the same attribute has no name.
            self.attribute(0x44, if index == 0 { name } else { "" }, word);
        }
        self
    }

    /// Its bytes.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.0.push(END);
        self.0
    }

    fn attribute(&mut self, tag: u8, name: &str, value: &str) {
        self.0.push(tag);
        for text in [name, value] {
            // All of them are short words of this module and its callers.
            let length = u16::try_from(text.len()).unwrap_or_default();
            self.0.extend_from_slice(&length.to_be_bytes());
            self.0.extend_from_slice(&text.as_bytes()[..usize::from(length)]);
        }
    }
}

/// What a server answered.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// How it went: below 100h well (RFC 8011, appendix B).
    pub(crate) status: u16,
    /// The groups, in their order.
    pub(crate) groups: Vec<Group>,
}

/// The attributes of one thing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Group {
    /// Of what: [`JOB`], [`PRINTER`].
    pub(crate) tag: u8,
    attributes: Vec<(String, Vec<Value>)>,
}

/// A value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A number or one of a list of states.
    Number(i32),
    /// Yes or no.
    Flag(bool),
    /// A text, word, name or address.
    Text(String),
    /// Something that nobody here asks for.
    Other,
}

impl Group {
    /// The values of this attribute.
    pub(crate) fn values(&self, name: &str) -> &[Value] {
        let attribute = self.attributes.iter().find(|(known, _)| known == name);
        attribute.map_or(&[], |(_, values)| values)
    }

    /// Its text, if it has one.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.values(name).first()? {
            Value::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Its number.
    pub(crate) fn number(&self, name: &str) -> Option<i32> {
        match self.values(name).first()? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Its yes or no.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.values(name).first()? {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        }
    }
}

/// Reads an answer; `None` if it is cut or none.
pub(crate) fn parse(bytes: &[u8]) -> Option<Answer> {
    let (head, mut rest) = bytes.split_first_chunk::<8>()?;
    let mut answer = Answer { status: u16::from_be_bytes([head[2], head[3]]), groups: Vec::new() };
    loop {
        let (&tag, after) = rest.split_first()?;
        rest = after;
        match tag {
            END => return Some(answer),
            0x00..=0x0f => answer.groups.push(Group { tag, attributes: Vec::new() }),
            _ => {
                let (name, after) = counted(rest)?;
                let (value, after) = counted(after)?;
                rest = after;
                let group = answer.groups.last_mut()?;
                let value = read(tag, value);
                if name.is_empty() {
                    // A value without an attribute in front of it belongs to nothing.
                    if let Some((_, values)) = group.attributes.last_mut() {
                        values.push(value);
                    }
                } else {
                    let name = String::from_utf8_lossy(name).into_owned();
                    group.attributes.push((name, vec![value]));
                }
            }
        }
    }
}

/// As many bytes as the two in front say, and what is behind them.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

fn read(tag: u8, value: &[u8]) -> Value {
    let text = |bytes: &[u8]| Value::Text(String::from_utf8_lossy(bytes).into_owned());
    match (tag, value) {
        (0x21 | 0x23, &[a, b, c, d]) => Value::Number(i32::from_be_bytes([a, b, c, d])),
        (0x22, [flag]) => Value::Flag(*flag != 0),
        // With its language in front.
        (0x35 | 0x36, value) => {
            let behind = counted(value).and_then(|(_, rest)| counted(rest));
            behind.map_or(Value::Other, |(value, _)| text(value))
        }
        (0x41..=0x49, value) => text(value),
        _ => Value::Other,
    }
}
