//! Redaction of any text: what comes out is what would come out of it again, and a secret that is
//! announced as one never comes out.

use befund_model::redaction::Redactor;

/// What must not come out.
const SECRET: &str = "hunter2Xq9zW";
/// How it is announced, on a line of its own.
const ANNOUNCED: &[&str] = &[
    "password=@",
    "--password @",
    "export DB_PASSWORD=@ ./run",
    "{\"password\": \"@\"}",
    "Authorization: Bearer @",
    "https://user:@@example.org/x",
    "<password>@</password>",
    "CREATE USER u IDENTIFIED BY '@'",
    "token: @",
];

pub(crate) fn run(data: &[u8]) {
    let (which, rest) = crate::pieces::byte(data);
    let text = String::from_utf8_lossy(rest);
    settles(&text);
    if text.contains(SECRET) || text.contains('\u{1}') {
        return;
    }
    let how = ANNOUNCED[usize::from(which) % ANNOUNCED.len()].replacen('@', SECRET, 1);
    let middle = (0..=text.len() / 2).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (before, after) = text.split_at(middle);
    let whole = format!("{before}\n{how}\n{after}");
    for redacted in [Redactor::default().text(&whole), Redactor::default().command_line(&whole)] {
        let shown = redacted.as_str();
        assert!(!shown.contains(SECRET), "{how:?} in {whole:?} became {shown:?}");
    }
}

fn settles(text: &str) {
    let redactor = Redactor::default();
    let once = redactor.text(text);
    assert_eq!(redactor.text(once.as_str()), once, "text, twice: {text:?}");
    let once = redactor.command_line(text);
    assert_eq!(redactor.command_line(once.as_str()), once, "a command line, twice: {text:?}");
    // A command's arguments end up in one line, in which later words may change what earlier ones
    // mean: that line is settled by itself.
    let line = redactor.command(text.split('\0'));
    assert_eq!(redactor.command_line(line.as_str()), line, "arguments: {text:?}");
}
