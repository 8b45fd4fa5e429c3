//! What `/metrics` tells: every figure with what it means, and there from the start, so that a
//! monitor sees a zero before the first failure, not a figure that comes out of nowhere.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

/// Counters without a label.
const COUNTERS: &[(&str, Unit, &str)] = &[
    ("befund_gate_upload_bytes_total", Unit::Bytes, "Bytes of snapshots taken in, as sent."),
    ("befund_gate_orders_total", Unit::Count, "Jobs handed to machines."),
    ("befund_gate_job_events_total", Unit::Count, "Pieces of progress that machines told of jobs."),
    ("befund_gate_job_results_total", Unit::Count, "Results of jobs that were stored."),
    ("befund_gate_protocol_errors_total", Unit::Count, "Streams ended over a message of no sense."),
    ("befund_gate_replaced_total", Unit::Count, "Streams replaced by a machine's newer one."),
    ("befund_gate_renewals_total", Unit::Count, "Certificates of machines that were renewed."),
    (
        "befund_gate_stale_certificates_total",
        Unit::Count,
        "Machines turned away with a certificate that is no longer theirs.",
    ),
    ("befund_snapshots_judged_total", Unit::Count, "Snapshots judged by the checks."),
];

/// Counters with one label: its name and its values.
const LABELLED: &[(&str, &str, &[&str], &str)] = &[
    ("befund_gate_handshakes_total", "result", &["ok", "failed"], "TLS handshakes with machines."),
    ("befund_gate_enrollments_total", "result", &["new", "refused"], "Attempts to enroll."),
    (
        "befund_gate_uploads_total",
        "result",
        &["stored", "duplicate", "later", "refused"],
        "Snapshots offered: stored, had already, put off for want of room, refused.",
    ),
    ("befund_sign_ins_total", "outcome", &["admitted", "refused"], "Sign-ins with a password."),
];

const GAUGES: &[(&str, &str)] = &[
    ("befund_gate_connections", "Connections of machines that are open."),
    ("befund_gate_sessions", "Machines that are connected and were welcomed."),
];

/// Tells what each figure means and sets all of them to where they begin.
pub(super) fn begin() {
    for (name, unit, meaning) in COUNTERS {
        describe_counter!(*name, *unit, *meaning);
        counter!(*name).absolute(0);
    }
    for (name, label, values, meaning) in LABELLED {
        describe_counter!(*name, Unit::Count, *meaning);
        for value in *values {
            counter!(*name, *label => *value).absolute(0);
        }
    }
    for (name, meaning) in GAUGES {
        describe_gauge!(*name, Unit::Count, *meaning);
        gauge!(*name).increment(0);
    }
    describe_gauge!("befund_build_info", "Always 1; the label is the version.");
    gauge!("befund_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
}
