//! The shipped runbooks for troubles of a machine itself, tried on machines that have them: each is broken for real,
//! the runbook finds the right cause and no other, its fix is signed, done, verified, and undone, and the machine is
//! looked at each time. Those for troubles of the network are tried elsewhere.

mod services;
