//! What chores need besides Rust, and how Debian provides it. Only what is missing is installed.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::platform;
use crate::screen::Screen;

/// Something that a chore needs from the system.
pub(crate) struct Need {
    package: &'static str,
    /// What shows that it is there.
    sign: Sign,
    why: &'static str,
}

enum Sign {
    /// A command in `PATH` or one of the system's folders.
    Command(&'static str),
    /// A file.
    File(&'static str),
    /// A command in some version's folder below `/usr/lib/postgresql`.
    PostgresTool(&'static str),
    /// The library that sets a process's clock, in the folder of some architecture below `/usr/lib`.
    Faketime,
}

/// What all the tests of this machine need.
pub(crate) const TESTS: &[Need] = &[
    Need { package: "gcc", sign: Sign::Command("cc"), why: "C parts of ring, SQLite and zstd" },
    Need {
        package: "libc6-dev",
        sign: Sign::File("/usr/include/stdlib.h"),
        why: "C parts of ring, SQLite and zstd",
    },
    Need {
        package: "postgresql",
        sign: Sign::PostgresTool("initdb"),
        why: "the store's suite runs on throw-away PostgreSQL clusters of its own",
    },
    Need {
        package: "chromium-driver",
        sign: Sign::Command("chromedriver"),
        why: "the console's pages are tried in a real browser",
    },
    Need {
        package: "tinyproxy",
        sign: Sign::Command("tinyproxy"),
        why: "an agent behind an HTTP proxy that others have made",
    },
    Need {
        package: "openssh-client",
        sign: Sign::Command("ssh-keygen"),
        why: "signatures are compared with those of ssh-keygen",
    },
    Need {
        package: "iproute2",
        sign: Sign::Command("ip"),
        why: "tests of machines whose network is broken",
    },
    Need {
        package: "nftables",
        sign: Sign::Command("nft"),
        why: "loses packets and shuts ways in networks of the stories' own",
    },
    Need {
        package: "util-linux",
        sign: Sign::Command("setpriv"),
        why: "tests that run as another account, or on a small disk in a namespace of their own",
    },
    Need {
        package: "lshw",
        sign: Sign::Command("lshw"),
        why: "what it says of a machine is compared with a snapshot",
    },
    Need { package: "hwinfo", sign: Sign::Command("hwinfo"), why: "the same" },
    Need { package: "facter", sign: Sign::Command("facter"), why: "the same" },
    Need { package: "inxi", sign: Sign::Command("inxi"), why: "the same" },
    Need { package: "dmidecode", sign: Sign::Command("dmidecode"), why: "the same" },
    Need {
        package: "bindfs",
        sign: Sign::Command("bindfs"),
        why: "a mount whose server stops answering",
    },
    Need {
        package: "systemd",
        sign: Sign::File("/lib/systemd/systemd"),
        why: "boots a machine of its own, on which the agent's units run",
    },
    Need {
        package: "dbus",
        sign: Sign::Command("dbus-daemon"),
        why: "by which systemd is asked on such a machine",
    },
    Need {
        package: "e2fsprogs",
        sign: Sign::Command("debugfs"),
        why: "makes disks with old files for such machines",
    },
    Need {
        package: "xz-utils",
        sign: Sign::Command("xz"),
        why: "keeps the processors of such a machine busy",
    },
    Need { package: "procps", sign: Sign::Command("ps"), why: "says how much" },
    Need {
        package: "libpam-modules-bin",
        sign: Sign::Command("faillock"),
        why: "locks accounts of such a machine",
    },
    Need {
        package: "dnsmasq-base",
        sign: Sign::Command("dnsmasq"),
        why: "hands out addresses in networks that the actions' stories make",
    },
    Need {
        package: "udhcpc",
        sign: Sign::Command("udhcpc"),
        why: "one of the clients that ask for addresses there",
    },
    Need { package: "isc-dhcp-client", sign: Sign::Command("dhclient"), why: "another" },
    Need {
        package: "cups-daemon",
        sign: Sign::Command("cupsd"),
        why: "a printers' server of the stories' own",
    },
    Need { package: "cups-client", sign: Sign::Command("lpstat"), why: "asks it" },
    Need {
        package: "python3-minimal",
        sign: Sign::Command("python3"),
        why: "scripts of runbooks may be in Python",
    },
    Need {
        package: "libfaketime",
        sign: Sign::Faketime,
        why: "sets the clock of an agent under attack, which knows nothing of it",
    },
    Need {
        package: "systemd-journal-remote",
        sign: Sign::File("/lib/systemd/systemd-journal-remote"),
        why: "makes journals for the tests that read them",
    },
    Need {
        package: "rpm",
        sign: Sign::Command("rpmbuild"),
        why: "makes package databases for the tests that read them",
    },
    Need {
        package: "ca-certificates",
        sign: Sign::File("/etc/ssl/certs/ca-certificates.crt"),
        why: "the HTTPS probe checks against the system's roots",
    },
];

/// What building and running the agent for Windows needs.
pub(crate) const WINDOWS: &[Need] = &[
    Need {
        package: "gcc-mingw-w64-x86-64",
        sign: Sign::Command("x86_64-w64-mingw32-gcc"),
        why: "links programs for Windows, and compiles the C parts of ring and zstd",
    },
    Need { package: "wine64", sign: Sign::File("/usr/lib/wine/wine64"), why: "runs them" },
    Need { package: "wine", sign: Sign::Command("wine"), why: "sets up a Windows for them" },
];

/// What building Rust's standard library needs, where rustup cannot fetch it.
pub(crate) const RUST_SOURCES: &[Need] = &[
    Need {
        package: "rustc-web",
        sign: Sign::File("/usr/bin/rustc"),
        why: "Debian's compiler, which fits its sources",
    },
    Need {
        package: "rust-web-src",
        sign: Sign::File("/usr/lib/rustlib/src/rust/library/Cargo.lock"),
        why: "the standard library's sources",
    },
];

impl Need {
    fn is_met(&self) -> bool {
        match self.sign {
            Sign::Command(name) => platform::find_command(name).is_some(),
            Sign::File(path) => Path::new(path).exists(),
            Sign::Faketime => {
                let Ok(libraries) = std::fs::read_dir("/usr/lib") else { return false };
                let library = "faketime/libfaketimeMT.so.1";
                libraries.flatten().any(|folder| folder.path().join(library).exists())
            }
            Sign::PostgresTool(name) => {
                let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else { return false };
                versions.flatten().any(|version| version.path().join("bin").join(name).exists())
            }
        }
    }
}

/// Installs what is missing where that can be done; says what to install by hand elsewhere.
///
/// # Errors
/// If apt was asked and failed.
pub(crate) fn prepare(screen: &Screen, what: &str, needs: &[Need]) -> Result<()> {
    screen.heading(&format!("What this system needs for {what}"));
    let missing: Vec<&Need> = needs.iter().filter(|need| !need.is_met()).collect();
    for need in needs {
        let mark = if missing.iter().any(|other| other.package == need.package) {
            "missing"
        } else {
            "there  "
        };
        screen.line(&format!("  {mark}  {:<20} {}", need.package, need.why));
    }
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    if platform::find_command("apt-get").is_none() {
        screen.line(&format!(
            "  This system has no apt-get. Install what Debian calls {} by hand; the tests that need \
             it fail without. Going on.",
            packages.join(", ")
        ));
        return Ok(());
    }
    if !platform::is_root() {
        screen.line(&format!(
            "  Not running as root, so nothing is installed. By hand: sudo apt-get update && sudo \
             apt-get install -y --no-install-recommends {}\n  Going on; the tests that need it fail \
             without.",
            packages.join(" ")
        ));
        return Ok(());
    }
    apt(screen, &["update", "-q"])?;
    let mut install = vec!["install", "-q", "-y", "--no-install-recommends"];
    install.extend(&packages);
    apt(screen, &install)?;
    let still: Vec<&str> =
        missing.iter().filter(|need| !need.is_met()).map(|need| need.package).collect();
    if !still.is_empty() {
        bail!("apt-get installed {}, but what it is for is still missing", still.join(", "));
    }
    Ok(())
}

fn apt(screen: &Screen, arguments: &[&str]) -> Result<()> {
    screen.line(&format!("  $ apt-get {}", arguments.join(" ")));
    let output = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()
        .context("cannot start apt-get")?;
    if output.status.success() {
        return Ok(());
    }
    screen.block(&String::from_utf8_lossy(&output.stdout));
    screen.block(&String::from_utf8_lossy(&output.stderr));
    bail!(
        "apt-get {} failed ({}); mend what it says above, or install it by hand and run again",
        arguments.join(" "),
        output.status
    )
}
