//! What the door bears: garbage, frames that are too large, and more connections than one account may have.

use std::sync::Arc;

use befund_executor::people::SOCKET;
use befund_executor::people::client::{PeopleError, Person};
use befund_executor::people::protocol::{FromPerson, MAX_FRAME_BYTES, ToPerson};
use befund_runtime::frame;
use befund_runtime::peer::Account;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::common::{Fixture, NoRuns, PATIENCE};

fn mine() -> Fixture {
    Fixture::open(&[Account::own()], Arc::new(NoRuns))
}

async fn stream(fixture: &Fixture) -> UnixStream {
    UnixStream::connect(fixture.folder.path().join(SOCKET)).await.expect("a door")
}

/// Whether the door closes it, without a word more than it has said.
async fn is_closed(stream: &mut UnixStream) -> bool {
    let mut rest = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.is_ok()
}

#[tokio::test]
async fn garbage_and_what_is_too_large_ends_the_connection_and_no_other() {
    let fixture = mine();
    let mut good = Person::open(fixture.folder.path()).await.expect("a door");
    good.attend("en").await.expect("a person");
    let (large, blob) = (u32::try_from(MAX_FRAME_BYTES + 1).expect("small"), 1_u32);
    let starts = [
        b"this is no frame and longer than eight".to_vec(),
        [large.to_be_bytes(), 0_u32.to_be_bytes()].concat(),
        [4_u32.to_be_bytes(), blob.to_be_bytes()].concat(),
        [&2_u32.to_be_bytes()[..], &0_u32.to_be_bytes(), b"{}"].concat(),
    ];
    for start in starts {
        let mut stream = stream(&fixture).await;
        stream.write_all(&start).await.expect("written");
        assert!(is_closed(&mut stream).await, "{start:?}");
    }
    // What does not belong there is told so.
    let mut misplaced = Person::open(fixture.folder.path()).await.expect("a door");
    misplaced.attend("en").await.expect("a person");
    misplaced.say(&FromPerson::List { language: "en".to_owned() }).await.expect("said");
    let told = misplaced.next().await;
    assert!(matches!(told, Err(PeopleError::Declined(_))), "{told:?}");
    // And the first is still there.
    good.say(&FromPerson::Answer { number: 1, choice: "x".to_owned() }).await.expect("said");
    good.say(&FromPerson::Cancel).await.expect("said");
    assert!(matches!(good.next().await, Err(PeopleError::Closed)));
}

#[tokio::test]
async fn one_account_has_so_many_places_and_gets_them_back() {
    let fixture = mine();
    let mut held = Vec::new();
    for _ in 0..6 {
        let mut person = Person::open(fixture.folder.path()).await.expect("a door");
        person.attend("en").await.expect("a person");
        held.push(person);
    }
    let mut one_more = Person::open(fixture.folder.path()).await.expect("a door");
    let refused = one_more.attend("en").await;
    assert!(matches!(refused, Err(PeopleError::Closed | PeopleError::Broken(_))), "{refused:?}");
    drop(held.pop());
    loop {
        // As soon as the door has noticed.
        let mut again = Person::open(fixture.folder.path()).await.expect("a door");
        if again.attend("en").await.is_ok() {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_program_that_only_waits_is_no_reason_to_stay() {
    let fixture = mine();
    let mut stream = stream(&fixture).await;
    let attend = FromPerson::Attend { language: "en".to_owned() };
    frame::send(&mut stream, &attend, &[]).await.expect("sent");
    let welcome =
        frame::receive::<ToPerson>(&mut stream).await.expect("readable").expect("a frame");
    assert_eq!(welcome.header, ToPerson::Welcome);
    // The next word is heard after it has arrived.
    frame::send(&mut stream, &Value::from("cancel"), &[]).await.expect("sent");
    assert!(is_closed(&mut stream).await);
    assert!(!fixture.people.is_busy());
}
