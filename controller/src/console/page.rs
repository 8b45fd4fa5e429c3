//! What all pages share: the words, who is signed in, times, and the step from a template to an
//! answer.

use askama::Template;
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Response};
use befund_model::Timestamp;
use befund_model::operator::Permission;

use crate::api::caller::Caller;
use crate::api::problem::Failure;
use crate::console::assets;
use crate::console::run::words::RunWords;
use crate::console::words::Words;

/// What every template has.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The words.
    pub t: &'static Words,
    /// Those about runbooks.
    pub r: &'static RunWords,
    /// Who is signed in, if anybody.
    pub person: Option<Caller>,
    /// The time of the page.
    pub now: Timestamp,
    /// Changes with every asset, so that browsers may keep them.
    pub version: u64,
}

impl Frame {
    /// For somebody who is signed in.
    #[must_use]
    pub fn new(headers: &HeaderMap, caller: &Caller, now: Timestamp) -> Self {
        Self { person: Some(caller.clone()), ..Self::open(headers, now) }
    }

    /// For anybody.
    #[must_use]
    pub fn open(headers: &HeaderMap, now: Timestamp) -> Self {
        let t = Words::of(headers);
        Self { t, r: RunWords::of(t), person: None, now, version: assets::VERSION }
    }

    /// Whether tickets may be worked on from this page.
    #[must_use]
    pub fn may_work(&self) -> bool {
        self.person.as_ref().is_some_and(|caller| caller.may(Permission::WorkTickets))
    }

    /// Whether something may be run on machines from this page.
    #[must_use]
    pub fn may_run(&self) -> bool {
        self.person.as_ref().is_some_and(|caller| caller.may(Permission::RunReadOnly))
    }

    /// Whether whom machines trust is this person's business.
    #[must_use]
    pub fn may_audit(&self) -> bool {
        self.person.as_ref().is_some_and(|caller| caller.may(Permission::ReadAudit))
    }

    /// Whether machines may be seen from this page.
    #[must_use]
    pub fn may_read(&self) -> bool {
        self.person.as_ref().is_some_and(|caller| caller.may(Permission::Read))
    }

    /// The name of whoever is signed in.
    #[must_use]
    pub fn me(&self) -> &str {
        self.person.as_ref().map_or("", |caller| &caller.operator.name)
    }

    /// A time, as people say it.
    #[must_use]
    pub fn ago(&self, at: &Timestamp) -> String {
        ago(self.t, self.now.as_second() - at.as_second())
    }

    /// A time, exactly, as programs read it.
    #[must_use]
    pub fn exact(&self, at: &Timestamp) -> String {
        Timestamp::from_second(at.as_second()).unwrap_or(*at).to_string()
    }

    /// A time to the minute, as people read it; in UTC, as everywhere on these pages.
    #[must_use]
    pub fn short(&self, at: &Timestamp) -> String {
        at.strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// What a machine said in a sentence of its own, in the reader's language where that is known.
    #[must_use]
    pub fn said(&self, text: &str) -> String {
        befund_model::said::in_language(text, self.t.language())
    }
}

/// How long ago, in words; `seconds` may be negative.
#[must_use]
pub fn ago(t: &Words, seconds: i64) -> String {
    if (-5..10).contains(&seconds) {
        return t.pick("just now", "gerade eben").to_owned();
    }
    let words = span(t, seconds.unsigned_abs());
    match (seconds > 0, t.lang) {
        (true, "de") => format!("vor {words}"),
        (true, _) => format!("{words} ago"),
        (false, _) => format!("in {words}"),
    }
}

/// A span of time, in its largest unit.
#[must_use]
pub fn span(t: &Words, seconds: u64) -> String {
    let (count, one, many) = match seconds {
        0..60 => (seconds, t.pick("second", "Sekunde"), t.pick("seconds", "Sekunden")),
        60..3_600 => (seconds / 60, t.pick("minute", "Minute"), t.pick("minutes", "Minuten")),
        3_600..172_800 => (seconds / 3_600, t.pick("hour", "Stunde"), t.pick("hours", "Stunden")),
        _ => (seconds / 86_400, t.pick("day", "Tag"), t.pick("days", "Tagen")),
    };
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A template as an answer.
///
/// # Errors
/// `internal` if it cannot be rendered, which is a defect.
pub fn render(template: &impl Template) -> Result<Response, Failure> {
    template
        .render()
        .map(|page| Html(page).into_response())
        .map_err(|error| Failure::internal(&error))
}

/// Whether htmx asks, who wants a fragment and not a page.
#[must_use]
pub fn wants_fragment(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}
