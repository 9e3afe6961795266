//! The texts of the pages, in every language: `words/<locale>/<area>.ftl` (Project Fluent).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use domain::Locale;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// The files of an area, in the order of [`Locale::ALL`].
macro_rules! areas {
    ($($area:literal),+ $(,)?) => {
        &[$((
            include_str!(concat!("../words/en/", $area, ".ftl")),
            include_str!(concat!("../words/ar/", $area, ".ftl")),
        )),+]
    };
}

/// Every file. A new area of pages adds its line.
const FILES: &[(&str, &str)] = areas![
    "common",
    "help",
    "access",
    "plans",
    "templates",
    "images",
    "list",
    "tasks",
    "morning",
    "compliance",
    "contacts",
    "sample",
    "fleet",
    "integrations",
    "webhooks"
];

/// The texts of one language.
pub struct Words {
    /// Which.
    pub locale: Locale,
    bundle: FluentBundle<FluentResource>,
}

static ALL: LazyLock<BTreeMap<Locale, Words>> =
    LazyLock::new(|| Locale::ALL.iter().map(|locale| (*locale, Words::read(*locale))).collect());

impl Words {
    /// The texts of a language.
    pub fn of(locale: Locale) -> &'static Self {
        &ALL[&locale]
    }

    fn read(locale: Locale) -> Self {
        let tag: LanguageIdentifier =
            locale.as_str().parse().expect("our locales are language tags");
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        for (en, ar) in FILES {
            let text = if locale == Locale::En { en } else { ar };
            // A test reads every file; a broken message is left out, the others stay.
            let resource =
                FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(read, _)| read);
            let _ = bundle.add_resource(resource);
        }
        Self { locale, bundle }
    }

    /// The text called `key`; the key itself where there is none.
    pub fn say(&self, key: &str) -> String {
        self.fill(key, None)
    }

    /// The same with a name, number or the like put in as `{ $it }`.
    pub fn with<'a>(&self, key: &str, it: impl Into<FluentValue<'a>>) -> String {
        let mut args = FluentArgs::new();
        args.set("it", it.into());
        self.fill(key, Some(&args))
    }

    /// The same with several: `[("count", 3.into()), …]`.
    pub fn with_all(&self, key: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        let args: FluentArgs<'_> = values.iter().cloned().collect();
        self.fill(key, Some(&args))
    }

    /// Whether there is a text called `key`.
    pub fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key)
    }

    fn fill(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            tracing::error!(key, locale = %self.locale, "a page asks for a text there is not");
            return key.to_owned();
        };
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, args, &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::error!(key, ?errors, "a text could not be filled in");
        }
        text
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn keys(text: &str) -> BTreeSet<String> {
        let is_key = |line: &&str| line.starts_with(|letter: char| letter.is_ascii_lowercase());
        let lines = text.lines().filter(is_key);
        lines.filter_map(|line| Some(line.split_once(" =")?.0.to_owned())).collect()
    }

    /// Every file below a folder, by path.
    fn files(folder: &str, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path().to_str().unwrap().to_owned();
            if Path::new(&path).is_dir() {
                files(&path, found);
            } else {
                found.push((path.clone(), std::fs::read_to_string(path).unwrap()));
            }
        }
    }

    fn sources(folder: &str, text: &mut String) {
        let mut found = Vec::new();
        files(folder, &mut found);
        for (_, source) in found {
            // Tests ask for nothing.
            text.push_str(source.split("#[cfg(test)]").next().unwrap());
        }
    }

    #[test]
    fn both_languages_have_the_same_texts_and_each_can_be_read() {
        let mut seen = BTreeSet::new();
        for (en, ar) in FILES {
            for text in [en, ar] {
                let read = FluentResource::try_new((*text).to_owned());
                read.unwrap_or_else(|(_, errors)| panic!("{errors:?}"));
            }
            assert_eq!(keys(en), keys(ar));
            for key in keys(en) {
                assert!(seen.insert(key.clone()), "{key} stands twice");
            }
        }
        for locale in Locale::ALL {
            let files = std::fs::read_dir(
                Path::new(env!("CARGO_MANIFEST_DIR")).join("words").join(locale.as_str()),
            );
            assert_eq!(files.unwrap().count(), FILES.len(), "a file is not in FILES");
        }
    }

    #[test]
    fn every_text_a_page_asks_for_is_there() {
        let mut text = String::new();
        for folder in ["templates", "src"] {
            sources(&format!("{}/{folder}", env!("CARGO_MANIFEST_DIR")), &mut text);
        }
        let asked = [".say(\"", ".with(\"", ".with_all(\""]
            .into_iter()
            .flat_map(|call| text.match_indices(call).map(move |(at, _)| (at, call)));
        let mut found = 0;
        for (at, call) in asked {
            let key = text[at + call.len()..].split('"').next().unwrap();
            found += 1;
            assert!(Words::of(Locale::En).has(key), "there is no text {key}");
        }
        assert!(found > 20, "{found}");
    }

    /// What stands in a template between the help's tag and its end.
    fn help_of(template: &str) -> Option<&str> {
        Some(template.split_once("<p class=\"note help\">")?.1.split_once("</p>")?.0)
    }

    #[test]
    fn every_page_has_a_help_of_its_own() {
        let mut templates = Vec::new();
        files(concat!(env!("CARGO_MANIFEST_DIR"), "/templates"), &mut templates);
        let is_page = |(path, text): &&(String, String)| {
            // What went wrong says itself what can be done.
            text.contains("{% extends \"layout.html\" %}") && !path.ends_with("/trouble.html")
        };
        let mut shown = BTreeMap::new();
        for (path, text) in templates.iter().filter(is_page) {
            let help = help_of(text).unwrap_or_else(|| panic!("{path} has no help"));
            let keys = help.split('"').filter(|part| part.starts_with("help-"));
            let keys: Vec<&str> = keys.collect();
            assert!(!keys.is_empty(), "{path} has no help of its own: {help}");
            for key in keys {
                let other = shown.insert(key.to_owned(), path);
                assert_eq!(other, None, "{key} helps with {path}, too");
            }
        }
        for (words, text) in [
            (Words::of(Locale::En), include_str!("../words/en/help.ftl")),
            (Words::of(Locale::Ar), include_str!("../words/ar/help.ftl")),
        ] {
            for key in keys(text) {
                assert!(shown.contains_key(&key), "no page shows {key}");
                let said = words.say(&key).chars().count();
                assert!(said > 50, "{key} says little in {}", words.locale);
            }
        }
    }

    #[test]
    fn arabic_counts_in_its_six_ways() {
        let words = Words::of(Locale::Ar);
        let texts: BTreeSet<String> =
            [0, 1, 2, 3, 11, 100].iter().map(|n| words.with("count-messages", *n)).collect();
        assert_eq!(texts.len(), 6, "{texts:?}");
    }
}
