//! What a monitor reads, and who else may: nobody is taken for one because they come from this host.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use befund_tests::TestController;

/// What an address answers over plain HTTP.
fn get(address: &str, path: &str, more: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{more}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_figures_are_for_an_address_of_their_own_or_an_administrator() {
    let mut controller = TestController::initialised(None);
    let config = controller.data().join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let own = text.replace("# listen = \"127.0.0.1:9464\"", "listen = \"127.0.0.1:0\"");
    assert_ne!(own, text, "the configuration that init writes tells of it");
    std::fs::write(&config, own).unwrap();
    controller.serve();
    let ready = std::fs::read_to_string(controller.folder().join("ready.json")).unwrap();
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    let monitored = ready["metrics"].as_str().unwrap();

    let figures = get(monitored, "/metrics", "");
    assert!(figures.starts_with("HTTP/1.1 200"), "{figures}");
    assert!(figures.contains("befund_build_info"), "{figures}");
    for other in ["/", "/api/v1/tickets", "/sign-in"] {
        let answer = get(monitored, other, "");
        assert!(answer.starts_with("HTTP/1.1 404"), "{other}: {answer}");
    }
    // A proxy on this host: the connection is local, whatever it says of the one behind it.
    let console = controller.console().trim_start_matches("http://");
    for more in ["", "X-Forwarded-For: 203.0.113.7\r\n", "Forwarded: for=127.0.0.1\r\n"] {
        let answer = get(console, "/metrics", more);
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
        assert!(!answer.contains("befund_gate"), "{answer}");
    }
}
