//! What Befund can change on a machine: actions and scripts, each with its prediction, its undoing and its
//! post-condition. Run in a short-lived child of the executor (`befund-agent act`), which decides whether
//! anything is run at all; nothing here does.
//!
//! `platform/linux`, `platform/windows`, `platform/macos`: how each action is done there. What a system
//! cannot do is `unsupported` with its reason.
