//! The fleet as the database knows it: who is there ([`members`]), and how it goes ([`state`]).

pub mod members;
pub mod state;
