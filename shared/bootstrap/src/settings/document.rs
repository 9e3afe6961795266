//! The documents: the embedded one that declares every setting, and a person's file.

use std::collections::BTreeMap;

use config::{Value, ValueKind};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Problem;
use super::redact::{HIDDEN, redacted};

/// The defaults of the whole fleet, commented; `touchline settings` style commands may print it.
pub const DEFAULTS: &str = include_str!("../../config.default.toml");

/// The kind of value a setting takes, read off its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Number,
    Switch,
    Table,
    List,
}

impl Kind {
    fn of(value: &DeValue<'_>) -> Option<Self> {
        match value {
            DeValue::String(_) => Some(Self::Text),
            DeValue::Integer(_) => Some(Self::Integer),
            DeValue::Float(_) => Some(Self::Number),
            DeValue::Boolean(_) => Some(Self::Switch),
            DeValue::Table(_) => Some(Self::Table),
            DeValue::Array(_) => Some(Self::List),
            DeValue::Datetime(_) => None,
        }
    }

    /// What a person should write.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Text => "text in quotes",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Switch => "true or false",
            Self::Table => "a table of texts, e.g. { name = \"value\" }",
            Self::List => "a list of texts, e.g. [\"one\", \"two\"]",
        }
    }

    /// `value` as this kind, or `None` if it is of another. Whole numbers pass as numbers, and
    /// plain values inside tables and lists as text, because that is what people write there.
    pub(super) fn accept(self, value: &DeValue<'_>) -> Option<ValueKind> {
        match (self, value) {
            (Self::Text, DeValue::String(text)) => Some(text.to_string().into()),
            (Self::Integer, DeValue::Integer(number)) => {
                i64::from_str_radix(number.as_str(), number.radix()).ok().map(Into::into)
            }
            (Self::Number, DeValue::Integer(number)) => {
                number.as_str().parse::<f64>().ok().map(Into::into)
            }
            (Self::Number, DeValue::Float(number)) => number
                .as_str()
                .parse::<f64>()
                .ok()
                .filter(|number| number.is_finite())
                .map(Into::into),
            (Self::Switch, DeValue::Boolean(on)) => Some((*on).into()),
            (Self::Table, DeValue::Table(table)) => {
                let texts = table.iter().map(|(name, value)| {
                    plain_text(value.get_ref()).map(|text| (name.get_ref().to_string(), text))
                });
                texts.collect::<Option<config::Map<String, String>>>().map(Into::into)
            }
            (Self::List, DeValue::Array(items)) => {
                let texts = items.iter().map(|item| plain_text(item.get_ref()));
                texts.collect::<Option<Vec<String>>>().map(Into::into)
            }
            _ => None,
        }
    }
}

fn plain_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(on) => Some(on.to_string()),
        _ => None,
    }
}

/// One setting as the embedded document declares it.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) section: String,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) secret: bool,
    pub(super) default: ValueKind,
    pub(super) comment: String,
}

impl Declared {
    /// Section and key, as messages name a setting.
    pub(super) fn key(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// `value` as it may be shown.
    pub(super) fn shown(&self, value: &ValueKind) -> String {
        match value {
            ValueKind::String(text) if text.is_empty() => "\"\"".to_owned(),
            ValueKind::Table(table) => {
                let names: BTreeMap<_, _> = table.iter().collect();
                let pairs = names.into_iter().map(|(name, value)| {
                    let text = value.clone().into_string().unwrap_or_default();
                    format!("{name:?} = {:?}", self.visible(&text))
                });
                format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", ")).replace("{  }", "{}")
            }
            ValueKind::Array(items) => {
                let texts = items.iter().map(|item| item.clone().into_string().unwrap_or_default());
                let shown: Vec<_> =
                    texts.map(|text| format!("{:?}", self.visible(&text))).collect();
                format!("[{}]", shown.join(", "))
            }
            ValueKind::String(text) => format!("{:?}", self.visible(text)),
            _ if self.secret => HIDDEN.to_owned(),
            other => other.to_string(),
        }
    }

    fn visible(&self, text: &str) -> String {
        if self.secret { HIDDEN.to_owned() } else { redacted(text) }
    }
}

/// Every setting there is, in the order of the document.
#[derive(Debug, Clone)]
pub(super) struct Catalogue {
    settings: Vec<Declared>,
}

impl Catalogue {
    /// Reads the embedded document.
    pub(super) fn embedded() -> Self {
        let document =
            DeTable::parse(DEFAULTS).expect("the embedded defaults are TOML, as a test shows");
        let mut positions = Vec::new();
        for (section, body) in document.get_ref() {
            for (name, value) in body.get_ref().as_table().into_iter().flatten() {
                let Some(kind) = Kind::of(value.get_ref()) else { continue };
                let Some(default) = kind.accept(value.get_ref()) else { continue };
                let comment = comment_above(DEFAULTS, name.span().start);
                let declared = Declared {
                    section: section.get_ref().to_string(),
                    name: name.get_ref().to_string(),
                    kind,
                    secret: comment.contains("Secret:"),
                    default,
                    comment,
                };
                positions.push((name.span().start, declared));
            }
        }
        positions.sort_by_key(|(position, _)| *position);
        Self { settings: positions.into_iter().map(|(_, declared)| declared).collect() }
    }

