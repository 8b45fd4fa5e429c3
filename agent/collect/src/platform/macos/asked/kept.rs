//! Answers that several collectors ask for: each question is put once, and whoever asks it meanwhile waits for
//! that answer. They are kept for a moment only, so that a later collection sees what is new.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::collector::Gap;

/// How long an answer counts.
const FRESH: Duration = Duration::from_secs(8);

type Answer = Result<Arc<Vec<u8>>, Gap>;
type Slot = Arc<Mutex<Option<(Instant, Answer)>>>;

/// What was answered lately, by question.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<HashMap<String, Slot>>);

impl Kept {
    /// The answer to this question, by `put` if nobody has put it lately.
    pub(crate) fn get(&self, question: String, put: impl FnOnce() -> Answer) -> Answer {
        let slot = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(question).or_default())
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        match &*slot {
            Some((at, answer)) if at.elapsed() < FRESH => answer.clone(),
            _ => {
                let answer = put();
                *slot = Some((Instant::now(), answer.clone()));
                answer
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn a_question_is_put_once_for_all_who_ask() {
        let (kept, count) = (Kept::default(), AtomicU32::new(0));
        let ask = |question: &str| {
            kept.get(question.to_owned(), || {
                count.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
                Ok(Arc::new(question.as_bytes().to_vec()))
            })
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(*ask("a").expect("an answer"), b"a"));
            }
        });
        assert_eq!(*ask("b").expect("an answer"), b"b");
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }
}
