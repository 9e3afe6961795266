//! The Handlebars engine as templates see it: strict, few helpers, escaping by destination.
//!
//! There is one registry per language and destination, made once per process. Only what stands in
//! [`HELPERS`] can be called; loops, look-ups, logging, partials, decorators and scripts cannot.

use std::sync::LazyLock;

use domain::Locale;
use handlebars::{
    Context, Handlebars, Helper, HelperDef, RenderContext, RenderErrorReason, ScopedJson,
};
use serde_json::Value;

use crate::render::RenderError;
use crate::source::Part;

/// The block helpers of templates.
pub const BLOCKS: &[&str] = &["if", "unless"];

/// The tests that may stand in the parentheses of an `if`.
pub const TESTS: &[&str] = &["and", "or", "not", "eq", "ne"];

/// The helpers that print something: `url` a link, `date` a day in words, `part` a piece of a
/// link, `tel` a phone number in a link.
pub const PRINTERS: &[&str] = &["url", "date", "part", "tel"];

/// Every helper.
pub const HELPERS: [&[&str]; 3] = [BLOCKS, TESTS, PRINTERS];

/// The schemes a link may have (SEC-13).
pub const SCHEMES: &[&str] = &["http", "https", "mailto", "tel"];

/// Built-in helpers that templates do not get: loops cost without bound, the rest hides mistakes.
const WITHHELD: &[&str] =
    &["each", "with", "lookup", "raw", "log", "gt", "gte", "lt", "lte", "len"];

/// Whether a field of this name could not be reached, because a helper has it.
pub fn is_helper(name: &str) -> bool {
    HELPERS.iter().any(|group| group.contains(&name))
}

/// Where the output goes, which decides how values are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// An HTML body.
    Html,
    /// A plain-text email body: values that run against the text's direction are isolated.
    Text,
    /// A subject, a text message, a task: values as they are.
    Plain,
}

impl Destination {
    /// Where a part's output goes.
    pub const fn of(part: Part) -> Self {
        match part {
            Part::Mjml => Self::Html,
            Part::Text => Self::Text,
            Part::Subject | Part::Sms | Part::Title | Part::Script => Self::Plain,
        }
    }
}

/// The registry for a language and destination.
pub fn registry(locale: Locale, destination: Destination) -> &'static Handlebars<'static> {
    static REGISTRIES: LazyLock<Vec<(Locale, Destination, Handlebars<'static>)>> =
        LazyLock::new(|| {
            let destinations = [Destination::Html, Destination::Text, Destination::Plain];
            Locale::ALL
                .iter()
                .flat_map(|&locale| destinations.map(|destination| (locale, destination)))
                .map(|(locale, destination)| (locale, destination, build(locale, destination)))
                .collect()
        });
    REGISTRIES
        .iter()
        .find(|(of, to, _)| (*of, *to) == (locale, destination))
        .map(|(_, _, registry)| registry)
        .expect("every locale and destination has a registry: the list is made of both")
}

fn build(locale: Locale, destination: Destination) -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    for name in WITHHELD {
        registry.unregister_helper(name);
    }
    for (name, test) in [
        ("and", Test::And),
        ("or", Test::Or),
        ("not", Test::Not),
        ("eq", Test::Eq),
        ("ne", Test::Ne),
    ] {
        registry.register_helper(name, Box::new(test));
    }
    registry.register_helper("url", Box::new(Printer::Url));
    registry.register_helper("part", Box::new(Printer::Part));
    registry.register_helper("tel", Box::new(Printer::Tel));
    registry.register_helper("date", Box::new(Printer::Date(locale)));
    match destination {
        Destination::Html => registry.register_escape_fn(escape_html),
        Destination::Text => registry.register_escape_fn(move |value| isolate(value, locale)),
        Destination::Plain => registry.register_escape_fn(str::to_owned),
    }
    registry
}

/// Tests see a missing field as false, where the engine's own would refuse: an `{{#if}}` is how a
/// template says that a field may be missing.
#[derive(Debug, Clone, Copy)]
enum Test {
    And,
    Or,
    Not,
    Eq,
    Ne,
}

impl HelperDef for Test {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, handlebars::RenderError> {
        let mut values = helper.params().iter().map(handlebars::PathAndJson::value);
        let result = match self {
            Self::And => values.all(is_truthy),
            Self::Or => values.any(is_truthy),
            Self::Not => !values.next().is_some_and(is_truthy),
            Self::Eq => values.next() == values.next(),
            Self::Ne => values.next() != values.next(),
        };
        Ok(ScopedJson::Derived(Value::Bool(result)))
    }
}

