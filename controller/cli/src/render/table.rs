//! Tables: columns that fit the terminal, plain text elsewhere.

use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table, presets};

use crate::render::text;
use crate::screen::{Colours, Look};

/// What a cell wants to say by its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing.
    Plain,
    /// Good news.
    Good,
    /// Look here.
    Bad,
    /// Less important.
    Faint,
}

/// A cell; its text is made harmless.
pub(crate) fn cell(value: impl AsRef<str>) -> Cell {
    toned(value, Tone::Plain)
}

/// A cell with a tone.
pub(crate) fn toned(value: impl AsRef<str>, tone: Tone) -> Cell {
    let cell = Cell::new(text::line(value.as_ref()));
    match tone {
        Tone::Plain => cell,
        Tone::Good => cell.fg(Color::Green),
        Tone::Bad => cell.fg(Color::Red),
        Tone::Faint => cell.add_attribute(Attribute::Dim),
    }
}

/// A table with these columns.
pub(crate) fn table(look: &Look, columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    match look.colours {
        Colours::On => table.enforce_styling(),
        Colours::Off => table.force_no_tty(),
    };
    match look.width {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    table.set_header(columns.iter().map(|name| {
        let cell = Cell::new(name.to_uppercase());
        match look.colours {
            Colours::On => cell.add_attribute(Attribute::Bold),
            Colours::Off => cell,
        }
    }));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}

/// The finished table, each line indented and without blanks at its end.
pub(crate) fn text(table: &Table, indent: usize) -> String {
    let mut text = String::new();
    for line in table.lines() {
        let line = line.trim_end();
        if !line.is_empty() {
            text.extend(std::iter::repeat_n(' ', indent));
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}
