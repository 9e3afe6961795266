//! The tables of compliance.md §11 that this crate answers for, row by row.
#![allow(clippy::unwrap_used)]

#[path = "vectors/bounce.rs"]
mod bounce;
#[path = "vectors/deadline.rs"]
mod deadline;
#[path = "vectors/email.rs"]
mod email;
#[path = "vectors/phone.rs"]
mod phone;
#[path = "vectors/registry.rs"]
mod registry;
#[path = "vectors/replies.rs"]
mod replies;
#[path = "vectors/sender_id.rs"]
mod sender_id;
#[path = "vectors/token.rs"]
mod token;
