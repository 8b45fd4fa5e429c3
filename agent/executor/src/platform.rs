//! What differs between systems: descriptors that were handed over, and the lives of children.

#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub(crate) use unix::{
    ask_to_end, check_parent, die_with_parent, end_group, has_ended, in_own_group,
    inherited_listener, may_be_changed_by, owner_of, owner_uid, watch,
};
