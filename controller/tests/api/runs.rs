//! Runbooks on the console: chosen on a ticket, followed while they run, answered, approved or not, handed on and
//! undone.

use befund_controller::store::repository::{Agents as _, Presence, Runbooks as _};
use befund_model::job::{JobNews, Said};
use befund_model::machine::MachineTrust;
use befund_model::operator::Role;
use befund_model::runbook::AttemptEnd;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::stage::{Stage, fix};

/// The part of a page between two texts.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = page.split_once(from).unwrap_or_else(|| panic!("{from:?} in {page}"));
    rest.split_once(to).map_or(rest, |(part, _)| part)
}

#[tokio::test]
async fn what_fits_best_stands_first_and_says_why() {
    let stage = Stage::new().await;
    let page = stage.page(Role::TechnicianL1, &format!("/tickets/{}", stage.ticket)).await;
    let card = between(&page, "id=\"chooser-title\"", "</section>");
    let first = between(card, "class=\"offer\"", "class=\"offer\"");
    assert!(first.contains("No Internet") && first.contains("fits best"), "{first}");
    assert!(first.contains("the ticket says “internet”"), "{first}");
    assert!(first.contains("may interrupt work"), "{first}");
    assert!(first.contains("Has found nothing so far."), "{first}");
    assert!(first.contains("value=\"dry\"") && first.contains("value=\"run\""), "{first}");
    // The check is named by what it says, not by its id.
    let check = stage.bed.app.checks.view("net.dns-servers").expect("it is shipped");
    assert!(first.contains(check.user.en.trim_end_matches('.')), "{first}");
    // What does not fit is there, behind a fold, with what it takes.
    let rest = between(card, "class=\"rest\"", "</section>");
    assert!(rest.contains("No sound") && rest.contains("name=\"with.least\""), "{rest}");
    assert!(card.contains("The machine is not connected."), "{card}");
    let auditor = stage.page(Role::Auditor, &format!("/tickets/{}", stage.ticket)).await;
    assert!(!auditor.contains("chooser-title"), "who only reads starts nothing");
}

#[tokio::test]
async fn a_run_is_followed_in_the_order_of_work() {
    let stage = Stage::new().await;
    let job = stage.started("run").await;
    stage.looks_and_asks(job).await;
    let path = format!("/jobs/{job}");
    let page = stage.page(Role::TechnicianL1, &path).await;
    assert!(page.contains("Waits for the user&#39;s answer."), "{page}");
    assert!(page.contains("Answer for the user (on the phone)"), "{page}");
    let looked = between(&page, &format!("run-{job}-looked"), "</ul>");
    assert!(looked.contains("12 / 12") && looked.contains("timed out"), "{looked}");
    let queue = stage.page(Role::TechnicianL1, "/tickets").await;
    assert!(queue.contains("waits for an answer"), "{queue}");

    let answer = stage.send(&format!("{path}/answer"), &[("question", "scope")]).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "nothing was chosen");
    let fields = [("question", "scope"), ("answer", "yes"), ("for_user", "true")];
    let answer = stage.send(&format!("{path}/answer"), &fields).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let page = stage.page(Role::TechnicianL1, &path).await;
    assert!(page.contains("<b>Yes</b> – Sent; the machine has not taken it yet."), "{page}");

    stage.finds_and_wants_to_change(job).await;
    let page = stage.page(Role::TechnicianL1, &path).await;
    let causes = between(&page, &format!("run-{job}-causes"), &format!("run-{job}-questions"));
    let place = |word: &str| causes.find(word).unwrap_or_else(|| panic!("{word} in {causes}"));
    assert!(place("No name server answers") < place("has no facts"), "{causes}");
    assert!(place("has no facts") < place("4 ruled out"), "{causes}");
    assert!(page.contains("answered by technician_l1 for the user"), "{page}");
    let sign = between(&page, "This change needs your signature", "</form>");
    assert!(sign.contains(&format!("befund approve {job}")), "{sign}");
    assert!(
        sign.contains(
            "eth0 asks 192.0.2.1 for names, as its network offers, and no longer 192.0.2.53"
        ),
        "{sign}"
    );
    assert!(sign.contains("One person has to sign.") && sign.contains("Do not approve"), "{sign}");
    let queue = stage.page(Role::TechnicianL1, "/tickets").await;
    assert!(queue.contains("waits for a signature"), "{queue}");
    let head = stage.page(Role::TechnicianL1, &format!("/tickets/{}/head", stage.ticket)).await;
    assert!(head.contains(&format!("href=\"#run-{job}\"")), "{head}");
    let auditor = stage.page(Role::Auditor, &path).await;
    assert!(!auditor.contains("<button>Do not approve"), "who only reads decides nothing");

    stage.acts_and_ends(job, AttemptEnd::Verified).await;
    let page = stage.page(Role::TechnicianL1, &path).await;
    assert!(page.contains("Put right: “No name server answers”. The trouble is over."), "{page}");
    assert!(page.contains("/usr/bin/resolvectl dns eth0 192.0.2.1"), "{page}");
    assert!(page.contains("exit status 0") && page.contains("left out here"), "{page}");
    assert!(!page.contains("This change needs your signature"), "{page}");
    assert!(!page.contains("/escalate?job="), "nobody else has to look at it: {page}");
    let page = stage.page(Role::TechnicianL1, "/runbooks/net.no-internet").await;
    assert!(page.contains("found something once, put right once"), "{page}");
}

