//! The built-in plans and templates, in English and Arabic, and the rules of time and frequency.
//!
//! Everything is a file that people can read and change: `plans/<key>.toml`,
//! `templates/<key>/…`, the pieces templates share in `templates/_partials`, `rules/<place>.toml`, and
//! `calendar.toml` and `retention.toml`.
//! The files are embedded in the binary; a folder of the same layout may replace or add to them
//! (see `README.md` beside this crate).

mod calendar;
mod check;
mod error;
mod files;
mod lines;
mod rules;
mod template;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use domain::retention::Schedule;
use domain::rules::RuleBook;
use domain::{Calendar, Locale, Plan};
use sha2::{Digest, Sha256};
use templates::{Partials, Source};

pub use check::Finding;
pub use error::LoadError;

use calendar::CalendarData;
use files::{File, Files};
use lines::Lines;
use rules::RuleData;

/// Plans, templates, shared pieces and the calendar: built in, or with a folder on top.
#[derive(Debug, Clone)]
pub struct Library {
    plans: BTreeMap<String, Loaded<Plan>>,
    templates: BTreeMap<String, Loaded<Template>>,
    partials: Partials,
    days: CalendarData,
    calendar: Calendar,
    rules: RuleData,
    retention: Schedule,
    retention_hash: [u8; 32],
}

/// Something read from a file, and the file.
#[derive(Debug, Clone)]
struct Loaded<T> {
    value: T,
    file: String,
    /// Where things stand in the file, for plans.
    lines: Lines,
}

/// A template and what people are told about it.
#[derive(Debug, Clone)]
struct Template {
    source: Source,
    description: BTreeMap<Locale, String>,
}

impl Library {
    /// The library that is part of the binary.
    #[must_use]
    pub fn built_in() -> Self {
        let mut library = Self {
            plans: BTreeMap::new(),
            templates: BTreeMap::new(),
            partials: Partials::new(),
            days: CalendarData::default(),
            calendar: Calendar::default(),
            rules: RuleData::default(),
            retention: Schedule::default(),
            retention_hash: [0; 32],
        };
        let errors = library.add(&files::embedded());
        debug_assert!(errors.is_empty(), "the embedded files are parsed by this crate's tests");
        library
    }

    /// The built-in library with the folder's files on top: a plan or template of the same key is
    /// replaced as a whole, a shared piece by its name and language, a calendar entry by its key, the
    /// rules of a jurisdiction as a whole.
    ///
    /// # Errors
    /// A folder that cannot be read or is no library, a file that does not parse (with its line),
    /// or one that does not belong where it stands.
    pub fn from_dir(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let (library, errors) = Self::examine(path)?;
        errors.into_iter().next().map_or(Ok(library), Err)
    }

    /// The same for people who want to hear of everything at once: what could be read, and why the
    /// other files could not.
    ///
    /// # Errors
    /// A folder that cannot be read or is no library.
    pub fn examine(path: impl AsRef<Path>) -> Result<(Self, Vec<LoadError>), LoadError> {
        let files = files::folder(path.as_ref())?;
        let mut library = Self::built_in();
        let errors = library.add(&files);
        Ok((library, errors))
    }

    /// Adds or replaces one plan by the file at `path`, whatever the file is called, and returns
    /// how [`Finding::file`] names it.
    ///
    /// # Errors
    /// A file that cannot be read or does not parse (with its line).
    pub fn add_plan_file(&mut self, path: impl AsRef<Path>) -> Result<String, LoadError> {
        let file = files::single(path.as_ref())?;
        let value: Plan = file.toml()?;
        let shown = file.shown.clone();
        self.put_plan(value, &file);
        Ok(shown)
    }

    /// Every plan, sorted by key.
    pub fn plans(&self) -> impl Iterator<Item = &Plan> {
        self.plans.values().map(|plan| &plan.value)
    }

    /// The plan of that key.
    #[must_use]
    pub fn plan(&self, key: &str) -> Option<&Plan> {
        self.plans.get(key).map(|plan| &plan.value)
    }

    /// Every template, sorted by key.
    pub fn templates(&self) -> impl Iterator<Item = &Source> {
        self.templates.values().map(|template| &template.value.source)
    }

    /// The template of that key.
    #[must_use]
    pub fn template(&self, key: &str) -> Option<&Source> {
        self.templates.get(key).map(|template| &template.value.source)
    }

    /// What the template of that key is for, in `locale`, else in English.
    #[must_use]
    pub fn description(&self, key: &str, locale: Locale) -> Option<&str> {
        let texts = &self.templates.get(key)?.value.description;
        texts.get(&locale).or_else(|| texts.get(&Locale::En)).map(String::as_str)
    }

    /// The pieces templates share, for [`templates::compile`] and [`templates::check`].
    #[must_use]
    pub const fn partials(&self) -> &Partials {
        &self.partials
    }

    /// Weekends and holidays.
    #[must_use]
    pub const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// When and how often people may be reached.
    #[must_use]
    pub const fn rules(&self) -> &Arc<RuleBook> {
        self.rules.book()
    }

    /// How long records are kept.
    #[must_use]
    pub const fn retention(&self) -> &Schedule {
        &self.retention
    }

    /// The SHA-256 of the file that says it.
    #[must_use]
    pub const fn retention_hash(&self) -> &[u8; 32] {
        &self.retention_hash
    }

    /// Adds what can be read, and returns why the rest cannot.
    fn add(&mut self, files: &Files) -> Vec<LoadError> {
        let mut errors = Vec::new();
        let mut note = |added: Result<(), LoadError>| errors.extend(added.err());
        for file in files.under("plans/") {
            note(self.add_plan(file));
        }
        for file in files.under("templates/_partials/") {
            note(template::piece_name(file).map(|(locale, name)| {
                self.partials.insert(locale, name, file.content.clone());
            }));
        }
        for folder in files.folders_in("templates/").filter(|name| *name != "_partials") {
            note(self.add_template(files, folder));
        }
        if let Some(file) = files.find("calendar.toml") {
            note(calendar::read(file).map(|days| {
                self.days.merge(days);
                self.calendar = self.days.calendar();
            }));
        }
        if let Some(file) = files.find("retention.toml") {
            note(file.toml().map(|schedule| {
                self.retention = schedule;
                self.retention_hash = Sha256::digest(&file.content).into();
            }));
        }
        errors.extend(self.rules.add(files));
        errors
    }

    fn add_template(&mut self, files: &Files, folder: &str) -> Result<(), LoadError> {
        let (source, description) = template::read(files, folder)?;
        let file = files.shown(&format!("templates/{folder}"));
        let value = Template { source, description };
        let loaded = Loaded { value, file, lines: Lines::default() };
        self.templates.insert(folder.to_owned(), loaded);
        Ok(())
    }

    fn add_plan(&mut self, file: &File) -> Result<(), LoadError> {
        let Some(name) = file.name().strip_suffix(".toml") else {
            return Err(file.misplaced("a plan is one file, plans/<key>.toml"));
        };
        let value: Plan = file.toml()?;
        if value.key != name {
            return Err(LoadError::OtherName { file: file.shown.clone(), key: value.key });
        }
        self.put_plan(value, file);
        Ok(())
    }

    fn put_plan(&mut self, value: Plan, file: &File) {
        let loaded = Loaded { file: file.shown.clone(), lines: Lines::of_plan(file), value };
        self.plans.insert(loaded.value.key.clone(), loaded);
    }
}
