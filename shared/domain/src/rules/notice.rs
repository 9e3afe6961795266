//! What a law wants a message to say besides its own text (compliance.md EML-19, SMS-12, SMS-26).

use crate::Locale;

crate::words! {
    /// When a notice is owed.
    Occasion, "occasion of a notice", {
        /// With the first marketing message that reaches the person on the channel.
        First = "first",
        /// With every text whose sender cannot be answered: a name instead of a number.
        OneWay = "one_way",
    }
}

/// A text that is added to messages. `{team_name}` and `{unsubscribe_url}` stand for themselves.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// When it is owed.
    pub when: Occasion,
    /// In English.
    pub en: String,
    /// In Arabic.
    pub ar: String,
    /// Whether the link that ends the messages follows, where the message has none of its own.
    #[serde(default)]
    pub exit: bool,
}

impl Notice {
    /// The text in a language.
    #[must_use]
    pub fn text(&self, locale: Locale, team_name: &str, unsubscribe_url: &str) -> String {
        let text = match locale {
            Locale::En => &self.en,
            Locale::Ar => &self.ar,
        };
        text.replace("{team_name}", team_name).replace("{unsubscribe_url}", unsubscribe_url)
    }
}
