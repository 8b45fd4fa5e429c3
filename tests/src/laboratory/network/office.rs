//! An office: a machine with the agent on it, and the router between it and the Internet. And the desk, which every
//! office has its help from.

use std::fs::Permissions;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use befund_executor::journal::{Entry, record};
use serde_json::Value;

use super::clock;
use super::dhcp::{Dhcp, Lease};
use super::machine::{Machine, PERSON, State};
use super::names::Names;
use super::space::{self, Empty, Space};
use super::terminal::Terminal;
use super::time::TimeServer;
use super::world::{CHECK, HUB, REFERENCE, TIME, World};
use crate::catalogue::Books;
use crate::process::{eventually, run};
use crate::{TestAgent, TestController, TestOperator, TestSigners};

/// Asks for an address as Debian's ifupdown does.
pub const DHCLIENT: &str =
    "dhclient -4 -1 -q -pf /run/dhclient.eth0.pid -lf /var/lib/dhcp/dhclient.eth0.leases eth0";

/// Where in the Internet an office's own time server is.
const TIME_SERVER: u8 = 123;

/// How long an office may take to open, of which several open at one time.
const OPENING: Duration = Duration::from_secs(240);
const LOOK: Duration = Duration::from_millis(200);

/// The help desk: a controller in the Internet, a technician, and the shipped runbooks, signed with some others.
#[derive(Debug)]
pub struct Desk {
    /// The Internet.
    pub world: World,
    pub(super) operator: TestOperator,
    pub(super) signers: TestSigners,
    token: String,
    _controller: TestController,
}

impl Desk {
    /// Opens it, with these runbooks beside those that are shipped: the name and the text of each.
    ///
    /// # Panics
    /// If that fails.
    #[must_use]
    pub fn open(world: World, others: &[(&str, &str)]) -> Self {
        let mut controller = TestController::initialised(None);
        let config = controller.data().join("config.toml");
        let text = std::fs::read_to_string(&config).expect("read the configuration");
        let line = |line: &str| match line.split_once(" = ") {
            Some(("names", _)) => format!("names = [\"{HUB}\"]\n"),
            _ => format!("{line}\n"),
        };
        let text = text.replacen("127.0.0.1:0", &format!("{HUB}:0"), 1);
        let text: String = text.lines().map(line).collect();
        std::fs::write(&config, text).expect("write the configuration");
        controller.serve();
        let operator = controller.admin();
        let signers = TestSigners::introduce(&controller, &operator);
        signers.publish(&operator, Books::ShippedAnd(others));
        let token = operator.json(&["enroll", "token", "new", "--uses", "200", "--valid", "2h"]);
        let token = token["token"].as_str().expect("a token").to_owned();
        Self { world, operator, signers, token, _controller: controller }
    }
}

/// An office.
#[derive(Debug)]
pub struct Office<'a> {
    pub(super) desk: &'a Desk,
    /// Its number, which no other has: 10.77.NUMBER.0/24 is its network.
    pub number: u8,
    /// The machine.
    pub machine: Machine,
    /// What answers names at the router.
    pub names: Names,
    time: TimeServer,
    /// Its ticket.
    pub ticket: String,
    router: Empty,
    dhcp: Option<Dhcp>,
    agent: TestAgent,
    pub(super) attending: Mutex<Option<Terminal>>,
}

impl<'a> Office<'a> {
    /// One in which everything works, whose machine got its address from the router.
    #[must_use]
    pub fn open(desk: &'a Desk, number: u8) -> Self {
        Self::with(desk, number, "", WallClock::Shared)
    }

    /// The same, whose machine has a wall clock of its own.
    #[must_use]
    pub fn with_clock(desk: &'a Desk, number: u8, targets: &str) -> Self {
        Self::with(desk, number, targets, WallClock::Own)
    }

    /// The same, with more targets in the machine's policy: TOML below `[targets]`.
    #[must_use]
    pub fn with_targets(desk: &'a Desk, number: u8, targets: &str) -> Self {
        Self::with(desk, number, targets, WallClock::Shared)
    }

