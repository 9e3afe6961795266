//! A template as people write it: one key, one medium, and its texts per language.

use std::collections::BTreeMap;

use domain::{Locale, Medium};
use serde::{Deserialize, Serialize};

domain::words! {
    /// Why a template is sent; it decides what the law wants to see in it.
    Purpose, "purpose", {
        /// Follow-up and news: needs the sender's name, postal address and an unsubscribe link.
        Marketing = "marketing",
        /// An answer to something the person did; the list still decides.
        Transactional = "transactional",
    }
}

/// A template as it is edited and stored beside its compiled form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The name plans use, e.g. `8x8_w2_market_stats`.
    pub key: String,
    /// Which worker it is for; it decides which texts are needed.
    pub medium: Medium,
    /// Why it is sent.
    pub purpose: Purpose,
    /// The texts, per language.
    pub locales: BTreeMap<Locale, Texts>,
}

/// The texts of one language. Email needs `subject`, `mjml` and `text`; SMS needs `sms`; a task
/// for a person needs `title` and `script`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// The email's subject, one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The email's body as MJML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mjml: Option<String>,
    /// The email's body as plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The text message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms: Option<String>,
    /// The task's title, one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the person says or writes: call script, letter or card text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
}

domain::words! {
    /// One text of a template.
    Part, "part", {
        /// The email's subject.
        Subject = "subject",
        /// The email's MJML body, and the HTML made of it.
        Mjml = "mjml",
        /// The email's plain-text body.
        Text = "text",
        /// The text message.
        Sms = "sms",
        /// The task's title.
        Title = "title",
        /// The task's text.
        Script = "script",
    }
}

impl Part {
    /// The parts a medium needs, in the order they are compiled.
    #[must_use]
    pub const fn of(medium: Medium) -> &'static [Self] {
        match medium {
            Medium::Email => &[Self::Subject, Self::Mjml, Self::Text],
            Medium::Sms => &[Self::Sms],
            Medium::Call => &[Self::Title, Self::Script],
        }
    }

    /// Whether the part is one line, so that a line break in it is an error.
    #[must_use]
    pub const fn is_one_line(self) -> bool {
        matches!(self, Self::Subject | Self::Title)
    }
}

impl Texts {
    /// The text of a part, if there is one.
    #[must_use]
    pub fn part(&self, part: Part) -> Option<&str> {
        match part {
            Part::Subject => self.subject.as_deref(),
            Part::Mjml => self.mjml.as_deref(),
            Part::Text => self.text.as_deref(),
            Part::Sms => self.sms.as_deref(),
            Part::Title => self.title.as_deref(),
            Part::Script => self.script.as_deref(),
        }
    }
}

/// Pieces that several templates share, by file name: MJML for `<mj-include path="footer.mjml" />`,
/// plain text for `{{> footer.txt}}`. A piece may exist once, or once per language; the language's
/// own comes first. Pieces are copied in when a template is compiled and include nothing themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Partials {
    shared: BTreeMap<String, String>,
    localised: BTreeMap<(Locale, String), String>,
}

impl Partials {
    /// No pieces.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a piece under `name`, for one language or (`None`) for all; the last one added wins.
    pub fn insert(
        &mut self,
        locale: Option<Locale>,
        name: impl Into<String>,
        content: impl Into<String>,
    ) {
        match locale {
            Some(locale) => self.localised.insert((locale, name.into()), content.into()),
            None => self.shared.insert(name.into(), content.into()),
        };
    }

    /// The piece of that name for a language.
    #[must_use]
    pub fn find(&self, locale: Locale, name: &str) -> Option<&str> {
        self.localised
            .get(&(locale, name.to_owned()))
            .or_else(|| self.shared.get(name))
            .map(String::as_str)
    }

    /// The pieces a language sees: names and contents, each name once.
    #[must_use]
    pub fn visible(&self, locale: Locale) -> BTreeMap<&str, &str> {
        let mut seen: BTreeMap<&str, &str> =
            self.shared.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect();
        for ((_, name), content) in self.localised.iter().filter(|((of, _), _)| *of == locale) {
            seen.insert(name, content);
        }
        seen
    }
}
