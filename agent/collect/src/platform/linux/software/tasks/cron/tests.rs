//! Tables as crontab(5), anacrontab(5) and at write them.

use proptest::prelude::*;

use super::*;
use crate::platform::linux::keyfile::Keyfile;
use crate::platform::linux::software::tasks::timers::schedule;

fn context() -> Context {
    let empty = tempfile::tempdir().expect("a temporary folder");
    Context::new(&crate::Root::at(empty.path()).expect("a tree"))
}

fn told(tasks: &[Task]) -> Vec<String> {
    let line = |task: &Task| {
        let command = task.command.as_ref().map_or("", |command| command.as_str());
        let (when, who) = (task.schedule.as_deref(), task.user.as_deref());
        format!("{}|{}|{}|{command}", task.name, when.unwrap_or("-"), who.unwrap_or("root"))
    };
    tasks.iter().map(line).collect()
}

#[test]
fn tables_tell_when_who_and_what() {
    let text = "SHELL=/bin/sh\n# m h dom mon dow user  command\n17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly\n@reboot  www-data  /opt/sync --token=s3cr3tt0k3n\n30 3 * * 1-5 backup\n";
    let cx = context();
    assert_eq!(
        told(&table(&cx, "/etc/crontab", text, Table::System)),
        [
            "crontab 1|17 * * * *|root|cd / && run-parts --report /etc/cron.hourly",
            "crontab 2|@reboot|www-data|/opt/sync --token=[redacted:token]",
        ]
    );
    assert_eq!(cx.redactor.count(), 1);
    let text = "MAILTO=anna\n*/5 * * * * /home/anna/bin/poll\n";
    assert_eq!(
        told(&table(&cx, "/var/spool/cron/crontabs/anna", text, Table::Of("anna"))),
        ["anna|*/5 * * * *|anna|/home/anna/bin/poll"]
    );
    let text = "RANDOM_DELAY=45\n1\t5\tcron.daily\tnice run-parts /etc/cron.daily\n@monthly 45 cron.monthly run-parts /etc/cron.monthly\n7 x\n";
    assert_eq!(
        told(&anacrontab(&cx, "/etc/anacrontab", text)),
        [
            "cron.daily|every day|root|nice run-parts /etc/cron.daily",
            "cron.monthly|monthly|root|run-parts /etc/cron.monthly",
        ]
    );
}

#[test]
fn jobs_of_at_have_their_time_in_their_name() {
    let (number, at) = at_job("a0000301b4a0d4").expect("a job");
    assert_eq!((number, at.map(|at| at.to_string()).as_deref()), (3, Some("2024-05-28T10:28:00Z")));
    for other in [".SEQ", "a00003", "=0000301b4a0d4", "a00003é1b4a0d"] {
        assert_eq!(at_job(other), None, "{other}");
    }
}

#[test]
fn timers_tell_when_in_systemds_words() {
    let file = Keyfile::parse(
        "[Timer]\nOnCalendar=weekly\nOnCalendar=\nOnCalendar=*-*-* 6,18:00\nOnBootSec=15min\nRandomizedDelaySec=12h\n",
    );
    assert_eq!(schedule(&file).as_deref(), Some("*-*-* 6,18:00, OnBootSec=15min"));
    assert_eq!(schedule(&Keyfile::parse("[Timer]\n")), None);
}

proptest! {
    #[test]
    fn no_text_makes_them_panic(text in "([*0-9@ \t\n-]|root|run|\\PC){0,60}") {
        let cx = context();
        table(&cx, "/x", &text, Table::System);
        table(&cx, "/x", &text, Table::Of("anna"));
        anacrontab(&cx, "/x", &text);
        at_job(&text);
    }
}
