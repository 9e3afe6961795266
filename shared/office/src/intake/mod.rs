//! Reading files that people bring: their encoding, their rows, their columns, what is refused.

pub mod columns;
pub mod contact;
pub mod encoding;
pub mod rejects;
pub mod rows;
pub mod values;
