//! Session messages from and to the wire.

use std::time::Duration;

use befund_model::job::{MAX_RESULT_BYTES, Said};
use befund_model::snapshot::Status;
use befund_proto::convert::{InvalidField, id, json, trust};
use befund_proto::v1::agent_message::Body as Out;
use befund_proto::v1::controller_message::Body as In;
use befund_proto::{CHUNK_BYTES, v1};

use super::session::{Current, Farewell, Heard, Say};

/// The most bytes of what is said to a job, as JSON.
const MAX_SAID_BYTES: usize = 14 << 10;

/// Reads a message; `None` for one that this version does not know.
///
/// # Errors
/// If a known one makes no sense.
pub fn read(message: v1::ControllerMessage) -> Result<Option<Heard>, InvalidField> {
    let Some(body) = message.body else { return Ok(None) };
    Ok(Some(match body {
        In::Welcome(welcome) => Heard::Welcome {
            heartbeat: Duration::from_secs(u64::from(welcome.heartbeat_seconds)),
            organisation: welcome.organisation,
            current: Current {
                root_version: welcome.root_version,
                catalogue: data_encoding::HEXLOWER.encode(&welcome.catalogue),
            },
        },
        In::CheckIn(reply) => Heard::CheckIn { known: reply.known },
        In::Order(order) => {
            let named = id::job("order.job", &order.job)?;
            let order: befund_model::job::Order = json::read("order.body", &order.body)?;
            if order.job != named {
                let problem = "names another job than its body".to_owned();
                return Err(InvalidField { field: "order.job", problem });
            }
            Heard::Order(Box::new(order))
        }
        In::Cancel(cancel) => Heard::Cancel(id::job("cancel.job", &cancel.job)?),
        In::EventAck(ack) => Heard::EventAck(id::job("event_ack.job", &ack.job)?, ack.seq),
        In::ResultAck(ack) => Heard::ResultAck(id::job("result_ack.job", &ack.job)?),
        In::Wake(wake) => match wake.reason() {
            v1::wake::Reason::Unspecified => return Ok(None),
            v1::wake::Reason::Catalogue => Heard::CatalogueChanged,
            v1::wake::Reason::Renew => Heard::WantsRenewal,
            v1::wake::Reason::Snapshot => Heard::WantsSnapshot,
            v1::wake::Reason::Reconnect => Heard::WantsReconnect,
        },
        In::Said(said) => {
            let job = id::job("said.job", &said.job)?;
            if said.body.len() > MAX_SAID_BYTES {
                let problem = format!("{} bytes, more than {MAX_SAID_BYTES}", said.body.len());
                return Err(InvalidField { field: "said.body", problem });
            }
            let words: Said = json::read("said.body", &said.body)?;
            Heard::Said(job, said.seq, Box::new(words))
        }
        In::Goodbye(goodbye) => Heard::Goodbye(match goodbye.reason() {
            v1::goodbye::Reason::Revoked => Farewell::Revoked,
            v1::goodbye::Reason::Expired => Farewell::Expired,
            v1::goodbye::Reason::Replaced => Farewell::Replaced,
            v1::goodbye::Reason::Stopping => Farewell::Stopping,
            v1::goodbye::Reason::Unspecified | v1::goodbye::Reason::Protocol => Farewell::Other,
        }),
    }))
}

/// Writes what is to be said; an outcome takes several messages.
#[must_use]
pub fn write(say: &Say) -> Vec<v1::AgentMessage> {
    let one = |body| vec![v1::AgentMessage { body: Some(body) }];
    match say {
        Say::Heartbeat => one(Out::Heartbeat(v1::Heartbeat {})),
        Say::CheckIn(root) => one(Out::CheckIn(v1::CheckIn { root: id::bytes(root.as_bytes()) })),
        Say::Accepted(job) => {
            one(Out::OrderAccepted(v1::OrderAccepted { job: id::bytes(job.as_bytes()) }))
        }
        Say::Event(job, event) => one(Out::Event(v1::Event {
            job: id::bytes(job.as_bytes()),
            seq: event.seq,
            body: json::write(event),
        })),
        Say::SaidAck(job, seq) => {
            one(Out::SaidAck(v1::SaidAck { job: id::bytes(job.as_bytes()), seq: *seq }))
        }
        Say::Own(order, begun_by) => one(Out::OwnJob(v1::OwnJob {
            job: id::bytes(order.job.as_bytes()),
            body: json::write(order),
            begun_by: begun_by.clone(),
        })),
        Say::Trust(state) => one(Out::Trust(trust::write(state))),
        Say::Outcome(job, outcome) => {
            let body = fitting(outcome);
            let parts = body.len().div_ceil(CHUNK_BYTES).max(1);
            (0..parts)
                .map(|part| {
                    let from = part * CHUNK_BYTES;
                    let to = body.len().min(from + CHUNK_BYTES);
                    let part = v1::ResultPart {
                        job: id::bytes(job.as_bytes()),
                        part: u32::try_from(part).unwrap_or(u32::MAX),
                        last: part + 1 == parts,
                        body: body.slice(from..to),
                    };
                    v1::AgentMessage { body: Some(Out::Result(part)) }
                })
                .collect()
        }
    }
}

