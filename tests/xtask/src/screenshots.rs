//! `cargo xtask screenshots`: the console's pages as its users see them, photographed in a real
//! browser on the demo's data. The pictures are read by people; nothing compares them.

use std::path::Path;

use anyhow::{Context as _, Result};
use befund_browser::{Browser, Language, View};

use crate::demo::Shown;
use crate::platform;
use crate::screen::Screen;

/// The width of every picture but the phone's.
const WIDE: u32 = 1280;
/// The height of a picture that does not show all of its page.
const HEIGHT: u32 = 900;
/// The most of a long page.
const TALL: u32 = 2400;
/// The first address of this kind on a ticket's page.
const FIRST_JOB: &str =
    "return document.querySelector('a[href^=\"/jobs/\"]')?.getAttribute('href')";
const MACHINE: &str =
    "return document.querySelector('a[href^=\"/machines/\"]')?.getAttribute('href')";

/// Takes all of them: into `docs/pictures`, and those that are only for looking at below `target`.
///
/// # Errors
/// If the browser cannot be started, or a page is not what it should be.
pub(crate) async fn take(screen: &Screen, shown: &Shown) -> Result<()> {
    let kept = platform::workspace().join("docs/pictures");
    let looked_at = platform::workspace().join("target/pictures");
    for folder in [&kept, &looked_at] {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let english = Browser::start(Language::English).await?;
    sign_in(&english, shown).await?;
    let ticket = format!("/tickets/{}", shown.ticket);
    picture(screen, &english, shown, &ticket, TALL, &kept.join("ticket.png")).await?;
    let job = address(&english, FIRST_JOB, "a job").await?;
    let machine = address(&english, MACHINE, "its machine").await?;
    picture(screen, &english, shown, "/tickets", HEIGHT, &kept.join("queue.png")).await?;
    picture(screen, &english, shown, &machine, HEIGHT, &kept.join("machine.png")).await?;
    picture(screen, &english, shown, &job, HEIGHT, &kept.join("job.png")).await?;
    let unsigned = shown.unsigned.as_ref().context("no run waits for a signature")?;
    let unsigned = format!("/jobs/{unsigned}");
    picture(screen, &english, shown, &unsigned, TALL, &kept.join("signing.png")).await?;
    for (path, name) in [
        ("/runbooks", "runbooks.png"),
        ("/runbooks/net.no-internet", "runbook.png"),
        ("/trust", "trust.png"),
    ] {
        picture(screen, &english, shown, path, TALL, &looked_at.join(name)).await?;
    }
    english.end().await;

    let german = Browser::start(Language::German).await?;
    sign_in(&german, shown).await?;
    picture(screen, &german, shown, &ticket, TALL, &looked_at.join("ticket-de.png")).await?;
    picture(screen, &german, shown, &unsigned, TALL, &looked_at.join("signing-de.png")).await?;
    german.end().await;
    Ok(())
}

async fn sign_in(browser: &Browser, shown: &Shown) -> Result<()> {
    browser.open(&format!("{}/sign-in", shown.console)).await?;
    browser.fill("name", shown.name).await?;
    browser.fill("password", &shown.password).await?;
    browser.press("main form button").await?;
    browser.wait_for("nav").await.context("the sign-in did not work")
}

async fn picture(
    screen: &Screen,
    browser: &Browser,
    shown: &Shown,
    path: &str,
    height: u32,
    file: &Path,
) -> Result<()> {
    let step = screen.step(&format!("Photographing {path}"));
    browser.open(&format!("{}{path}", shown.console)).await?;
    browser.wait_for("main h1").await.with_context(|| format!("{path} shows no page"))?;
    let bytes = browser.photograph(View { width: WIDE, height }).await?;
    std::fs::write(file, &bytes).with_context(|| format!("cannot write {}", file.display()))?;
    step.done(&format!("{} ({} KB)", file.display(), bytes.len() / 1000));
    Ok(())
}

async fn address(browser: &Browser, script: &str, what: &str) -> Result<String> {
    let found = browser.run(script).await?;
    let found =
        found.as_str().with_context(|| format!("the ticket's page links to {what} nowhere"))?;
    Ok(found.to_owned())
}
