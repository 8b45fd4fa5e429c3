//! `log.tail`: the last lines of a log that the policy names, redacted.

use std::io::{Read, Seek, SeekFrom};

use befund_model::probe::machine::LogTailFacts;
use befund_model::probe::{Parameters, Verdict};
use befund_model::redaction::Redactor;

use super::{Context, Measured, Outcome, Unmeasured};

/// The most bytes that are read of a log's end, and of one line that are kept.
const MAX_TAIL: u64 = 128 << 10;
const MAX_LINE: usize = 2 << 10;

pub(super) fn run(context: &Context<'_>, parameters: &Parameters) -> Outcome {
    let logs = &context.targets.logs;
    let (name, path) = match parameters.name("log") {
        Some(name) => logs.get_key_value(name),
        // The first that is there.
        None => logs
            .iter()
            .find(|(_, path)| context.path(path).is_file())
            .or_else(|| logs.first_key_value()),
    }
    .ok_or_else(|| Unmeasured::unsupported("the policy lists no logs"))?;
    let wanted = usize::try_from(parameters.number("lines")).unwrap_or(50);
    let (text, mut cut) =
        tail(context, path).map_err(|error| Unmeasured::io("read", path, &error))?;
    let redactor = Redactor::default();
    let all: Vec<&str> = text.lines().collect();
    let lines: Vec<String> = all[all.len().saturating_sub(wanted)..]
        .iter()
        .map(|line| {
            let line = redactor.text(&visible(line)).to_string();
            cut |= line.len() > MAX_LINE;
            shortened(line)
        })
        .collect();
    // The beginning of the file being cut off matters only if lines were asked for from there.
    cut &= lines.len() < wanted || lines.iter().any(|line| line.ends_with(CUT));
    for line in &lines {
        context.say(line);
    }
    let redacted = redactor.count();
    let summary = format!("{} lines of {path}, {redacted} values redacted", lines.len());
    let facts = LogTailFacts { log: name.clone(), path: path.clone(), lines, redacted, cut };
    Measured::new(Verdict::Pass, summary, &facts)
}

const CUT: &str = " [cut]";

/// The end of the file, from the beginning of a line on, and whether anything is before it.
fn tail(context: &Context<'_>, path: &str) -> std::io::Result<(String, bool)> {
    let mut file = std::fs::File::open(context.path(path))?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is not a file"));
    }
    let from = metadata.len().saturating_sub(MAX_TAIL);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(MAX_TAIL).read_to_end(&mut bytes)?;
    let whole = match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) if from > 0 => &bytes[end + 1..],
        _ => &bytes[..],
    };
    Ok((String::from_utf8_lossy(whole).into_owned(), from > 0))
}

/// Control characters, which could play with a terminal, as what they are called.
fn visible(line: &str) -> String {
    line.chars()
        .flat_map(|char| {
            let escaped = char.is_control() && char != '\t';
            let plain = (!escaped).then_some(char);
            plain.into_iter().chain(escaped.then(|| char.escape_default()).into_iter().flatten())
        })
        .collect()
}

fn shortened(mut line: String) -> String {
    if line.len() > MAX_LINE {
        let mut end = MAX_LINE;
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line.truncate(end);
        line.push_str(CUT);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_not_played() {
        assert_eq!(visible("a\u{1b}[2Jb\tc"), "a\\u{1b}[2Jb\tc");
    }
}
