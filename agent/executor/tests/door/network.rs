//! Broken networks, each a network namespace of its own.
