//! Templates: strict Handlebars over MJML, plain text and SMS, compiled once per version.
//!
//! A [`Source`] is what people write. [`check`] tells them what is wrong with it, [`compile`]
//! makes the [`Compiled`] form that is stored beside it, and a [`Renderer`] turns that and the
//! [`Fields`] of one touch into what is sent. Values are data: they are never read as templates,
//! are escaped for the place they stand in, and a missing one stops the touch with its name.

pub mod blocks;
mod check;
mod compile;
mod defaults;
mod engine;
mod expression;
pub mod fields;
mod fold;
mod include;
mod lint;
mod look;
mod markup;
mod page;
mod place;
mod problem;
mod render;
mod said;
mod schema;
pub mod sms;
mod source;

pub use check::{Limits, check, check_against, check_and_compile};
pub use compile::{Compiled, CompiledTexts, FORMAT, compile};
pub use fields::Fields;
pub use problem::{Problem, ProblemCode, Severity};
pub use render::{
    LoadError, MAX_OUTPUT, RenderError, RenderedEmail, RenderedSms, RenderedTask, Renderer,
};
pub use said::{Said, is_arabic};
pub use source::{Part, Partials, Purpose, Source, Texts};
