//! What people mistype, forget or break: each gets an error that names the thing and the way out, an
//! exit code that is not zero, and nothing half-written.

use std::net::TcpListener;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use befund_tests::process::{eventually, run};
use befund_tests::programs::program;
use befund_tests::{TestAgent, TestController};

/// What a command that must fail complained of.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "it should have failed: {text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}

#[test]
fn a_token_is_good_once() {
    let controller = TestController::start();
    let token = controller.token(&[]);
    TestAgent::new().enroll(&token);
    let late = TestAgent::new();
    let text = complaint(&late.try_enroll(&token));
    assert!(text.contains("used"), "{text}");
    assert!(!late.state().join("identity.json").exists());
}

#[test]
fn an_expired_token_says_so() {
    let controller = TestController::start();
    let made = Instant::now();
    let token = controller.token(&["--valid", "1s"]);
    eventually("the token to expire", || made.elapsed() > Duration::from_secs(2));
    let text = complaint(&TestAgent::new().try_enroll(&token));
    assert!(text.contains("expired") || text.contains("ended"), "{text}");
}

#[test]
fn a_mistyped_token_is_told_from_a_wrong_one() {
    let controller = TestController::start();
    let token = controller.token(&[]);
    let cut = &token[..token.len() - 3];
    let text = complaint(&TestAgent::new().try_enroll(cut));
    assert!(text.contains("cut off or mistyped"), "{text}");
    let text = complaint(&TestAgent::new().try_enroll("hunter2"));
    assert!(text.contains("befund1_"), "{text}");
}

#[test]
fn a_token_of_another_controller_is_refused_by_its_pin() {
    let ours = TestController::start();
    let theirs = TestController::start();
    let mut token = befund_model::token::EnrollmentToken::decode(&ours.token(&[])).unwrap();
    token.addresses = vec![theirs.gate().to_owned()];
    let text = complaint(&TestAgent::new().try_enroll(&token.encode().unwrap()));
    assert!(text.contains("CA"), "{text}");
    assert!(text.contains(ours.pin()), "{text}");
}

#[test]
fn a_controller_out_of_reach_is_named() {
    let controller = TestController::start();
    let mut token = befund_model::token::EnrollmentToken::decode(&controller.token(&[])).unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    token.addresses = vec![free.clone()];
    let text = complaint(&TestAgent::new().try_enroll(&token.encode().unwrap()));
    assert!(text.contains(&free), "{text}");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().to_string();
    let controller = TestController::initialised(None);
    let path = controller.data().join("config.toml");
    let text = std::fs::read_to_string(&path).unwrap().replacen("127.0.0.1:0", &port, 1);
    std::fs::write(&path, text).unwrap();
    let text = complaint(&run(&mut controller.command("serve")));
    assert!(text.contains(&port), "{text}");
    assert!(text.contains("in use"), "{text}");
}

#[test]
fn a_missing_configuration_says_how_to_make_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut serve = Command::new(program("befund-controller"));
    let text = complaint(&run(serve.arg("serve").arg("--data").arg(folder.path().join("none"))));
    assert!(text.contains("init"), "{text}");
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let controller = TestController::initialised(None);
    let path = controller.data().join("config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("colour = \"green\"\n{text}")).unwrap();
    let text = complaint(&run(&mut controller.command("serve")));
    assert!(text.contains("colour"), "{text}");
    assert!(text.contains("config.toml"), "{text}");
    assert!(text.contains("line 1"), "{text}");
}

#[test]
fn a_folder_is_initialised_once() {
    let controller = TestController::initialised(None);
    let before = std::fs::read(controller.data().join("ca/root.pem")).ok();
    let password = controller.folder().join("password");
    let mut again = controller.command("init");
    again.args(["--admin", "eve", "--admin-password-file"]).arg(password);
    let text = complaint(&run(&mut again));
    assert!(text.contains("already"), "{text}");
    assert_eq!(std::fs::read(controller.data().join("ca/root.pem")).ok(), before);
}

#[test]
fn a_ticket_that_does_not_exist_is_not_found() {
    let controller = TestController::start();
    let operator = controller.admin();
    let shown = operator.run(&["ticket", "show", "4711"]);
    assert_eq!(shown.status.code(), Some(4));
    assert!(complaint(&shown).contains("4711"));
}

#[test]
fn two_people_closing_one_ticket_do_not_overwrite_each_other() {
    let controller = TestController::start();
    let operator = controller.admin();
    let made = operator.json(&["ticket", "new", "--subject", "no sound"]);
    let number = made["ticket"]["number"].to_string();
    let close =
        |solution: &'static str| operator.command(&["ticket", "close", &number, "-s", solution]);
    let (mut one, mut two) = (close("unmuted it"), close("plugged it in"));
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(move || run(&mut one));
        let two = scope.spawn(move || run(&mut two));
        (one.join().unwrap(), two.join().unwrap())
    });
    assert!(one.status.success() != two.status.success(), "exactly one of them closed it");
    let shown = operator.json(&["ticket", "show", &number]);
    let solved = shown["timeline"].as_array().unwrap();
    let solved = solved.iter().filter(|entry| entry["event"]["kind"] == "solved").count();
    assert_eq!(solved, 1);
}

#[test]
fn a_person_who_is_not_signed_in_is_told_how() {
    let folder = tempfile::tempdir().unwrap();
    let mut list = Command::new(program("befund"));
    list.args(["ticket", "list"]).env("BEFUND_CONFIG", folder.path().join("none.toml"));
    let output = run(&mut list);
    assert_eq!(output.status.code(), Some(3));
    assert!(complaint(&output).contains("befund login"));
}

#[test]
fn a_wrong_password_and_a_wrong_name_are_refused_alike() {
    let controller = TestController::start();
    let password = controller.folder().join("wrong");
    std::fs::write(&password, "guessed").unwrap();
    let attempt = |name: &str| {
        let mut login = Command::new(program("befund"));
        login.args(["login", controller.console(), "--name", name, "--pin", controller.pin()]);
        login.arg("--password-file").arg(&password);
        login.env("BEFUND_CONFIG", controller.folder().join("nobody.toml"));
        complaint(&run(&mut login)).replace(name, "NAME")
    };
    assert_eq!(attempt("ada"), attempt("nobody"));
}