/// The outcome's JSON; one that is too large goes without its result, and says so, rather than not
/// at all.
fn fitting(outcome: &befund_model::job::Outcome) -> bytes::Bytes {
    let body = json::write(outcome);
    if body.len() <= MAX_RESULT_BYTES {
        return body;
    }
    let reason =
        format!("the result has {} bytes; at most {MAX_RESULT_BYTES} are sent", body.len());
    json::write(&befund_model::job::Outcome {
        status: Status::Partial,
        reason,
        result: serde_json::Value::Null,
        ..outcome.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::session::without_result;
    use befund_model::Timestamp;
    use befund_model::id::JobId;
    use befund_model::job::{JobState, Outcome};

    #[test]
    fn an_outcome_comes_back_together_from_its_parts() {
        let job = JobId::new(Timestamp::UNIX_EPOCH, [1; 10]);
        let outcome = Outcome {
            result: serde_json::json!({ "facts": "x".repeat(10_000) }),
            ..without_result(JobState::Done, Status::Ok, String::new())
        };
        let parts: Vec<v1::ResultPart> = write(&Say::Outcome(job, Box::new(outcome.clone())))
            .into_iter()
            .map(|message| match message.body {
                Some(Out::Result(part)) => part,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(parts.len(), 3);
        assert!(parts.iter().all(|part| part.body.len() <= CHUNK_BYTES));
        assert_eq!(parts.iter().map(|part| part.last).collect::<Vec<_>>(), [false, false, true]);
        let body: Vec<u8> = parts.iter().flat_map(|part| part.body.to_vec()).collect();
        assert_eq!(serde_json::from_slice::<Outcome>(&body).expect("whole"), outcome);
    }

    #[test]
    fn what_a_newer_controller_says_is_passed_over() {
        assert_eq!(read(v1::ControllerMessage { body: None }), Ok(None));
        let wake = v1::Wake { reason: 77 };
        let message = v1::ControllerMessage { body: Some(In::Wake(wake)) };
        assert_eq!(read(message), Ok(None));
    }

    #[test]
    fn what_is_said_to_a_job_is_read_and_acknowledged_by_its_number() {
        let job = JobId::new(Timestamp::UNIX_EPOCH, [1; 10]);
        let said = |body: &[u8]| {
            let body = bytes::Bytes::copy_from_slice(body);
            let said = v1::Said { job: id::bytes(job.as_bytes()), seq: 3, body };
            read(v1::ControllerMessage { body: Some(In::Said(said)) })
        };
        let answer =
            Said::Answer { question: "scope".into(), answer: "no".into(), by: "tina".into() };
        let body = json::write(&answer);
        assert_eq!(said(&body), Ok(Some(Heard::Said(job, 3, Box::new(answer)))));
        assert_eq!(said(b"{}").map_err(|error| error.field), Err("said.body"));
        let long = [br#"{"answer":{"question":""#.as_slice(), &[b'x'; MAX_SAID_BYTES]].concat();
        assert!(said(&long).is_err_and(|error| error.problem.contains("more than")));
        let [message] = &write(&Say::SaidAck(job, 3))[..] else { panic!("one message") };
        let Some(Out::SaidAck(ack)) = &message.body else { panic!("{message:?}") };
        assert_eq!((&ack.job[..], ack.seq), (&job.as_bytes()[..], 3));
    }

    #[test]
    fn a_welcome_tells_what_is_handed_out() {
        let welcome = v1::Welcome {
            catalogue: vec![0xab; 32].into(),
            root_version: 4,
            ..v1::Welcome::default()
        };
        let read = read(v1::ControllerMessage { body: Some(In::Welcome(welcome)) });
        let Ok(Some(Heard::Welcome { current, .. })) = read else { panic!("{read:?}") };
        assert_eq!(current, Current { root_version: 4, catalogue: "ab".repeat(32) });
    }
}
