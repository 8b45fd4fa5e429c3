//! A technician's way with a runbook in a real browser: chosen on the ticket, followed while it runs, a question
//! answered for the user, a change that waits for a signature, and undone in the end.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

#[path = "api/bed.rs"]
mod bed;
#[path = "api/stage.rs"]
#[expect(dead_code, reason = "the stories without a browser use the rest")]
mod stage;

use befund_model::operator::Role;
use befund_model::runbook::AttemptEnd;
use befund_tests::browser::{Browser, Language};

use crate::bed::PASSWORD;
use crate::stage::Stage;

async fn text(browser: &Browser, selector: &str) -> String {
    let script = format!(
        "return [...document.querySelectorAll({selector:?})].map(e => e.innerText).join('\\n')"
    );
    browser.run(&script).await.unwrap().as_str().unwrap().to_owned()
}

async fn signed_in(stage: &Stage, language: Language) -> Browser {
    let browser = Browser::start(language).await.unwrap();
    browser.open(&address(stage, "/sign-in")).await.unwrap();
    browser.fill("name", Role::TechnicianL1.as_str()).await.unwrap();
    browser.fill("password", PASSWORD).await.unwrap();
    browser.press("main form button").await.unwrap();
    browser.wait_for("nav").await.unwrap();
    browser
}

fn address(stage: &Stage, path: &str) -> String {
    format!("http://{}{path}", stage.bed.address)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runbook_is_chosen_followed_answered_and_undone() {
    let stage = Stage::new().await;
    let browser = signed_in(&stage, Language::English).await;
    browser.open(&address(&stage, &format!("/tickets/{}", stage.ticket))).await.unwrap();

    // What fits best is started with one button, and appears by itself.
    browser.press(".offer button[value=run]").await.unwrap();
    browser.wait_for("#run-note p").await.unwrap();
    browser.wait_for("article.run .verdict.works").await.unwrap();
    let job = stage.job().await;

    // The machine asks the user, who is on the phone.
    stage.looks_and_asks(job).await;
    browser.wait_for(".box form.choices").await.unwrap();
    assert!(text(&browser, ".verdict").await.contains("Waits for the user's answer."));
    browser.wait_for("p.attention.calls").await.unwrap();
    browser.press(".box summary").await.unwrap();
    browser.press(".box input[value=yes]").await.unwrap();
    browser.press(".box form.choices button").await.unwrap();
    browser.wait_for(".box p[role=status]").await.unwrap();
    assert!(text(&browser, ".box").await.contains("Sent"));

    // It found something and wants to change it: who decides sees what, and the command.
    stage.finds_and_wants_to_change(job).await;
    browser.wait_for(".box.sign pre.command").await.unwrap();
    assert_eq!(text(&browser, ".box.sign pre.command").await, format!("befund approve {job}"));
    assert!(text(&browser, ".cause").await.contains("No name server answers"));

    // It was signed and done, and did not help.
    stage.acts_and_ends(job, AttemptEnd::NotVerified).await;
    browser.wait_for(".verdict.ill").await.unwrap();
    browser.wait_for("a[href*='/escalate?job=']").await.unwrap();
    assert_eq!(text(&browser, ".box.sign").await, "");
    browser.press("article.run a[href$='/undo']").await.unwrap();
    browser.wait_for("ol.undo li").await.unwrap();
    browser.press("main form button.main").await.unwrap();
    browser.wait_for("li.e-started + li.e-started article.run").await.unwrap();
    let undoing = stage.job().await;
    assert_ne!(undoing, job);
    browser.end().await;
}
