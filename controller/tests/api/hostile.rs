//! Whatever a machine or a person sends is text on every page.

use std::net::{IpAddr, Ipv4Addr};

use befund_controller::store::repository::{
    Agents as _, IncomingSnapshot, Ingested, MachineFacts, NewToken, Redeemed, Redemption,
    Snapshots as _,
};
use befund_model::action::{Acted, Command, Prediction, Risk};
use befund_model::id::{AgentId, RequestId, SnapshotId, TokenId};
use befund_model::job::{Choice, JobNews, Question};
use befund_model::language::Text;
use befund_model::operator::Role;
use befund_model::runbook::{Answer, CauseVerdict, FixRef};
use befund_model::section;
use befund_model::snapshot::{
    Manifest, PrivacyClass, Purpose, Request, Section, SectionRef, Status, Volatility,
};
use befund_runtime::clock;
use jiff::SignedDuration;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::bed::{Bed, system};
use crate::stage::Stage;

const HOSTILE: &str = "=cmd()|'<script>alert(1)</script>\"><img src=x onerror=alert(2)>\u{202e}\u{1b}[31m\u{0}\u{9b}\u{200b}";

#[tokio::test]
async fn nothing_that_was_sent_becomes_markup_or_hides() {
    let bed = Bed::new().await;
    let agent = enroll(&bed).await;
    let (snapshot, ticket) = send(&bed, agent).await;
    let pages = [
        "/tickets".to_owned(),
        format!("/tickets/{ticket}"),
        format!("/tickets/{ticket}/head"),
        "/machines".to_owned(),
        format!("/machines/{agent}"),
        format!("/snapshots/{snapshot}/sections/os"),
    ];
    for path in pages {
        let request = bed.by(Role::Administrator, Method::GET, &path).await;
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let page = answer.text().await.expect("a text");
        looks_harmless(&page, &path);
    }
}

#[tokio::test]
async fn nothing_that_a_run_tells_becomes_markup_or_hides() {
    let stage = Stage::new().await;
    let job = stage.started("run").await;
    let fix = || FixRef { cause: text(), index: 0 };
    let words = || Text { en: text(), de: text() };
    let acted = || {
        Box::new(Acted {
            status: Status::Failed,
            reason: text(),
            summary: text(),
            commands: vec![Command {
                line: vec![text()],
                exit: None,
                took_us: 1,
                output: text(),
                cut: false,
            }],
            before: json!(null),
            took_us: 1,
        })
    };
    let prediction = Prediction { known: false, changes: true, lines: vec![text()] };
    let question = |name: &str, user| {
        JobNews::Asked(Box::new(Question {
            name: name.to_owned(),
            user,
            text: words(),
            choice: vec![Choice { value: text(), text: words() }],
            default: text(),
            within_ms: u64::MAX,
        }))
    };
    let news = vec![
        JobNews::Started,
        JobNews::Output(text()),
        JobNews::StepStarted { step: text() },
        JobNews::StepEnded { step: text(), status: Status::Failed, summary: text() },
        JobNews::Cause { cause: text(), verdict: CauseVerdict::Found, summary: text() },
        question("one", true),
        JobNews::Answered(Answer { question: "one".to_owned(), answer: text(), by: text() }),
        question("two", false),
        JobNews::Predicted { fix: fix(), act: text(), risk: Risk::Change, prediction },
        JobNews::Consent { fix: fix(), given: false, by: text() },
        JobNews::Approved { fix: fix(), by: text() },
        JobNews::Acting { fix: fix(), act: text() },
        JobNews::Acted { fix: fix(), acted: acted() },
        JobNews::Verified { fix: fix(), gone: None, summary: text() },
        JobNews::Undone { fix: fix(), acted: acted() },
        JobNews::Resumed { after: text() },
        JobNews::ApprovalAsked {
            fix: FixRef { cause: text(), index: 1 },
            statement: text(),
            people: u32::MAX,
        },
        JobNews::Signed {
            fix: FixRef { cause: text(), index: 1 },
            by: vec![text(), text()],
            people: u32::MAX,
        },
    ];
    stage.tells(job, news).await;
    for path in [format!("/jobs/{job}"), format!("/tickets/{}", stage.ticket)] {
        looks_harmless(&stage.page(Role::Administrator, &path).await, &path);
    }
    let ticket = format!("/tickets/{}", stage.ticket);
    looks_harmless(
        &stage.page(Role::TechnicianL1, &format!("{ticket}/escalate?job={job}")).await,
        "the brief",
    );
}

fn looks_harmless(page: &str, path: &str) {
    assert!(page.contains("&lt;script&gt;alert(1)"), "{path} shows it");
    assert!(!page.contains("<script>alert") && !page.contains("<img src=x"), "{path}");
    let hidden = ['\u{202e}', '\u{1b}', '\u{0}', '\u{9b}', '\u{200b}'];
    assert!(!page.contains(hidden), "{path} hides nothing");
}

pub(crate) async fn enroll(bed: &Bed) -> AgentId {
    let now = bed.app.clock.now();
    let token = NewToken {
        id: TokenId::new(now, clock::random()),
        secret_hash: [5; 32],
        uses: 1,
        expires_at: now.checked_add(SignedDuration::from_mins(5)).expect("in range"),
        group: HOSTILE.replace('\0', ""),
        network: String::new(),
    };
    let redemption = Redemption {
        token: token.id,
        secret_hash: token.secret_hash,
        agent: AgentId::new(now, clock::random()),
        public_key: vec![1, 2, 3],
        facts: MachineFacts { name: text(), os: text(), agent_version: text() },
        source: IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    bed.app.store.create_token(token, &system(), now).await.expect("a token");
    match bed.app.store.redeem(redemption, now).await.expect("redeemed") {
        Redeemed::New(agent) => agent,
        other => panic!("{other:?}"),
    }
}

/// PostgreSQL keeps no NUL in a text, so names have none; JSON does.
fn text() -> String {
    HOSTILE.replace('\0', "")
}

async fn send(bed: &Bed, agent: AgentId) -> (SnapshotId, i64) {
    let now = bed.app.clock.now();
    let content =
        json!({ "hostname": HOSTILE, HOSTILE: [{ HOSTILE: HOSTILE }], "list": [HOSTILE] });
    let line = SectionRef {
        kind: section::OS.kind.clone(),
        status: Status::Partial,
        reason: text(),
        hash: befund_model::id::Hash::of(b""),
        size: 0,
        class: PrivacyClass::Scheduled,
        volatility: Volatility::Stable,
        redacted: 0,
        took_us: 1,
    };
    let section = Section::new(line, content.to_string().into_bytes());
    let frame = zstd::bulk::compress(&section.bytes, 3).expect("compressed");
    let id = SnapshotId::new(now, clock::random());
    let request = Request {
        id: RequestId::new(now, clock::random()),
        message: text(),
        requester: text(),
        at: now,
    };
    let incoming = IncomingSnapshot {
        agent,
        sections: vec![(section.line.hash, frame)],
        manifest: Manifest { id, taken_at: now, sections: vec![section.line] },
        purpose: Purpose::Request(request),
        basis: None,
    };
    let answers = bed.app.store.ingest(vec![incoming], now).await.expect("ingested");
    match answers.as_slice() {
        [Ingested::Stored { ticket: Some(ticket) }] => (id, ticket.0),
        other => panic!("{other:?}"),
    }
}
