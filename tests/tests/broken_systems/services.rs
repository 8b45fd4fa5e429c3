//! `service.down`.

use befund_tests::laboratory::system::SystemMachine;
use befund_tests::systemd::Layer;

#[test]
fn services() {
    let mut layer = Layer::new();
    layer.unit(
        "gone.service",
        "[Service]\nExecStart=/bin/sh -c 'test -e /run/well && exec sleep infinity'\n",
    );
    let machine = SystemMachine::boot(layer).expect("boot");
    println!("{}", machine.sh("systemctl --failed --no-legend || true"));
    machine.sh("systemctl start gone.service || true; touch /run/well");
    let run = machine.run("service.down", &[]);
    println!("{run}");
    run.found_only("failed");
}
