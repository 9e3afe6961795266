//! The elements of MJML and their attributes (MJML 4, documentation.mjml.io): the parser accepts
//! any name and drops what it does not know, so misspelt ones have to be found here.

/// An element: its name and its own attributes, separated by spaces, beside
/// [`EVERYWHERE`].
type Element = (&'static str, &'static str);

/// Attributes every element takes.
const EVERYWHERE: &[&str] = &["mj-class", "css-class"];

const ELEMENTS: &[Element] = &[
    ("mjml", "lang dir owa"),
    ("mj-head", ""),
    ("mj-body", "background-color width id lang dir"),
    ("mj-include", "path"),
    ("mj-attributes", ""),
    ("mj-breakpoint", "width"),
    ("mj-font", "name href"),
    ("mj-preview", ""),
    ("mj-style", "inline"),
    ("mj-title", ""),
    ("mj-raw", "position"),
    ("mj-wrapper", SECTION),
    ("mj-section", SECTION),
    ("mj-group", "background-color direction vertical-align width"),
    ("mj-column", COLUMN),
    ("mj-hero", HERO),
    ("mj-text", TEXT),
    ("mj-table", TABLE),
    ("mj-button", BUTTON),
    ("mj-image", IMAGE),
    ("mj-divider", DIVIDER),
    ("mj-spacer", SPACER),
    ("mj-accordion", ACCORDION),
    ("mj-accordion-element", ACCORDION),
    ("mj-accordion-title", ACCORDION_TEXT),
    ("mj-accordion-text", ACCORDION_TEXT),
    ("mj-carousel", CAROUSEL),
    ("mj-carousel-image", CAROUSEL_IMAGE),
    ("mj-navbar", NAVBAR),
    ("mj-navbar-link", NAVBAR_LINK),
    ("mj-social", SOCIAL),
    ("mj-social-element", SOCIAL_ELEMENT),
];

const SECTION: &str = "\
    background-color background-position background-position-x background-position-y \
    background-repeat background-size background-url border border-bottom border-left \
    border-radius border-right border-top direction full-width gap padding padding-bottom \
    padding-left padding-right padding-top text-align text-padding";
const COLUMN: &str = "\
    background-color border border-bottom border-left border-radius border-right border-top \
    direction inner-background-color inner-border inner-border-bottom inner-border-left \
    inner-border-radius inner-border-right inner-border-top padding padding-bottom \
    padding-left padding-right padding-top vertical-align width";
const HERO: &str = "\
    align background-color background-height background-position background-url \
    background-width border-radius container-background-color height inner-background-color \
    inner-padding inner-padding-bottom inner-padding-left inner-padding-right \
    inner-padding-top mode padding padding-bottom padding-left padding-right padding-top \
    vertical-align";
const TEXT: &str = "\
    align color container-background-color font-family font-size font-style font-weight height \
    letter-spacing line-height padding padding-bottom padding-left padding-right padding-top \
    text-decoration text-transform vertical-align";
const TABLE: &str = "\
    align border cellpadding cellspacing color container-background-color font-family \
    font-size font-weight line-height padding padding-bottom padding-left padding-right \
    padding-top role table-layout vertical-align width";
const BUTTON: &str = "\
    align background-color border border-bottom border-left border-radius border-right \
    border-top color container-background-color font-family font-size font-style font-weight \
    height href inner-padding letter-spacing line-height name padding padding-bottom \
    padding-left padding-right padding-top rel target text-align text-decoration \
    text-transform title vertical-align width";
const IMAGE: &str = "\
    align alt border border-bottom border-left border-radius border-right border-top \
    container-background-color fluid-on-mobile font-size height href max-height name padding \
    padding-bottom padding-left padding-right padding-top rel sizes src srcset target title \
    usemap vertical-align width";
const DIVIDER: &str = "\
    align border-color border-style border-width container-background-color padding \
    padding-bottom padding-left padding-right padding-top vertical-align width";
const SPACER: &str = "\
    border border-bottom border-left border-right border-top container-background-color height \
    padding padding-bottom padding-left padding-right padding-top vertical-align width";
const ACCORDION: &str = "\
    background-color border container-background-color font-family icon-align icon-height \
    icon-position icon-unwrapped-alt icon-unwrapped-url icon-width icon-wrapped-alt \
    icon-wrapped-url padding padding-bottom padding-left padding-right padding-top \
    vertical-align";
const ACCORDION_TEXT: &str = "\
    background-color color font-family font-size font-weight letter-spacing line-height \
    padding padding-bottom padding-left padding-right padding-top";
const CAROUSEL: &str = "\
    align border-radius container-background-color icon-width left-icon padding padding-bottom \
    padding-left padding-right padding-top right-icon tb-border tb-border-radius \
    tb-hover-border-color tb-selected-border-color tb-width thumbnails vertical-align";
const CAROUSEL_IMAGE: &str = "\
    alt border-radius href rel src target tb-border tb-border-radius thumbnails-src title";
const NAVBAR: &str = "\
    align base-url hamburger ico-align ico-close ico-color ico-font-family ico-font-size \
    ico-line-height ico-open ico-padding ico-padding-bottom ico-padding-left ico-padding-right \
    ico-padding-top ico-text-decoration ico-text-transform padding padding-bottom padding-left \
    padding-right padding-top vertical-align";
const NAVBAR_LINK: &str = "\
    color font-family font-size font-style font-weight href letter-spacing line-height name \
    padding padding-bottom padding-left padding-right padding-top rel target text-decoration \
    text-transform";
const SOCIAL: &str = "\
    align border-radius color container-background-color font-family font-size font-style \
    font-weight icon-height icon-padding icon-size inner-padding line-height mode padding \
    padding-bottom padding-left padding-right padding-top table-layout text-decoration \
    text-padding vertical-align";
const SOCIAL_ELEMENT: &str = "\
    align alt background-color border-radius color font-family font-size font-style \
    font-weight href icon-height icon-padding icon-position icon-size line-height name padding \
    padding-bottom padding-left padding-right padding-top rel src target text-decoration \
    text-padding title vertical-align";

/// Elements whose inside is HTML or text.
const HTML_INSIDE: &[&str] = &[
    "mj-text",
    "mj-button",
    "mj-table",
    "mj-raw",
    "mj-accordion-title",
    "mj-accordion-text",
    "mj-navbar-link",
    "mj-social-element",
    "mj-preview",
    "mj-title",
    "mj-style",
];

/// Whether MJML has an element.
pub fn has_element(name: &str) -> bool {
    ELEMENTS.iter().any(|(element, _)| *element == name)
}

/// Every element's name.
pub fn elements() -> impl Iterator<Item = &'static str> {
    ELEMENTS.iter().map(|(element, _)| *element)
}

/// The attributes an element takes of its own.
pub fn attributes(element: &str) -> impl Iterator<Item = &'static str> {
    let own = ELEMENTS.iter().find(|(name, _)| *name == element).map_or("", |(_, own)| own);
    own.split_whitespace()
}

/// Whether an element takes an attribute.
pub fn takes(element: &str, attribute: &str) -> bool {
    EVERYWHERE.contains(&attribute) || attributes(element).any(|own| own == attribute)
}

/// Whether an element takes HTML or text inside.
pub fn has_html_inside(element: &str) -> bool {
    HTML_INSIDE.contains(&element)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_with_html_inside_exists() {
        for element in HTML_INSIDE {
            assert!(has_element(element), "{element}");
        }
    }
}