    fn with(desk: &'a Desk, number: u8, targets: &str, clock: WallClock) -> Self {
        let (router, machine) = (Empty::make(), Machine::start());
        let (way, wan) = (format!("w{number}"), format!("10.70.1.{number}"));
        space::join((machine.space(), "eth0"), (&router.space(), "lan0"));
        space::join((&desk.world.space, &way), (&router.space(), "wan0"));
        desk.world.space.does(&format!(
            "ip link set {way} master br0 up; ip addr add 198.51.{number}.254/24 dev lo
             ip route add 10.77.{number}.0/24 via {wan} dev br0 onlink"
        ));
        router.space().does(&format!(
            "ip addr add 10.77.{number}.1/24 dev lan0; ip link set lan0 up
             ip addr add {wan}/16 dev wan0; ip link set wan0 up; ip route add default via {HUB}"
        ));
        let at = Ipv4Addr::new(10, 77, number, 1);
        let names = Names::serve(&router.space(), IpAddr::V4(at), &desk.world.zone);
        let clock_at = outside(number, TIME_SERVER);
        let time = TimeServer::serve(&desk.world.space, IpAddr::V4(clock_at));
        let agent = TestAgent::new();
        // On the way to the door.
        let open = Permissions::from_mode(0o711);
        std::fs::set_permissions(agent.folder(), open).expect("open a folder");
        std::fs::write(agent.folder().join("policy.toml"), policy(clock_at, targets))
            .expect("write");
        agent.enroll(&desk.token);
        let mut this = Self {
            desk,
            number,
            machine,
            names,
            time,
            ticket: String::new(),
            router,
            dhcp: None,
            agent,
            attending: Mutex::new(None),
        };
        this.hands_out(&this.lease());
        this.machine.space().does("ip link set eth0 up");
        this.machine.space().does(DHCLIENT);
        let policy = this.agent.folder().join("policy.toml");
        let (machine, space) = (&this.machine, this.machine.space().clone());
        let within = |command: Command| match clock {
            WallClock::Shared => space.enter(&command),
            WallClock::Own => space.enter(&clock::own(machine, &command)),
        };
        let arguments = ["--policy", policy.to_str().expect("UTF-8")];
        this.agent.start_link_as(&arguments, within);
        this.agent.wait_until_connected();
        let agent = this.agent.id();
        let subject = format!("office {number}");
        let ticket = ["ticket", "new", "--subject", &subject, "--machine", &agent];
        this.ticket = desk.operator.json(&ticket)["ticket"]["number"].to_string();
        let until = Instant::now() + OPENING;
        loop {
            std::thread::sleep(LOOK);
            let shown = desk.operator.json(&["machine", "show", &agent]);
            if shown["trust"]["catalogue_version"].as_u64().is_some_and(|version| version > 0) {
                break;
            }
            assert!(Instant::now() < until, "the machine has no catalogue: {shown:#}");
        }
        this
    }

    /// The router.
    #[must_use]
    pub fn router(&self) -> Space {
        self.router.space()
    }

    /// Has the second time server of the policy, which is the office's own, be ahead by so many seconds.
    pub fn lies_about_the_time(&self, seconds: i64) {
        self.time.is_ahead(seconds);
    }

    /// Makes a name known everywhere.
    ///
    /// # Panics
    /// If a name server panicked.
    pub fn knows(&self, name: &str, address: Ipv4Addr) {
        self.desk.world.zone.lock().expect("no panic").insert(name.to_owned(), address);
    }

    /// Makes a name unknown everywhere.
    ///
    /// # Panics
    /// If a name server panicked.
    pub fn forgets(&self, name: &str) {
        self.desk.world.zone.lock().expect("no panic").remove(name);
    }

    /// What the router hands out where nothing is broken.
    #[must_use]
    pub fn lease(&self) -> Lease {
        let router = Ipv4Addr::new(10, 77, self.number, 1);
        Lease { network: [10, 77, self.number], router, names: vec![router] }
    }

