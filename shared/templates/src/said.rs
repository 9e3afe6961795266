//! What is wrong with a template, in every language. The only way to make it asks for both, so no finding
//! is without words for half of its readers.

use domain::Locale;
use serde::Serialize;

/// A sentence, or a part of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Said {
    /// English.
    pub en: String,
    /// Arabic; what is not Arabic in it stands between marks that keep its direction.
    pub ar: String,
}

impl From<Said> for String {
    fn from(said: Said) -> Self {
        said.en
    }
}

impl Said {
    /// In a language.
    #[must_use]
    pub fn in_words(&self, locale: Locale) -> &str {
        match locale {
            Locale::En => &self.en,
            Locale::Ar => &self.ar,
        }
    }

    /// With another part behind it.
    pub(crate) fn and(mut self, more: &Self) -> Self {
        self.en.push_str(&more.en);
        self.ar.push_str(&more.ar);
        self
    }
}

/// Whether a text has Arabic letters.
pub const fn is_arabic(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        // The first bytes of U+0600 to U+06FF.
        if bytes[at] >= 0xD8 && bytes[at] <= 0xDB {
            return true;
        }
        at += 1;
    }
    false
}

/// Makes a [`Said`]: English, Arabic, and what both put in. Without Arabic it does not compile.
#[macro_export]
macro_rules! said {
    ($en:literal, $ar:literal $(, $name:ident = $value:expr)* $(,)?) => {{
        const { assert!($crate::is_arabic($ar), "say it in Arabic, too") };
        $crate::Said {
            en: std::fmt::format(format_args!($en $(, $name = $value)*)),
            ar: std::fmt::format(format_args!($ar $(, $name = $value)*)),
        }
    }};
}
pub(crate) use said;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_are_filled_in() {
        let said = said!("line {n}", "السطر {n}", n = 7).and(&said!("!", "؛ انتهى"));
        assert_eq!(said.in_words(Locale::En), "line 7!");
        assert_eq!(said.in_words(Locale::Ar), "السطر 7؛ انتهى");
        assert!(!is_arabic("Straße, “naïve”"));
    }
}