    /// All settings in the order of the document.
    pub(super) fn settings(&self) -> &[Declared] {
        &self.settings
    }

    /// The setting of that name, if there is one.
    pub(super) fn find(&self, section: &str, name: &str) -> Option<&Declared> {
        self.settings.iter().find(|declared| declared.section == section && declared.name == name)
    }

    /// The problem that `key` is needed and not set, with what the document says about it.
    pub(super) fn not_set(&self, key: &str) -> Problem {
        let key = key.to_owned();
        match self.settings.iter().find(|declared| declared.key() == key) {
            Some(declared) => Problem::NotSet { key, meaning: declared.comment.clone() },
            None => Problem::Undeclared { key },
        }
    }

    /// What to tell someone who wrote `section.name`, which is no setting. `written` turns a key
    /// into the form the person used.
    pub(super) fn advice(
        &self,
        section: &str,
        name: &str,
        written: impl Fn(&str) -> String,
    ) -> String {
        let wrong = format!("{section}.{name}");
        let nearest = self
            .settings
            .iter()
            .map(|declared| {
                let likeness = strsim::normalized_damerau_levenshtein(&declared.key(), &wrong);
                // The right name in a wrong section is nearer than any spelling.
                let moved = if declared.name == name { 0.3 } else { 0.0 };
                (likeness + moved, declared.key())
            })
            .max_by(|left, right| left.0.total_cmp(&right.0));
        if let Some((likeness, key)) = nearest
            && likeness >= 0.7
        {
            return format!("did you mean {}?", written(&key));
        }
        let names: Vec<&str> = self
            .settings
            .iter()
            .filter(|declared| declared.section == section)
            .map(|declared| declared.name.as_str())
            .collect();
        if names.is_empty() {
            format!("the sections are {}", self.sections().join(", "))
        } else {
            format!("[{section}] has {}", names.join(", "))
        }
    }

    fn sections(&self) -> Vec<&str> {
        let mut sections: Vec<&str> =
            self.settings.iter().map(|declared| declared.section.as_str()).collect();
        sections.dedup();
        sections
    }
}

/// The comment lines directly above the line at `position`, joined by spaces.
fn comment_above(document: &str, position: usize) -> String {
    let mut lines: Vec<&str> = document[..position]
        .lines()
        .rev()
        .take_while(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches(['#', ' ']))
        .collect();
    lines.reverse();
    lines.join(" ")
}

/// The values of a person's file by section and key, each knowing its line; what is wrong goes to
/// `problems`. `name` is how messages call the file.
pub(super) fn read(
    text: &str,
    name: &str,
    catalogue: &Catalogue,
    problems: &mut Vec<Problem>,
) -> super::Layer {
    let mut layer = super::Layer::default();
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            problems.push(not_toml(text, name, &error));
            return layer;
        }
    };
    for (section, body) in document.get_ref() {
        let DeValue::Table(body) = body.get_ref() else {
            problems.push(outside_section(text, name, section, catalogue));
            continue;
        };
        for (key, value) in body {
            let place = format!("{name}, line {}", line_of(text, key.span().start));
            let Some(declared) = catalogue.find(section.get_ref(), key.get_ref()) else {
                let advice = catalogue.advice(section.get_ref(), key.get_ref(), str::to_owned);
                let name = format!("{}.{}", section.get_ref(), key.get_ref());
                problems.push(Problem::UnknownName { place: format!("{place}: "), name, advice });
                continue;
            };
            match declared.kind.accept(value.get_ref()) {
                Some(kind) => layer.insert(declared, Value::new(Some(&place), kind)),
                None => problems.push(wrong_kind(place, declared, value.get_ref())),
            }
        }
    }
    layer
}

/// A parse error without the line it stands on, because that line may hold a secret.
fn not_toml(text: &str, name: &str, error: &toml::de::Error) -> Problem {
    let position = error.span().map_or(0, |span| span.start);
    let before = &text[..position.min(text.len())];
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let place = format!("{name}, line {}, column {column}", line_of(text, position));
    Problem::NotToml { place, why: error.message().replace('\n', "; ") }
}

fn outside_section(
    text: &str,
    name: &str,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    catalogue: &Catalogue,
) -> Problem {
    Problem::UnknownName {
        place: format!("{name}, line {}: ", line_of(text, key.span().start)),
        name: key.get_ref().to_string(),
        advice: format!(
            "settings stand under a section such as [email]; the sections are {}",
            catalogue.sections().join(", ")
        ),
    }
}

fn wrong_kind(place: String, declared: &Declared, value: &DeValue<'_>) -> Problem {
    let found = match plain_text(value) {
        _ if declared.secret => "a value that is not shown".to_owned(),
        Some(text) if value.is_str() => format!("{:?}", redacted(&text)),
        Some(text) => text,
        None => format!("a value of type {}", value.type_str()),
    };
    Problem::WrongValue {
        place,
        key: declared.key(),
        found,
        expected: declared.kind.expected().to_owned(),
    }
}

fn line_of(text: &str, position: usize) -> usize {
    text[..position.min(text.len())].matches('\n').count() + 1
}
