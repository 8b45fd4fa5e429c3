//! `/etc/cups/printers.conf` (cupsd writes it itself, and only root may read it).

use super::Queue;

/// The queues:
///
/// ```text
/// <DefaultPrinter Office>
/// MakeModel HP LaserJet 400
/// DeviceURI socket://192.0.2.44:9100
/// State Stopped
/// Reason paused
/// Accepting Yes
/// Shared No
/// </DefaultPrinter>
/// ```
pub(crate) fn parse(text: &str) -> Vec<Queue> {
    let mut queues = Vec::new();
    let mut queue: Option<Queue> = None;
    for line in text.lines().map(str::trim) {
        if line.starts_with("</") {
            queues.extend(queue.take());
            continue;
        }
        if let Some(head) = line.strip_prefix('<').and_then(|line| line.strip_suffix('>')) {
            let Some((kind, name)) = head.split_once(' ') else { continue };
            if matches!(kind, "Printer" | "DefaultPrinter") {
                let default = kind == "DefaultPrinter";
                queue = Some(Queue { name: name.trim().to_owned(), default, ..Queue::default() });
            }
            continue;
        }
        let Some(queue) = &mut queue else { continue };
        let Some((key, value)) = line.split_once(' ') else { continue };
        // A sharp would begin a comment.
        let value = value.trim().replace("\\#", "#");
        match key {
            "MakeModel" => queue.model = Some(value).filter(|model| !model.is_empty()),
            "DeviceURI" => queue.uri = Some(value),
            "Location" => queue.location = Some(value).filter(|place| !place.is_empty()),
            "StateMessage" => queue.message = Some(value).filter(|message| !message.is_empty()),
            "Shared" => queue.shared = yes(&value),
            "Accepting" => queue.accepting = Some(yes(&value)),
            "Reason" => queue.reasons.push(value),
            // What it did when cupsd wrote the file; `Processing` is not kept over a stop.
            "State" => {
                queue.state = match value.as_str() {
                    "Idle" | "Processing" => Some("idle"),
                    "Stopped" => Some("stopped"),
                    _ => None,
                }
            }
            _ => {}
        }
    }
    for queue in &mut queues {
        queue.reasons.sort_unstable();
        queue.reasons.dedup();
    }
    queues
}

fn yes(value: &str) -> bool {
    ["yes", "on", "true"].iter().any(|yes| value.eq_ignore_ascii_case(yes))
}
