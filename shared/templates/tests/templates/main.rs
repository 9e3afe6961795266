//! Templates from the outside: what people write, what is refused, what is sent.
#![allow(clippy::unwrap_used)]

mod blocks;
mod checking;
mod composer;
mod rendering;
mod safety;
mod samples;
mod sms;
