//! Windows' event log: queries by XPath, newest first.
#![expect(unsafe_code, reason = "Windows' interfaces have no safe bindings")]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use windows::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, ERROR_NO_MORE_ITEMS};
use windows::Win32::System::EventLog::{
    EVT_HANDLE, EvtClose, EvtFormatMessage, EvtFormatMessageEvent, EvtNext,
    EvtOpenPublisherMetadata, EvtQuery, EvtQueryChannelPath, EvtQueryReverseDirection, EvtRender,
    EvtRenderEventXml,
};
use windows::core::{HSTRING, PCWSTR};

use super::super::win32;
use crate::collector::{Context, Gap};
use crate::platform::decode::event::{Event, event};

/// How long the log may take for a part of an answer.
const PATIENCE_MS: u32 = 2_000;

/// A handle of the log, closed when it is dropped.
#[derive(Debug)]
pub(crate) struct Handle(EVT_HANDLE);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is open and ours.
        let _ = unsafe { EvtClose(self.0) };
    }
}

/// Calls `each` with the events of a channel that a query finds, newest first, until it has had `most`
/// of them. Gives how many there were.
pub(crate) fn query(
    cx: &Context,
    channel: &str,
    query: &str,
    most: usize,
    mut each: impl FnMut(Event, Handle),
) -> Result<usize, Gap> {
    cx.root.trail().at(channel);
    let lost = |function: &str, error: &windows::core::Error| {
        let gap = win32::gap(function, error);
        Gap { reason: format!("event log {channel}: {}", gap.reason), ..gap }
    };
    let flags = EvtQueryChannelPath.0 | EvtQueryReverseDirection.0;
    // SAFETY: both texts live through the call.
    let results = unsafe { EvtQuery(None, &HSTRING::from(channel), &HSTRING::from(query), flags) }
        .map_err(|error| lost("EvtQuery", &error))?;
    if results.is_invalid() {
        return Err(lost("EvtQuery", &windows::core::Error::from_thread()));
    }
    let results = Handle(results);
    let mut had = 0;
    while had < most {
        let mut handles = [0_isize; 32];
        let mut count = 0;
        // SAFETY: the results are open, and there is room for as many handles as are told.
        let next = unsafe { EvtNext(results.0, &mut handles, PATIENCE_MS, 0, &raw mut count) };
        if let Err(error) = next {
            if error.code() == ERROR_NO_MORE_ITEMS.to_hresult() {
                break;
            }
            return Err(lost("EvtNext", &error));
        }
        for handle in handles.iter().take(count as usize) {
            let handle = Handle(EVT_HANDLE(*handle));
            had += 1;
            if let Some(event) = xml(&handle).as_deref().and_then(event) {
                each(event, handle);
            }
        }
    }
    Ok(had)
}

/// The same of several channels, each with its query; what cannot be read is noted, and is an error only if
/// it is all of them.
pub(crate) fn query_all(
    cx: &Context,
    channels: &[(&str, &str)],
    most: usize,
    mut each: impl FnMut(Event, Handle),
) -> Result<(), Gap> {
    let mut lost = None;
    let mut read = false;
    for (channel, wanted) in channels {
        match query(cx, channel, wanted, most, &mut each) {
            Ok(_) => read = true,
            Err(gap) => {
                lost = Some(gap.clone());
                cx.gap(gap);
            }
        }
    }
    lost.filter(|_| !read).map_or(Ok(()), Err)
}

fn xml(handle: &Handle) -> Option<String> {
    let mut buffer = vec![0_u16; 4096];
    for _ in 0..2 {
        let size = u32::try_from(buffer.len() * 2).ok()?;
        let (mut used, mut properties) = (0, 0);
        // SAFETY: the event is open, and the buffer has the size that is told.
        let rendered = unsafe {
            EvtRender(
                None,
                handle.0,
                EvtRenderEventXml.0,
                size,
                Some(buffer.as_mut_ptr().cast()),
                &raw mut used,
                &raw mut properties,
            )
        };
        match rendered {
            Ok(()) => return Some(win32::text(&buffer)),
            // An event is 64 KiB at most, its XML several times that.
            Err(error)
                if error.code() == ERROR_INSUFFICIENT_BUFFER.to_hresult() && used < 1 << 20 =>
            {
                buffer = vec![0; used as usize / 2 + 1];
            }
            Err(_) => return None,
        }
    }
    None
}

/// The words of events in the system's language, by those who wrote them; within a bound of time.
pub(crate) struct Messages {
    publishers: HashMap<String, Option<Handle>>,
    until: Instant,
}

impl Messages {
    pub(crate) fn within(bound: Duration) -> Self {
        Self { publishers: HashMap::new(), until: Instant::now() + bound }
    }

    /// What the event says; `None` if nobody knows the words, or the time is over.
    pub(crate) fn of(&mut self, provider: &str, event: &Handle) -> Option<String> {
        if Instant::now() > self.until {
            return None;
        }
        let publisher = self.publishers.entry(provider.to_owned()).or_insert_with(|| {
            let name = HSTRING::from(provider);
            // SAFETY: the name lives through the call.
            let opened = unsafe { EvtOpenPublisherMetadata(None, &name, PCWSTR::null(), 0, 0) };
            opened.ok().filter(|handle| !handle.is_invalid()).map(Handle)
        });
        let publisher = publisher.as_ref()?;
        let mut buffer = vec![0_u16; 2048];
        for _ in 0..2 {
            let mut used = 0;
            // SAFETY: both are open, and the buffer has the size that is told.
            let told = unsafe {
                EvtFormatMessage(
                    Some(publisher.0),
                    Some(event.0),
                    0,
                    None,
                    EvtFormatMessageEvent.0,
                    Some(&mut buffer),
                    &raw mut used,
                )
            };
            match told {
                Ok(()) => {
                    let text = win32::text(&buffer);
                    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    return (!text.is_empty()).then_some(text);
                }
                Err(error)
                    if error.code() == ERROR_INSUFFICIENT_BUFFER.to_hresult() && used < 1 << 18 =>
                {
                    buffer = vec![0; used as usize + 1];
                }
                Err(_) => return None,
            }
        }
        None
    }
}
