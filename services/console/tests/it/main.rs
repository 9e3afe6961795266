//! The console against a real PostgreSQL: who may do what, how people come in, what pages answer.
#![allow(clippy::unwrap_used)]

mod access;
mod headers;
mod list;
mod plans;
mod templates;
mod walk;
mod world;
