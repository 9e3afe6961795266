//! The built-in plans and templates, in English and Arabic.
//!
//! Everything is a file that people can read and change: `plans/<key>.toml`,
//! `templates/<key>/…`, the pieces templates share in `templates/_partials`, and `calendar.toml`.
//! The files are embedded in the binary; a folder of the same layout may replace or add to them
//! (see `README.md` beside this crate).

mod calendar;
mod check;
mod error;
mod files;
mod template;

use std::collections::BTreeMap;
use std::path::Path;

use domain::{Calendar, Locale, Plan};
use templates::{Partials, Source};

pub use check::Finding;
pub use error::LoadError;

use calendar::CalendarData;
use files::{File, Files};

/// Plans, templates, shared pieces and the calendar: built in, or with a folder on top.
#[derive(Debug, Clone)]
pub struct Library {
    plans: BTreeMap<String, Loaded<Plan>>,
    templates: BTreeMap<String, Loaded<Template>>,
    partials: Partials,
    days: CalendarData,
    calendar: Calendar,
}

/// Something read from a file, and the file.
#[derive(Debug, Clone)]
struct Loaded<T> {
    value: T,
    file: String,
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
        };
        library
            .add(&files::embedded())
            .expect("the embedded files are parsed by this crate's tests");
        library
    }

    /// The built-in library with the folder's files on top: a plan or template of the same key is
    /// replaced as a whole, a shared piece by its name and language, a calendar entry by its key.
    ///
    /// # Errors
    /// A folder that cannot be read or is no library, a file that does not parse (with its line),
    /// or one that does not belong where it stands.
    pub fn from_dir(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let files = files::folder(path.as_ref())?;
        let mut library = Self::built_in();
        library.add(&files)?;
        Ok(library)
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

    fn add(&mut self, files: &Files) -> Result<(), LoadError> {
        for file in files.under("plans/") {
            self.add_plan(file)?;
        }
        for file in files.under("templates/_partials/") {
            let (locale, name) = template::piece_name(file)?;
            self.partials.insert(locale, name, file.content.clone());
        }
        for folder in files.folders_in("templates/").filter(|name| *name != "_partials") {
            let (source, description) = template::read(files, folder)?;
            let file = files.shown(&format!("templates/{folder}"));
            let value = Template { source, description };
            self.templates.insert(folder.to_owned(), Loaded { value, file });
        }
        if let Some(file) = files.find("calendar.toml") {
            self.days.merge(calendar::read(file)?);
            self.calendar = self.days.calendar();
        }
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
        self.plans.insert(value.key.clone(), Loaded { value, file: file.shown.clone() });
        Ok(())
    }
}
