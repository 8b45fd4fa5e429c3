//! The ssh-agent's protocol, as far as signing needs it: which keys it has, and a signature by one of them. Not how it
//! is reached, and nothing that changes what it holds.
//!
//! Two messages of `draft-ietf-sshm-ssh-agent`, sections 3.5 and 3.6, are less than any crate for it brings along.

use std::io::{self, Read, Write};

use befund_trust::key::PublicKey;

const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGNATURE: u8 = 14;
/// RSA keys sign with SHA-512; the others do not look at it.
const RSA_SHA2_512: u32 = 4;
/// The most bytes of an answer: what OpenSSH's agent sends at most.
const MAX_ANSWER: usize = 256 << 10;

/// A key that the agent has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The public half.
    pub(super) key: PublicKey,
    /// What its owner calls it.
    pub(super) comment: String,
}

/// The keys that the agent has and that could sign for us; others are left out.
pub(super) fn identities(agent: &mut (impl Read + Write)) -> io::Result<Vec<Identity>> {
    let answer = ask(agent, &[REQUEST_IDENTITIES])?;
    let mut rest = body(&answer, IDENTITIES)?;
    let count = number(&mut rest)?;
    let mut identities = Vec::new();
    for _ in 0..count {
        let (blob, comment) = (string(&mut rest)?, string(&mut rest)?);
        if let Ok(key) = PublicKey::from_bytes(blob) {
            identities.push(Identity { key, comment: String::from_utf8_lossy(comment).into() });
        }
    }
    Ok(identities)
}

/// What the key signs of `blob`: the signature's kind and its bytes.
pub(super) fn sign(
    agent: &mut (impl Read + Write),
    key: &PublicKey,
    blob: &[u8],
) -> io::Result<Vec<u8>> {
    let mut request = vec![SIGN_REQUEST];
    for part in [key.to_bytes().as_slice(), blob] {
        request.extend_from_slice(&length(part)?.to_be_bytes());
        request.extend_from_slice(part);
    }
    request.extend_from_slice(&RSA_SHA2_512.to_be_bytes());
    let answer = ask(agent, &request)?;
    let mut rest = body(&answer, SIGNATURE)?;
    string(&mut rest).map(<[u8]>::to_vec)
}

fn ask(agent: &mut (impl Read + Write), request: &[u8]) -> io::Result<Vec<u8>> {
    let mut message = length(request)?.to_be_bytes().to_vec();
    message.extend_from_slice(request);
    agent.write_all(&message)?;
    agent.flush()?;
    let mut size = [0; 4];
    agent.read_exact(&mut size)?;
    let size = usize::try_from(u32::from_be_bytes(size)).unwrap_or(usize::MAX);
    if size > MAX_ANSWER {
        return Err(bad("its answer is longer than any that an agent gives"));
    }
    let mut answer = vec![0; size];
    agent.read_exact(&mut answer)?;
    Ok(answer)
}

/// What follows the kind of an answer, if it is the one that was asked for.
fn body(answer: &[u8], wanted: u8) -> io::Result<&[u8]> {
    match answer.split_first() {
        Some((kind, rest)) if *kind == wanted => Ok(rest),
        Some((&FAILURE, _)) => {
            Err(bad("it refused: it is locked, it does not have the key, or nobody confirmed"))
        }
        _ => Err(bad("its answer is none of an ssh-agent")),
    }
}

pub(super) fn number(rest: &mut &[u8]) -> io::Result<u32> {
    let (head, tail) = rest.split_first_chunk::<4>().ok_or_else(|| bad("it ends too early"))?;
    *rest = tail;
    Ok(u32::from_be_bytes(*head))
}

pub(super) fn string<'a>(rest: &mut &'a [u8]) -> io::Result<&'a [u8]> {
    let length = usize::try_from(number(rest)?).unwrap_or(usize::MAX);
    let (head, tail) = rest.split_at_checked(length).ok_or_else(|| bad("it ends too early"))?;
    *rest = tail;
    Ok(head)
}

fn length(bytes: &[u8]) -> io::Result<u32> {
    u32::try_from(bytes.len()).map_err(|_| bad("what is to be signed is too long"))
}

fn bad(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use befund_trust::signing::SigningKey;
    use proptest::prelude::*;

    use super::*;

    /// An agent that says what it says, whatever it is asked.
    struct Says(Cursor<Vec<u8>>, Vec<u8>);

    impl Says {
        fn message(body: &[u8]) -> Self {
            let size = u32::try_from(body.len()).expect("short").to_be_bytes();
            Self(Cursor::new([&size, body].concat()), Vec::new())
        }
    }

    impl Read for Says {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.0.read(into)
        }
    }

    impl Write for Says {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn put(out: &mut Vec<u8>, bytes: &[u8]) {
        out.extend_from_slice(&u32::try_from(bytes.len()).expect("short").to_be_bytes());
        out.extend_from_slice(bytes);
    }

    #[test]
    fn keys_of_kinds_that_are_not_taken_are_left_out() {
        let key = SigningKey::from_seed([1; 32]).public();
        let mut answer = vec![IDENTITIES, 0, 0, 0, 2];
        put(&mut answer, b"\0\0\0\x07ssh-dss");
        put(&mut answer, b"old");
        put(&mut answer, &key.to_bytes());
        put(&mut answer, b"anna@laptop");
        let found = identities(&mut Says::message(&answer)).expect("an answer");
        assert_eq!(found, [Identity { key, comment: "anna@laptop".into() }]);
    }

    #[test]
    fn a_refusal_says_why_it_may_be() {
        let key = SigningKey::from_seed([1; 32]).public();
        let error = sign(&mut Says::message(&[FAILURE]), &key, b"x").expect_err("it refused");
        assert!(error.to_string().contains("locked"), "{error}");
        let mut huge = Says(Cursor::new(vec![255; 8]), Vec::new());
        assert!(identities(&mut huge).expect_err("too long").to_string().contains("longer"));
    }

    proptest! {
        #[test]
        fn any_answer_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let key = SigningKey::from_seed([1; 32]).public();
            let _ = identities(&mut Says::message(&[&[IDENTITIES], body.as_slice()].concat()));
            let _ = sign(&mut Says::message(&[&[SIGNATURE], body.as_slice()].concat()), &key, b"x");
            let _ = identities(&mut Says(Cursor::new(body), Vec::new()));
        }
    }
}
