//! What is wrong with a template, where, and what to do about it.

use std::fmt;

use domain::Locale;
use serde::Serialize;

use crate::said::Said;

domain::words! {
    /// How bad a problem is.
    Severity, "severity", {
        /// The template must not be used.
        Error = "error",
        /// The template works, but someone should look.
        Warning = "warning",
    }
}

domain::words! {
    /// The kinds of problem, for programs.
    ProblemCode, "problem", {
        /// Handlebars or MJML that cannot be parsed.
        Syntax = "syntax",
        /// A construct the engine knows but templates may not use.
        NotAllowed = "not_allowed",
        /// A field named like a helper, so that it would never show its value.
        HelperName = "helper_name",
        /// A field that nothing fills.
        UnknownField = "unknown_field",
        /// A language without texts.
        MissingLocale = "missing_locale",
        /// A text the medium needs.
        MissingText = "missing_text",
        /// A text the medium does not use.
        UnusedText = "unused_text",
        /// A marketing email without a way out.
        MissingUnsubscribe = "missing_unsubscribe",
        /// A marketing email without the sender's postal address.
        MissingPostalAddress = "missing_postal_address",
        /// A marketing email that does not say who sends it.
        MissingSenderName = "missing_sender_name",
        /// An element MJML does not have.
        UnknownElement = "unknown_element",
        /// An attribute the MJML element does not have.
        UnknownAttribute = "unknown_attribute",
        /// An included piece that does not exist, or that includes something itself.
        Include = "include",
        /// A field where no value can be made safe (a style, a script, a tag).
        UnsafePlace = "unsafe_place",
        /// A link with a scheme that is not http, https, mailto or tel.
        UnsafeLink = "unsafe_link",
        /// A link over plain `http:`.
        InsecureLink = "insecure_link",
        /// A link that leads nowhere.
        DeadLink = "dead_link",
        /// Text that can hardly be told from what is behind it.
        LowContrast = "low_contrast",
        /// An image without words for those who do not see it.
        MissingAlt = "missing_alt",
        /// An image of ours that is not there.
        UnknownImage = "unknown_image",
        /// Images that are heavy together.
        HeavyImages = "heavy_images",
        /// A line break or another control character where none may be.
        ControlCharacter = "control_character",
        /// A subject that mail programs will cut off.
        SubjectTooLong = "subject_too_long",
        /// A text message that costs more segments than allowed.
        TooManySegments = "too_many_segments",
        /// A text or page beyond its size limit.
        TooLarge = "too_large",
    }
}

/// One problem of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What kind it is.
    pub code: ProblemCode,
    /// In which language, unless it concerns the whole template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// In which text: the part's word, or the name of an included piece; empty for the whole.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// What is wrong and what to do, in one sentence; programs read it in English.
    #[serde(rename = "message")]
    pub said: Said,
}

impl Problem {
    /// One that keeps the template from being used.
    #[must_use]
    pub fn error(code: ProblemCode, said: Said) -> Self {
        Self {
            severity: Severity::Error,
            code,
            locale: None,
            part: String::new(),
            line: None,
            column: None,
            said,
        }
    }

    /// One that somebody should look at.
    #[must_use]
    pub fn warning(code: ProblemCode, said: Said) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, said) }
    }

    /// Places the problem at a byte offset of the text it was found in.
    pub(crate) fn at(mut self, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        self.line = Some(before.matches('\n').count() + 1);
        self.column = Some(before[line_start..].chars().count() + 1);
        self
    }

    pub(crate) fn at_line(mut self, line: usize, column: usize) -> Self {
        (self.line, self.column) = (Some(line), Some(column));
        self
    }

    /// The problem in a language, and in a text of it where it has no place yet.
    #[must_use]
    pub fn within(mut self, locale: Locale, part: &str) -> Self {
        self.locale = Some(locale);
        if self.part.is_empty() {
            part.clone_into(&mut self.part);
        }
        self
    }

    /// Whether the template must not be used.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.severity)?;
        if let Some(locale) = self.locale {
            write!(f, ", {locale}")?;
        }
        if !self.part.is_empty() {
            write!(f, ", {}", self.part)?;
        }
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.said.in_words(Locale::En))
    }
}
