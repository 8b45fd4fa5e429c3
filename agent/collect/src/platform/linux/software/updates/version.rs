//! How Debian orders versions (deb-version(7)): epoch, upstream version, revision; `~` comes before the end.

use std::cmp::Ordering;

/// Compares two versions.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (split(a), split(b));
    let epochs = a.0.cmp(&b.0);
    epochs.then_with(|| part(a.1, b.1)).then_with(|| part(a.2, b.2))
}

fn split(version: &str) -> (u64, &str, &str) {
    let (epoch, rest) = match version.split_once(':') {
        Some((epoch, rest)) => (epoch.parse().unwrap_or_default(), rest),
        None => (0, version),
    };
    // No revision is the same as revision 0.
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, "0"));
    (epoch, upstream, revision)
}

/// Runs of other letters and runs of digits in turn.
fn part(mut a: &str, mut b: &str) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let letters =
            |text: &str| text.find(|letter: char| letter.is_ascii_digit()).unwrap_or(text.len());
        let ((a_letters, a_rest), (b_letters, b_rest)) =
            (a.split_at(letters(a)), b.split_at(letters(b)));
        let length = a_letters.len().max(b_letters.len());
        for at in 0..length {
            let ordering = weight(a_letters, at).cmp(&weight(b_letters, at));
            if ordering.is_ne() {
                return ordering;
            }
        }
        let digits =
            |text: &str| text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let ((a_digits, a_rest), (b_digits, b_rest)) =
            (a_rest.split_at(digits(a_rest)), b_rest.split_at(digits(b_rest)));
        let (a_digits, b_digits) =
            (a_digits.trim_start_matches('0'), b_digits.trim_start_matches('0'));
        let ordering = a_digits.len().cmp(&b_digits.len()).then_with(|| a_digits.cmp(b_digits));
        if ordering.is_ne() {
            return ordering;
        }
        (a, b) = (a_rest, b_rest);
    }
    Ordering::Equal
}

/// `~` first, then the end, then letters, then everything else.
fn weight(text: &str, at: usize) -> i32 {
    match text.as_bytes().get(at) {
        None => 0,
        Some(b'~') => -1,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pairs of dpkg's own tests (`lib/dpkg/t/t-version.c`) and of its manual.
    #[test]
    fn versions_are_ordered_as_dpkg_orders_them() {
        for (less, more) in [
            ("1.0~beta1~svn1245", "1.0~beta1"),
            ("1.0~beta1", "1.0"),
            ("1.2.3-1", "1.2.3-1+deb12u1"),
            ("1.9", "1.10"),
            ("9:1", "10:0"),
            ("2.0", "1:1.0"),
            ("1.0-1", "1.0-1.1"),
            ("1.0a", "1.0b"),
            ("1.0", "1.0a"),
            ("1.0a", "1.0+"),
            ("0.99", "1.0"),
            ("2.7.4+reloaded-1", "2.7.4+reloaded2-13"),
        ] {
            assert_eq!(compare(less, more), Ordering::Less, "{less} {more}");
            assert_eq!(compare(more, less), Ordering::Greater, "{less} {more}");
        }
        for (a, b) in [("1.0", "1.0-0"), ("0:1", "1"), ("1.00", "1.0"), ("1.0-00", "1.0")] {
            assert_eq!(compare(a, b), Ordering::Equal, "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn any_texts_have_an_order(a in ".{0,20}", b in ".{0,20}", c in "[0-9a-z.:~+-]{0,12}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&c, &c), Ordering::Equal);
        }
    }
}
