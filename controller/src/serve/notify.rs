//! What the service manager is told: that the controller serves, that it is alive, that it stops.

use befund_runtime::lifecycle::Lifecycle;
use tracing::{Span, debug};

use crate::platform;

/// Tells that everything serves, and from now on at every half of the watchdog's time that the
/// controller is alive.
pub fn ready(life: &Lifecycle) {
    tell(platform::ServiceState::Ready);
    let Some(within) = platform::watchdog() else { return };
    let soft = life.soft();
    life.spawn(Span::none(), async move {
        let mut tick = tokio::time::interval(within / 2);
        while soft.run_until_cancelled(tick.tick()).await.is_some() {
            tell(platform::ServiceState::Alive);
        }
    });
}

/// Tells that the controller stops.
pub fn stopping() {
    tell(platform::ServiceState::Stopping);
}

fn tell(state: platform::ServiceState) {
    if let Err(error) = platform::tell_service_manager(state) {
        debug!(%error, "the service manager could not be told");
    }
}
