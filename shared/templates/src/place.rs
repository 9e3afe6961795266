//! Makes every expression of an HTML page safe for the place it stands in, and carries all of
//! them unharmed through a real HTML parser.
//!
//! In text a value is wrapped in `<bdi>`, so that a Latin name in an Arabic sentence (or the other
//! way round) does not turn its neighbours around. At the start of a link it becomes
//! `{{url …}}`, further on `{{part …}}` or `{{tel …}}`. In styles, scripts, event handlers and
//! between attributes no value can be made safe, so it is refused (SEC-13).

use std::collections::HashSet;

use crate::engine::{PRINTERS, SCHEMES};
use crate::expression::{Expression, Kind, expressions};
use crate::markup::{Attribute, Piece, Tag, pieces};
use crate::problem::{Problem, ProblemCode};
use crate::said::{Said, said};

/// Attributes that hold a link.
const LINKS: &[&str] = &[
    "href",
    "src",
    "action",
    "background",
    "background-url",
    "cite",
    "data",
    "formaction",
    "longdesc",
    "poster",
    "xlink:href",
];

/// Elements that have no business in an email.
const FORBIDDEN: &[&str] = &[
    "script",
    "iframe",
    "frame",
    "object",
    "embed",
    "applet",
    "base",
    "link",
    "form",
    "input",
    "textarea",
    "svg",
    "math",
    "template",
    "noscript",
    "plaintext",
    "xmp",
    "meta",
];

const MARK_START: &str = "tlxfield";
const MARK_END: &str = "xlt";

/// Whether an attribute holds a link.
pub fn is_link(attribute: &str) -> bool {
    LINKS.contains(&attribute)
}

/// Whether an element may not stand in what people write.
pub fn is_forbidden(element: &str) -> bool {
    FORBIDDEN.contains(&element)
}

/// The scheme a link's literal start names, in lower case; nothing for paths, fragments and
/// links that start with a field. Spaces and controls count for nothing, as in browsers.
pub fn scheme(link: &str) -> Option<String> {
    let literal: String = link
        .split("{{")
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|character| !character.is_whitespace() && !character.is_control())
        .collect();
    let literal = literal.replace("&#58;", ":").replace("&colon;", ":").replace("&#x3a;", ":");
    let (scheme, _) = literal.split_once(':')?;
    (!scheme.contains(['/', '?', '#'])).then(|| scheme.to_ascii_lowercase())
}

/// Whether links of that scheme may be sent.
pub fn is_allowed(scheme: &str) -> bool {
    SCHEMES.contains(&scheme)
}

/// A page whose expressions are replaced by marks, and the safe forms to put back.
#[derive(Debug, Default)]
pub struct Marked {
    /// The page.
    pub html: String,
    expressions: Vec<String>,
}

/// Marks a page's expressions, or says which of them stand where no value is safe.
pub fn mark(html: &str) -> Result<Marked, Vec<Problem>> {
    let mut marker = Marker::default();
    for piece in pieces(html) {
        match piece {
            Piece::Text { at, conditional } => marker.text(&html[at], conditional),
            Piece::Tag(tag) => marker.tag(html, &tag),
            Piece::Raw { element, at } => marker.raw(&element, &html[at]),
            // A comment shows nothing; its fields would only be asked for in vain.
            Piece::Comment(at) if html[at.clone()].contains("{{") => {}
            Piece::Comment(at) | Piece::Marker(at) => marker.marked.html.push_str(&html[at]),
        }
    }
    if marker.problems.is_empty() { Ok(marker.marked) } else { Err(marker.problems) }
}

#[derive(Default)]
struct Marker {
    marked: Marked,
    problems: Vec<Problem>,
}

impl Marker {
    fn refuse(&mut self, what: Said, place: Said) {
        let behind = said!(
            ", where no value is safe; move it into text or a link",
            "، ولا قيمة آمنة هناك؛ انقله إلى نص أو رابط"
        );
        let said = what.and(&said!(" stands in ", " يقع في ")).and(&place).and(&behind);
        self.problems.push(Problem::error(ProblemCode::UnsafePlace, said));
    }

    fn text(&mut self, text: &str, conditional: bool) {
        let mut from = 0;
        for Expression { at, kind } in expressions(text) {
            self.marked.html.push_str(&text[from..at.start]);
            let expression = &text[at.clone()];
            // A conditional comment is one comment to the parser, so it needs no marks.
            match (conditional, kind) {
                (true, _) => self.marked.html.push_str(expression),
                (false, Kind::Field(_) | Kind::Call(_)) => {
                    self.marked.html.push_str("<bdi>");
                    self.comment_mark(expression);
                    self.marked.html.push_str("</bdi>");
                }
                (false, _) => self.comment_mark(expression),
            }
            from = at.end;
        }
        self.marked.html.push_str(&text[from..]);
    }

