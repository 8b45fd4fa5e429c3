//! The gate as machines meet it: real sockets, real TLS, a real database, generated clients.

mod enroll;
mod fixture;
mod identity;
mod open;
mod own;
mod session;
mod upload;
