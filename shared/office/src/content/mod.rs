//! Plans and templates: loading them, and what a template looks like with a real contact's fields,
//! made by the very code that sends.

mod load;
mod render;
mod seed;

pub use load::{Load, Loaded, LoadedKind, NotLoaded};
pub use render::{NoTemplate, Part, Rendered, compiled, fields_of, render};
pub use seed::seed;
