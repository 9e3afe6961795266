//! The public edge against a real PostgreSQL: vectors of compliance.md V-13, bad days, pages.
#![allow(clippy::unwrap_used)]

mod arrivals;
mod crash;
mod hooks;
mod images;
mod load;
mod mail;
mod outage;
mod pages;
mod preferences;
mod proxy;
mod requests;
mod returned;
mod statuses;
mod texts;
mod tokens;
mod vectors;
mod world;