    fn raw(&mut self, element: &str, inside: &str) {
        if element != "title" && inside.contains("{{") {
            self.refuse(a_field(), said!("<{element}>", "العنصر \u{2068}<{element}>\u{2069}"));
        }
        self.marked.html.push_str(inside);
    }

    fn tag(&mut self, html: &str, tag: &Tag) {
        let mut from = tag.at.start;
        for attribute in &tag.attributes {
            let value = &html[attribute.value.clone()];
            if !value.contains("{{") {
                continue;
            }
            self.marked.html.push_str(&html[from..attribute.value.start]);
            self.attribute(attribute, value, tag.conditional);
            from = attribute.value.end;
        }
        let outside = html[tag.at.clone()].matches("{{").count();
        let inside: usize =
            tag.attributes.iter().map(|a| html[a.value.clone()].matches("{{").count()).sum();
        if outside != inside {
            let name = tag.name.as_str();
            self.refuse(
                a_field(),
                said!(
                    "the tag <{name}> outside its attributes' values",
                    "الوسم \u{2068}<{name}>\u{2069} خارج قيم خصائصه"
                ),
            );
        }
        self.marked.html.push_str(&html[from..tag.at.end]);
    }

    fn attribute(&mut self, attribute: &Attribute, value: &str, conditional: bool) {
        let name = attribute.name.as_str();
        if name == "style" || name == "srcset" || name.starts_with("on") {
            let place = said!("the attribute \"{name}\"", "الخاصية «\u{2068}{name}\u{2069}»");
            return self.refuse(a_field(), place);
        }
        let mut from = 0;
        let mut literal = String::new();
        for Expression { at, kind } in expressions(value) {
            literal.push_str(&value[from..at.start]);
            self.marked.html.push_str(&value[from..at.start]);
            let expression = &value[at.clone()];
            let safe = if is_link(name) {
                match in_link(expression, kind, literal.trim_start()) {
                    Ok(safe) => safe,
                    Err(place) => {
                        let what = said!("{expression}", "التعبير \u{2068}{expression}\u{2069}");
                        self.refuse(what, place);
                        expression.to_owned()
                    }
                }
            } else {
                expression.to_owned()
            };
            if conditional {
                self.marked.html.push_str(&safe);
            } else {
                let mark = self.mark_of(safe);
                self.marked.html.push_str(&mark);
            }
            from = at.end;
        }
        self.marked.html.push_str(&value[from..]);
    }

    fn mark_of(&mut self, expression: String) -> String {
        self.marked.expressions.push(expression);
        format!("{MARK_START}{}{MARK_END}", self.marked.expressions.len() - 1)
    }

    /// In text a mark is a comment, because the parser would move text out of a table.
    fn comment_mark(&mut self, expression: &str) {
        let mark = self.mark_of(expression.to_owned());
        self.marked.html.push_str(&format!("<!--{mark}-->"));
    }
}

fn a_field() -> Said {
    said!("a field", "حقل")
}

/// The safe form of an expression in a link that starts with `literal`.
fn in_link(expression: &str, kind: Kind<'_>, literal: &str) -> Result<String, Said> {
    let starts = literal.is_empty();
    match kind {
        Kind::Field(name) if starts => Ok(format!("{{{{url {name}}}}}")),
        Kind::Field(name) if literal.to_ascii_lowercase().starts_with("tel:") => {
            Ok(format!("{{{{tel {name}}}}}"))
        }
        Kind::Field(name) => Ok(format!("{{{{part {name}}}}}")),
        Kind::Call("url") if starts => Ok(expression.to_owned()),
        Kind::Call("part" | "tel") if !starts => Ok(expression.to_owned()),
        Kind::Call(helper) if PRINTERS.contains(&helper) => Err(if starts {
            said!(
                "a link's start, which takes {{{{url field}}}}",
                "بداية رابط، ويُكتب فيها \u{2068}{{{{url field}}}}\u{2069}"
            )
        } else {
            said!(
                "the middle of a link, which takes {{{{part field}}}}",
                "وسط رابط، ويُكتب فيه \u{2068}{{{{part field}}}}\u{2069}"
            )
        }),
        _ => Ok(expression.to_owned()),
    }
}

