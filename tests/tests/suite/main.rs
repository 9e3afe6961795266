//! One binary for every suite that crosses crates.
#![allow(clippy::unwrap_used)]

mod answering;
mod end_to_end;
mod failpoints;
mod faults;
mod house;
mod images;
mod parsers;
mod race;
mod real_servers;
mod returns;
mod sample;
mod traces;