#[tokio::test]
async fn a_change_is_declined_with_one_button() {
    let stage = Stage::new().await;
    let job = stage.started("run").await;
    stage.looks_and_asks(job).await;
    stage.finds_and_wants_to_change(job).await;
    let by = vec!["Tina Weber (tina)".to_owned()];
    stage.tells(job, vec![JobNews::Signed { fix: fix(), by, people: 2 }]).await;
    let page = stage.page(Role::TechnicianL1, &format!("/jobs/{job}")).await;
    assert!(page.contains("Waits for signatures, 1 of 2 are there"), "{page}");
    assert!(page.contains("1 of 2: Tina Weber (tina). Another person has to sign"), "{page}");
    let fields = [("cause", "dns-dead"), ("index", "1")];
    let answer = stage.send(&format!("/jobs/{job}/decline"), &fields).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let unheard = stage.bed.app.store.unheard(&[stage.agent]).await.expect("readable");
    let declined = Said::NotApproved { fix: fix(), by: "technician_l1".to_owned() };
    assert!(unheard.iter().any(|one| one.said == declined), "{unheard:?}");
    let page = stage.page(Role::TechnicianL1, &format!("/jobs/{job}")).await;
    assert!(page.contains("Do not approve – Sent; the machine has not taken it yet."), "{page}");
    stage.tells(job, vec![JobNews::State(befund_model::job::JobState::Running)]).await;
    let page = stage.page(Role::TechnicianL1, &format!("/jobs/{job}")).await;
    assert!(page.contains("not signed") && !page.contains("befund approve"), "{page}");
}

#[tokio::test]
async fn a_statement_about_something_else_is_not_offered_to_be_signed() {
    let stage = Stage::new().await;
    let first = stage.started("dry").await;
    stage.looks_and_asks(first).await;
    stage.finds_and_wants_to_change(first).await;
    let events = befund_controller::store::repository::Jobs::job_events;
    let told = events(&stage.bed.app.store, first, 0, 1_000).await.expect("readable");
    let asked = told.iter().find_map(|event| match &event.what {
        JobNews::ApprovalAsked { .. } => Some(event.what.clone()),
        _ => None,
    });
    stage.acts_and_ends(first, AttemptEnd::NotVerified).await;
    let second = stage.started("run").await;
    stage.tells(second, vec![JobNews::Started, asked.expect("it was asked")]).await;
    let page = stage.page(Role::TechnicianL1, &format!("/jobs/{second}")).await;
    assert!(page.contains("Do not sign it."), "{page}");
    assert!(!page.contains("befund approve"), "{page}");
}

#[tokio::test]
async fn what_did_not_help_is_handed_on_with_what_is_known() {
    let stage = Stage::new().await;
    let job = stage.started("run").await;
    stage.looks_and_asks(job).await;
    stage.finds_and_wants_to_change(job).await;
    stage.acts_and_ends(job, AttemptEnd::NotVerified).await;
    let ticket = format!("/tickets/{}", stage.ticket);
    let page = stage.page(Role::TechnicianL1, &ticket).await;
    assert!(page.contains("Found “No name server answers”, and it was not put right."), "{page}");
    let link = format!("/escalate?job={job}");
    assert!(page.contains(&link) && page.contains("L2-network"), "{page}");

    let page = stage.page(Role::TechnicianL1, &format!("{ticket}{link}")).await;
    let brief = between(&page, "<textarea", "</textarea>");
    for known in [
        "Symptom: No internet since this morning – Nothing loads.",
        "Ruled out: No network card has a signal",
        "done, still there",
        "Do other devices near you have Internet? Yes (technician_l1 for the user)",
        "The runbook names: L2-network",
    ] {
        assert!(brief.contains(known), "{known}: {brief}");
    }
    let version = between(&page, "name=\"version\" value=\"", "\"").to_owned();
    let fields = [("version", version.as_str()), ("level", "L2"), ("text", "over to you")];
    let answer = stage.send(&format!("{ticket}/escalate"), &fields).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let request = stage.bed.by(Role::Auditor, Method::GET, &format!("/api/v1{ticket}")).await;
    let view: Value = request.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(view["ticket"]["level"], "L2");
    assert!(view["timeline"].to_string().contains("over to you"), "{view}");
    // Once more with what was read before: somebody was faster.
    let fields = [("version", version.as_str()), ("level", "L3"), ("text", "keep this")];
    let answer = stage.send(&format!("{ticket}/escalate"), &fields).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let page = answer.text().await.expect("a page");
    assert!(page.contains("keep this") && page.contains("somebody was faster"), "{page}");
}