impl Marked {
    /// Puts the expressions back into the parsed page, each exactly once.
    pub fn restore(&self, html: &str) -> Result<String, Problem> {
        let lost = || {
            Problem::error(
                ProblemCode::Syntax,
                said!(
                    "the page's markup loses or doubles a field; check that its tags are nested well",
                    "يضيع حقل في بنية الصفحة أو يتكرر؛ تحقق من تداخل الوسوم"
                ),
            )
        };
        let mut restored = String::with_capacity(html.len());
        let mut seen = HashSet::new();
        let mut rest = html;
        while let Some(at) = rest.find(MARK_START) {
            let after = &rest[at + MARK_START.len()..];
            let (number, after) = after.split_once(MARK_END).ok_or_else(lost)?;
            let number: usize = number.parse().map_err(|_| lost())?;
            let expression = self.expressions.get(number).ok_or_else(lost)?;
            if !seen.insert(number) {
                return Err(lost());
            }
            let before = &rest[..at];
            // In text the mark is a comment, in an attribute it stands alone.
            let (before, after) = match (before.strip_suffix("<!--"), after.strip_prefix("-->")) {
                (Some(before), Some(after)) => (before, after),
                _ => (before, after),
            };
            rest = after;
            restored.push_str(before);
            restored.push_str(expression);
        }
        if seen.len() != self.expressions.len() {
            return Err(lost());
        }
        restored.push_str(rest);
        Ok(restored)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn safe(html: &str) -> String {
        let marked = mark(html).unwrap();
        marked.restore(&marked.html).unwrap()
    }

    #[test]
    fn values_are_prepared_for_their_place() {
        for (html, expected) in [
            ("<p>Hi {{a}}</p>", "<p>Hi <bdi>{{a}}</bdi></p>"),
            ("{{#if a}}x{{else}}{{b}}{{/if}}", "{{#if a}}x{{else}}<bdi>{{b}}</bdi>{{/if}}"),
            ("<a href=\"{{a}}\">", "<a href=\"{{url a}}\">"),
            ("<a href=' {{ a }}'>", "<a href=' {{url a}}'>"),
            ("<a href=\"{{url a}}\">", "<a href=\"{{url a}}\">"),
            ("<a href=\"https://x/?q={{a}}\">", "<a href=\"https://x/?q={{part a}}\">"),
            ("<a href=\"tel:{{a}}\">", "<a href=\"tel:{{tel a}}\">"),
            ("<img alt=\"{{a}}\">", "<img alt=\"{{a}}\">"),
            ("<title>{{a}}</title>", "<title>{{a}}</title>"),
            ("<!--[if mso]><td>{{a}}<![endif]-->", "<!--[if mso]><td>{{a}}<![endif]-->"),
            ("<!-- {{a}} -->", ""),
        ] {
            assert_eq!(safe(html), expected);
        }
    }

    #[test]
    fn values_are_refused_where_none_is_safe() {
        for html in [
            "<p style=\"color:{{a}}\">",
            "<p onclick=\"{{a}}\">",
            "<p {{a}}>",
            "<{{a}}>",
            "<p {{#if a}}b=\"c\"{{/if}}>",
            "<style>p { color: {{a}} }</style>",
            "<script>{{a}}</script>",
            "<a href=\"{{date a}}\">",
            "<a href=\"https://x/{{url a}}\">",
            "<!--[if mso]><td style=\"{{a}}\"><![endif]-->",
        ] {
            let refused = mark(html);
            // A `<` before a brace is no tag to any parser: it stays text, and safe as such.
            if html == "<{{a}}>" {
                assert!(refused.is_ok());
                continue;
            }
            assert_eq!(refused.unwrap_err()[0].code, ProblemCode::UnsafePlace, "{html}");
        }
    }

    #[test]
    fn a_lost_or_doubled_mark_is_noticed() {
        let marked = mark("<p>{{a}}</p>").unwrap();
        assert!(marked.restore("<p></p>").is_err());
        assert!(marked.restore(&marked.html.repeat(2)).is_err());
        assert!(marked.restore("tlxfield7xlt").is_err());
    }

    #[test]
    fn a_links_scheme_is_read_as_browsers_read_it() {
        for (link, expected) in [
            ("https://x", Some("https")),
            (" JaVa\nScript:alert(1)", Some("javascript")),
            ("javascript&#58;x", Some("javascript")),
            ("/path:x", None),
            ("#a", None),
            ("{{a}}:b", None),
            ("data:text/html,x", Some("data")),
        ] {
            assert_eq!(scheme(link).as_deref(), expected, "{link}");
        }
    }
}
