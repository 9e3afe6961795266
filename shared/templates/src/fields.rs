//! The fields templates may use, and the values of one touch.

use std::fmt;

use domain::image::IMAGES_FIELD;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::compile::Compiled;

/// The prefix of a team's own fields: `custom.closing_year`.
pub const CUSTOM: &str = "custom";

/// One field templates may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Known {
    /// The name between the braces.
    pub name: &'static str,
    /// What it is, for people.
    pub what: &'static str,
    /// An example in English.
    pub example_en: &'static str,
    /// An example in Arabic.
    pub example_ar: &'static str,
    /// Whether every touch has it. The others may be missing on a contact: unless they stand in
    /// an `{{#if}}`, such a touch is blocked with the field's name.
    pub always: bool,
}

const fn known(
    name: &'static str,
    what: &'static str,
    example_en: &'static str,
    example_ar: &'static str,
    always: bool,
) -> Known {
    Known { name, what, example_en, example_ar, always }
}

/// Where images are in an example. Whoever shows one to people puts a place that is there instead.
pub const EXAMPLE_IMAGES: &str = "https://example.com/i";

const LINK: &str = "https://example.com/u/v1.k1.AZj0example0token0of0sixty0characters0in0all0here";

/// Every field, in the order people meet them. `custom.<name>` comes on top.
pub const KNOWN: &[Known] = &[
    known("first_name", "the contact's first name", "Sara", "سارة", true),
    known("full_name", "the contact's full name", "Sara Haddad", "سارة حداد", true),
    known("salutation", "how the contact is addressed", "Ms", "السيدة", false),
    known("company", "the contact's company", "Haddad Trading", "شركة حداد للتجارة", false),
    known("source", "how the contact was met", "Open house", "معرض مفتوح", true),
    known("referrer_name", "who referred the contact", "Omar Nasser", "عمر ناصر", false),
    known("area", "the contact's neighbourhood", "Dubai Marina", "دبي مارينا", false),
    known("city", "the contact's city", "Dubai", "دبي", false),
    known(
        "property_address",
        "the property the contact is concerned with",
        "Marina Gate 1, Apartment 2204",
        "مارينا جيت 1، شقة 2204",
        false,
    ),
    known(
        "closing_date",
        "the day of the closing; write {{date closing_date}}",
        "2026-03-12",
        "2026-03-12",
        false,
    ),
    known("agent_name", "the agent who owns the contact", "Layla Mansour", "ليلى منصور", true),
    known("agent_phone", "the agent's phone number", "+971 50 123 4567", "+971 50 123 4567", true),
    known(
        "agent_email",
        "the agent's email address",
        "layla@example.com",
        "layla@example.com",
        true,
    ),
    known("team_name", "the team that sends", "Harbour Homes", "بيوت المرفأ", true),
    known(
        "team_postal_address",
        "the team's postal address, which the law wants in every marketing email",
        "Office 1204, Harbour Tower, P.O. Box 12345, Dubai, UAE",
        "مكتب 1204، برج المرفأ، ص.ب 12345، دبي، الإمارات",
        true,
    ),
    known("unsubscribe_url", "the person's own unsubscribe link", LINK, LINK, true),
    known(
        IMAGES_FIELD,
        "where the team's images are; an image's own name follows",
        EXAMPLE_IMAGES,
        EXAMPLE_IMAGES,
        true,
    ),
];

/// The known field of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

