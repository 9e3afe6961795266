//! From a compiled template and the values of one touch to what is sent.

use std::collections::BTreeMap;

use domain::{Locale, Medium};
use handlebars::{Context, Output, RenderContext, RenderErrorReason, Renderable, Template};
use serde_json::Value;

use crate::compile::{Compiled, FORMAT};
use crate::engine::{self, Destination};
use crate::fields::Fields;
use crate::sms;
use crate::source::Part;

/// The most bytes one part may render to.
pub const MAX_OUTPUT: usize = 1024 * 1024;

/// Why a touch cannot be rendered. Names of fields and parts only: values are personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A field the text needs is missing or blank on this contact.
    #[error(
        "field \"{name}\" is missing; fill it in, or put the sentence in an {{{{#if {name}}}}}"
    )]
    MissingField {
        /// The field.
        name: String,
    },
    /// A value that should be a link is none, or has a scheme that is not allowed.
    #[error("field \"{name}\" is not an http, https, mailto or tel link")]
    UnsafeLink {
        /// The field.
        name: String,
    },
    /// A value that should be a day is none.
    #[error("field \"{name}\" is not a date; write it as YYYY-MM-DD")]
    NotADate {
        /// The field.
        name: String,
    },
    /// A value put a line break or another control character where it would forge a header.
    #[error("a value puts a control character into the {part}")]
    ControlCharacter {
        /// The part.
        part: Part,
    },
    /// Nothing is left to send.
    #[error("the {part} is empty")]
    Empty {
        /// The part.
        part: Part,
    },
    /// The output grew beyond [`MAX_OUTPUT`].
    #[error("the {part} is larger than {MAX_OUTPUT} bytes")]
    TooLarge {
        /// The part.
        part: Part,
    },
    /// The template has no texts in that language.
    #[error("the template has no texts in \"{locale}\"")]
    NoLocale {
        /// The language asked for.
        locale: Locale,
    },
    /// The template is for another medium.
    #[error("the template is for {medium} and has no {part}")]
    WrongMedium {
        /// The medium it is for.
        medium: Medium,
        /// The part asked for.
        part: Part,
    },
    /// Something the checks at compile time should have refused.
    #[error("the {part} cannot be rendered: {reason}")]
    Engine {
        /// The part.
        part: Part,
        /// The engine's words.
        reason: String,
    },
}

/// Why a stored compiled template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// It is in the form of another release.
    #[error(
        "template \"{key}\" was compiled in form {found}, this release reads {FORMAT}; load it again from its source"
    )]
    Format {
        /// The template.
        key: String,
        /// Its form.
        found: u16,
    },
    /// What is stored does not parse.
    #[error("template \"{key}\", {locale}, {part}: {reason}; load it again from its source")]
    Syntax {
        /// The template.
        key: String,
        /// The language.
        locale: Locale,
        /// The part.
        part: Part,
        /// The parser's words.
        reason: String,
    },
}

/// An email's texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedEmail {
    /// The subject: one line, no control characters.
    pub subject: String,
    /// The HTML body.
    pub html: String,
    /// The plain-text body.
    pub text: String,
}

/// A text message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedSms {
    /// The text, without control characters other than line breaks.
    pub text: String,
    /// What it costs; whether that is allowed is the caller's to ask ([`sms::Count::allowed`]).
    pub count: sms::Count,
}

/// A task for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedTask {
    /// The title, one line.
    pub title: String,
    /// What to say or write.
    pub script: String,
}

/// A template ready to render: parsed once, used for every touch, shared between threads.
#[derive(Debug)]
pub struct Renderer {
    medium: Medium,
    locales: BTreeMap<Locale, BTreeMap<Part, Ready>>,
}

#[derive(Debug)]
struct Ready {
    template: Template,
    size: usize,
}

impl Renderer {
    /// Parses a compiled template.
    ///
    /// # Errors
    /// A form of another release, or stored text that does not parse.
    pub fn new(compiled: &Compiled) -> Result<Self, LoadError> {
        let key = || compiled.key.clone();
        if compiled.format != FORMAT {
            return Err(LoadError::Format { key: key(), found: compiled.format });
        }
        let mut locales = BTreeMap::new();
        for (&locale, texts) in &compiled.locales {
            let mut parts = BTreeMap::new();
            for (&part, text) in &texts.parts {
                let template = Template::compile(text).map_err(|err| {
                    let reason = err.reason().to_string();
                    LoadError::Syntax { key: key(), locale, part, reason }
                })?;
                parts.insert(part, Ready { template, size: text.len() });
            }
            locales.insert(locale, parts);
        }
        Ok(Self { medium: compiled.medium, locales })
    }