#[tokio::test]
async fn undoing_says_first_what_it_would_undo() {
    let stage = Stage::new().await;
    let path = format!("/tickets/{}/undo", stage.ticket);
    let page = stage.page(Role::TechnicianL1, &path).await;
    assert!(page.contains("Nothing on this machine was changed"), "{page}");
    let job = stage.started("run").await;
    stage.looks_and_asks(job).await;
    stage.finds_and_wants_to_change(job).await;
    stage.acts_and_ends(job, AttemptEnd::NotVerified).await;
    let page = stage.page(Role::TechnicianL1, &path).await;
    assert!(page.contains("192.0.2.1 is asked instead of 192.0.2.53"), "{page}");
    assert!(page.contains("what was there before is put back"), "{page}");

    assert_eq!(stage.send(&path, &[]).await.status(), StatusCode::SEE_OTHER);
    let undoing = stage.job().await;
    let page = stage.page(Role::TechnicianL1, &format!("/jobs/{undoing}")).await;
    assert!(page.contains("Undo what the ticket changed"), "{page}");
    stage.undoes_and_ends(undoing).await;
    let page = stage.page(Role::TechnicianL1, &format!("/jobs/{undoing}")).await;
    assert!(page.contains("The change was undone."), "{page}");
    let page = stage.page(Role::TechnicianL1, &path).await;
    assert!(page.contains("all of it was undone already"), "{page}");
}

#[tokio::test]
async fn a_long_output_shows_its_end_and_says_that_more_was_there() {
    let stage = Stage::new().await;
    let job = stage.started("run").await;
    let lines = (1..=300).map(|n| JobNews::Output(format!("line {n}.")));
    let long = JobNews::Output("x".repeat(5_000));
    stage.tells(job, [JobNews::Started].into_iter().chain(lines).chain([long]).collect()).await;
    let page = stage.page(Role::TechnicianL1, &format!("/jobs/{job}")).await;
    assert!(page.contains("101 earlier lines are not shown"), "{page}");
    assert!(!page.contains("line 101.") && page.contains("line 102."), "{page}");
    assert!(page.contains("the line goes on") && !page.contains(&"x".repeat(2_001)), "{page}");
}

#[tokio::test]
async fn the_catalogue_and_whom_machines_trust_can_be_read() {
    let stage = Stage::new().await;
    let page = stage.page(Role::TechnicianL1, "/runbooks").await;
    assert!(page.contains("Catalogue 7") && page.contains("No Internet"), "{page}");
    assert!(page.contains("href=\"/runbooks\"") && !page.contains("href=\"/trust\""), "{page}");
    let page = stage.page(Role::TechnicianL1, "/runbooks/time.wrong").await;
    assert!(page.contains("runbook: time.wrong"), "{page}");
    let page = stage.page(Role::Administrator, "/trust").await;
    assert!(page.contains("Tina Weber") && page.contains("2 of these people"), "{page}");
    assert!(page.contains("href=\"/trust\""), "{page}");

    assert!(page.contains("has not said yet what it trusts"), "{page}");
    let trust = MachineTrust {
        root_version: 1,
        pinned: true,
        catalogue_version: 7,
        catalogue: "ab".repeat(32),
        refusal: None,
        ..MachineTrust::default()
    };
    let presence = Presence {
        agent: stage.agent,
        seen_at: stage.bed.app.clock.now(),
        facts: None,
        clock_offset_ms: None,
        trust: Some(trust),
    };
    stage.bed.app.store.flush_presence(&[presence]).await.expect("kept");
    let page = stage.page(Role::Auditor, "/trust").await;
    assert!(page.contains("pc-17") && page.contains("up to date"), "{page}");

    stage.withdraws().await;
    let page = stage.page(Role::Auditor, "/trust").await;
    assert!(page.contains("not up to date"), "{page}");
    let page = stage.page(Role::TechnicianL1, "/runbooks").await;
    assert!(page.contains("All runbooks were withdrawn"), "{page}");
    assert!(!page.contains("No Internet"), "{page}");
}