/// The values of one touch. Values are data: nothing in them is ever read as a template.
///
/// Blank values do not exist here (null, empty, only spaces or invisible characters), so strict
/// rendering finds the field missing instead of printing "Hi ,". Numbers become text.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// No values.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The example values of a language, plus example values for the custom fields named.
    #[must_use]
    pub fn examples<'a>(locale: domain::Locale, custom: impl IntoIterator<Item = &'a str>) -> Self {
        let mut fields = Self::new();
        for known in KNOWN {
            fields.insert(
                known.name,
                match locale {
                    domain::Locale::En => known.example_en,
                    domain::Locale::Ar => known.example_ar,
                },
            );
        }
        for name in custom {
            fields.insert(
                name,
                match locale {
                    domain::Locale::En => "Example",
                    domain::Locale::Ar => "مثال",
                },
            );
        }
        fields
    }

    /// Examples of everything a template needs in a language.
    #[must_use]
    pub fn examples_for(compiled: &Compiled, locale: domain::Locale) -> Self {
        let required = compiled.locales.get(&locale).map(|texts| texts.required.as_slice());
        let names = required.unwrap_or_default().iter().map(String::as_str);
        Self::examples(locale, names.filter(|name| name.starts_with("custom.")))
    }

    /// Values from a JSON object: a field's text, or `custom` with an object of such. Blank
    /// values, lists and deeper objects are left out.
    #[must_use]
    pub fn from_map(map: Map<String, Value>) -> Self {
        let mut fields = Self::new();
        for (name, value) in map {
            match value {
                Value::Object(custom) if name == CUSTOM => {
                    for (name, value) in custom {
                        fields.put(Some(CUSTOM), &name, value);
                    }
                }
                value => fields.put(None, &name, value),
            }
        }
        fields
    }

    /// Sets a field (`first_name`, `custom.closing_year`); a blank value removes it.
    pub fn insert(&mut self, name: &str, value: impl Into<Value>) {
        match name.split_once('.') {
            Some((CUSTOM, custom)) => self.put(Some(CUSTOM), custom, value.into()),
            _ => self.put(None, name, value.into()),
        }
    }

    /// The same values with a field set.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.insert(name, value);
        self
    }

    /// A field's text, if it has one.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match name.split_once('.') {
            Some((CUSTOM, custom)) => self.0.get(CUSTOM)?.get(custom)?.as_str(),
            _ => self.0.get(name)?.as_str(),
        }
    }

    pub(crate) const fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    fn put(&mut self, group: Option<&str>, name: &str, value: Value) {
        let kept = kept(value);
        let map = match group {
            None => &mut self.0,
            Some(group) => {
                let inner = self.0.entry(group).or_insert_with(|| Value::Object(Map::new()));
                let Value::Object(inner) = inner else { return };
                inner
            }
        };
        match kept {
            Some(value) => map.insert(name.to_owned(), value),
            None => map.remove(name),
        };
    }
}

impl fmt::Debug for Fields {
    /// Names only: values are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What is kept of a value: text that shows something, trimmed; numbers as text; yes and no.
fn kept(value: Value) -> Option<Value> {
    match value {
        Value::String(text) => {
            let trimmed = text.trim();
            if trimmed.chars().all(is_invisible) {
                None
            } else if trimmed.len() == text.len() {
                Some(Value::String(text))
            } else {
                Some(Value::String(trimmed.to_owned()))
            }
        }
        Value::Number(number) => Some(Value::String(number.to_string())),
        Value::Bool(_) => Some(value),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Whether a character shows nothing: spaces, controls, zero-width and direction marks.
fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
                | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blank_values_do_not_exist() {
        for blank in ["", " ", "\t\n", "\u{200b}", "\u{200e}\u{200f}", "\u{a0}", "\u{feff} "] {
            let fields = Fields::new().with("first_name", blank);
            assert_eq!(fields.text("first_name"), None, "{blank:?}");
        }
        let fields = Fields::new().with("first_name", Value::Null);
        assert_eq!(fields.text("first_name"), None);
    }

    #[test]
    fn a_blank_value_removes_an_earlier_one() {
        let fields = Fields::new().with("area", "Marina").with("area", "  ");
        assert_eq!(fields.text("area"), None);
    }

    #[test]
    fn custom_fields_are_read_from_objects_and_dotted_names() {
        let map =
            json!({"first_name": " Sara ", "custom": {"year": 2020, "blank": "", "list": []}});
        let Value::Object(map) = map else { unreachable!("the literal is an object") };
        let fields = Fields::from_map(map).with("custom.pet", "Mishmish");
        assert_eq!(fields.text("first_name"), Some("Sara"));
        assert_eq!(fields.text("custom.year"), Some("2020"));
        assert_eq!(fields.text("custom.pet"), Some("Mishmish"));
        assert_eq!(fields.text("custom.blank"), None);
        assert_eq!(fields.text("custom.list"), None);
    }

    #[test]
    fn debug_shows_names_and_no_values() {
        let shown = format!("{:?}", Fields::new().with("first_name", "Sara"));
        assert_eq!(shown, r#"{"first_name"}"#);
    }

    #[test]
    fn every_known_field_has_a_name_of_its_own_and_examples() {
        for (index, field) in KNOWN.iter().enumerate() {
            assert!(KNOWN[index + 1..].iter().all(|other| other.name != field.name));
            assert!(!field.what.is_empty() && !field.example_en.is_empty());
            assert!(!field.example_ar.is_empty());
        }
    }
}
