//! A plan as a form: each step a group of fields, with what is done to it.

use std::collections::BTreeMap;

use domain::plan::{Chain, Plan, Repeat, Shift, Step};
use domain::{Channel, Lane, Locale};
use jiff::civil::Time;

use crate::pages::typed::Typed;

/// What is to be done with what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Only say what is wrong.
    Check,
    /// Put a step at the end.
    Add,
    /// Take a step out.
    Remove(usize),
    /// Change a step's place with the one before.
    Earlier(usize),
    /// Change a step's place with the one after.
    Later(usize),
    /// Store it as a new version.
    Save,
}

impl Deed {
    /// As the pressed button says.
    pub fn of(word: &str) -> Self {
        let (name, step) = word.split_once('-').unwrap_or((word, ""));
        match (name, step.parse()) {
            ("add", _) => Self::Add,
            ("save", _) => Self::Save,
            ("remove", Ok(step)) => Self::Remove(step),
            ("earlier", Ok(step)) => Self::Earlier(step),
            ("later", Ok(step)) => Self::Later(step),
            _ => Self::Check,
        }
    }

    /// Does it to the steps. Days stay where they are when steps change places, so that they stay
    /// in order.
    pub fn to(self, steps: &mut Vec<Step>) {
        match self {
            Self::Check | Self::Save => {}
            Self::Add => {
                let (day, channel) = steps
                    .last()
                    .map_or((1, Channel::Email), |last| (last.day.saturating_add(7), last.channel));
                steps.push(blank(day, channel));
            }
            Self::Remove(step) => {
                if step < steps.len() {
                    steps.remove(step);
                }
            }
            Self::Earlier(step) => {
                if step > 0 {
                    swap(steps, step - 1, step);
                }
            }
            Self::Later(step) => swap(steps, step, step.saturating_add(1)),
        }
    }
}

fn swap(steps: &mut [Step], one: usize, other: usize) {
    if one.max(other) >= steps.len() {
        return;
    }
    let (day, later) = (steps[one].day, steps[other].day);
    steps.swap(one, other);
    (steps[one].day, steps[other].day) = (day, later);
}

const fn blank(day: u16, channel: Channel) -> Step {
    Step {
        day,
        channel,
        purpose: BTreeMap::new(),
        template: String::new(),
        anchor: None,
        shift: None,
        at: None,
        counts: true,
    }
}

/// The plan that was typed. What cannot be read becomes what the plan's check refuses: day 0, no
/// touches; what a choice does not offer becomes the default.
pub fn plan(typed: &Typed, before: &Plan) -> Plan {
    let steps = typed.value("steps").parse::<usize>().unwrap_or(0).min(200);
    let then = typed.value("then-plan");
    Plan {
        key: typed.value("key").to_owned(),
        name: texts(typed, "name"),
        description: texts(typed, "description"),
        touches: typed.value("touches").parse().unwrap_or(0),
        lane: typed.value("lane").parse().unwrap_or(Lane::Bulk),
        // What a plan is about and why it is sent binds the list: the form does not change it.
        topic: before.topic,
        purpose: before.purpose,
        repeat: if typed.is_ticked("yearly") { Repeat::Yearly } else { Repeat::Never },
        then: (!then.is_empty()).then(|| Chain {
            plan: then.to_owned(),
            day: typed.value("then-day").parse().unwrap_or(0),
        }),
        steps: (0..steps).map(|number| step(typed, number)).collect(),
    }
}

fn step(typed: &Typed, number: usize) -> Step {
    let value = |name: &str| typed.value(&format!("step-{number}-{name}"));
    Step {
        day: value("day").parse().unwrap_or(0),
        channel: value("channel").parse().unwrap_or(Channel::Email),
        purpose: texts(typed, &format!("step-{number}-purpose")),
        template: value("template").to_owned(),
        anchor: value("anchor").to_owned().try_into().ok(),
        shift: match value("shift") {
            "same" => Some(Shift::Same),
            "next" => Some(Shift::Next),
            "previous" => Some(Shift::Previous),
            _ => None,
        },
        at: Time::strptime("%H:%M", value("at")).ok(),
        counts: typed.is_ticked(&format!("step-{number}-counts")),
    }
}

fn texts(typed: &Typed, name: &str) -> BTreeMap<Locale, String> {
    let text = |locale: &Locale| {
        let text = typed.value(&format!("{name}-{locale}"));
        (!text.is_empty()).then(|| (*locale, text.to_owned()))
    };
    Locale::ALL.iter().filter_map(text).collect()
}

/// Small letters, digits and what keys of the library have between them.
pub fn is_key(key: &str) -> bool {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let begins = key.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    begins && key.len() <= 63 && key.chars().all(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_change_places_leave_the_days_in_order() {
        let mut steps: Vec<Step> =
            [1, 8, 15].iter().map(|day| blank(*day, Channel::Email)).collect();
        for (step, name) in steps.iter_mut().zip(["a", "b", "c"]) {
            step.template = name.to_owned();
        }
        let told = |steps: &[Step]| -> Vec<(u16, String)> {
            steps.iter().map(|step| (step.day, step.template.clone())).collect()
        };
        Deed::of("later-0").to(&mut steps);
        let expected = [(1, "b"), (8, "a"), (15, "c")].map(|(day, name)| (day, name.to_owned()));
        assert_eq!(told(&steps), expected);
        for deed in ["earlier-0", "later-2", "later-9", "remove-9", "nonsense", "later-"] {
            Deed::of(deed).to(&mut steps);
            assert_eq!(told(&steps), expected, "{deed}");
        }
        Deed::of("remove-1").to(&mut steps);
        Deed::of("add").to(&mut steps);
        assert_eq!(told(&steps).last(), Some(&(22, String::new())));
        assert_eq!(steps.len(), 3);
    }
}
