//! Crashes of the last 30 days: of programs in their log, of the system and its hardware in the other.

use befund_model::section::trouble::{Crash, Crashes};

use super::super::software::uptime::now;
use super::events::query_all;
use crate::collector::{Context, Gap};
use crate::lately::Lately;
use crate::platform::decode::crash::crash;

const DAYS: i64 = 30;
/// Those of 30 days, in milliseconds.
const PROGRAMS: &str = "*[System[Provider[@Name='Application Error' or @Name='Application Hang' or \
    @Name='.NET Runtime'] and (EventID=1000 or EventID=1002 or EventID=1026) and \
    TimeCreated[timediff(@SystemTime) <= 2592000000]]]";
const SYSTEM: &str = "*[System[Provider[@Name='Microsoft-Windows-WER-SystemErrorReporting' or \
    @Name='Microsoft-Windows-WHEA-Logger' or \
    @Name='Microsoft-Windows-Resource-Exhaustion-Detector'] and \
    (Level=1 or Level=2 or Level=3) and TimeCreated[timediff(@SystemTime) <= 2592000000]]]";
/// How many are told, the latest.
const MAX_CRASHES: usize = 200;
/// The most events that are looked at in each log.
const MAX_EVENTS: usize = 2_000;

/// Section `crashes`.
pub(crate) fn crashes(cx: &Context) -> Result<Crashes, Gap> {
    let mut crashes: Vec<Crash> = Vec::new();
    let channels = [("Application", PROGRAMS), ("System", SYSTEM)];
    query_all(cx, &channels, MAX_EVENTS, |event, _| crashes.extend(crash(&event, &cx.redactor)))?;
    if let Some(now) = now() {
        let lately = Lately::new(now, jiff::SignedDuration::from_hours(24 * DAYS));
        lately.keep(cx, &mut crashes, |crash| Some(crash.at));
    }
    crashes.sort_by(|a, b| (a.at, &a.program).cmp(&(b.at, &b.program)));
    let older = crashes.len().saturating_sub(MAX_CRASHES);
    crashes.drain(..older);
    let older = u32::try_from(older).ok().filter(|older| *older > 0);
    Ok(Crashes { crashes, older })
}
