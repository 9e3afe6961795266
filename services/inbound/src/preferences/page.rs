//! The preference page and its answers, as HTML: forms, labels and headings, no script.

use std::fmt::Write;

use domain::{ContactChannel, Locale};
use storage::preferences::Preferences;

use super::words::{self, Outcome, Words, words};
use crate::page::{self, BROKEN, Pages, TICK, document, escape, icon};

/// A letter, and below it a list to choose from.
const CHOICES: &str =
    "M4 6.5l1.5 1.5L8 5M4 12.5l1.5 1.5L8 11M4 18.5l1.5 1.5L8 17M11 7h9M11 13h9M11 19h9";

/// What every page of one link needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link<'a> {
    /// The signed token.
    pub token: &'a str,
    /// The language of the page.
    pub locale: Locale,
    /// The way from the page to where forms are sent and the link stands, e.g. "./".
    pub way: &'a str,
}

/// What may be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    /// What stands against the address; its own channel alone while the database is away.
    pub preferences: Preferences,
    /// Whether it could be read.
    pub is_read: bool,
}

impl Pages {
    /// The page: what may be stopped, and two buttons of equal weight (compliance.md EML-06). A
    /// `hint` says what was wrong with a choice.
    pub(super) fn preferences(
        &self,
        link: Link<'_>,
        channel: ContactChannel,
        offer: &Offer,
        hint: Option<Outcome>,
    ) -> String {
        let Link { token, locale, way } = link;
        let said = words(locale);
        let lead = said.lead.replace("{from}", &self.from(locale));
        let mut main = format!("{}<h1>{}</h1>\n<p>{}</p>\n", icon(CHOICES), said.heading, lead);
        let hint = hint.map(|hint| words::outcome(hint, locale).1);
        for hint in hint.into_iter().chain((!offer.is_read).then_some(said.unread)) {
            let _ = writeln!(main, "<p class=\"hint\" role=\"status\">{hint}</p>");
        }
        let _ = write!(
            main,
            "<form method=\"post\" action=\"{way}?lang={locale}\">\n{}{}\
             <div class=\"both\">\n\
             <button type=\"submit\" name=\"do\" value=\"chosen\">{}</button>\n\
             <button type=\"submit\" name=\"do\" value=\"everything\">{}</button>\n</div>\n</form>\n\
             <p class=\"note\">{}</p>\n{}",
            hidden(token),
            choices(&offer.preferences, channel, said, locale),
            said.chosen,
            said.everything,
            said.note,
            self.origin(offer.preferences.source.as_deref(), said),
        );
        let (tag, name, direction) = page::other_language(locale);
        let nav = format!(
            "<nav><a href=\"{way}{}?lang={tag}\" hreflang=\"{tag}\" lang=\"{tag}\" \
             dir=\"{direction}\">{name}</a></nav>\n",
            escape(token),
        );
        document(locale, said.title, &main, &nav)
    }

    /// What stands there after a choice, in both languages, with undo where something was stopped.
    pub(super) fn chosen(&self, link: Link<'_>, outcome: Outcome, may_undo: bool) -> String {
        let drawing = match outcome {
            Outcome::Stopped | Outcome::AllStopped | Outcome::Undone => TICK,
            Outcome::StoppedInPart | Outcome::NothingToUndo | Outcome::NothingChosen => BROKEN,
        };
        let mut main = page::in_both(link.locale, drawing, |locale| {
            let (heading, text) = words::outcome(outcome, locale);
            (heading.to_owned(), text.to_owned())
        });
        main.push_str(&self.after(link, may_undo));
        document(link.locale, words(link.locale).title, &main, "")
    }

    /// What may be done after an opt-out: taking it back within 24 hours (compliance.md EML-27),
    /// and choosing something else.
    pub(crate) fn after(&self, link: Link<'_>, may_undo: bool) -> String {
        let Link { token, locale, way } = link;
        let said = words(locale);
        let mut after = String::from("<footer>\n");
        if may_undo {
            let _ = write!(
                after,
                "<p class=\"note\">{}</p>\n<form method=\"post\" action=\"{way}?lang={locale}\">{}\
                 <button class=\"quiet\" type=\"submit\" name=\"do\" value=\"undo\">{}</button>\
                 </form>\n",
                said.undo_lead,
                hidden(token),
                said.undo,
            );
        }
        let _ = write!(
            after,
            "<p class=\"note\"><a href=\"{way}{}?lang={locale}\">{}</a></p>\n{}</footer>\n",
            escape(token),
            said.further,
            self.privacy_link(said),
        );
        after
    }

    /// Where the address came from, and the privacy notice (compliance.md PRV-24).
    fn origin(&self, source: Option<&str>, said: &Words) -> String {
        let source = match source.map(str::trim).filter(|source| !source.is_empty()) {
            Some(source) => format!("{} <bdi>{}</bdi>", said.source, escape(source)),
            None => said.source_asked.to_owned(),
        };
        format!("<footer>\n<p class=\"note\">{source}</p>\n{}</footer>\n", self.privacy_link(said))
    }

    fn privacy_link(&self, said: &Words) -> String {
        let url = self.privacy_url();
        if url.is_empty() {
            return String::new();
        }
        format!("<p class=\"note\"><a href=\"{url}\" rel=\"noreferrer\">{}</a></p>\n", said.privacy)
    }
}

fn hidden(token: &str) -> String {
    format!("<input type=\"hidden\" name=\"token\" value=\"{}\">\n", escape(token))
}

/// Both groups of boxes; a group of none is left out.
fn choices(preferences: &Preferences, own: ContactChannel, said: &Words, locale: Locale) -> String {
    let kinds = words::kinds(own, locale);
    let topics = preferences.topics.iter().map(|(topic, is_stopped)| {
        one("topic", topic.as_str(), &words::topic(*topic, locale), *is_stopped, said)
    });
    let channels = preferences.channels.iter().map(|(channel, is_stopped)| {
        one("channel", channel.as_str(), words::channel(*channel, locale), *is_stopped, said)
    });
    group(&kinds, &topics.collect::<String>())
        + &group(said.channels, &channels.collect::<String>())
}

fn group(legend: &str, boxes: &str) -> String {
    if boxes.is_empty() {
        return String::new();
    }
    format!("<fieldset>\n<legend>{legend}</legend>\n{boxes}</fieldset>\n")
}

/// A box and its label; what has stopped already says so and cannot be chosen.
fn one(name: &str, value: &str, label: &str, is_stopped: bool, said: &Words) -> String {
    let (state, mark) = if is_stopped {
        (" checked disabled", format!(" <small>{}</small>", said.stopped))
    } else {
        ("", String::new())
    };
    format!(
        "<label><input type=\"checkbox\" name=\"{name}\" value=\"{value}\"{state}>\
         <span>{}{mark}</span></label>\n",
        escape(label),
    )
}
