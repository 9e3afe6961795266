//! SMS touches, through any HTTP gateway described by data.
//!
//! `preset` holds the descriptions, `settings` what an installation changes of them, `gateway`
//! the client, `reply` what its results mean for a touch, `sender` the rules of sender names.

pub mod gateway;
pub mod preset;
pub mod rate;
pub mod reply;
pub mod sender;
pub mod settings;
