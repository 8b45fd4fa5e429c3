//! The table of the console's pages, beside that of the API.

use befund_model::operator::Permission;

use crate::api::access::{Access, Route};
use crate::console::run::say;
use crate::console::{
    act, assets, browser_keys, catalogue, escalate, findings, history, job, machine, queue,
    sign_in, ticket, trust, undo,
};

const OWN: Access = Access::Needs(Permission::ReadOwnTickets);
const READ: Access = Access::Needs(Permission::Read);
const WORK: Access = Access::Needs(Permission::WorkTickets);
const RUN: Access = Access::Needs(Permission::RunReadOnly);

/// The console's routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/", Access::Open, "The way to the queue", queue::home).page(),
        Route::get("/assets/{file}", Access::Open, "Style and scripts", assets::file).page(),
        Route::get("/sign-in", Access::Open, "Sign-in", sign_in::form).page(),
        Route::post("/sign-in", Access::Open, "Sign in", sign_in::submit).page(),
        Route::post("/sign-out", Access::SignedIn, "Sign out", sign_in::leave).page(),
        Route::get("/tickets", OWN, "The queue", queue::list).page(),
        Route::get("/tickets/live", OWN, "When the queue changes", queue::live).page().streams(),
        Route::get("/tickets/new", WORK, "A new ticket's form", ticket::blank).page(),
        Route::post("/tickets", WORK, "Open a ticket", ticket::open).page(),
        Route::get("/tickets/{number}", OWN, "A ticket", ticket::show).page(),
        Route::get("/tickets/{number}/head", OWN, "A ticket's facts", ticket::head).page(),
        Route::get("/tickets/{number}/live", OWN, "Its timeline, live", ticket::live)
            .page()
            .streams(),
        Route::post("/tickets/{number}/act", WORK, "Change a ticket", act::change).page(),
        Route::post("/tickets/{number}/run", RUN, "Run on its machine", act::run).page(),
        Route::get("/tickets/{number}/undo", RUN, "What undoing undoes", undo::ask).page(),
        Route::post("/tickets/{number}/undo", RUN, "Undo what it changed", undo::start).page(),
        Route::get("/tickets/{number}/escalate", WORK, "A brief", escalate::ask).page(),
        Route::post("/tickets/{number}/escalate", WORK, "Hand it on", escalate::submit).page(),
        Route::get("/machines", READ, "The machines", machine::list).page(),
        Route::get("/machines/{machine}", READ, "A machine", machine::show).page(),
        Route::get("/machines/{machine}/history", READ, "What changed when", history::show).page(),
        Route::post("/snapshots/{snapshot}/good", WORK, "Call a snapshot good", machine::call_good)
            .page(),
        Route::get("/snapshots/{snapshot}/sections/{kind}", READ, "A section", machine::section)
            .page(),
        Route::get("/snapshots/{snapshot}/findings", READ, "Its findings", findings::show).page(),
        Route::get("/jobs/{job}", READ, "A job", job::show).page(),
        Route::get("/jobs/{job}/live", READ, "A job, live", job::live).page().streams(),
        Route::post("/jobs/{job}/cancel", RUN, "Cancel a job", job::cancel).page(),
        Route::post("/jobs/{job}/answer", RUN, "Answer a job's question", say::answer).page(),
        Route::post("/jobs/{job}/decline", RUN, "Do not approve a fix", say::decline).page(),
        Route::post("/jobs/{job}/sign", RUN, "Hand over a signature", say::sign).page(),
        Route::get("/runbooks", READ, "The runbooks", catalogue::list).page(),
        Route::get("/runbooks/{name}", READ, "A runbook", catalogue::show).page(),
        Route::get("/trust", READ, "Whom machines trust", trust::show).page(),
        Route::get("/trust/key", RUN, "A key for the browser", browser_keys::show).page(),
    ]
}
