//! `docs/actions.md` says of each action what it does, as the table has it.

use befund_model::action::{ACTIONS, Undo};

#[test]
fn each_action_has_a_row_in_the_documentation() {
    let text = include_str!("../../../../docs/actions.md");
    for spec in ACTIONS {
        let undo = match spec.undo {
            Undo::Restores => "yes",
            Undo::Needless => "nothing to undo",
            Undo::Impossible => "no",
        };
        let beginning = format!("| `{}` | {} | {undo} |", spec.name, spec.risk.as_str());
        let row = text.lines().find(|line| line.starts_with(&beginning));
        let row = row.unwrap_or_else(|| panic!("docs/actions.md has no row {beginning}"));
        assert_eq!(row.matches('|').count(), 7, "{row}");
    }
    let rows = text.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, ACTIONS.len());
}
