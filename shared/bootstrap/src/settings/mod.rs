//! Settings: the embedded defaults, then a file, then the environment.
//!
//! `config.default.toml` declares every setting of the fleet; its kind is that of its default.
//! A file or variable may set only what is declared there, and only with a value of that kind.
//! Each crate owns a struct for its section and reads it with [`Loaded::section`]:
//!
//! - "" means "not set": `None` in an `Option<T>`, the empty text in a `String` or `SecretString`.
//!   What a program cannot work without it asks for with [`Loaded::require`].
//! - Every field must be declared in `config.default.toml`, an optional one as well.
//! - A secret is a `secrecy::SecretString`, or `Option` of one.
//! - Enums are written in lower case with `#[serde(rename_all = "snake_case")]`.

mod document;
mod environment;
mod error;
mod redact;
mod section;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use config::{Config, Map, Source, Value, ValueKind};
use serde::de::DeserializeOwned;

pub use document::DEFAULTS;
pub use environment::variable;
pub use error::{Problem, SettingsError};
pub use redact::redacted;

use document::{Catalogue, Declared};
use section::{Fault, Section, SectionError};

/// The file that is read when none is named and it exists.
const USUAL_FILE: &str = "touchline.toml";

/// The variable that names the settings file.
const FILE_VARIABLE: &str = "TOUCHLINE_CONFIG";

/// Where a value comes from that nobody has set.
const FROM_DEFAULTS: &str = "the defaults";

/// Values of one origin by section and key.
#[derive(Debug, Clone, Default)]
struct Layer {
    sections: Map<String, Map<String, Value>>,
}

impl Layer {
    /// Whether it has a value for a setting; the empty text is none.
    fn says(&self, declared: &Declared) -> bool {
        let value = self.sections.get(&declared.section).and_then(|keys| keys.get(&declared.name));
        value
            .is_some_and(|value| !matches!(&value.kind, ValueKind::String(text) if text.is_empty()))
    }

    fn insert(&mut self, declared: &Declared, mut value: Value) {
        let origin = value.origin().map(str::to_owned);
        if let ValueKind::Table(entries) = &mut value.kind {
            // Tables are merged entry by entry, and only the entries keep their origin.
            for entry in entries.values_mut() {
                *entry = Value::new(origin.as_ref(), entry.kind.clone());
            }
        }
        let section = self.sections.entry(declared.section.clone()).or_default();
        section.insert(declared.name.clone(), value);
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        let tables = self.sections.iter();
        Ok(tables
            .map(|(section, values)| {
                (section.clone(), Value::new(None, ValueKind::Table(values.clone())))
            })
            .collect())
    }
}

/// The effective settings of this process. Its `Debug` hides secrets.
#[derive(Clone)]
pub struct Loaded {
    catalogue: Catalogue,
    layers: Vec<Layer>,
    effective: Map<String, Value>,
}

impl Loaded {
    /// Reads the settings of this process.
    ///
    /// `file` is what `--config` names; without it `TOUCHLINE_CONFIG` counts, then
    /// `./touchline.toml` if it exists.
    ///
    /// # Errors
    /// All problems found: an unreadable file, broken TOML, unknown names, wrong kinds of values.
    pub fn load(file: Option<&Path>) -> Result<Self, SettingsError> {
        let variables: Vec<(OsString, OsString)> = std::env::vars_os().collect();
        let named = variables
            .iter()
            .find(|(name, value)| name == FILE_VARIABLE && !value.is_empty())
            .map(|(_, value)| PathBuf::from(value));
        let usual = Path::new(USUAL_FILE);
        let file = match (file, &named) {
            (Some(file), _) => Some(file),
            (None, Some(named)) => Some(named.as_path()),
            (None, None) => usual.exists().then_some(usual),
        };
        Self::from_sources(file, variables)
    }

