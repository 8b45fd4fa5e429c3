//! What the rules of trust take and what they refuse, as an organisation with four people meets it.

mod approvals;
mod attacks;
mod authenticator;
mod browsers;
mod catalogues;
mod floors;
mod hardware;
mod openssh;
mod organisation;
mod properties;
mod roots;
mod texts;