    /// Waits until the machine is as it was: the kernel tells some of it a little later.
    ///
    /// # Panics
    /// If it stays otherwise.
    pub fn settles_to(&self, before: &State) {
        let mut after = self.machine.state();
        let until = Instant::now() + Duration::from_secs(60);
        while after != *before && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(100));
            after = self.machine.state();
        }
        assert_eq!(after, *before);
    }

    /// Undoes what was changed for the ticket, which takes the machine off the network again; repairs it by these lines
    /// of the shell, in which `$ROUTER` stands for the router, so that the help desk hears that it was undone.
    ///
    /// # Panics
    /// If the machine does not become as it was.
    pub fn undo_into_the_dark(&self, before: &State, repair: &str) {
        std::thread::scope(|scope| {
            let undoing = scope.spawn(|| self.undo());
            self.settles_to(before);
            let router = self.lease().router;
            self.machine.space().does(&format!("ROUTER={router}; {repair}"));
            undoing.join().expect("it is undone");
        });
    }

    /// Has the router hand this out from now on.
    pub fn hands_out(&mut self, lease: &Lease) {
        self.dhcp = None;
        self.dhcp = Some(Dhcp::serve(&self.router.space(), "lan0", lease, self.machine.folder()));
    }

    /// Has nobody hand out anything any more.
    pub fn hands_out_nothing(&mut self) {
        self.dhcp = None;
    }

    /// An address of the office's own in the Internet, of those that end in 1 to 9.
    #[must_use]
    pub const fn outside(&self, last: u8) -> Ipv4Addr {
        outside(self.number, last)
    }

    /// The agent's id.
    #[must_use]
    pub fn agent(&self) -> String {
        self.agent.id()
    }

    /// A command of the agent's, as the person at the machine.
    #[must_use]
    pub fn as_person(&self, arguments: &[&str]) -> Command {
        let command = self.agent.command(arguments);
        let mut person = Command::new("setpriv");
        person.args(["--reuid", PERSON, "--regid", PERSON, "--clear-groups", "--"]);
        person.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => person.env(name, value),
                None => person.env_remove(name),
            };
        }
        self.machine.space().enter(&person)
    }

    /// Has the person at the machine wait for the help desk's questions, and agree to everything.
    ///
    /// # Panics
    /// If they are not let in.
    pub fn attend(&self) {
        let mut attending = self.attending.lock().expect("no panic");
        if attending.is_none() {
            let terminal = Terminal::open(&self.as_person(&["attend"]));
            terminal.wait_for("You will be asked here");
            *attending = Some(terminal);
        }
    }

    /// Waits until the person who attends sees this.
    ///
    /// # Panics
    /// If nobody attends in time.
    pub fn person_sees(&self, text: &str) {
        eventually(&format!("the person to see {text:?}"), || {
            let attending = self.attending.lock().expect("no panic");
            attending.as_ref().is_some_and(|terminal| terminal.screen().contains(text))
        });
    }

    /// Ends the executor on the machine without warning, as where memory ran out.
    pub fn kill_executor(&self) {
        self.machine.space().does(
            r#"for process in /proc/[0-9]*; do
                case "$(readlink "$process/exe")" in
                    *befund-agent) ;;
                    *) continue;;
                esac
                if [ "$(tr '\0' '\n' < "$process/cmdline" | sed -n 2p)" = executor ]; then
                    kill -9 "${process#/proc/}"
                fi
            done"#,
        );
    }

    /// What the machine's journal has of a job.
    ///
    /// # Panics
    /// If it has nothing.
    #[must_use]
    pub fn journal(&self, job: &str) -> Vec<Entry> {
        let folder = self.agent.state().join("executor/journal");
        let of_it = std::fs::read_dir(&folder).expect("a journal").flatten();
        let path = of_it.map(|entry| entry.path()).find(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(job))
        });
        let bytes = std::fs::read(path.expect("the job's journal")).expect("read a journal");
        let records = record::read(job.parse().expect("a job's id"), &bytes).records;
        let entry = |one: &record::Record| serde_json::from_slice(&bytes[one.payload.clone()]);
        records.iter().map(|one| entry(one).expect("an entry")).collect()
    }

    /// What a command prints on the machine.
    #[must_use]
    pub fn output(&self, command: &Command) -> std::process::Output {
        run(&mut self.machine.space().enter(command))
    }

    pub(super) fn shown(&self, job: &str) -> Value {
        self.desk.operator.json(&["job", "show", job])
    }
}

const fn outside(number: u8, last: u8) -> Ipv4Addr {
    Ipv4Addr::new(198, 51, number, last)
}

/// Which wall clock a machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WallClock {
    /// The kernel's, as all have.
    Shared,
    /// One that can be wrong.
    Own,
}

/// What the machine's owner allows: self-service, and targets in this Internet.
fn policy(other: Ipv4Addr, targets: &str) -> String {
    let one = TIME;
    format!(
        "[targets]\ndns = [\"{CHECK}\"]\nntp = [\"{one}\", \"{other}\"]\n\
         [targets.resolvers]\nreference = \"{REFERENCE}\"\n\
         [targets.http.check]\nurl = \"http://{CHECK}/check.txt\"\nbody = \"success\"\n\
         {targets}\n[runbooks]\nself_service = [\"*\"]\n"
    )
}
