//! Texts of `name: value` lines, as several programs print them, and numbers of hardware.

/// The value behind this name on a line of its own; blanks around both do not count.
pub(crate) fn value<'a>(text: &'a str, name: &str, separator: char) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (known, value) = line.split_once(separator)?;
        let value = value.trim();
        (known.trim() == name && !value.is_empty()).then_some(value)
    })
}

/// A hardware address with two digits to a byte, lower case: `a4:1:2:3:4:f` leaves zeros out.
pub(crate) fn mac(text: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> = text
        .split(':')
        .map(|byte| u8::from_str_radix(byte, 16).ok().filter(|_| byte.len() <= 2))
        .collect();
    let bytes = bytes.filter(|bytes| bytes.len() == 6)?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_addresses_are_read() {
        let text = "  lease_time (uint32): 0x15180\nx\n name : \n";
        assert_eq!(value(text, "lease_time (uint32)", ':'), Some("0x15180"));
        assert_eq!(value(text, "name", ':'), None);
        assert_eq!(mac("a4:1:2:3:4:f").as_deref(), Some("a4:01:02:03:04:0f"));
        assert_eq!(mac("(incomplete)"), None);
        assert_eq!(mac("1:2:3:4:5:006"), None);
    }
}
