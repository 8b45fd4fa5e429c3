//! Started on demand, gone when idle, started again.

use std::os::unix::fs::FileTypeExt;
use std::time::Duration;

use befund_executor::activate::{Activator, ExecutorCommand};
use befund_executor::door::server::Ended;
use befund_executor::{Config, ExecutorClient};
use tokio_util::sync::CancellationToken;

use crate::common::{child, eventually};

#[tokio::test]
async fn an_idle_executor_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener =
        std::os::unix::net::UnixListener::bind(folder.path().join("socket")).expect("a socket");
    let mut config = Config::new(child(&["collect"]));
    config.idle = Duration::from_millis(20);
    let ended = befund_executor::run(listener, config, CancellationToken::new()).await;
    assert_eq!(ended.expect("no error"), Ended::Idle);
}

/// Whether a process runs that has this folder in its command line.
fn runs(folder: &std::path::Path) -> bool {
    let folder = folder.to_str().expect("text");
    std::fs::read_dir("/proc").expect("processes").flatten().any(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(folder)
    })
}

#[tokio::test]
async fn the_link_starts_one_on_demand_and_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("executor.sock");
    let program = child(&[]).program;
    let arguments = vec!["executor".into(), "/".into(), folder.path().join("policy").into()];
    // What a process that was killed leaves behind.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
    let command = ExecutorCommand { program, arguments };
    let activator = Activator::bind(&path, command.clone()).expect("a socket");
    assert!(std::fs::metadata(&path).expect("there").file_type().is_socket());
    assert!(Activator::bind(&path, command).is_err(), "one holder at a time");
    let stop = CancellationToken::new();
    let serving = tokio::spawn(activator.serve(stop.clone()));
    let client = ExecutorClient::new(&path);

    assert!(!runs(folder.path()), "nobody knocked yet");
    for _ in 0..3 {
        client.describe().await.expect("an executor");
        client.describe().await.expect("the same one, or the next");
        eventually(|| (!runs(folder.path())).then_some(())).await;
    }

    stop.cancel();
    serving.await.expect("no panic");
    assert!(!path.exists());
    eventually(|| std::os::unix::net::UnixStream::connect(&path).is_err().then_some(())).await;
}
