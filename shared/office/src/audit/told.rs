//! The answer in sentences.

use chrono::{DateTime, Utc};
use domain::Locale;

use super::{Answer, Listed, Outcome, Standing, TouchThatDay};
use crate::local;
use crate::words::{self, embedded, pick};

/// Why somebody was or was not contacted, in sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The answer in one sentence.
    pub verdict: String,
    /// The title of the next part.
    pub day_title: String,
    /// What was due or decided that day; a sentence that says so where nothing was.
    pub touches: Vec<String>,
    /// The title of the next part.
    pub list_title: &'static str,
    /// What was on the list that day; a sentence that says so where nothing was.
    pub list: Vec<String>,
    /// The title of the next part.
    pub enrolments_title: &'static str,
    /// The plans the person was in.
    pub enrolments: Vec<String>,
    /// That the person was erased, and when.
    pub erased: Option<String>,
}

/// The answer in sentences of a language.
#[must_use]
pub fn words(answer: &Answer, locale: Locale) -> Told {
    let at = |instant: DateTime<Utc>| local::moment(instant, &answer.time_zone, locale);
    let mut touches: Vec<String> =
        answer.touches.iter().map(|touch| touch_in_words(touch, at, locale)).collect();
    if touches.is_empty() {
        let nothing = "Nothing was due, and nothing was decided.";
        touches.push(pick(locale, nothing, "لم يكن شيء مستحقًا ولم يُتخذ أي قرار.").to_owned());
    }
    let mut list: Vec<String> =
        answer.list.iter().map(|entry| entry_in_words(entry, at, locale)).collect();
    if list.is_empty() {
        list.push(pick(locale, "Nothing.", "لا شيء.").to_owned());
    }
    let (day, zone) = (&answer.day, &answer.zone);
    Told {
        verdict: verdict(&answer.outcome, locale),
        day_title: match locale {
            Locale::En => format!("On {day} ({zone})"),
            Locale::Ar => {
                format!("يوم {} ({})", embedded(day, locale), embedded(zone, locale))
            }
        },
        touches,
        list_title: pick(locale, "On the list that day", "في قائمة عدم التواصل ذلك اليوم"),
        list,
        enrolments_title: pick(locale, "Enrolments", "التسجيل في الخطط"),
        enrolments: answer.enrolments.iter().map(|own| enrolment(own, at, locale)).collect(),
        erased: answer.erased_at.map(|erased_at| match locale {
            Locale::En => format!("Erased on {}.", at(erased_at)),
            Locale::Ar => format!("مُحيت البيانات {}.", at(erased_at)),
        }),
    }
}

/// The answer in one sentence.
pub(super) fn verdict(outcome: &Outcome, locale: Locale) -> String {
    match locale {
        Locale::En => english(outcome),
        Locale::Ar => arabic(outcome),
    }
}

fn english(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Contacted(sent) => format!("Contacted: {sent} handed over."),
        Outcome::Decided(state, reason) => {
            let why = reason.as_deref().map(|reason| words::reason(reason, Locale::En));
            format!("Not contacted: {state} ({}).", why.unwrap_or_default())
        }
        Outcome::Undecided(state_now) => format!(
            "Not contacted: a touch was due, and nothing was decided about it that day; it is \
             {state_now} now."
        ),
        Outcome::Erased => "Not contacted: the person had been erased; nothing was due.".to_owned(),
        Outcome::Unknown => {
            "Not contacted: no contact has this address, and no touch went to it.".to_owned()
        }
        Outcome::NotEnrolled => {
            "Not contacted: the person was not enrolled in any plan.".to_owned()
        }
        Outcome::NothingDue(plan) => {
            format!("Not contacted: nothing of {plan} was due that day.")
        }
        Outcome::NotRunning { plan, state, since } => {
            let since = since.format("%Y-%m-%d");
            format!("Not contacted: {plan} was {state} since {since}; nothing was due.")
        }
    }
}

