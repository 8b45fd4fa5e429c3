//! The shape of a message: what is left of it when numbers and addresses are taken out, so that two
//! messages that differ only in those are one.

/// How much of a message makes its shape, in bytes.
const MAX_BYTES: usize = 400;

/// The message with `#` in place of numbers, addresses, identifiers and times. Names with a digit at
/// their end, as those of interfaces and disks, stay.
pub(crate) fn shape(message: &str) -> String {
    let mut end = message.len().min(MAX_BYTES);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    let message = &message[..end];
    let mut shape = String::with_capacity(message.len());
    let mut word_start = None;
    for (at, sign) in message.char_indices() {
        let inside = sign.is_alphanumeric() || matches!(sign, '.' | ':' | '-' | '_' | '%' | '@');
        match (inside, word_start) {
            (true, None) => word_start = Some(at),
            (false, Some(start)) => {
                word(&message[start..at], &mut shape);
                word_start = None;
                shape.push(sign);
            }
            (false, None) => shape.push(sign),
            (true, Some(_)) => {}
        }
    }
    if let Some(start) = word_start {
        word(&message[start..], &mut shape);
    }
    shape
}

/// One word: a number or address as a whole, or with its parts that are numbers replaced.
fn word(word: &str, shape: &mut String) {
    let ends = word.trim_end_matches(['.', ':', '-']);
    let tail = &word[ends.len()..];
    let hexadecimal = ends.bytes().all(|byte| byte.is_ascii_hexdigit() || b".:-%".contains(&byte));
    let digits = ends.bytes().any(|byte| byte.is_ascii_digit());
    let colons = ends.bytes().filter(|byte| *byte == b':').count();
    let long = ends.len() >= 4 || ends.bytes().all(|byte| !byte.is_ascii_alphabetic());
    if hexadecimal && ((digits && long) || colons >= 2) && !ends.is_empty() {
        shape.push('#');
        shape.push_str(tail);
        return;
    }
    let mut number = false;
    let mut before = None;
    for sign in word.chars() {
        // A number begins where no letter stands in front: `7f`, `0x1f`, `sda-12`, not `sda1`.
        let starts =
            sign.is_ascii_digit() && !before.is_some_and(|before: char| before.is_alphanumeric());
        if starts {
            shape.push('#');
        }
        number = (number || starts) && (sign.is_ascii_hexdigit() || sign == 'x');
        if !number {
            shape.push(sign);
        }
        before = Some(sign);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::shape;

    #[test]
    fn numbers_and_addresses_do_not_make_another_message() {
        for (one, other) in [
            ("process 4711 (foo) died", "process 9 (foo) died"),
            ("connect to 192.0.2.1:443 failed", "connect to 198.51.100.7:8443 failed"),
            ("from 2001:db8::1 port 22", "from fe80::aa:1 port 51000"),
            ("station aa:bb:cc:dd:ee:ff left", "station 00:11:22:33:44:55 left"),
            ("at 0x7ffe12ab, error 0x80070005", "at 0x1, error 0x0"),
            ("I/O error, dev sda, sector 123456", "I/O error, dev sda, sector 9"),
            (
                "job 3f2504e0-4f89-11d3-9a0c-0305e82c3301 failed",
                "job 00000000-0000-0000-0000-000000000001 failed",
            ),
            ("took 12.5s at 10:00:01", "took 3.25s at 23:59:59"),
            ("[  123.456] x", "[ 9.1] x"),
        ] {
            let apart = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(apart(&shape(one)), apart(&shape(other)), "{one}");
        }
    }

    #[test]
    fn names_make_another_message() {
        for (one, other) in [
            ("eth0: link down", "eth1: link down"),
            ("error on sda1", "error on sdb1"),
            ("nvme0n1: I/O error", "nvme1n1: I/O error"),
            ("foo failed", "bar failed"),
            ("dead beef", "beef dead"),
        ] {
            assert_ne!(shape(one), shape(other), "{one}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_shape_without_numbers_by_themselves(text in any::<String>(), number in any::<u64>()) {
            shape(&text);
            let told = format!("{text} {number} end");
            if told.len() < 400 {
                let alone = format!(" {number} ");
                prop_assert!(!shape(&told).contains(&alone));
            }
        }
    }
}
