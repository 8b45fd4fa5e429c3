//! What every Befund process needs and none exists for: an orderly life (signals, tasks, shutdown),
//! TLS with the private CA, retries with jitter, logs, a clock, and frames on local sockets.

pub mod backoff;
pub mod clock;
pub mod files;
pub mod frame;
pub mod lifecycle;
pub mod local;
pub mod peer;
pub mod places;
pub mod platform;
pub mod telemetry;
pub mod tls;
