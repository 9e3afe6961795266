//! Why somebody does something: asked for by every form here, and what else can be wrong with one.

use crate::page::Page;

/// The longest a reason, a domain or a source may be, in bytes.
pub const LONGEST: usize = 500;

/// What is wrong with a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// It does not say why.
    WhyMissing,
    /// It says so at too great a length.
    WhyTooLong,
    /// It does not say what is to be paused.
    ScopeMissing,
    /// It does not say which, or there is none of that name.
    KeyMissing,
    /// Somebody else was faster.
    PausedAlready,
    /// It does not say what is decided.
    ResolutionMissing,
    /// It names no touch.
    NothingChosen,
    /// Nothing waits for that, or not any more.
    NothingWaits,
}

impl Wrong {
    /// In the reader's words.
    pub fn told(self, page: &Page) -> String {
        match self {
            Self::WhyMissing => page.say("why-missing"),
            Self::WhyTooLong => page.say("why-too-long"),
            Self::ScopeMissing => page.say("pause-scope-missing"),
            Self::KeyMissing => page.say("pause-key-missing"),
            Self::PausedAlready => page.say("pause-there"),
            Self::ResolutionMissing => page.say("desk-what-missing"),
            Self::NothingChosen => page.say("desk-none-chosen"),
            Self::NothingWaits => page.say("desk-none-waits"),
        }
    }
}

/// What was said, without the spaces around it.
///
/// # Errors
/// When nothing was said, or too much.
pub fn said(why: &str) -> Result<&str, Wrong> {
    match why.trim() {
        "" => Err(Wrong::WhyMissing),
        why if why.len() > LONGEST => Err(Wrong::WhyTooLong),
        why => Ok(why),
    }
}