    /// The language to use: the one wanted, else the default, else none.
    #[must_use]
    pub fn locale_for(&self, wanted: Locale, default: Locale) -> Option<Locale> {
        [wanted, default].into_iter().find(|locale| self.locales.contains_key(locale))
    }

    /// Renders an email.
    ///
    /// # Errors
    /// A missing field, an unsafe value, or a template that is not an email in this language.
    pub fn email(&self, locale: Locale, fields: &Fields) -> Result<RenderedEmail, RenderError> {
        let context = context(fields);
        Ok(RenderedEmail {
            subject: self.line(locale, Part::Subject, &context)?,
            html: self.part(locale, Part::Mjml, &context)?,
            text: self.part(locale, Part::Text, &context)?,
        })
    }

    /// Renders a text message and counts it with eight-bit references.
    ///
    /// # Errors
    /// A missing field, an unsafe value, nothing to send, or a template that is not a text
    /// message in this language.
    pub fn sms(&self, locale: Locale, fields: &Fields) -> Result<RenderedSms, RenderError> {
        let mut text = self.part(locale, Part::Sms, &context(fields))?;
        text.retain(|character| !character.is_control() || matches!(character, '\n' | '\r'));
        if text.trim().is_empty() {
            return Err(RenderError::Empty { part: Part::Sms });
        }
        let count = sms::count(&text, sms::Reference::EightBit);
        Ok(RenderedSms { text, count })
    }

    /// Renders a task.
    ///
    /// # Errors
    /// A missing field, an unsafe value, or a template that is not a task in this language.
    pub fn task(&self, locale: Locale, fields: &Fields) -> Result<RenderedTask, RenderError> {
        let context = context(fields);
        let title = self.line(locale, Part::Title, &context)?;
        Ok(RenderedTask { title, script: self.part(locale, Part::Script, &context)? })
    }

    /// Renders a part of one line. A control character can only come from a value, and in a
    /// header it could add headers (SEC-13), so it is refused and not repaired.
    fn line(&self, locale: Locale, part: Part, context: &Context) -> Result<String, RenderError> {
        let line = self.part(locale, part, context)?;
        if line.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            return Err(RenderError::ControlCharacter { part });
        }
        if line.trim().is_empty() {
            return Err(RenderError::Empty { part });
        }
        Ok(line)
    }

    fn part(&self, locale: Locale, part: Part, context: &Context) -> Result<String, RenderError> {
        let parts = self.locales.get(&locale).ok_or(RenderError::NoLocale { locale })?;
        let medium = self.medium;
        let ready = parts.get(&part).ok_or(RenderError::WrongMedium { medium, part })?;
        let mut output = CappedOutput { text: String::new(), overflowed: false };
        output.text.reserve(ready.size + ready.size / 8 + 64);
        let registry = engine::registry(locale, Destination::of(part));
        let rendered =
            ready.template.render(registry, context, &mut RenderContext::new(None), &mut output);
        match rendered {
            Ok(()) => Ok(output.text),
            Err(_) if output.overflowed => Err(RenderError::TooLarge { part }),
            Err(err) => Err(reason_of(&err, part)),
        }
    }
}

fn context(fields: &Fields) -> Context {
    Context::from(Value::Object(fields.as_map().clone()))
}

fn reason_of(err: &handlebars::RenderError, part: Part) -> RenderError {
    match err.reason() {
        RenderErrorReason::MissingVariable(name) => {
            RenderError::MissingField { name: name.clone().unwrap_or_default() }
        }
        RenderErrorReason::NestedError(nested) => nested
            .downcast_ref::<RenderError>()
            .cloned()
            .unwrap_or_else(|| RenderError::Engine { part, reason: "unknown".to_owned() }),
        other => RenderError::Engine { part, reason: other.to_string() },
    }
}

/// A string that refuses to grow beyond [`MAX_OUTPUT`].
struct CappedOutput {
    text: String,
    overflowed: bool,
}

impl Output for CappedOutput {
    fn write(&mut self, segment: &str) -> std::io::Result<()> {
        if self.text.len() + segment.len() > MAX_OUTPUT {
            self.overflowed = true;
            return Err(std::io::Error::other("output limit"));
        }
        self.text.push_str(segment);
        Ok(())
    }
}
