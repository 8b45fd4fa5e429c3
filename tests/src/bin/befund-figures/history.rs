//! What the history of one machine takes in the store: a real agent that is switched on each day, with what
//! changes on a PC from day to day, and sends its snapshot.
//!
//! Each day everything volatile is as it really is. The machine is in another network than the day before and
//! asks another name server, so that every day has a snapshot: of a day on which nothing lasting changes the
//! agent only says so. Once a week a dozen packages are upgraded; now and then a program comes that starts by
//! itself, a service, an account, a name in the hosts file.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use befund_tests::agent::TestAgent;
use befund_tests::controller::TestController;
use befund_tests::process::{eventually, under_mounts};

/// Puts the copies in the place of what they are copies of.
const MOUNT: &str = r#"
mount --bind "$0/etc" /etc && mount --bind "$0/dpkg" /var/lib/dpkg && exec "$@"
"#;
/// How many packages are upgraded in a week.
const UPGRADES: usize = 12;

/// Lets so many days pass and prints what they take.
pub(crate) fn cost(days: usize) -> Result<()> {
    let controller = TestController::start();
    let mut agent = TestAgent::new();
    agent.enroll(&controller.token(&[]));
    let own = agent.folder().join("own");
    for (from, to) in [("/etc", "etc"), ("/var/lib/dpkg", "dpkg")] {
        copy(Path::new(from), &own.join(to))?;
    }
    let operator = controller.admin();
    let mut sizes = Vec::new();
    for day in 0..days {
        pass(&own, day)?;
        agent.start_link_as(&[], |command| under_mounts(MOUNT, &[own.as_ref()], &command));
        agent.wait_until_connected();
        let machine = agent.id();
        eventually("the day's snapshot, judged", || {
            let list = operator.json(&["snapshot", "list", &machine]);
            let items = list["items"].as_array().cloned().unwrap_or_default();
            let next = list["next"].is_string();
            let latest = items.first().and_then(|one| one["manifest"]["id"].as_str());
            (next || items.len() > day)
                && latest.is_some_and(|id| {
                    sizes.last().is_none_or(|(last, _)| last != id)
                        && operator.json(&["snapshot", "findings", id])["judged"] == true
                })
        });
        let list = operator.json(&["snapshot", "list", &machine]);
        let latest = &list["items"][0]["manifest"];
        let bytes = latest["sections"].as_array().into_iter().flatten();
        let bytes: u64 = bytes.filter_map(|line| line["size"].as_u64()).sum();
        sizes.push((latest["id"].as_str().unwrap_or_default().to_owned(), bytes));
        agent.stop();
    }
    // What a database takes that knows no machine is no history.
    let kept = size(controller)? - size(TestController::start())?;
    let sent: u64 = sizes.iter().map(|(_, bytes)| bytes).sum();
    println!(
        "{:<48} {:.2} MB ({} snapshots of {:.0} KB, {:.1} MB as they were read)",
        format!("the history of {days} days, in the store"),
        mb(kept),
        sizes.len(),
        sent as f64 / sizes.len().max(1) as f64 / 1e3,
        mb(sent),
    );
    Ok(())
}

/// The size of a controller's database, once it has ended.
fn size(mut controller: TestController) -> Result<u64> {
    let data = controller.data().to_owned();
    controller.process().stop();
    Ok(fs::metadata(data.join("befund.db")).context("look at the database")?.len())
}

#[expect(clippy::cast_precision_loss, reason = "printed with two digits behind the point")]
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.parent().unwrap_or(to))?;
    let done = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status()?;
    anyhow::ensure!(done.success(), "could not copy {}", from.display());
    Ok(())
}

/// What changes from the day before.
fn pass(own: &Path, day: usize) -> Result<()> {
    let etc = own.join("etc");
    if day % 7 == 3 {
        upgrade(&own.join("dpkg/status"), day / 7)?;
    }
    let server = ["192.0.2.53", "198.51.100.53", "203.0.113.53"][day % 3];
    fs::remove_file(etc.join("resolv.conf")).ok();
    fs::write(etc.join("resolv.conf"), format!("nameserver {server}\n"))?;
    match day % 15 {
        4 => {
            let folder = etc.join("xdg/autostart");
            fs::create_dir_all(&folder)?;
            let entry =
                format!("[Desktop Entry]\nName=Program {day}\nExec=/opt/program{day}/run\n");
            fs::write(folder.join(format!("program{day}.desktop")), entry)?;
        }
        8 => {
            let unit = format!(
                "[Unit]\nDescription=Service {day}\n[Service]\nExecStart=/opt/{day}\n[Install]\nWantedBy=multi-user.target\n"
            );
            fs::write(etc.join(format!("systemd/system/service{day}.service")), unit)?;
        }
        11 => append(&etc.join("hosts"), &format!("192.0.2.{day} host{day}.example\n"))?,
        13 => append(
            &etc.join("passwd"),
            &format!("person{day}:x:{}:{}::/home/person{day}:/bin/bash\n", 2000 + day, 2000 + day),
        )?,
        _ => {}
    }
    Ok(())
}

fn append(path: &Path, line: &str) -> Result<()> {
    let text = fs::read_to_string(path)? + line;
    Ok(fs::write(path, text)?)
}

/// Raises the versions of some packages.
fn upgrade(status: &Path, week: usize) -> Result<()> {
    let text = fs::read_to_string(status)?;
    let packages = text.matches("\nVersion: ").count().max(1);
    let step = (packages / UPGRADES).max(1);
    let mut seen = 0;
    let raised: Vec<String> = text
        .lines()
        .map(|line| {
            let Some(version) = line.strip_prefix("Version: ") else { return line.to_owned() };
            seen += 1;
            if seen % step == week % step {
                format!("Version: {version}+u{week}")
            } else {
                line.to_owned()
            }
        })
        .collect();
    Ok(fs::write(status, raised.join("\n") + "\n")?)
}
