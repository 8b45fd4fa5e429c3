//! `befund-agent policy`: says what a policy file comes to, or what is wrong with it, before a machine goes by it. It
//! reads the file as the executor does; it changes nothing, and asks nobody.

use std::path::PathBuf;
use std::process::ExitCode;

use befund_executor::policy::rules::{Pattern, Rules, Scripts};
use befund_executor::policy::{self, Policy, PolicyError};
use befund_model::action::Risk;
use clap::Args;

use super::{FAILED, screen};

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The file [default: /etc/befund/policy.toml, on Windows %ProgramData%\Befund\policy.toml]
    file: Option<PathBuf>,
}

impl Show {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let given = self.file.is_some();
        let path = self.file.unwrap_or_else(policy::default_path);
        let policy = match Policy::load(&path) {
            Ok(policy) => policy,
            // It shows the place, over several lines.
            Err(error @ (PolicyError::Syntax { .. } | PolicyError::Entry { .. })) => {
                for line in error.to_string().lines() {
                    screen::complain(&screen::printable(line));
                }
                return Ok(ExitCode::from(FAILED));
            }
            Err(error) => return Err(error.into()),
        };
        let path = path.display();
        match &policy.source {
            Some(_) => screen::say(&format!("{path} can be used. It comes to this:")),
            None if given => anyhow::bail!("there is no policy {path}"),
            None => screen::say(&format!("There is no {path}, so this holds:")),
        }
        for (name, value) in lines(&policy) {
            screen::say(&format!("  {name:<24} {}", screen::printable(&value)));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What it comes to, a line for each thing.
fn lines(policy: &Policy) -> Vec<(&'static str, String)> {
    let Rules {
        risk,
        allow,
        deny,
        hours,
        self_service,
        scripts,
        unattended,
        without_asking,
        consent_for_ticket,
        parameters,
    } = &policy.rules;
    let allowed = allow.as_deref().map_or_else(|| "all that are signed".to_owned(), names);
    let always = || "at any time".to_owned();
    let mut lines = vec![
        ("Runbooks", allowed),
        ("Never", names(deny)),
        ("A step may", may(*risk).to_owned()),
        ("While nobody is here", may(*unattended).to_owned()),
        ("Changes", hours.as_ref().map_or_else(always, listed)),
        (
            "Scripts",
            match scripts {
                Scripts::Allowed => "those that are signed".to_owned(),
                Scripts::Forbidden => "none".to_owned(),
            },
        ),
        ("Nobody is asked for", listed(without_asking)),
        (
            "A consent holds",
            match consent_for_ticket.as_secs() / 60 {
                0 => "for one change".to_owned(),
                minutes if minutes % 60 == 0 => {
                    format!("{} h for the same ticket, if the person wants", minutes / 60)
                }
                minutes => format!("{minutes} min for the same ticket, if the person wants"),
            },
        ),
        ("May be started here", names(self_service)),
    ];
    for (action, narrowed) in parameters {
        for (name, values) in narrowed {
            lines.push(("Only", format!("{action} with {name} = {}", listed(values))));
        }
    }
    let targets = &policy.targets;
    let works = policy.works.as_ref().map_or_else(|| "all".to_owned(), listed);
    let keys = |named: Vec<&String>| listed(&named);
    lines.extend([
        ("Probes by themselves", works),
        ("Names", listed(&targets.dns)),
        ("Ports", keys(targets.tcp.keys().collect())),
        ("Secure servers", keys(targets.tls.keys().collect())),
        ("Pages", keys(targets.http.keys().collect())),
        ("Time servers", listed(&targets.ntp)),
        ("Name servers to compare", keys(targets.resolvers.keys().collect())),
        ("Expected signers", keys(targets.issuers.keys().collect())),
        ("Services", listed(&targets.services)),
        ("Logs", keys(targets.logs.keys().collect())),
    ]);
    lines
}

const fn may(risk: Risk) -> &'static str {
    match risk {
        Risk::Read => "only look",
        Risk::Change => "change something, but not interrupt work",
        Risk::Disruptive => "interrupt work",
    }
}

fn names(patterns: &[Pattern]) -> String {
    listed(patterns)
}

fn listed<T: ToString>(all: impl IntoIterator<Item = T>) -> String {
    let all: Vec<String> = all.into_iter().map(|one| one.to_string()).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn shown(text: &str) -> String {
        let policy = Policy::parse(Path::new("policy.toml"), text).expect("a policy");
        let lines = lines(&policy).into_iter();
        lines.map(|(name, value)| format!("{name}: {value}\n")).collect()
    }

    #[test]
    fn the_example_can_be_used_and_says_what_it_comes_to() {
        let example = include_str!("../../systemd/policy.example.toml");
        // Its log files are Linux' own; elsewhere such a path may be none.
        let whole = Path::new("/").is_absolute();
        let shown = shown(&if whole { example.into() } else { example.replace("\"/", "\"C:/") });
        for line in [
            "Runbooks: net.*, printer.queue, disk.full",
            "Never: net.vpn",
            "While nobody is here: only look",
            "Changes: Mon-Fri 07:00-19:00, Sat 08:00-12:00",
            "Nobody is asked for: dns.flush_cache",
            "A consent holds: 8 h for the same ticket, if the person wants",
            "May be started here: net.no-internet",
            "Only: service.restart with service = \"cups.service\", \"NetworkManager.service\"",
            "Ports: files, web",
        ] {
            assert!(shown.contains(&format!("{line}\n")), "{line}: {shown}");
        }
    }

    #[test]
    fn without_a_word_everything_that_is_signed_may_run_and_nothing_alone() {
        let shown = shown("");
        for line in [
            "Runbooks: all that are signed",
            "A step may: interrupt work",
            "While nobody is here: only look",
            "May be started here: none",
        ] {
            assert!(shown.contains(&format!("{line}\n")), "{line}: {shown}");
        }
    }
}
