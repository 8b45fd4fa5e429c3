//! Files that somebody else could have written: the policy, and what the executor keeps. That an attacker comes to write
//! them takes more than the controller or the link; the executor looks all the same.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use befund_model::job::{Order, Work};
use befund_tests::adversary::attack::Group;
use befund_tests::adversary::machine::{LINK, PERSON};
use befund_tests::adversary::{Scene, books};
use befund_tests::attacks;
use befund_trust::digest::Sha256;

fn ordered(scene: &Scene) -> String {
    scene.run(&scene.main, &scene.order("test.note"))
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn owner(path: &Path, account: u32) {
    chown(path, Some(account), Some(account)).unwrap();
}

/// Where the script of the catalogue lies.
fn script(scene: &Scene) -> PathBuf {
    lies(scene, "scripts/note.sh")
}

fn lies(scene: &Scene, file: &str) -> PathBuf {
    let digest = Sha256::of(&scene.current.files[file]);
    scene.main.keep().join(format!("trust/files/{digest}"))
}

/// What undoing all that the ticket's runs have changed comes to.
fn undone(scene: &Scene) -> String {
    let order = scene.order("test.note");
    let work = Work::Undo(order.ticket.unwrap());
    scene.run(&scene.main, &Order { work, runbook: None, ..order })
}

/// Puts something else in the place of a file while an order comes.
fn replaced(scene: &Scene, path: &Path, put: impl FnOnce(&Path)) -> String {
    meanwhile(scene, path, put, ordered)
}

fn meanwhile(
    scene: &Scene,
    path: &Path,
    put: impl FnOnce(&Path),
    come: impl FnOnce(&Scene) -> String,
) -> String {
    let aside = path.with_extension("aside");
    std::fs::rename(path, &aside).unwrap();
    put(path);
    let said = come(scene);
    std::fs::rename(&aside, path).unwrap();
    said
}

/// The same, over a start of the executor.
fn restarted(scene: &Scene, path: &Path, put: impl FnOnce(&Path)) -> String {
    let aside = scene.main.path("aside");
    std::fs::rename(path, &aside).unwrap();
    put(path);
    scene.main.restart_executor();
    let said = ordered(scene);
    std::fs::rename(&aside, path).unwrap();
    scene.main.restart_executor();
    said
}

/// The kept manifest with another version, and its signatures as they are.
fn older(path: &Path, now: &Path) {
    let text = std::fs::read_to_string(now).unwrap();
    std::fs::write(path, text.replacen("\"version\": 1", "\"version\": 2", 1)).unwrap();
}

pub(crate) const FILES: Group = Group {
    title: "Files",
    about: "Somebody who is not root has come to write where only root should: the policy, or what the executor keeps.",
    attacks: attacks! {
        "a policy that is a user's", "is not trusted: it belongs to user 65534", |it| {
            let path = it.main.policy();
            owner(&path, PERSON);
            let said = ordered(it);
            owner(&path, 0);
            said
        };
        "a policy that everybody may write", "is not trusted: its mode is", |it| {
            let path = it.main.policy();
            mode(&path, 0o666);
            let said = ordered(it);
            mode(&path, 0o644);
            said
        };
        "a policy in a folder that everybody may write", "is not trusted: its mode is 777", |it| {
            let folder = it.main.path("etc");
            mode(&folder, 0o777);
            let said = ordered(it);
            mode(&folder, 0o755);
            said
        };
        "a policy that is a link to a user's file", "is not trusted: it belongs to user 65533", |it| {
            let mine = it.main.path("run/policy.toml");
            std::fs::write(&mine, "").unwrap();
            owner(&mine, LINK);
            replaced(it, &it.main.policy(), |path| symlink(&mine, path).unwrap())
        };
        "a policy with a key that nobody knows", "unknown field", |it| {
            replaced(it, &it.main.policy(), |path| std::fs::write(path, "allow_everything = true\n").unwrap())
        };
        "a script replaced on the disk", "checking a catalogue's file", |it| {
            let evil = books::evil(it.world());
            replaced(it, &script(it), |path| std::fs::write(path, evil).unwrap())
        };
        "a script that undoes replaced on the disk", "the script that undoes it: the file is not taken", |it| {
            let evil = books::evil(it.world());
            let path = lies(it, "scripts/erase.sh");
            meanwhile(it, &path, |path| std::fs::write(path, evil).unwrap(), undone)
        };
        "a script replaced by a link to a user's file", "it belongs to user 65533", |it| {
            let mine = it.main.path("run/evil.sh");
            std::fs::write(&mine, books::evil(it.world())).unwrap();
            owner(&mine, LINK);
            replaced(it, &script(it), |path| symlink(&mine, path).unwrap())
        };
        "a script that everybody may write", "its mode is", |it| {
            let path = script(it);
            mode(&path, 0o666);
            let said = ordered(it);
            mode(&path, 0o600);
            said
        };
        "a script replaced by something endless", "its script scripts/note.sh", |it| {
            replaced(it, &script(it), |path| symlink("/dev/zero", path).unwrap())
        };
        "the kept manifest changed, over a restart", "the catalogue that this machine keeps cannot be used", |it| {
            let aside = it.main.path("aside");
            restarted(it, &it.main.keep().join("trust/manifest.json"), |path| older(path, &aside))
        };
        "the kept signatures gone, over a restart", "the catalogue that this machine keeps cannot be used", |it| {
            restarted(it, &it.main.keep().join("trust/signatures.json"), |_| {
                std::fs::write(it.main.keep().join("trust/signatures.json"), "[]").unwrap();
            })
        };
        "the trusted root replaced by a file of a user's, over a restart", "it belongs to user 65534", |it| {
            let path = it.main.keep().join("trust/root.json");
            restarted(it, &path, |path| {
                std::fs::write(path, befund_tests::adversary::organisation::root_of_eve(2).bytes()).unwrap();
                owner(path, PERSON);
            })
        };
        "what the machine remembers made unreadable, over a restart", "is damaged", |it| {
            restarted(it, &it.main.keep().join("trust/memory.json"), |path| std::fs::write(path, "{}").unwrap())
        };
        "the executor's folder open to everybody, over a restart", "its mode is 777", |it| {
            let folder = it.main.keep().join("trust");
            mode(&folder, 0o777);
            it.main.restart_executor();
            let said = befund_tests::adversary::door::ask(&it.main.socket(), LINK, &befund_executor::door::Request::Trust, &[]);
            mode(&folder, 0o700);
            it.main.restart_executor();
            said
        };
    },
};