fn arabic(outcome: &Outcome) -> String {
    let locale = Locale::Ar;
    let why = match outcome {
        Outcome::Contacted(sent) => {
            return format!("جرى التواصل: عدد ما سُلّم {sent}.");
        }
        Outcome::Decided(state, reason) => {
            let state = words::led_to(*state, locale);
            match reason.as_deref() {
                Some(reason) => format!("{state} ({})", words::reason(reason, locale)),
                None => state.to_owned(),
            }
        }
        Outcome::Undecided(now) => format!(
            "حان موعد نقطة اتصال ولم يُتخذ بشأنها قرار ذلك اليوم؛ حالتها الآن: {}",
            words::touch_state(*now, locale)
        ),
        Outcome::Erased => "كانت بيانات الشخص قد مُحيت ولم يكن شيء مستحقًا".to_owned(),
        Outcome::Unknown => "لا توجد جهة اتصال بهذا العنوان ولم يُرسل إليه شيء".to_owned(),
        Outcome::NotEnrolled => "لم يكن الشخص مسجّلًا في أي خطة".to_owned(),
        Outcome::NothingDue(plan) => {
            format!("لم يكن شيء من خطة {} مستحقًا ذلك اليوم", embedded(plan, locale))
        }
        Outcome::NotRunning { plan, state, since } => format!(
            "التسجيل في خطة {} {} منذ {}، ولم يكن شيء مستحقًا",
            embedded(plan, locale),
            words::enrolment_state(*state, locale),
            embedded(&since.format("%Y-%m-%d").to_string(), locale)
        ),
    };
    format!("لم يجرِ التواصل: {why}.")
}

fn touch_in_words(
    touch: &TouchThatDay,
    at: impl Fn(DateTime<Utc>) -> String,
    locale: Locale,
) -> String {
    let (step, version, id) = (touch.step, touch.plan_version, touch.touch.to_string());
    let (plan, id) = (embedded(&touch.plan, locale), embedded(&id, locale));
    let what = match locale {
        Locale::En => format!("{}, step {step} of {plan} (version {version})", touch.channel),
        Locale::Ar => {
            let channel = words::channel(touch.channel, locale);
            format!("{channel}، الخطوة {step} من خطة {plan} (الإصدار {version})")
        }
    };
    let why = touch.reason.as_deref().map(|reason| words::reason(reason, locale));
    match (touch.state.zip(touch.decided_at), locale) {
        (None, Locale::En) => {
            format!("{what}: due {}, {} now. Touch {id}.", at(touch.due_at), touch.state_now)
        }
        (None, Locale::Ar) => {
            let now = words::touch_state(touch.state_now, locale);
            format!("{what}: موعدها {}، وحالتها الآن: {now}. نقطة الاتصال {id}.", at(touch.due_at))
        }
        (Some((state, decided_at)), Locale::En) => {
            let why = why.map_or_else(String::new, |why| format!(", because {why}"));
            format!("{what}: {state} at {}{why}. Touch {id}.", at(decided_at))
        }
        (Some((state, decided_at)), Locale::Ar) => {
            let (state, when) = (words::led_to(state, locale), at(decided_at));
            let why = why.map_or_else(String::new, |why| format!("، والسبب: {why}"));
            format!("{what}: {state} {when}{why}. نقطة الاتصال {id}.")
        }
    }
}

fn entry_in_words(entry: &Listed, at: impl Fn(DateTime<Utc>) -> String, locale: Locale) -> String {
    let (since, id) = (at(entry.since), embedded(&entry.event.to_string(), locale));
    match locale {
        Locale::En => {
            let covers = entry.channel.map_or_else(
                || format!("the whole {}", entry.scope),
                |channel| channel.to_string(),
            );
            let until =
                entry.until.map_or_else(String::new, |until| format!(", until {}", at(until)));
            let (reason, origin) = (entry.reason.as_str().replace('_', " "), entry.origin);
            format!("{covers}: {reason}, by {origin}, since {since}{until} (entry {id}).")
        }
        Locale::Ar => {
            let covers = entry.channel.map_or_else(
                || words::scope(entry.scope, locale),
                |channel| words::contact_channel(channel, locale),
            );
            let until =
                entry.until.map_or_else(String::new, |until| format!("، حتى {}", at(until)));
            let reason = words::suppression_reason(entry.reason, locale);
            let origin = words::origin(entry.origin, locale);
            format!("{covers}: {reason}، بواسطة: {origin}، منذ {since}{until} (القيد {id}).")
        }
    }
}

fn enrolment(own: &Standing, at: impl Fn(DateTime<Utc>) -> String, locale: Locale) -> String {
    let (plan, since, changed) = (embedded(&own.plan, locale), at(own.since), at(own.changed_at));
    match locale {
        Locale::En => {
            format!("{plan}: since {since}, {} now, changed {changed}.", own.state_now)
        }
        Locale::Ar => {
            let state = words::enrolment_state(own.state_now, locale);
            format!("{plan}: منذ {since}، وحالته الآن: {state}، تغيّرت {changed}.")
        }
    }
}
