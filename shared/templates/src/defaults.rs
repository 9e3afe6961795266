//! What elements of MJML look like where nothing is written at them: by MJML itself, and by the
//! `mj-attributes` of a page and of the shared pieces it includes.

use std::collections::BTreeMap;

use crate::markup::{Piece, Tag, pieces};

/// MJML's own colours.
const OWN: &[(&str, &str, &str)] = &[
    ("mj-text", "color", "#000000"),
    ("mj-table", "color", "#000000"),
    ("mj-button", "color", "#ffffff"),
    ("mj-button", "background-color", "#414141"),
];

/// Values by element – or `mj-all`, or a class with a dot before it – and attribute.
#[derive(Debug, Default)]
pub struct Defaults(BTreeMap<(String, String), String>);

impl Defaults {
    /// Those of texts in the order in which they come; later ones win.
    pub fn of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut defaults = Self::default();
        for text in texts {
            defaults.read(text);
        }
        defaults
    }

    fn read(&mut self, text: &str) {
        let mut is_inside = false;
        for piece in pieces(text) {
            let Piece::Tag(tag) = piece else { continue };
            if tag.name == "mj-attributes" {
                is_inside = !tag.closing && !tag.self_closing;
            } else if is_inside && !tag.closing {
                let element = match (tag.name.as_str(), tag.value(text, "name")) {
                    ("mj-class", Some(name)) => format!(".{name}"),
                    (element, _) => element.to_owned(),
                };
                for attribute in &tag.attributes {
                    let value = text.get(attribute.value.clone()).unwrap_or_default();
                    self.0.insert((element.clone(), attribute.name.clone()), value.to_owned());
                }
            }
        }
    }

    /// The value an attribute of an element has: what is written at it, else of its classes, else of
    /// its kind, else of all, else MJML's own.
    pub fn value<'d>(&'d self, tag: &Tag, text: &'d str, name: &str) -> Option<&'d str> {
        let of =
            |element: &str| self.0.get(&(element.to_owned(), name.to_owned())).map(String::as_str);
        let classes = tag.value(text, "mj-class").unwrap_or_default();
        tag.value(text, name)
            .or_else(|| classes.split_whitespace().rev().find_map(|class| of(&format!(".{class}"))))
            .or_else(|| of(&tag.name))
            .or_else(|| of("mj-all"))
            .or_else(|| {
                let own =
                    |(element, own, _): &&(&str, &str, &str)| *element == tag.name && *own == name;
                OWN.iter().find(own).map(|(_, _, value)| *value)
            })
    }
}
