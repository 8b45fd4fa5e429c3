//! DNS messages (RFC 1035): the one question that `net.dns` asks, and a reader for whatever comes
//! back, which never trusts a length or a pointer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The record types asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
    A,
    Aaaa,
}

impl Record {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
        }
    }

    const fn code(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Aaaa => 28,
        }
    }
}

const CLASS_IN: u16 = 1;
const HEADER: usize = 12;
/// RFC 1035, 2.3.4.
const MAX_NAME: usize = 255;

/// Why a message could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireError {
    #[error("{0:?} is not a domain name")]
    Name(String),
    #[error("the response ends in the middle")]
    Cut,
    #[error("the response is not to the question that was asked")]
    NotMine,
    #[error("the response holds a name that does not end")]
    Loop,
}

/// A response, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Response {
    /// The response code, 0 to 15.
    pub(super) rcode: u8,
    /// Whether it was cut, and TCP would give the rest.
    pub(super) truncated: bool,
    /// The addresses of the type asked for.
    pub(super) addresses: Vec<IpAddr>,
}

/// Writes a recursive question.
pub(super) fn question(id: u16, name: &str, record: Record) -> Result<Vec<u8>, WireError> {
    let invalid = || WireError::Name(name.chars().take(80).collect());
    let mut bytes = Vec::with_capacity(HEADER + name.len() + 6);
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.extend_from_slice(&[0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    let name = name.strip_suffix('.').unwrap_or(name);
    for label in name.split('.') {
        let fits = (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let Some(length) = u8::try_from(label.len()).ok().filter(|_| fits) else {
            return Err(invalid());
        };
        bytes.push(length);
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    if bytes.len() - HEADER > MAX_NAME {
        return Err(invalid());
    }
    bytes.extend_from_slice(&record.code().to_be_bytes());
    bytes.extend_from_slice(&CLASS_IN.to_be_bytes());
    Ok(bytes)
}

/// Reads the response to a question that [`question`] wrote.
pub(super) fn response(question: &[u8], bytes: &[u8]) -> Result<Response, WireError> {
    let flags = u16_at(bytes, 2)?;
    let asked = &question[HEADER..];
    let mine = bytes.get(..2) == question.get(..2) && flags & 0x8000 != 0;
    // A server that refuses to parse may leave the question out.
    let echoed = match u16_at(bytes, 4)? {
        0 => flags & 0x000f != 0,
        1 => bytes
            .get(HEADER..HEADER + asked.len())
            .is_some_and(|echo| echo.eq_ignore_ascii_case(asked)),
        _ => false,
    };
    if !mine || !echoed {
        return Err(WireError::NotMine);
    }
    let record = u16_at(asked, asked.len() - 4)?;
    let answers = u16_at(bytes, 6)?;
    let mut at = if u16_at(bytes, 4)? == 0 { HEADER } else { HEADER + asked.len() };
    let mut addresses = Vec::new();
    let truncated = flags & 0x0200 != 0;
    for _ in 0..answers {
        match answer(bytes, at, record) {
            Ok((address, next)) => {
                addresses.extend(address);
                at = next;
            }
            Err(_) if truncated => break,
            Err(error) => return Err(error),
        }
    }
    let rcode = u8::try_from(flags & 0x000f).unwrap_or(0);
    Ok(Response { rcode, truncated, addresses })
}

/// Reads the record at `at`: its address, if it is one of the type asked for, and where the next
/// begins.
fn answer(bytes: &[u8], at: usize, wanted: u16) -> Result<(Option<IpAddr>, usize), WireError> {
    let at = skip_name(bytes, at)?;
    let record = u16_at(bytes, at)?;
    let length = usize::from(u16_at(bytes, at + 8)?);
    let data = bytes.get(at + 10..at + 10 + length).ok_or(WireError::Cut)?;
    let address = if record != wanted {
        None
    } else if let Ok(four) = <[u8; 4]>::try_from(data) {
        Some(Ipv4Addr::from(four).into())
    } else if let Ok(sixteen) = <[u8; 16]>::try_from(data) {
        Some(Ipv6Addr::from(sixteen).into())
    } else {
        return Err(WireError::Cut);
    };
    Ok((address, at + 10 + length))
}

/// Where the name at `at` ends. A pointer ends it, so nothing is followed and nothing can loop.
fn skip_name(bytes: &[u8], mut at: usize) -> Result<usize, WireError> {
    let start = at;
    loop {
        match *bytes.get(at).ok_or(WireError::Cut)? {
            0 => return Ok(at + 1),
            pointer if pointer & 0xc0 == 0xc0 => {
                bytes.get(at + 1).ok_or(WireError::Cut)?;
                return Ok(at + 2);
            }
            length if length & 0xc0 == 0 => at += 1 + usize::from(length),
            _ => return Err(WireError::Loop),
        }
        if at - start > MAX_NAME {
            return Err(WireError::Loop);
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, WireError> {
    let two = bytes.get(at..at + 2).ok_or(WireError::Cut)?;
    Ok(u16::from_be_bytes([two[0], two[1]]))
}

/// The word for a response code (RFC 1035 and 2136).
pub(super) fn rcode_name(code: u8) -> String {
    match code {
        0 => "NOERROR".to_owned(),
        1 => "FORMERR".to_owned(),
        2 => "SERVFAIL".to_owned(),
        3 => "NXDOMAIN".to_owned(),
        4 => "NOTIMP".to_owned(),
        5 => "REFUSED".to_owned(),
        other => format!("RCODE{other}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A response as a server would write it: the question, then one record that points back at it.
    fn reply(question: &[u8], rcode: u8, data: &[u8]) -> Vec<u8> {
        let mut bytes = question.to_vec();
        bytes[2] = 0x81;
        bytes[3] = 0x80 | rcode;
        if !data.is_empty() {
            bytes[7] = 1;
            bytes.extend_from_slice(&[0xc0, 12]);
            bytes.extend_from_slice(&question[question.len() - 4..]);
            bytes.extend_from_slice(&[0, 0, 0, 60, 0, data.len() as u8]);
            bytes.extend_from_slice(data);
        }
        bytes
    }

    #[test]
    fn an_answer_is_read() {
        let asked = question(7, "example.com.", Record::A).expect("a name");
        let got = response(&asked, &reply(&asked, 0, &[192, 0, 2, 1])).expect("readable");
        assert_eq!(got.addresses, [IpAddr::from([192, 0, 2, 1])]);
        let got = response(&asked, &reply(&asked, 3, &[])).expect("readable");
        assert_eq!((got.rcode, got.addresses.len()), (3, 0));
    }

    #[test]
    fn another_ones_answer_is_refused() {
        let asked = question(7, "example.com", Record::A).expect("a name");
        let other = question(8, "example.com", Record::A).expect("a name");
        assert_eq!(response(&asked, &reply(&other, 0, &[1, 2, 3, 4])), Err(WireError::NotMine));
        let other = question(7, "example.org", Record::A).expect("a name");
        assert_eq!(response(&asked, &reply(&other, 0, &[1, 2, 3, 4])), Err(WireError::NotMine));
        assert_eq!(response(&asked, &asked), Err(WireError::NotMine));
    }

    #[test]
    fn what_is_not_a_name_is_not_asked() {
        let long = "a.".repeat(130);
        for name in ["", ".", "a..b", "a b", "über.example", &"a".repeat(64), &long] {
            assert!(question(1, name, Record::A).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_address_comes_back(id: u16, name in "[a-z0-9]{1,20}(\\.[a-z0-9]{1,20}){0,4}", v6: bool, data: [u8; 16]) {
            let (record, data) = if v6 { (Record::Aaaa, &data[..]) } else { (Record::A, &data[..4]) };
            let asked = question(id, &name, record).expect("a name");
            let got = response(&asked, &reply(&asked, 0, data)).expect("readable");
            prop_assert_eq!(got.addresses.len(), 1);
        }

        #[test]
        fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..600), answers: u16) {
            let asked = question(7, "example.com", Record::A).expect("a name");
            drop(response(&asked, &bytes));
            // Past the checks of the head, where the records are.
            let mut deep = reply(&asked, 0, &[]);
            deep[6..8].copy_from_slice(&answers.to_be_bytes());
            deep.extend_from_slice(&bytes);
            drop(response(&asked, &deep));
        }
    }
}
