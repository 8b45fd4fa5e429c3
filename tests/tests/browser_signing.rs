//! A technician without a command line: makes a key in a real browser, has it listed in the trust root, and signs a change
//! with it. And what a page in an attacker's hands comes to.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use befund_tests::NotingMachine;
use befund_tests::browser::Language;
use befund_tests::browsing::Technician;
use befund_tests::process::eventually;

/// The button's form on an honest page.
const SIGN: &str = "form[data-sign]:not([id])";

/// Serves a page at a port of its own, with the console's script in it; its origin.
fn another_page(console: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let page = format!(
        "<!doctype html><main></main><script src=\"{console}/assets/webauthn.js\"></script>"
    );
    // It ends with the test.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let page = page.clone();
            // A browser opens connections before it has something to ask.
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close";
                let _ = write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{page}", page.len());
            });
        }
    });
    origin
}

#[tokio::test]
async fn a_change_is_signed_in_the_browser_and_nothing_else_is_taken_for_it() {
    let machine = NotingMachine::unattended(|text| text);
    let technician = Technician::with_key_in_root(&machine, Language::English).await;
    let trust = machine.operator.says(&["trust", "list"]);
    assert!(trust.contains("in the browser, changes only"), "{trust}");
    technician.open("/trust").await;
    assert!(technician.text("table.people").await.contains("signs in the browser"));

    let ticket = machine.ticket("nothing was noted");
    let job = machine.start(&ticket, &[]);
    machine.wait_for(&job, "needs_approval");
    let statement = technician.statement(&job).await;
    let refused = |why: &str| {
        eventually(&format!("the machine to say {why:?}"), || {
            machine.operator.says(&["ticket", "show", &ticket, "--all"]).contains(why)
        });
        assert_eq!(machine.job(&job)["state"], "needs_approval");
        assert!(!machine.log().contains("noted"));
    };

    // A page shows one thing and has another signed, here for another machine: it is not what this one asked for.
    let page = format!("/tickets/{ticket}");
    technician.open(&page).await;
    technician.browser.wait_for(SIGN).await.unwrap();
    let other = statement.replace("\"machine\": \"", "\"machine\": \"not-");
    assert_ne!(other, statement);
    technician.forge_form(&job, "not-noted", &other).await;
    technician.browser.press("#forged button").await.unwrap();
    refused("what was signed in the browser is something else than this");

    // Another page of the same host, which the browser lets use the same key: its origin is one that the root does not list.
    let elsewhere = another_page(&technician.console);
    technician.browser.open(&elsewhere).await.unwrap();
    technician.forge_form(&job, "not-noted", &statement).await;
    let script = "const { dataset } = document.querySelector('#forged');
                  const keys = JSON.parse(dataset.keys);
                  keys.origins = [location.origin];
                  dataset.keys = JSON.stringify(keys);";
    technician.browser.run(script).await.unwrap();
    // Nobody is signed in there: what was signed is carried to the console by hand.
    let script = "return new Promise((resolve) => {
                    const form = document.querySelector('#forged');
                    form.addEventListener('submit', (event) => {
                      event.preventDefault();
                      resolve(form.elements.signature.value);
                    });
                    form.querySelector('button').click();
                  })";
    let signature = technician.browser.run(script).await.unwrap();
    let signature = signature.as_str().unwrap();
    assert!(signature.starts_with("-----BEGIN SSH SIGNATURE-----"), "{signature}");
    technician.open(&page).await;
    technician.browser.wait_for(SIGN).await.unwrap();
    let script = format!(
        "const form = document.querySelector({SIGN:?});
         form.elements.signature.value = {};
         form.requestSubmit()",
        serde_json::json!(signature)
    );
    technician.browser.run(&script).await.unwrap();
    refused(&format!("it was signed on a page of {elsewhere}"));

    // The text stands there whole, with what a browser cannot promise.
    technician.open(&page).await;
    technician.browser.wait_for(SIGN).await.unwrap();
    let shown = technician.text("div.here").await;
    for words in [
        "approve one step on one machine",
        "scripts/note.sh",
        "A browser shows what this server sends",
    ] {
        assert!(shown.contains(words), "{words} in: {shown}");
    }
    technician.browser.press(&format!("{SIGN} button")).await.unwrap();
    machine.wait_for(&job, "done");
    assert!(machine.log().contains("noted"));
    let told = machine.job(&job);
    let attempt = &told["outcome"]["result"]["attempts"][0];
    assert_eq!(attempt["approval"], "tina (tina)", "{told}");
    technician.browser.end().await;
}
