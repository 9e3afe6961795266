//! The fleet as the database knows it: who is there ([`members`]).

pub mod members;
