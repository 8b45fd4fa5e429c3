//! The table of the API: every path, its method, and what it asks of the caller.

use befund_model::api::{
    AddTrustRoot, AnswerQuestion, ApproveFix, BriefView, CallGood, CatalogueDocument,
    CatalogueView, ChangeTicket, ChangesView, CheckView, EnrollmentTokenMade, FindingsView,
    HistoryEntry, LoggedIn, Login, MachineView, NewEnrollmentToken, NewJob, NewTicket, Page,
    PublishCatalogue, RunbookInfo, SectionView, SnapshotRecord, StartUndo, TicketView,
    TrustRootView, WorkInfo,
};
use befund_model::audit::AuditEntry;
use befund_model::diff::SnapshotDiff;
use befund_model::job::{Job, JobEvent};
use befund_model::operator::{Operator, Permission};
use befund_model::ticket::Ticket;

use crate::api::access::{Access, Route};
use crate::api::enrollment::EnrollmentTokenInfo;
use crate::api::{
    audit, enrollment, health, jobs, machines, openapi, runbooks, session, snapshots, tickets,
};
use crate::console::escalate;

const OWN: Access = Access::Needs(Permission::ReadOwnTickets);
const READ: Access = Access::Needs(Permission::Read);
const WORK: Access = Access::Needs(Permission::WorkTickets);
const RUN: Access = Access::Needs(Permission::RunReadOnly);
const AUDIT: Access = Access::Needs(Permission::ReadAudit);
const ADMINISTER: Access = Access::Needs(Permission::Administer);

/// The API's routes.
#[must_use]
pub fn routes() -> Vec<Route> {
    let mut routes = people();
    routes.extend(machine_routes());
    routes.extend(runbook_routes());
    routes.extend(process());
    routes
}

fn people() -> Vec<Route> {
    vec![
        Route::post("/api/v1/login", Access::Open, "Sign in: a personal token", session::login)
            .takes::<Login>("Login")
            .answers::<LoggedIn>("LoggedIn"),
        Route::post("/api/v1/logout", Access::SignedIn, "End the credential used", session::logout),
        Route::get("/api/v1/me", Access::SignedIn, "Whose credential this is", session::me)
            .answers::<Operator>("Operator"),
        Route::get("/api/v1/tickets", OWN, "Tickets, urgent and old first", tickets::list)
            .asks(&["status", "all", "assignee", "machine", "requester", "q", "after", "limit"])
            .answers::<Page<Ticket>>("TicketPage"),
        Route::post("/api/v1/tickets", WORK, "Open a ticket", tickets::open)
            .takes::<NewTicket>("NewTicket")
            .answers::<TicketView>("TicketView"),
        Route::get("/api/v1/tickets/{number}", OWN, "A ticket, its timeline", tickets::show)
            .answers::<TicketView>("TicketView"),
        Route::post("/api/v1/tickets/{number}/changes", WORK, "Change a ticket", tickets::change)
            .takes::<ChangeTicket>("ChangeTicket")
            .answers::<TicketView>("TicketView"),
        Route::get(
            "/api/v1/tickets/{number}/brief",
            WORK,
            "What whoever takes a ticket over has to know, after a run or its latest one",
            escalate::brief,
        )
        .asks(&["job"])
        .answers::<BriefView>("BriefView"),
        Route::get(
            "/api/v1/tickets/{number}/events",
            OWN,
            "A ticket's timeline, live: server-sent events, each a TimelineEntry",
            tickets::events,
        )
        .asks(&["after"])
        .streams(),
        Route::get("/api/v1/audit", AUDIT, "The audit record, by place", audit::list)
            .asks(&["after", "limit"])
            .answers::<Vec<AuditEntry>>("AuditEntries"),
    ]
}

