//! What the person does who looks after a controller: accounts, backups, another database, and a
//! look at what is wrong.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Command, Output};

use befund_tests::agent::ticket_in;
use befund_tests::catalogue::LOOK;
use befund_tests::controller::PASSWORD;
use befund_tests::postgres::TestPostgres;
use befund_tests::process::{eventually, run};
use befund_tests::{Books, TestAgent, TestController, TestOperator, TestSigners, tamper};

/// The account of nobody in particular.
const NOBODY: u32 = 65_534;
/// How far ticket numbers jump when a restore cannot know what came after its backup.
const JUMP: u64 = 1_000;

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn succeeds(command: &mut Command) -> String {
    let done = run(command);
    assert!(done.status.success(), "{command:?}: {}", text(&done));
    text(&done)
}

/// What a command says that must end with exit code 1, and without a panic.
fn fails(command: &mut Command) -> String {
    let done = run(command);
    let said = text(&done);
    assert_eq!(done.status.code(), Some(1), "{command:?}: {said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// Asserts that something is said, and shows what was said instead.
fn assert_says(said: &str, part: &str) {
    assert!(said.contains(part), "{part:?} is missing in: {said}");
}

fn number(ticket: &str) -> u64 {
    ticket.parse().unwrap()
}

fn back_up(controller: &TestController) {
    let mut backup = controller.command("backup");
    backup.arg("--to").arg(controller.folder().join("backup"));
    let said = succeeds(backup.arg("--passphrase-file").arg(passphrase(controller)));
    assert_says(&said, "was written");
}

fn restore(controller: &TestController) -> Command {
    let mut restore = controller.command("restore");
    restore.arg("--from").arg(controller.folder().join("backup"));
    restore.arg("--passphrase-file").arg(passphrase(controller));
    restore
}

fn passphrase(controller: &TestController) -> std::path::PathBuf {
    let path = controller.folder().join("passphrase");
    std::fs::write(&path, "another long passphrase\n").unwrap();
    path
}

fn is_connected(operator: &TestOperator, agent: &str) -> bool {
    operator.json(&["machine", "show", agent])["connected"].as_bool().unwrap()
}

#[test]
fn a_restore_rolls_back_neither_revocations_nor_tokens_nor_ticket_numbers() {
    let mut controller = TestController::start();
    let mut revoked = TestAgent::connected_to(&controller);
    let id = revoked.id();
    let before = number(&ticket_in(&revoked.send("before the backup")));
    let token = controller.token(&[]);
    back_up(&controller);

    // What the backup does not know of.
    let used = TestAgent::new();
    used.enroll(&token);
    let operator = controller.admin();
    let other = TestAgent::connected_to(&controller);
    let after = number(&ticket_in(&other.send("after the backup")));
    let _ = operator.says(&["agent", "revoke", &id, "--yes"]);
    eventually("the revoked one's stream to end", || !is_connected(&operator, &id));

    let refused = fails(restore(&controller).arg("--replace"));
    assert_says(&refused, "stop it first");
    controller.stop();
    let refused = fails(&mut restore(&controller));
    assert_says(&refused, "add --replace");
    let said = succeeds(restore(&controller).arg("--replace"));
    assert_says(&said, "Nothing else was rolled back");
    controller.serve();

    let operator = controller.admin();
    let shown = operator.json(&["ticket", "show", &before.to_string()]);
    assert_eq!(shown["ticket"]["subject"], "before the backup");
    revoked.stop();
    revoked.start_link(&[]);
    assert!(!revoked.send("let me in").status.success());
    assert!(!is_connected(&operator, &id));
    let again = TestAgent::new().try_enroll(&token);
    assert!(!again.status.success(), "a used token enrolls nobody: {}", text(&again));
    let next = TestAgent::connected_to(&controller).send("after the restore");
    assert!(number(&ticket_in(&next)) > after, "{}", text(&next));
}

#[test]
fn a_restore_onto_an_empty_disk_voids_what_it_cannot_know() {
    let mut controller = TestController::start();
    let agent = TestAgent::connected_to(&controller);
    let pin = controller.pin().to_owned();
    let before = number(&ticket_in(&agent.send("before the backup")));
    let token = controller.token(&[]);
    back_up(&controller);
    controller.kill();
    std::fs::remove_dir_all(controller.data()).unwrap();

    let mut wrong = controller.command("restore");
    wrong.arg("--from").arg(controller.folder().join("backup"));
    wrong.arg("--passphrase-file").arg(controller.folder().join("password"));
    assert_says(&fails(&mut wrong), "the passphrase is wrong");
    assert!(!controller.data().exists(), "a restore that fails leaves nothing behind");

    let said = succeeds(&mut restore(&controller));
    assert_says(&said, "CHECK BY HAND (epoch 1)");
    assert_says(&said, "was a machine revoked?");
    assert_says(&said, "was an account disabled?");
    assert_says(&said, &pin);
    assert_says(&succeeds(&mut controller.command("doctor")), "Nothing is wrong.");

    controller.serve();
    let operator = controller.admin();
    eventually("the machine to come back", || is_connected(&operator, &agent.id()));
    let after = number(&ticket_in(&agent.send("after the restore")));
    assert!(after > before + JUMP, "{after} could have been given out before");
    assert!(!TestAgent::new().try_enroll(&token).status.success(), "an open token is void");
}

#[test]
fn a_controller_moves_from_sqlite_to_postgresql() {
    let mut controller = TestController::start();
    let agent = TestAgent::connected_to(&controller);
    let before = number(&ticket_in(&agent.send("kept in a file")));
    back_up(&controller);
    controller.stop();

    let postgres = TestPostgres::start().unwrap();
    let said = succeeds(restore(&controller).args(["--database", &postgres.url()]));
    assert_says(&said, "names the database now");
    std::fs::remove_file(controller.data().join("befund.db")).unwrap();
    controller.serve();

    let operator = controller.admin();
    let shown = operator.json(&["ticket", "show", &before.to_string()]);
    assert_eq!(shown["ticket"]["subject"], "kept in a file");
    eventually("the machine to come back", || is_connected(&operator, &agent.id()));
    assert!(number(&ticket_in(&agent.send("kept in PostgreSQL"))) > before);
    assert_eq!(tamper::tickets(&postgres).unwrap(), 2);
    assert_says(&succeeds(&mut controller.command("doctor")), "Nothing is wrong.");
}

#[test]
fn a_restore_and_a_controller_keep_each_other_out() {
    let postgres = TestPostgres::start().unwrap();
    let mut controller = TestController::start_on(Some(&postgres.url()));
    back_up(&controller);
    let twice = fails(&mut controller.command("serve"));
    assert_says(&twice, "another befund-controller works on");

    // Another folder, as on another host, and the same database.
    let restore_elsewhere = |controller: &TestController| {
        let mut restore = Command::new(controller.command("restore").get_program());
        restore.arg("restore").arg("--data").arg(controller.folder().join("elsewhere"));
        restore.arg("--from").arg(controller.folder().join("backup"));
        restore.arg("--passphrase-file").arg(passphrase(controller));
        restore.args(["--replace", "--database", &postgres.url()]);
        restore
    };
    let refused = fails(&mut restore_elsewhere(&controller));
    assert_says(&refused, "stop every controller of it first");
    // Killed, it leaves its row behind, which no longer counts on.
    controller.kill();
    let said = succeeds(&mut restore_elsewhere(&controller));
    assert_says(&said, "was restored");
    controller.serve();
    let _ = controller.admin().says(&["ticket", "list"]);
}

#[test]
fn the_whole_job_is_done_on_postgresql() {
    let postgres = TestPostgres::start().unwrap();
    let controller = TestController::start_on(Some(&postgres.url()));
    assert!(!controller.data().join("befund.db").exists());
    let operator = controller.admin();
    let _signers = TestSigners::publishing(&controller, &operator, Books::Look);
    let agent = TestAgent::connected_by(&operator);
    let ticket = ticket_in(&agent.send("no internet since this morning"));
    let ran = operator.run(&["run", LOOK, "--on", &agent.id(), "--ticket", &ticket]);
    assert!(matches!(ran.status.code(), Some(0 | 7)), "{}", text(&ran));
    let shown = operator.says(&["ticket", "show", &ticket]);
    assert_says(&shown, "no internet since this morning");
    assert_says(&shown, LOOK);
    let shown = operator.json(&["ticket", "show", &ticket]);
    let timeline = shown["timeline"].to_string();
    assert_says(&timeline, "snapshot");
    assert_says(&timeline, "job");
}

#[test]
fn an_account_that_is_switched_off_is_shut_out() {
    let controller = TestController::start();
    let password = controller.folder().join("password");
    let mut add = controller.command("user add");
    add.args(["bob", "--role", "technician_l1", "--password-file"]).arg(&password);
    assert_says(&succeeds(&mut add), "technician_l1");
    assert_says(&fails(&mut add), "already");
    let bob = TestOperator::sign_in(&controller, "bob", PASSWORD);
    let _ = bob.says(&["ticket", "list"]);

    let _ = succeeds(controller.command("user disable").arg("bob"));
    let refused = bob.run(&["ticket", "list"]);
    assert_eq!(refused.status.code(), Some(3), "{}", text(&refused));
    assert_says(&succeeds(&mut controller.command("user list")), "off");
    let mut login = bob.command(&["login", controller.console(), "--name", "bob"]);
    login.args(["--pin", controller.pin(), "--password-file"]).arg(&password);
    assert!(!run(&mut login).status.success(), "nor does the password open the door");

    let _ = succeeds(controller.command("user enable").arg("bob"));
    let ended = bob.run(&["ticket", "list"]);
    assert_eq!(ended.status.code(), Some(3), "what ended stays ended: {}", text(&ended));
    let bob = TestOperator::sign_in(&controller, "bob", PASSWORD);
    let _ = bob.says(&["ticket", "list"]);
}

#[test]
fn the_doctor_finds_nothing_wrong_with_a_controller_that_serves() {
    let controller = TestController::start();
    let said = succeeds(&mut controller.command("doctor"));
    assert_says(&said, controller.pin());
    assert_says(&said, "is serving");
    assert_says(&said, "every entry is as it was written");
    assert_says(&said, "Nothing is wrong.");
}

#[test]
fn the_doctor_names_each_thing_that_is_broken() {
    let controller = TestController::initialised(None);
    let config = controller.data().join("config.toml");
    let good = std::fs::read_to_string(&config).unwrap();

    std::fs::write(&config, good.replace("[gate]", "[gate]\nlissten = 1")).unwrap();
    let said = fails(&mut controller.command("doctor"));
    assert_says(&said, "lissten");
    assert_says(&said, "FAIL");

    let own = "[console]\ncertificate = \"/nowhere/console.pem\"\nkey = \"/nowhere/console.key\"";
    std::fs::write(&config, good.replace("[console]", own)).unwrap();
    let said = fails(&mut controller.command("doctor"));
    assert_says(&said, "console.key /nowhere/console.key cannot be read");
    std::fs::write(&config, &good).unwrap();

    let ca = controller.data().join("ca");
    std::fs::rename(&ca, controller.folder().join("elsewhere")).unwrap();
    let said = fails(&mut controller.command("doctor"));
    assert_says(&said, "root.crt");
    assert_says(&said, "restore a backup");
    assert_says(&fails(&mut controller.command("serve")), "root.crt");
    std::fs::rename(controller.folder().join("elsewhere"), &ca).unwrap();

    let database = controller.data().join("befund.db");
    std::fs::rename(&database, controller.folder().join("elsewhere")).unwrap();
    for command in ["doctor", "serve"] {
        let said = fails(&mut controller.command(command));
        assert_says(&said, "befund.db is missing");
        assert!(!database.exists(), "{command} begins no empty database");
    }
    std::fs::rename(controller.folder().join("elsewhere"), &database).unwrap();
    assert_says(&succeeds(&mut controller.command("doctor")), "Nothing is wrong.");
}

#[test]
fn the_doctor_sees_that_the_audit_record_was_changed() {
    let postgres = TestPostgres::start().unwrap();
    let mut controller = TestController::start_on(Some(&postgres.url()));
    let _ = controller.token(&[]);
    eventually("an entry to get its place", || tamper::placed_entries(&postgres).unwrap() > 0);
    controller.stop();
    tamper::change_first_entry(&postgres).unwrap();
    let said = fails(&mut controller.command("doctor"));
    assert_says(&said, "entry at place 1 does not fit its hash");
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    let postgres = TestPostgres::start().unwrap();
    let controller = TestController::initialised(Some(&postgres.url()));
    tamper::make_newer(&postgres).unwrap();
    for command in ["serve", "doctor"] {
        let said = fails(&mut controller.command(command));
        assert_says(&said, "from a newer befund-controller");
        assert_says(&said, "install that newer version");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let controller = TestController::initialised(None);
    let as_root = succeeds(Command::new("id").arg("-u")).trim() == "0";
    lock(&controller.data(), as_root);
    if as_root {
        // The tests' own folder is on the way to it.
        std::fs::set_permissions(controller.folder(), Permissions::from_mode(0o711)).unwrap();
    }
    for subcommand in ["serve", "doctor"] {
        let command = controller.command(subcommand);
        let mut command = if as_root { as_nobody(&command) } else { command };
        let said = fails(&mut command);
        assert_says(&said, &controller.data().display().to_string());
        assert_says(&said, "this account");
    }
    unlock(&controller.data());
}

/// Lets an account read a folder, and nobody write into it.
fn lock(folder: &Path, to_nobody: bool) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            lock(&path, to_nobody);
        } else {
            std::fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
            if to_nobody {
                chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
    }
    std::fs::set_permissions(folder, Permissions::from_mode(0o500)).unwrap();
    if to_nobody {
        chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

/// So that the folder can be removed.
fn unlock(folder: &Path) {
    std::fs::set_permissions(folder, Permissions::from_mode(0o700)).unwrap();
    std::fs::set_permissions(folder.join("ca"), Permissions::from_mode(0o700)).unwrap();
}

fn as_nobody(command: &Command) -> Command {
    let mut wrapped = Command::new("setpriv");
    let id = NOBODY.to_string();
    wrapped.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--"]);
    wrapped.arg(command.get_program()).args(command.get_args());
    wrapped
}
