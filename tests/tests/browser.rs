//! A technician's hour in a real browser: signs in, reads a ticket, sees it grow while others write and
//! while its machine works, and answers.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use befund_browser::{Browser, Language};
use befund_tests::agent::ticket_in;
use befund_tests::controller::{ADMIN, PASSWORD};
use befund_tests::{TestAgent, TestController};

/// What the page shows of the elements that a selector finds.
async fn text(browser: &Browser, selector: &str) -> String {
    let script = format!(
        "return [...document.querySelectorAll({selector:?})].map(e => e.innerText).join('\\n')"
    );
    browser.run(&script).await.unwrap().as_str().unwrap().to_owned()
}

async fn signed_in(controller: &TestController, language: Language) -> Browser {
    let browser = Browser::start(language).await.unwrap();
    browser.open(&format!("{}/sign-in", controller.console())).await.unwrap();
    browser.fill("name", ADMIN).await.unwrap();
    browser.fill("password", PASSWORD).await.unwrap();
    browser.press("main form button").await.unwrap();
    browser.wait_for("nav").await.unwrap();
    browser
}

#[tokio::test]
async fn a_ticket_is_read_worked_on_and_closed_while_it_grows() {
    let controller = TestController::start();
    let agent = TestAgent::connected_to(&controller);
    let operator = controller.admin();
    let ticket = ticket_in(&agent.send("my VPN drops every hour"));
    let browser = signed_in(&controller, Language::English).await;

    browser.open(&format!("{}/tickets/{ticket}", controller.console())).await.unwrap();
    browser.wait_for("li.e-snapshot").await.unwrap();
    assert!(text(&browser, "h1").await.contains("my VPN drops every hour"));

    // Somebody else writes: it appears by itself, and so does what the checks find.
    let _ = operator.says(&["ticket", "comment", &ticket, "<b>seen</b> from afar"]);
    browser.wait_for("li.e-commented").await.unwrap();
    assert!(text(&browser, "li.e-commented").await.contains("<b>seen</b> from afar"));
    browser.wait_for("li.e-judged").await.unwrap();
    browser.wait_for("#findings details.finding").await.unwrap();

    // The machine works, and its words and its result appear.
    browser.press("form[action$='/run'] button").await.unwrap();
    browser.wait_for("li.e-started").await.unwrap();
    browser.wait_for("li.e-result, [data-job] .ending, [data-job] table").await.unwrap();

    browser.press("button[value=take]").await.unwrap();
    browser.wait_for("li.e-changed").await.unwrap();
    browser.fill("text", "replaced the cable").await.unwrap();
    browser.press("button[value=close]").await.unwrap();
    browser.wait_for("li.e-solved").await.unwrap();
    browser.end().await;
    let view = operator.json(&["ticket", "show", &ticket]);
    assert_eq!(
        (&view["ticket"]["status"], &view["ticket"]["assignee"]),
        (&"closed".into(), &ADMIN.into())
    );
    assert_eq!(view["ticket"]["solution"], "replaced the cable");
}

#[tokio::test]
async fn a_machine_is_read_by_section_in_the_readers_language() {
    let controller = TestController::start();
    let agent = TestAgent::connected_to(&controller);
    let _ = agent.send("langsam");
    let browser = signed_in(&controller, Language::German).await;
    browser.open(&format!("{}/machines/{}", controller.console(), agent.id())).await.unwrap();
    browser.wait_for("details.section").await.unwrap();
    assert!(text(&browser, "details.section .name").await.contains("Installierte Pakete"));
    // A section's content is fetched when somebody opens it.
    browser.press("details.section[hx-get$='/os'] summary").await.unwrap();
    browser
        .wait_for("details.section[open] .body dl, details.section[open] .body table")
        .await
        .unwrap();
    let shown = text(&browser, "details.section[open] .body").await;
    assert!(shown.contains("Linux") || shown.contains("linux"), "{shown}");
    browser.end().await;
}
