//! Texts with placeholders: `{to}`, `{text}` and the like, filled per message.

use std::str::FromStr;

domain::words! {
    /// What a placeholder stands for.
    Field, "placeholder", {
        /// The recipient's number in E.164, with its plus sign.
        To = "to",
        /// The recipient's number without the plus sign.
        ToDigits = "to_digits",
        /// The text.
        Text = "text",
        /// The sender.
        Sender = "sender",
        /// The sender; another word for `sender`.
        From = "from",
        /// The sender without a leading plus sign.
        SenderDigits = "sender_digits",
        /// The touch's id: the same on every attempt.
        Reference = "reference",
        /// The number of the attempt.
        Attempt = "attempt",
        /// The preset's word for the text's alphabet.
        Coding = "coding",
        /// Where the gateway reports deliveries to.
        CallbackUrl = "callback_url",
        /// The account's name.
        User = "user",
        /// The account's secret.
        Password = "password",
        /// The credentials for HTTP Basic (RFC 7617): user and password, in base64.
        Basic = "basic",
    }
}

/// A text with placeholders, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Field(Field),
}

impl Template {
    /// Takes `text` apart. `{word}` is a placeholder; a brace that begins no word stands for itself.
    ///
    /// Errors when a word in braces is not a placeholder; the error names those that are.
    pub fn parse(text: &str) -> Result<Self, domain::UnknownWord> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, word, after)) = next_word(rest) {
            if !before.is_empty() {
                parts.push(Part::Literal(before.to_owned()));
            }
            parts.push(Part::Field(Field::from_str(word)?));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The text with every placeholder replaced by what `value` gives, passed through `escape`.
    pub fn fill<'v>(
        &self,
        value: impl Fn(Field) -> &'v str,
        escape: impl Fn(&str) -> String,
    ) -> String {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(literal) => filled.push_str(literal),
                Part::Field(field) => filled.push_str(&escape(value(*field))),
            }
        }
        filled
    }

    /// The text filled without escaping, or `None` when it is one placeholder alone and that is
    /// empty: such a parameter is left out of the request.
    pub fn fill_present<'v>(&self, value: impl Fn(Field) -> &'v str) -> Option<String> {
        if let [Part::Field(field)] = self.0.as_slice()
            && value(*field).is_empty()
        {
            return None;
        }
        Some(self.fill(value, str::to_owned))
    }

    /// Whether the placeholder occurs.
    #[must_use]
    pub fn uses(&self, field: Field) -> bool {
        self.0.contains(&Part::Field(field))
    }
}

/// The first `{word}` of `text`, with what stands before and after it.
fn next_word(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(open) = text[from..].find('{').map(|at| at + from) {
        let inside = &text[open + 1..];
        let length = inside.find(|c: char| !c.is_ascii_lowercase() && c != '_');
        if let Some(length) = length
            && length > 0
            && inside.as_bytes()[length] == b'}'
        {
            return Some((&text[..open], &inside[..length], &inside[length + 1..]));
        }
        from = open + 1;
    }
    None
}

/// Percent-encodes everything but the unreserved characters of RFC 3986 §2.3.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn value(field: Field) -> &'static str {
        match field {
            Field::To => "+971501234567",
            Field::Text => "a & b",
            _ => "",
        }
    }

    #[test]
    fn placeholders_are_filled_and_escaped() {
        let template = Template::parse("to={to}&text={text}").unwrap();
        assert_eq!(template.fill(value, percent_encoded), "to=%2B971501234567&text=a%20%26%20b");
    }

    #[test]
    fn a_brace_that_begins_no_word_stands_for_itself() {
        for text in ["{", "{}", "a{ b}", "{\"to\": 1}", "{To}", "{to"] {
            let template = Template::parse(text).unwrap();
            assert_eq!(template.fill(value, str::to_owned), text);
        }
    }

    #[test]
    fn an_unknown_word_is_refused_with_the_words_that_are_known() {
        let message = Template::parse("{too}").unwrap_err().to_string();
        assert!(message.contains("\"too\" is not a placeholder"), "{message}");
        assert!(message.contains("to_digits"), "{message}");
    }

    #[test]
    fn a_lone_empty_placeholder_is_left_out() {
        assert_eq!(Template::parse("{callback_url}").unwrap().fill_present(value), None);
        assert_eq!(Template::parse("").unwrap().fill_present(value), Some(String::new()));
        assert_eq!(Template::parse("x{user}").unwrap().fill_present(value), Some("x".to_owned()));
    }
}
