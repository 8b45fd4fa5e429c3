//! The hosts file: entries of a name switched off, as text. No I/O.

/// What stands before what was switched off.
pub(crate) const MARK: &str = "# switched off by Befund: ";

/// The text with every entry of the name switched off, and the lines that had one. A line with other names
/// too keeps those; the line as it was stands before it as a comment.
pub(crate) fn disable(text: &str, name: &str) -> (String, Vec<String>) {
    let mut result = String::with_capacity(text.len() + 128);
    let mut found = Vec::new();
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end_matches(['\n', '\r']);
        let ending = &whole[line.len()..];
        let entry = line.split('#').next().unwrap_or_default();
        let mut words = entry.split_ascii_whitespace();
        let address = words.next();
        let names: Vec<&str> = words.collect();
        if !names.iter().any(|other| is_same(other, name)) {
            result.push_str(whole);
            continue;
        }
        found.push(line.trim().to_owned());
        result.push_str(MARK);
        result.push_str(line);
        result.push_str(if ending.is_empty() { "\n" } else { ending });
        let others: Vec<&str> = names.into_iter().filter(|other| !is_same(other, name)).collect();
        if let Some(address) = address
            && !others.is_empty()
        {
            result.push_str(address);
            result.push('\t');
            result.push_str(&others.join(" "));
            result.push_str(if ending.is_empty() { "\n" } else { ending });
        }
    }
    (result, found)
}

/// Case and a dot at the end make no difference (RFC 4343, RFC 1034 3.1).
fn is_same(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_entry_is_switched_off_and_its_neighbours_stay() {
        let text = "127.0.0.1 localhost\n10.0.0.1\tExample.COM. other # note\n# 1.1.1.1 example.com\n\
                    ::1 example.com.org\n";
        let (after, found) = disable(text, "example.com");
        assert_eq!(
            after,
            "127.0.0.1 localhost\n# switched off by Befund: 10.0.0.1\tExample.COM. other # note\n\
             10.0.0.1\tother\n# 1.1.1.1 example.com\n::1 example.com.org\n"
        );
        assert_eq!(found, ["10.0.0.1\tExample.COM. other # note"]);
        assert_eq!(disable(&after, "example.com").1, Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn switched_off_once_nothing_is_left_to_do(
            lines in prop::collection::vec("[ \t]{0,2}(#)?[0-9.]{1,6}[ \t][a-cA-C. \t]{0,8}(#x)?\r?", 0..8)
        ) {
            let text = lines.join("\n");
            let (after, _) = disable(&text, "a");
            let (again, found) = disable(&after, "a");
            prop_assert_eq!(again, after);
            prop_assert_eq!(found.len(), 0);
        }
    }
}
