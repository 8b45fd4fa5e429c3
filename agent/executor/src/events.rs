//! The events of one job: numbered from 1 without gaps, capped, each sent as it happens.

use befund_model::Timestamp;
use befund_model::job::{JobEvent, JobNews, MAX_EVENT_BYTES, MAX_EVENTS};
use befund_runtime::clock::Clock;
use befund_runtime::frame::FrameError;

use crate::door::Reply;
use crate::door::connection::Replies;

/// The most bytes of one line of output: as JSON, every one may become six.
const MAX_LINE_BYTES: usize = 2 << 10;
const _: () = assert!(MAX_LINE_BYTES * 6 + 256 < MAX_EVENT_BYTES);
/// The most lines of output of one job; other events always have a place behind them.
const MAX_LINES: u32 = MAX_EVENTS / 2;

/// Numbers and sends.
pub(crate) struct Events<'a> {
    replies: &'a mut Replies,
    clock: Clock,
    seq: u32,
    lines: u32,
}

impl<'a> Events<'a> {
    pub(crate) const fn new(replies: &'a mut Replies, clock: Clock) -> Self {
        Self { replies, clock, seq: 0, lines: 0 }
    }

    /// Sends one event.
    pub(crate) async fn tell(&mut self, what: JobNews) -> Result<(), FrameError> {
        if self.seq >= MAX_EVENTS {
            return Ok(());
        }
        self.seq += 1;
        let at: Timestamp = self.clock.now();
        self.replies.send(&Reply::Event(JobEvent { seq: self.seq, at, what }), &[]).await
    }

    /// Sends a line of output, cut to the cap with a mark.
    pub(crate) async fn line(&mut self, line: &str) -> Result<(), FrameError> {
        self.lines += 1;
        if self.lines > MAX_LINES {
            return Ok(());
        }
        let text = if self.lines == MAX_LINES {
            "[cut: there were more lines than a job may tell]".to_owned()
        } else {
            cut(line, MAX_LINE_BYTES)
        };
        self.tell(JobNews::Output(text)).await
    }

    /// What the job's last reply goes to.
    pub(crate) const fn replies(&mut self) -> &mut Replies {
        self.replies
    }
}

/// The text, or its beginning with a mark if it is longer than `cap` bytes.
pub(crate) fn cut(text: &str, cap: usize) -> String {
    if text.len() <= cap {
        return text.to_owned();
    }
    let mut end = cap;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{} [cut: {} bytes more]", &text[..end], text.len() - end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_visible_and_never_in_the_middle_of_a_letter() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("aäb", 2), "a [cut: 3 bytes more]");
    }
}