    /// Reads settings from exactly these sources, for tests and embedding: a file, if any, and
    /// pairs of variable name and value.
    ///
    /// # Errors
    /// As [`Loaded::load`].
    pub fn from_sources(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, SettingsError> {
        let catalogue = Catalogue::embedded();
        let mut problems = Vec::new();
        let mut layers = vec![defaults(&catalogue)];
        if let Some(path) = file {
            match std::fs::read_to_string(path) {
                Ok(text) => {
                    // Editors on Windows put a byte order mark first.
                    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
                    let name = path.display().to_string();
                    layers.push(document::read(text, &name, &catalogue, &mut problems));
                }
                Err(source) => {
                    problems.push(Problem::Unreadable { path: path.to_owned(), source });
                }
            }
        }
        layers.push(environment::read(variables, &catalogue, &mut problems));
        SettingsError::unless_empty(problems)?;
        Ok(Self::merge(catalogue, layers))
    }

    /// The defaults alone, for tests.
    #[must_use]
    pub fn defaults() -> Self {
        let catalogue = Catalogue::embedded();
        let layers = vec![defaults(&catalogue)];
        Self::merge(catalogue, layers)
    }

    /// The same settings with some replaced by the program itself, as `touchline up` does with
    /// the servers it starts. Pairs of section and key ("database.url") and the value as text.
    ///
    /// # Errors
    /// A name that is no setting, or a text that is not of the setting's kind.
    pub fn with(mut self, overrides: &[(&str, &str)]) -> Result<Self, SettingsError> {
        let mut problems = Vec::new();
        let mut layer = Layer::default();
        for (key, text) in overrides {
            let (section, name) = key.split_once('.').unwrap_or((key, ""));
            match self.catalogue.find(section, name) {
                Some(declared) => {
                    environment::set(&mut layer, declared, text, "the program", &mut problems);
                }
                None => problems.push(Problem::UnknownName {
                    place: String::new(),
                    name: (*key).to_owned(),
                    advice: self.catalogue.advice(section, name, str::to_owned),
                }),
            }
        }
        SettingsError::unless_empty(problems)?;
        self.layers.push(layer);
        Ok(Self::merge(self.catalogue, self.layers))
    }

    fn merge(catalogue: Catalogue, layers: Vec<Layer>) -> Self {
        let mut builder = Config::builder();
        for layer in &layers {
            builder = builder.add_source(layer.clone());
        }
        let effective = builder
            .build()
            .and_then(|config| config.collect())
            .expect("layers are tables in memory, which always merge");
        Self { catalogue, layers, effective }
    }

    /// The section `name` as its owner's struct; see the module page for "", secrets and enums.
    ///
    /// # Errors
    /// A value the struct refuses, or a field that the document of defaults does not declare.
    pub fn section<T: DeserializeOwned>(&self, name: &str) -> Result<T, SettingsError> {
        let section = Section { values: self.table(name), declared: self.names(name) };
        T::deserialize(section).map_err(|error| self.problem(name, error).into())
    }

    /// Checks that all of these settings ("email.from") are set.
    ///
    /// # Errors
    /// Every one that is not, with what it means and how to set it.
    pub fn require(&self, keys: &[&str]) -> Result<(), SettingsError> {
        let missing = keys.iter().filter(|key| !self.is_set(key));
        SettingsError::unless_empty(missing.map(|key| self.catalogue.not_set(key)).collect())
    }

    /// Whether a text setting ("database.url") is set.
    #[must_use]
    pub fn is_set(&self, key: &str) -> bool {
        let (section, name) = key.split_once('.').unwrap_or((key, ""));
        match self.table(section).get(name).map(|value| &value.kind) {
            Some(ValueKind::String(text)) => !text.is_empty(),
            Some(_) => true,
            None => false,
        }
    }

    /// The effective settings as people may see them: TOML, secrets hidden, and for each value
    /// that is not the default where it comes from.
    #[must_use]
    pub fn redacted(&self) -> String {
        let mut lines = Vec::new();
        let mut section = "";
        for declared in self.catalogue.settings() {
            if declared.section != section {
                section = &declared.section;
                lines.push(format!("[{section}]"));
            }
            let table = self.table(section);
            let Some(value) = table.get(&declared.name) else { continue };
            let line = format!("{} = {}", declared.name, declared.shown(&value.kind));
            match origin_of(value) {
                FROM_DEFAULTS => lines.push(line),
                origin => lines.push(format!("{line} # {origin}")),
            }
        }
        lines.join("\n")
    }

    fn table(&self, section: &str) -> Map<String, Value> {
        match self.effective.get(section).map(|value| &value.kind) {
            Some(ValueKind::Table(table)) => table.clone(),
            _ => Map::new(),
        }
    }

    fn names(&self, section: &str) -> Vec<String> {
        let settings = self.catalogue.settings().iter();
        settings
            .filter(|declared| declared.section == section)
            .map(|declared| declared.name.clone())
            .collect()
    }

    fn problem(&self, section: &str, error: SectionError) -> Problem {
        match error.fault {
            Fault::Missing(field) | Fault::Undeclared(field) => {
                Problem::Undeclared { key: format!("{section}.{field}") }
            }
            Fault::Unread(field) => Problem::Unread { key: format!("{section}.{field}") },
            Fault::Expected(what) => self.refused(section, error.key.as_deref(), &what),
            Fault::Said(why) => {
                let secret =
                    |name: &str| self.catalogue.find(section, name).is_none_or(|d| d.secret);
                match error.key {
                    // What a type of another crate says may quote the value.
                    Some(name) if secret(&name) => {
                        self.refused(section, Some(&name), "another value")
                    }
                    Some(name) => {
                        Problem::Invalid { key: format!("{section}.{name}"), why: redacted(&why) }
                    }
                    None => Problem::Invalid { key: section.to_owned(), why: redacted(&why) },
                }
            }
        }
    }

    fn refused(&self, section: &str, name: Option<&str>, expected: &str) -> Problem {
        let declared = name.and_then(|name| self.catalogue.find(section, name));
        let Some(declared) = declared else {
            return Problem::Invalid { key: section.to_owned(), why: expected.to_owned() };
        };
        let value = self.table(section).remove(&declared.name);
        Problem::WrongValue {
            place: value.as_ref().map_or(FROM_DEFAULTS, origin_of).to_owned(),
            key: declared.key(),
            found: value.map(|value| declared.shown(&value.kind)).unwrap_or_default(),
            expected: expected.to_owned(),
        }
    }
}

impl fmt::Debug for Loaded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.redacted())
    }
}

/// Where a value comes from; of a table, where one of its entries comes from.
fn origin_of(value: &Value) -> &str {
    let entry = match &value.kind {
        ValueKind::Table(entries) => entries.values().find_map(Value::origin),
        _ => None,
    };
    value.origin().or(entry).unwrap_or(FROM_DEFAULTS)
}

fn defaults(catalogue: &Catalogue) -> Layer {
    let mut layer = Layer::default();
    let origin = FROM_DEFAULTS.to_owned();
    for declared in catalogue.settings() {
        layer.insert(declared, Value::new(Some(&origin), declared.default.clone()));
    }
    layer
}

#[cfg(test)]
mod tests;
