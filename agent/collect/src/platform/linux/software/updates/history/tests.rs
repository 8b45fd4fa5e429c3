//! Logs of package systems. apt's is as apt 2.6 writes it, with an error as it came on a machine without
//! room; the others are written from the sources of dnf and pacman.

use proptest::prelude::*;

use super::*;

fn context() -> Context {
    let empty = tempfile::tempdir().expect("a temporary folder");
    Context::new(&crate::Root::at(empty.path()).expect("a tree"))
}

fn told(runs: &[UpdateRun]) -> Vec<String> {
    let line = |run: &UpdateRun| {
        let failed = if run.failed { " failed" } else { "" };
        format!("{} {} {} {}{failed}", run.at, run.action, run.packages, run.names.join(","))
    };
    runs.iter().map(line).collect()
}

#[test]
fn apts_history_tells_what_was_done_and_what_failed() {
    let text = "\nStart-Date: 2024-05-01  06:12:13\nCommandline: /usr/bin/unattended-upgrade\nUpgrade: libc6:amd64 (2.36-9, 2.36-9+deb12u7), bash:amd64 (5.2.15-2+b2, 5.2.15-2+b7)\nRemove: old-thing:amd64 (1.0)\nEnd-Date: 2024-05-01  06:12:20\n\nStart-Date: 2024-05-02  06:12:13\nInstall: linux-image-6.1.0-21-amd64:amd64 (6.1.90-1, automatic)\nError: Sub-process /usr/bin/dpkg returned an error code (1)\nEnd-Date: 2024-05-02  06:12:20\n\nStart-Date: 2024-05-03  06:00:00\nPurge: x:amd64 (1)\n";
    let runs = apt_history(&context(), text, &TimeZone::UTC);
    assert_eq!(
        told(&runs),
        [
            "2024-05-01T06:12:13Z upgrade 2 bash,libc6",
            "2024-05-01T06:12:13Z remove 1 old-thing",
            "2024-05-02T06:12:13Z install 1 linux-image-6.1.0-21-amd64 failed",
            "2024-05-03T06:00:00Z purge 1 x failed",
        ]
    );
    let error = runs[2].error.as_ref().map(|error| error.as_str());
    assert_eq!(error, Some("Sub-process /usr/bin/dpkg returned an error code (1)"));
}

#[test]
fn dnfs_logs_tell_what_was_done() {
    let text = "2024-05-01T09:12:13+0200 INFO --- logging initialized ---\n2024-05-01T09:12:14+0200 SUBDEBUG Upgrade: bash-5.2.26-3.fc40.x86_64\n2024-05-01T09:12:15+0200 SUBDEBUG Installed: kernel-core-6.8.8-300.fc40.x86_64\n2024-05-01T09:12:16+0200 SUBDEBUG Upgraded: bash-5.2.26-1.fc40.x86_64\n2024-05-02T09:00:00+0200 INFO --- logging initialized ---\n2024-05-02T09:00:01+0200 SUBDEBUG Erase: vim-enhanced-2:9.1.1-1.fc40.x86_64\n";
    assert_eq!(
        told(&dnf4(text)),
        [
            "2024-05-01T07:12:14Z upgrade 1 bash",
            "2024-05-01T07:12:15Z install 1 kernel-core",
            "2024-05-02T07:00:01Z remove 1 vim-enhanced",
        ]
    );
    let text = "2024-05-01T07:12:13+0000 [99] INFO DNF5 start\n2024-05-01T07:12:14+0000 [99] INFO RPM callback start upgrade package \"bash-0:5.2.26-3.fc41.x86_64\"\n";
    assert_eq!(told(&dnf5(text)), ["2024-05-01T07:12:14Z upgrade 1 bash"]);
}

#[test]
fn pacmans_log_tells_what_was_done_and_when_it_looked() {
    let text = "[2024-05-01T09:12:10+0200] [PACMAN] Running 'pacman -Syu'\n[2024-05-01T09:12:11+0200] [PACMAN] synchronizing package lists\n[2024-05-01T09:12:13+0200] [ALPM] transaction started\n[2024-05-01T09:12:14+0200] [ALPM] upgraded linux (6.8.7.arch1-1 -> 6.8.8.arch1-1)\n[2024-05-01T09:12:15+0200] [ALPM] transaction completed\n[2024-05-02T09:12:13+0200] [ALPM] transaction started\n[2024-05-02T09:12:14+0200] [ALPM] installed jq (1.7.1-2)\n";
    let read = pacman_log(text);
    assert_eq!(read.checked_at.map(|at| at.to_string()).as_deref(), Some("2024-05-01T07:12:11Z"));
    assert_eq!(
        told(&read.runs),
        ["2024-05-01T07:12:14Z upgrade 1 linux", "2024-05-02T07:12:14Z install 1 jq failed"]
    );
}

proptest! {
    #[test]
    fn no_text_makes_them_panic(text in "([\\[\\]():, ]|Start-Date: |Upgrade: |2024-05-01|T09:12:13\\+0200|RPM callback start |\\[ALPM\\] |[a-z0-9\n]|\\PC){0,60}") {
        apt_history(&context(), &text, &TimeZone::UTC);
        dnf4(&text);
        dnf5(&text);
        pacman_log(&text);
        apt_names(&text);
    }

    #[test]
    fn names_are_read_back(names in prop::collection::vec("[a-z][a-z0-9.+-]{1,9}", 1..9)) {
        let list: Vec<String> = names.iter().map(|name| format!("{name}:amd64 (1.0, 1:2.0-3)")).collect();
        prop_assert_eq!(apt_names(&list.join(", ")), names);
    }
}
