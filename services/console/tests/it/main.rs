//! The console against a real PostgreSQL: who may do what, how people come in, what pages answer.
#![allow(clippy::unwrap_used)]

mod access;
mod agents;
mod api;
mod compliance;
mod contacts;
mod feed;
mod fleet;
mod handover;
mod headers;
mod home;
mod images;
mod list;
mod list_files;
mod plans;
mod provider;
mod safety;
mod sample;
mod self_tests;
mod tasks;
mod templates;
mod tokens;
mod walk;
mod walk_api;
mod webhooks;
mod world;
