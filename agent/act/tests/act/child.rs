//! The child: one frame in, frames out.

use befund_act::{ActOrder, Machine, Purpose, Told, Work, child};
use befund_model::snapshot::Status;
use befund_runtime::frame::{self, Frame};
use serde_json::json;

use crate::common::Made;

fn answers(bytes: &[u8]) -> Vec<Told> {
    let mut from = bytes;
    std::iter::from_fn(|| {
        frame::read(&mut from).expect("a frame").map(|Frame { header, .. }| header)
    })
    .collect()
}

#[test]
fn an_order_on_standard_input_is_answered_on_standard_output() {
    let made = Made::new();
    made.write("/etc/hosts", "10.0.0.9 a.example\n");
    let machine = Machine { names: vec!["a.example".to_owned()], ..made.machine.clone() };
    let work = Work::Action {
        name: "hosts.entry_disable".to_owned(),
        parameters: json!({"name": "a.example"}),
    };
    let order = ActOrder {
        work,
        purpose: Purpose::Perform,
        within_ms: 10_000,
        output_bytes: 1_000,
        user: None,
        machine,
    };
    let (mut input, mut output) = (Vec::new(), Vec::new());
    frame::write(&mut input, &order, &[]).expect("written");

    // Nobody notes what undoing needs.
    child::run(&input[..], &mut output).expect("obeyed");
    let told = answers(&output);
    assert!(matches!(told.first(), Some(Told::Before(_))), "{told:?}");
    let Some(Told::Acted(acted)) = told.last() else { panic!("{told:?}") };
    assert_eq!(acted.status, Status::Failed);
    assert_eq!(made.read("/etc/hosts"), "10.0.0.9 a.example\n", "nothing was changed");

    output.clear();
    input.push(b'\n');
    child::run(&input[..], &mut output).expect("obeyed");

    let told = answers(&output);
    // What undoing needs is told before anything is changed.
    let Some(Told::Before(before)) = told.first() else { panic!("{told:?}") };
    let Some(Told::Acted(acted)) = told.last() else { panic!("{told:?}") };
    assert_eq!((acted.status, &acted.before), (Status::Ok, before));
}

#[test]
fn no_order_is_no_work_and_a_broken_one_an_error() {
    let mut output = Vec::new();
    child::run(&[][..], &mut output).expect("nothing to do");
    assert!(output.is_empty());
    assert!(child::run(&[0, 0, 0, 9, 0, 0, 0, 0, 1][..], &mut output).is_err());
}
