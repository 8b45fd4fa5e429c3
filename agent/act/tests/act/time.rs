//! The clock, set by time servers of the test's own.

use std::net::UdpSocket;
use std::sync::{Arc, Mutex};

use befund_act::{SystemClock, WallClock};
use befund_model::snapshot::Status;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::common::Made;

/// A clock that is off, until it is set.
#[derive(Clone, Debug)]
struct Off(Arc<Mutex<SignedDuration>>);

impl Off {
    fn by(seconds: i64) -> Self {
        Self(Arc::new(Mutex::new(SignedDuration::from_secs(seconds))))
    }

    fn seconds(&self) -> i64 {
        self.0.lock().expect("whole").as_secs()
    }
}

impl WallClock for Off {
    fn now(&self) -> Timestamp {
        SystemClock.now() + *self.0.lock().expect("whole")
    }

    fn set(&self, to: Timestamp) -> std::io::Result<()> {
        *self.0.lock().expect("whole") = to.duration_since(SystemClock.now());
        Ok(())
    }
}

/// A time server that is so many seconds ahead of this machine.
fn server(ahead: i64) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = socket.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        let mut packet = [0; 48];
        while let Ok((48, from)) = socket.recv_from(&mut packet) {
            let now = SystemClock.now();
            let seconds =
                u32::try_from(now.as_second() + ahead + 2_208_988_800).expect("before 2036");
            let fraction =
                (u64::try_from(now.subsec_nanosecond()).expect("after 1970") << 32) / 1_000_000_000;
            let mut answer = [0; 48];
            (answer[0], answer[1]) = (0x24, 2);
            answer[24..32].copy_from_slice(&packet[40..48]);
            for at in [32, 40] {
                answer[at..at + 4].copy_from_slice(&seconds.to_be_bytes());
                answer[at + 4..at + 8]
                    .copy_from_slice(&u32::try_from(fraction).expect("a fraction").to_be_bytes());
            }
            let _ = socket.send_to(&answer, from);
        }
    });
    address
}

fn machine(clock: &Off, servers: &[i64]) -> Made {
    let mut made = Made::new().with_clock(clock.clone());
    made.machine.time_servers = servers.iter().map(|ahead| server(*ahead)).collect();
    made
}

#[test]
fn a_clock_that_is_off_is_set() {
    let clock = Off::by(-7_200);
    let made = machine(&clock, &[0, 0, 0]);
    let told = made.predict("time.resync", &Value::Null);
    // How long the answer took falls on either side of the second.
    let by = told.lines[0].strip_prefix("set the clock by +").and_then(|by| by.strip_suffix(" s"));
    let by: f64 = by.and_then(|by| by.parse().ok()).expect("a number of seconds");
    assert!((by - 7_200.0).abs() < 1.0, "{told:?}");
    made.lives("time.resync", &Value::Null);
    assert_eq!(clock.seconds(), 0);
}

#[test]
fn servers_that_disagree_set_nothing() {
    let clock = Off::by(-7_200);
    let made = machine(&clock, &[0, 90_000]);
    let acted = made.perform("time.resync", &Value::Null);
    assert_eq!(acted.status, Status::Failed);
    assert!(acted.reason.starts_with("the time servers disagree"), "{acted:?}");
    assert_eq!(clock.seconds(), -7_200);
}

#[test]
fn one_server_alone_is_believed_small_jumps_only() {
    let clock = Off::by(-7_200);
    let acted = machine(&clock, &[0]).perform("time.resync", &Value::Null);
    assert!(acted.reason.contains("one time server alone"), "{acted:?}");
    let clock = Off::by(-90);
    machine(&clock, &[0]).lives("time.resync", &Value::Null);
    assert_eq!(clock.seconds(), 0);
}

#[test]
fn no_clock_goes_back_before_what_is_known_to_have_been() {
    let clock = Off::by(0);
    let mut made = machine(&clock, &[-400_000, -400_000]);
    made.machine.not_before = SystemClock.now().as_second() - 60;
    let acted = made.perform("time.resync", &Value::Null);
    assert!(acted.reason.contains("known to have been"), "{acted:?}");
}

#[test]
fn without_servers_there_is_nothing_to_set_by() {
    let acted = machine(&Off::by(-90), &[]).perform("time.resync", &Value::Null);
    assert_eq!(acted.status, Status::Unsupported);
    let mut made = machine(&Off::by(-90), &[]);
    made.machine.time_servers = vec!["127.0.0.1:9".to_owned()];
    assert_eq!(made.perform("time.resync", &Value::Null).status, Status::Failed);
}
