//! Names of things of the machine, where they stand on command lines: a set of characters that nothing takes
//! for anything but a name.

/// A name of a thing of the machine, for systems that write names into command lines.
pub(in crate::platform) fn plain_name(name: &str, longest: usize) -> Result<(), String> {
    if name.is_empty() || name.len() > longest {
        return Err(format!("a name has 1 to {longest} characters"));
    }
    let wrong =
        |c: &char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '@' | '-' | '+'));
    if let Some(wrong) = name.chars().find(wrong) {
        return Err(format!("{wrong:?} has no place in a name"));
    }
    if name.starts_with(['-', '.', '+']) {
        return Err("a name does not begin with a hyphen, a dot or a plus".to_owned());
    }
    if name.contains("..") {
        return Err("a name has no two dots beside one another".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_space_stands_in_a_name() {
        assert!(plain_name("a b", 128).is_err());
        assert!(plain_name("cups.service", 128).is_ok());
        assert!(plain_name("openvpn@site:1.service", 128).is_ok());
    }

    proptest! {
        #[test]
        fn what_passes_can_stand_on_a_command_line(name in any::<String>()) {
            if plain_name(&name, 128).is_ok() {
                prop_assert!(name.is_ascii() && !name.starts_with('-'));
                let harmless = |c: char| c.is_ascii_alphanumeric() || "._:@-+".contains(c);
                prop_assert!(name.chars().all(harmless));
            }
        }
    }
}
