//! Files of groups and keys: `[group]` and `key = value`, as desktop entries, units of systemd,
//! repositories of dnf, Samba, SSSD and many others have them. What stands before the first group is in the
//! group with no name.

/// A file of groups and keys, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Keyfile<'a> {
    pub(crate) groups: Vec<Group<'a>>,
}

/// A group of keys.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Group<'a> {
    pub(crate) name: &'a str,
    /// The line that it begins in, counted from 1.
    pub(crate) line: usize,
    pub(crate) keys: Vec<(&'a str, &'a str)>,
}

impl<'a> Keyfile<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        let mut groups = vec![Group::default()];
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                groups.push(Group { name: name.trim(), line: index + 1, keys: Vec::new() });
            } else if let Some(group) = groups.last_mut() {
                // pacman has keys without a value.
                let (key, value) = line.split_once('=').unwrap_or((line, ""));
                group.keys.push((key.trim(), value.trim()));
            }
        }
        Self { groups }
    }

    /// The last value of a key in the groups of this name.
    pub(crate) fn get(&self, group: &str, key: &str) -> Option<&'a str> {
        self.all(group, key).last().filter(|value| !value.is_empty())
    }

    /// Every value of a key in the groups of this name, in order.
    pub(crate) fn all<'b>(
        &'b self,
        group: &'b str,
        key: &'b str,
    ) -> impl Iterator<Item = &'a str> + use<'a, 'b> {
        let groups = self.groups.iter().filter(move |known| known.name.eq_ignore_ascii_case(group));
        groups
            .flat_map(|group| &group.keys)
            .filter_map(move |(name, value)| name.eq_ignore_ascii_case(key).then_some(*value))
    }
}

impl<'a> Group<'a> {
    /// The last value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        let named = |(name, _): &&(&str, &str)| name.eq_ignore_ascii_case(key);
        self.keys
            .iter()
            .rev()
            .find(named)
            .map(|(_, value)| *value)
            .filter(|value| !value.is_empty())
    }
}

/// What a file means by yes and no; `None` for anything else.
pub(crate) fn truth(value: &str) -> Option<bool> {
    const YES: &[&str] = &["1", "yes", "true", "on"];
    const NO: &[&str] = &["0", "no", "false", "off"];
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(value.trim()));
    if is(YES) {
        Some(true)
    } else if is(NO) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_keys_are_read_in_order() {
        let file = Keyfile::parse("first=1\n# no=1\n[ A ]\nk = v=w\nk=x\nFlag\n[B]\n[a]\nk=y\n");
        assert_eq!(file.get("", "first"), Some("1"));
        assert_eq!(file.all("A", "K").collect::<Vec<_>>(), ["v=w", "x", "y"]);
        assert_eq!(file.groups[1].get("k"), Some("x"));
        assert_eq!((file.groups[1].line, file.groups[1].keys.len()), (3, 3));
        assert_eq!(file.get("A", "Flag"), None);
        assert_eq!((truth("Yes"), truth("off"), truth("maybe")), (Some(true), Some(false), None));
    }
}
