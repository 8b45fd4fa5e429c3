//! Local groups: `/etc/group`.

use std::collections::BTreeMap;

use befund_model::section::people::{Group, Groups};

use crate::collector::{Context, Gap};

/// Section `groups`.
pub(crate) fn groups(cx: &Context) -> Result<Groups, Gap> {
    let text = cx.root.text("/etc/group")?;
    // Lines of NIS begin with a sign and name nobody here.
    let lines = text.lines().filter(|line| !line.starts_with(['+', '-', '#']));
    let mut groups = cx.lines("/etc/group", lines, group);
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Groups { groups })
}

/// The members of each local group, sorted.
pub(crate) fn members(cx: &Context) -> BTreeMap<String, Vec<String>> {
    let text = cx.note(cx.root.text("/etc/group")).unwrap_or_default();
    text.lines().filter_map(group).map(|group| (group.name, group.members)).collect()
}

pub(crate) fn group(line: &str) -> Option<Group> {
    let mut fields = line.split(':');
    let (name, _, id, members) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let number: u32 = id.trim().parse().ok()?;
    let mut members: Vec<String> = members
        .split(',')
        .map(str::trim)
        .filter(|member| !member.is_empty())
        .map(str::to_owned)
        .collect();
    members.sort_unstable();
    members.dedup();
    Some(Group { name: name.to_owned(), id: number.to_string(), members })
}
