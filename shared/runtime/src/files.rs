//! Files that are somebody's alone: made so, made durable, and looked at before they are trusted.

pub use crate::platform::files::{
    changeable_by, create_private, folder_changeable_by, how_to_own, make_private_folder, owner_of,
    rename, sync_folder,
};