fn is_truthy(value: &Value) -> bool {
    handlebars::JsonTruthy::is_truthy(value, false)
}

/// Helpers that print their one value in another form.
#[derive(Debug, Clone, Copy)]
enum Printer {
    Url,
    Part,
    Tel,
    Date(Locale),
}

impl HelperDef for Printer {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, handlebars::RenderError> {
        let param = helper.param(0);
        let name = param.and_then(|param| param.relative_path()).cloned();
        let value = param.map(handlebars::PathAndJson::value);
        let Some(Value::String(text)) = value else {
            return Err(RenderErrorReason::MissingVariable(name).into());
        };
        let name = name.unwrap_or_default();
        let printed = match self {
            Self::Url if is_safe_link(text) => text.clone(),
            Self::Url => return Err(refused(RenderError::UnsafeLink { name })),
            Self::Part => percent_encoded(text),
            Self::Tel => text.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect(),
            Self::Date(locale) => date_in_words(text, *locale)
                .ok_or_else(|| refused(RenderError::NotADate { name }))?,
        };
        Ok(ScopedJson::Derived(Value::String(printed)))
    }
}

fn refused(reason: RenderError) -> handlebars::RenderError {
    RenderErrorReason::NestedError(Box::new(reason)).into()
}

/// Whether a link is whole, has an allowed scheme, and holds nothing that could end it early.
fn is_safe_link(link: &str) -> bool {
    let Some((scheme, rest)) = link.split_once(':') else { return false };
    SCHEMES.iter().any(|allowed| scheme.eq_ignore_ascii_case(allowed))
        && !rest.is_empty()
        && (!scheme.to_ascii_lowercase().starts_with("http") || rest.starts_with("//"))
        && !link.chars().any(|c| {
            c.is_control()
                || c.is_whitespace()
                || is_direction_control(c)
                || matches!(c, '<' | '>' | '"' | '\\' | '`')
        })
}

/// A value as a piece of a link: everything but letters, digits and `-._~@` percent-encoded.
fn percent_encoded(value: &str) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    encoded
}

const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The Gregorian months as the Gulf and Egypt name them.
const MONTHS_AR: [&str; 12] = [
    "يناير",
    "فبراير",
    "مارس",
    "أبريل",
    "مايو",
    "يونيو",
    "يوليو",
    "أغسطس",
    "سبتمبر",
    "أكتوبر",
    "نوفمبر",
    "ديسمبر",
];

/// `2026-03-12` as "12 March 2026" or "12 مارس 2026"; a time after the day is left out.
fn date_in_words(value: &str, locale: Locale) -> Option<String> {
    let day = value.get(..10)?;
    if !matches!(value.as_bytes().get(10), None | Some(b'T' | b' ')) {
        return None;
    }
    let mut numbers = day.split('-');
    let mut number = |length| {
        let digits: &str = numbers.next()?;
        let plain = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse::<usize>().ok())?
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    let months = match locale {
        Locale::En => &MONTHS_EN,
        Locale::Ar => &MONTHS_AR,
    };
    let name = months.get(month.checked_sub(1)?)?;
    (1..=days_in(year, month)).contains(&day).then(|| format!("{day} {name} {year}"))
}

const fn days_in(year: usize, month: usize) -> usize {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// A value in HTML text or a quoted attribute. Controls and direction overrides are left out, so
/// that a name can neither break the page nor turn its neighbours around.
fn escape_html(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() + 16);
    for character in value.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '`' => escaped.push_str("&#96;"),
            '\n' | '\t' => escaped.push(character),
            c if c.is_control() || is_direction_control(c) => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// A value in plain text. In Arabic text, a value that runs left to right gets Unicode isolates
/// (FSI … PDI), so that "+971 50" keeps its plus sign in front; links and email addresses do not,
/// because programs that make them clickable would take the marks in.
fn isolate(value: &str, locale: Locale) -> String {
    let clean =
        value.chars().filter(|c| *c == '\n' || !c.is_control() && !is_direction_control(*c));
    let against = locale == Locale::Ar && !value.contains('@') && !value.contains("://");
    if against && value.chars().find_map(is_right_to_left) != Some(true) {
        return std::iter::once('\u{2068}')
            .chain(clean)
            .chain(std::iter::once('\u{2069}'))
            .collect();
    }
    clean.collect()
}

/// The embedding, override and isolate controls of Unicode.
const fn is_direction_control(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The direction of a strong character: Hebrew, Arabic and their neighbours run right to left.
fn is_right_to_left(character: char) -> Option<bool> {
    character.is_alphabetic().then_some(matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'))
}
