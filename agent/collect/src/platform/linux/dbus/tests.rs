//! A peer that plays systemd, and answers that are cut short. The real one is asked in the
//! story `systemd` of `befund-tests`.

use super::*;

fn reply(body: &Writer) -> Vec<u8> {
    let mut message = Writer(vec![b'l', 2, 1, 1]);
    message.number(body.0.len());
    message.number(1);
    message.number(8);
    message.0.extend_from_slice(&[5, 1, b'u', 0, 1, 0, 0, 0]);
    message.0.extend_from_slice(&body.0);
    message.0
}

fn unit(to: &mut Writer, name: &str, loaded: &str, active: &str, detail: &str) {
    to.align(8);
    for text in [name, "what it is", loaded, active, detail, "", "/path"] {
        to.string(text);
    }
    to.number(0);
    to.string("");
    to.string("/");
}

#[test]
fn systemd_is_asked_for_its_state_and_its_units() {
    let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets");
    let manager = std::thread::spawn(move || {
        let mut seen = Vec::new();
        let mut until = |theirs: &mut UnixStream, end: &[u8]| {
            while !seen.windows(end.len()).any(|window| window == end) {
                let mut byte = [0];
                theirs.read_exact(&mut byte).expect("the call");
                seen.push(byte[0]);
            }
        };
        until(&mut theirs, b"\r\n");
        theirs.write_all(b"OK 0123\r\n").expect("written");
        until(&mut theirs, b"SystemState\0");
        let mut state = Writer(vec![1, b's', 0]);
        state.string("degraded");
        theirs.write_all(&reply(&state)).expect("written");
        until(&mut theirs, b"ListUnits\0");
        let mut units = Writer(Vec::new());
        unit(&mut units, "ssh.service", "loaded", "active", "running");
        unit(&mut units, "cups.service", "loaded", "failed", "failed");
        unit(&mut units, "gone.service", "not-found", "inactive", "dead");
        unit(&mut units, "dev-sda.device", "loaded", "active", "plugged");
        let mut body = Writer(Vec::new());
        body.number(units.0.len());
        body.align(8);
        body.0.extend_from_slice(&units.0);
        theirs.write_all(&reply(&body)).expect("written");
        until(&mut theirs, b"Result\0");
        let mut result = Writer(vec![1, b's', 0]);
        result.string("exit-code");
        theirs.write_all(&reply(&result)).expect("written");
        until(&mut theirs, b"ExecMainStatus\0");
        let mut status = Writer(vec![1, b'i', 0]);
        status.number(42);
        theirs.write_all(&reply(&status)).expect("written");
        // Whatever is left of the last call.
        let _ = io::copy(&mut theirs, &mut io::sink());
    });

    let state = ask(ours, false).expect("an answer");
    manager.join().expect("the manager ends");

    assert_eq!(state.system.as_deref(), Some("degraded"));
    let told: Vec<(&str, &str)> =
        state.services.iter().map(|unit| (unit.name.as_str(), unit.state.as_str())).collect();
    assert_eq!(told, [("cups", "failed"), ("ssh", "active")]);
    let failed = &state.services[0];
    assert_eq!((failed.result.as_deref(), failed.exit_status), (Some("exit-code"), Some(42)));
}

#[test]
fn answers_cut_short_are_no_units() {
    let mut body = Writer(Vec::new());
    body.number(400);
    body.align(8);
    unit(&mut body, "ssh.service", "loaded", "active", "running");
    for end in 0..body.0.len() {
        assert!(services(&body.0[..end]).is_none());
    }
}
