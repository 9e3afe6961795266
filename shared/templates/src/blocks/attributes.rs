//! Attributes of a block's opening tag: read, and set without touching the rest of the tag.

use std::ops::Range;

use crate::markup::Tag;

/// A splice: what is replaced, and by what.
pub type Splice = (Range<usize>, String);

/// The value of an attribute as a person reads it.
pub fn read(source: &str, tag: &Tag, name: &str) -> Option<String> {
    tag.value(source, name).map(decoded)
}

/// What makes an attribute hold `value`, or be gone where it is empty; none where it does already.
pub fn set(source: &str, tag: &Tag, name: &str, value: &str) -> Option<Splice> {
    if read(source, tag, name).unwrap_or_default() == value {
        return None;
    }
    let own = tag.attributes.iter().find(|attribute| attribute.name == name);
    match own {
        Some(own) if value.is_empty() => {
            let quote = source.as_bytes().get(own.value.end);
            let end = own.value.end + usize::from(matches!(quote, Some(b'"' | b'\'')));
            let before = source.get(..own.at)?;
            Some((before.trim_end().len()..end.max(own.at), String::new()))
        }
        Some(own) => {
            let quoted = source.as_bytes().get(own.value.start.wrapping_sub(1));
            let value = encoded(value);
            match quoted {
                Some(b'"' | b'\'') => Some((own.value.clone(), value)),
                _ => Some((own.at..own.value.end.max(own.at), format!("{name}=\"{value}\""))),
            }
        }
        None => {
            let text = source.get(tag.at.clone())?;
            let inside = text.strip_suffix("/>").or_else(|| text.strip_suffix('>'))?;
            let at = tag.at.start + inside.trim_end().len();
            Some((at..at, format!(" {name}=\"{}\"", encoded(value))))
        }
    }
}

/// Entities as the characters they stand for; those nobody needs stay as they are.
pub fn decoded(text: &str) -> String {
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    plain.replace("&#39;", "'").replace("&amp;", "&")
}

/// Text as it stands between quotes. Expressions stay as they are.
pub fn encoded(text: &str) -> String {
    escaped(text, true)
}

/// Text as it stands between tags, or between quotes.
pub fn escaped(text: &str, quoted: bool) -> String {
    let mut written = String::with_capacity(text.len() + 8);
    let mut from = 0;
    let plain = |text: &str, written: &mut String| {
        for character in text.chars() {
            match character {
                '&' => written.push_str("&amp;"),
                '<' => written.push_str("&lt;"),
                '>' => written.push_str("&gt;"),
                '"' if quoted => written.push_str("&quot;"),
                other => written.push(other),
            }
        }
    };
    for expression in crate::expression::expressions(text) {
        plain(&text[from..expression.at.start], &mut written);
        // One that is never closed is no expression.
        let own = &text[expression.at.clone()];
        if own.ends_with("}}") && !(quoted && own.contains('"')) {
            written.push_str(own);
        } else {
            plain(own, &mut written);
        }
        from = expression.at.end;
    }
    plain(&text[from..], &mut written);
    written
}
