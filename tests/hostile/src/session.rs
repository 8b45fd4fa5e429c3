//! What a machine says on its session, in any order, beside a second account of what may be
//! understood of it.

use std::collections::HashMap;

use befund_controller::gate::fuzzing_session::{Said, Session};
use befund_model::id::JobId;
use befund_model::job::{MAX_EVENTS, MAX_RESULT_BYTES};
use befund_proto::v1::agent_message::Body;
use befund_proto::v1::{AgentMessage, Event, ResultPart};
use bytes::Bytes;
use prost::Message as _;

use crate::pieces::{byte, records};

/// Nothing is understood before a hello; an event never leaves a gap; a job ends once all parts of
/// its result have come, each in its turn, and no result is larger than allowed.
pub(crate) fn run(data: &[u8]) {
    let mut session = Session::default();
    let mut greeted = false;
    let mut events: HashMap<JobId, u32> = HashMap::new();
    let mut parts: HashMap<JobId, (u32, usize)> = HashMap::new();
    for (tag, record) in records(data) {
        let Some(message) = message(tag, record) else { return };
        let part = match &message.body {
            Some(Body::Result(part)) => Some(part.clone()),
            _ => None,
        };
        let Ok(said) = session.hear(message) else { return };
        match said {
            Said::Hello => {
                assert!(!greeted, "greeted twice");
                greeted = true;
            }
            Said::Event(job, seq) => {
                assert!((1..=MAX_EVENTS).contains(&seq));
                // A session watches so many jobs; beyond that it takes what comes.
                let last = events.entry(job).or_insert(seq);
                assert!(seq <= last.saturating_add(1), "event {seq} after {last}");
                *last = seq.max(*last);
            }
            Said::Finished(job, outcome) => {
                assert!(outcome.state.is_final());
                let part = part.clone().expect("a result ends with a part of it");
                let (next, bytes) = parts.remove(&job).unwrap_or_default();
                let (next, bytes) = if part.part == 0 { (0, 0) } else { (next, bytes) };
                assert_eq!(part.part, next, "a part was skipped");
                assert!(part.last && bytes + part.body.len() <= MAX_RESULT_BYTES);
                events.remove(&job);
            }
            Said::Nothing => {
                let Some(part) = part else { continue };
                let job = JobId::from_slice(&part.job).expect("it was understood");
                let (next, bytes) = parts.remove(&job).unwrap_or_default();
                let (next, bytes) = if part.part == 0 { (0, 0) } else { (next, bytes) };
                assert_eq!(part.part, next, "a part was skipped");
                assert!(!part.last, "the last part of a result says that it ended");
                let bytes = bytes + part.body.len();
                assert!(bytes <= MAX_RESULT_BYTES, "{bytes} bytes are held of a result");
                parts.insert(job, (next + 1, bytes));
            }
            Said::Beat | Said::CheckIn(_) | Said::Accepted(_) => {}
        }
        assert!(greeted, "something was understood before the hello");
    }
}

/// A message as it stands in a record: as protobuf, or made of what is in it. Jobs are few, so that
/// what belongs together meets.
fn message(tag: u8, record: &[u8]) -> Option<AgentMessage> {
    let (which, rest) = byte(record);
    let job = Bytes::copy_from_slice(&[which % 6; 16]);
    let body = match tag % 4 {
        0 => return AgentMessage::decode(record).ok(),
        1 => {
            let (seq, _) = byte(rest);
            let seq = u32::from(seq);
            let body =
                format!(r#"{{"seq":{seq},"at":"2026-01-01T00:00:00Z","what":"started"}}"#).into();
            Body::Event(Event { job, seq, body })
        }
        2 => {
            let (part, rest) = byte(rest);
            let (last, body) = byte(rest);
            let body = Bytes::copy_from_slice(body);
            Body::Result(ResultPart { job, part: u32::from(part), last: last & 1 == 1, body })
        }
        _ => {
            // A whole, good result: what follows a job's end is reached more often.
            let body = Bytes::from_static(br#"{"state":"done","status":"ok"}"#);
            Body::Result(ResultPart { job, part: 0, last: true, body })
        }
    };
    Some(AgentMessage { body: Some(body) })
}
