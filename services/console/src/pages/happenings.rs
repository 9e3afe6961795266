//! What happened with a contact, in the reader's words: lines of a timeline.

use std::collections::BTreeMap;

use domain::suppression::{ListAction, SuppressionReason};
use domain::{TaskOutcome, TouchState};
use office::words;
use storage::contacts::{Happening, HappeningKind};

use crate::page::Page;

/// A line of a timeline.
pub struct Line {
    /// When, in the team's zone.
    pub when: String,
    /// What happened.
    pub text: String,
    /// What a person wrote: never ours to change, so it stands apart.
    pub note: Option<String>,
    /// Who did it.
    pub by: Option<String>,
    /// Where more of it stands.
    pub link: Option<String>,
}

/// The line of a happening; plans are called as `plans` says, by key.
pub fn line(happening: &Happening, plans: &BTreeMap<String, String>, page: &Page) -> Line {
    let locale = page.locale();
    let channel = happening.channel.map(|channel| words::channel(channel, locale));
    let because = |reason: &String| words::reason(reason, locale);
    let mut line = Line {
        when: page.moment(&happening.at),
        text: String::new(),
        note: happening.note.clone().filter(|note| !note.trim().is_empty()),
        by: happening.actor.clone(),
        link: None,
    };
    let mut parts: Vec<String> = Vec::new();
    match happening.kind {
        HappeningKind::Touch => {
            parts.extend(channel.map(str::to_owned));
            let state = happening.what.parse::<TouchState>().ok();
            parts.extend(state.map(|state| words::touch_state(state, locale).to_owned()));
            parts.extend(happening.reason.as_ref().map(because));
            let plan = happening.plan_key.as_ref().map(|key| plans.get(key).unwrap_or(key));
            parts.extend(plan.map(|name| words::embedded(name, locale)));
            line.link = Some(format!("/touches/{}", happening.id));
        }
        HappeningKind::Task => {
            parts.extend(channel.map(str::to_owned));
            parts.push(task(happening, page));
            parts.extend(happening.reason.as_ref().map(because));
        }
        HappeningKind::Noted => parts.push(page.word("interaction", &happening.what)),
        HappeningKind::Answer => {
            parts.push(page.word("answer", &happening.what));
            line.note = happening.reason.clone().or(line.note);
        }
        HappeningKind::List => {
            line.when = page.by_machine(&happening.at);
            let action = happening.what.parse::<ListAction>().ok();
            parts.extend(action.map(|action| words::list_action(action, locale).to_owned()));
            let channel = happening.list_channel;
            parts.extend(channel.map(|it| words::contact_channel(it, locale).to_owned()));
            let reason = happening.reason.as_ref().and_then(|it| it.parse().ok());
            let reason = reason.map(|it: SuppressionReason| words::suppression_reason(it, locale));
            parts.extend(reason.map(str::to_owned));
        }
    }
    line.text = parts.join(" · ");
    line
}

fn task(happening: &Happening, page: &Page) -> String {
    let detail = happening.detail.as_deref().unwrap_or_default();
    match (happening.what.as_str(), detail.parse::<TaskOutcome>()) {
        ("done", Ok(outcome)) => words::task_outcome(outcome, page.locale()).to_owned(),
        ("snoozed", _) => {
            let day = detail.parse().map_or_else(|_| detail.to_owned(), |day| page.day(&day));
            page.with("task-was-snoozed", day)
        }
        (what, _) => page.word("task-was", what),
    }
}
