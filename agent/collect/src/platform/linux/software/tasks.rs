//! What runs at set times: timers and cron.

use befund_model::section::maintenance::{Tasks, TasksState};

use crate::collector::{Context, Gap};

/// Section `tasks`.
pub(crate) fn tasks(_cx: &Context) -> Result<Tasks, Gap> {
    Err(Gap::unsupported("not read yet"))
}

/// Section `tasks.state`.
pub(crate) fn state(_cx: &Context) -> Result<TasksState, Gap> {
    Err(Gap::unsupported("not read yet"))
}