fn machine_routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/machines", READ, "Machines by name", machines::list)
            .asks(&["q", "after", "limit"])
            .answers::<Page<MachineView>>("MachinePage"),
        Route::get("/api/v1/machines/{machine}", READ, "A machine, by id or name", machines::show)
            .answers::<MachineView>("MachineView"),
        Route::post(
            "/api/v1/machines/{machine}/revoke",
            ADMINISTER,
            "End a machine's identity for good",
            machines::revoke,
        )
        .answers::<MachineView>("MachineView"),
        Route::get(
            "/api/v1/machines/{machine}/snapshots",
            READ,
            "A machine's snapshots, latest first",
            machines::snapshots,
        )
        .asks(&["after", "limit"])
        .answers::<Page<SnapshotRecord>>("SnapshotPage"),
        Route::get(
            "/api/v1/machines/{machine}/history",
            READ,
            "What changed on a machine from snapshot to snapshot, latest first",
            machines::history,
        )
        .asks(&["after", "limit"])
        .answers::<Page<HistoryEntry>>("HistoryPage"),
        Route::get("/api/v1/snapshots/{snapshot}", READ, "A snapshot", snapshots::show)
            .answers::<SnapshotRecord>("SnapshotRecord"),
        Route::get(
            "/api/v1/snapshots/{snapshot}/sections/{kind}",
            READ,
            "A section with its content",
            snapshots::section,
        )
        .answers::<SectionView>("SectionView"),
        Route::get(
            "/api/v1/snapshots/{snapshot}/findings",
            READ,
            "What the checks say of a snapshot, worst and rarest first",
            snapshots::findings,
        )
        .answers::<FindingsView>("FindingsView"),
        Route::get(
            "/api/v1/snapshots/{snapshot}/changes",
            READ,
            "What has changed since the machine was last well",
            snapshots::changes,
        )
        .answers::<ChangesView>("ChangesView"),
        Route::post(
            "/api/v1/snapshots/{snapshot}/good",
            WORK,
            "Call a snapshot good (how its machine should be), or no longer",
            snapshots::call_good,
        )
        .takes::<CallGood>("CallGood")
        .answers::<SnapshotRecord>("SnapshotRecord"),
        Route::get("/api/v1/checks", READ, "The checks that there are", snapshots::checks)
            .answers::<Vec<CheckView>>("Checks"),
        Route::get(
            "/api/v1/snapshots/{snapshot}/diff/{other}",
            READ,
            "What differs between two snapshots",
            snapshots::diff,
        )
        .answers::<SnapshotDiff>("SnapshotDiff"),
        Route::get("/api/v1/works", READ, "The probes that can be run on machines", jobs::works)
            .answers::<Vec<WorkInfo>>("Works"),
        Route::post("/api/v1/jobs", RUN, "Run something on a machine", jobs::start)
            .takes::<NewJob>("NewJob")
            .answers::<Job>("Job"),
        Route::get("/api/v1/jobs", READ, "The jobs that stand so, oldest first", jobs::list)
            .asks(&["state"])
            .answers::<Vec<Job>>("Jobs"),
        Route::get("/api/v1/jobs/{job}", READ, "A job", jobs::show).answers::<Job>("Job"),
        Route::post("/api/v1/jobs/{job}/cancel", RUN, "Cancel a job", jobs::cancel)
            .answers::<Job>("Job"),
        Route::post(
            "/api/v1/jobs/{job}/answer",
            RUN,
            "Answer a question that a job asks",
            jobs::answer,
        )
        .takes::<AnswerQuestion>("AnswerQuestion")
        .answers::<Job>("Job"),
        Route::post(
            "/api/v1/jobs/{job}/approval",
            RUN,
            "Hand over signatures for a fix; the machine verifies them",
            jobs::approve,
        )
        .takes::<ApproveFix>("ApproveFix")
        .answers::<Job>("Job"),
        Route::get("/api/v1/jobs/{job}/news", READ, "What a job has told so far", jobs::news)
            .asks(&["after"])
            .answers::<Vec<JobEvent>>("JobEvents"),
        Route::get(
            "/api/v1/jobs/{job}/events",
            READ,
            "A job, live: server-sent events `news` (JobEvent), then `end` (Job)",
            jobs::events,
        )
        .asks(&["after"])
        .streams(),
        Route::post(
            "/api/v1/enrollment-tokens",
            ADMINISTER,
            "Make an enrollment token, shown once",
            enrollment::make,
        )
        .takes::<NewEnrollmentToken>("NewEnrollmentToken")
        .answers::<EnrollmentTokenMade>("EnrollmentTokenMade"),
        Route::get(
            "/api/v1/enrollment-tokens",
            ADMINISTER,
            "The enrollment tokens that can still be used",
            enrollment::list,
        )
        .answers::<Vec<EnrollmentTokenInfo>>("EnrollmentTokens"),
    ]
}

fn runbook_routes() -> Vec<Route> {
    vec![
        Route::get(
            "/api/v1/runbooks",
            READ,
            "The runbooks that there are; those that fit a ticket first",
            runbooks::offered,
        )
        .asks(&["ticket"])
        .answers::<Vec<RunbookInfo>>("Runbooks"),
        Route::get("/api/v1/catalogues", READ, "Catalogues, newest first", runbooks::catalogues)
            .answers::<Vec<CatalogueView>>("Catalogues"),
        Route::post(
            "/api/v1/catalogues",
            ADMINISTER,
            "Publish a signed catalogue; an empty one withdraws what was before",
            runbooks::publish,
        )
        .takes::<PublishCatalogue>("PublishCatalogue")
        .answers::<CatalogueView>("CatalogueView")
        .as_large_as(runbooks::MAX_CATALOGUE_BYTES),
        Route::get(
            "/api/v1/catalogues/current",
            READ,
            "The current catalogue, as it was signed",
            runbooks::document,
        )
        .answers::<CatalogueDocument>("CatalogueDocument"),
        Route::get(
            "/api/v1/catalogue-files/{sha256}",
            READ,
            "A catalogue's file, its bytes",
            runbooks::file,
        ),
        Route::get("/api/v1/trust-roots", READ, "Trust roots, oldest first", runbooks::roots)
            .answers::<Vec<TrustRootView>>("TrustRoots"),
        Route::post(
            "/api/v1/trust-roots",
            ADMINISTER,
            "Add the first trust root, or the one that follows the newest",
            runbooks::add_root,
        )
        .takes::<AddTrustRoot>("AddTrustRoot")
        .answers::<TrustRootView>("TrustRootView"),
        Route::post(
            "/api/v1/tickets/{number}/undo",
            RUN,
            "Undo all that the runbooks of a ticket changed on its machine",
            runbooks::undo,
        )
        .takes::<StartUndo>("StartUndo")
        .answers::<Job>("Job"),
    ]
}

fn process() -> Vec<Route> {
    vec![
        Route::get("/api/v1/openapi.json", Access::Open, "This description", openapi::show),
        Route::get("/healthz", Access::Open, "Whether the process lives", health::alive),
        Route::get("/readyz", Access::Open, "Whether it can serve", health::ready),
        Route::get("/metrics", ADMINISTER, "Metrics in Prometheus' text form", health::metrics),
    ]
}
