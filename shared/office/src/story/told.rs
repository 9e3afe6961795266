//! The story of a touch in sentences.

use chrono::TimeDelta;
use domain::{Channel, Locale, Medium, TouchState};

use super::{Event, ListEntry, Story};
use crate::local;
use crate::words::{self, embedded, pick};

mod facts;

use facts::relied_on;

/// The story in sentences, in the order in which they are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it is and whom it is for.
    pub headline: String,
    /// What it is for.
    pub purpose: String,
    /// Where it stands.
    pub standing: String,
    /// The title of the next part.
    pub why_this_day_title: &'static str,
    /// Why it is due on its day.
    pub why_this_day: Vec<String>,
    /// The title of the next part.
    pub happened_title: &'static str,
    /// What happened, a paragraph per event; one that says so where nothing did.
    pub happened: Vec<Paragraph>,
    /// What became of its task, of its enrolment and of the steps behind it.
    pub follows: Vec<String>,
    /// The title of the next part.
    pub list_title: &'static str,
    /// What stands against it on the list now; a sentence that says so where nothing does.
    pub list: Vec<String>,
    /// Its id and the contact's.
    pub reference: String,
}

/// A sentence, and what stands behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paragraph {
    /// What happened.
    pub sentence: String,
    /// What it was decided from.
    pub details: Vec<String>,
}

/// The story in sentences of a language.
#[must_use]
pub fn words(story: &Story, locale: Locale) -> Told {
    let mut happened: Vec<Paragraph> =
        story.events.iter().map(|event| told(event, story, locale)).collect();
    if happened.is_empty() {
        let sentence = pick(locale, "Nothing yet.", "لم يحدث شيء بعد.").to_owned();
        happened.push(Paragraph { sentence, details: Vec::new() });
    }
    let mut list: Vec<String> =
        story.list.iter().map(|entry| entry_in_words(entry, story, locale)).collect();
    if list.is_empty() {
        let nothing = "Nothing on it stands against this channel.";
        list.push(pick(locale, nothing, "لا يوجد فيها ما يمنع هذه القناة.").to_owned());
    }
    let (id, contact) = (story.id.to_string(), story.contact.to_string());
    Told {
        headline: headline(story, locale),
        purpose: purpose(story, locale),
        standing: standing(story, locale),
        why_this_day_title: pick(locale, "Why this day", "لماذا هذا اليوم"),
        why_this_day: why_this_day(story, locale),
        happened_title: pick(locale, "What happened", "ما الذي حدث"),
        happened,
        follows: what_follows(story, locale),
        list_title: pick(locale, "The list now", "قائمة عدم التواصل الآن"),
        list,
        reference: match locale {
            Locale::En => format!("Touch {id}, contact {contact}."),
            Locale::Ar => format!(
                "نقطة الاتصال {}، جهة الاتصال {}.",
                embedded(&id, locale),
                embedded(&contact, locale)
            ),
        },
    }
}

fn headline(story: &Story, locale: Locale) -> String {
    let channel = words::channel(story.channel, locale);
    let name = embedded(&story.contact_name, locale);
    let plan = match (locale, story.plan_names.get(&locale)) {
        (Locale::En, own) => own.unwrap_or(&story.plan).clone(),
        (Locale::Ar, Some(own)) => format!("«{}»", embedded(own, locale)),
        (Locale::Ar, None) => format!("خطة {}", embedded(&story.plan, locale)),
    };
    let Story { step, steps, plan_version: version, .. } = story;
    match locale {
        Locale::En => {
            format!("{channel} to {name}: step {step} of {steps} of {plan} (version {version}).")
        }
        Locale::Ar => {
            format!("{channel} إلى {name}: الخطوة {step} من {steps} في {plan} (الإصدار {version}).")
        }
    }
}

fn purpose(story: &Story, locale: Locale) -> String {
    let own = story.purposes.get(&locale).unwrap_or(&story.purpose).trim_end_matches('.');
    match locale {
        Locale::En => format!("Purpose: {own}."),
        Locale::Ar => format!("الغرض: {own}."),
    }
}

/// Of a touch whose task was closed or which was cancelled: what became of it and of the steps
/// behind it.
fn what_follows(story: &Story, locale: Locale) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(reason) = &story.task_closed {
        let reason = words::reason(reason, locale);
        lines.push(match locale {
            Locale::En => format!("Its task was closed undone: {reason}."),
            Locale::Ar => format!("أُغلقت مهمتها دون تنفيذ: {reason}."),
        });
    }
    if !story.passed_over.is_empty() {
        let steps: Vec<String> = story.passed_over.iter().map(usize::to_string).collect();
        lines.push(match locale {
            Locale::En => {
                format!("The list stops these steps, too; they do not come: {}.", steps.join(", "))
            }
            Locale::Ar => {
                format!("تمنع القائمة هذه الخطوات أيضًا فلن تُنفَّذ: {}.", steps.join("، "))
            }
        });
    }
    if let Some(reason) = &story.enrolment_reason {
        let reason = words::reason(reason, locale);
        lines.push(match locale {
            Locale::En => format!("The enrolment is {}: {reason}.", story.enrolment_state),
            Locale::Ar => {
                let state = words::enrolment_state(story.enrolment_state, locale);
                format!("التسجيل في الخطة {state}: {reason}.")
            }
        });
    }
    lines
}

/// Where it stands.
fn standing(story: &Story, locale: Locale) -> String {
    match locale {
        Locale::En => format!("It {}.", english_standing(story)),
        Locale::Ar => format!("{}.", arabic_standing(story)),
    }
}

fn english_standing(story: &Story) -> String {
    let at = |instant| local::moment(instant, &story.time_zone, Locale::En);
    let why = || reason_of(story, Locale::En);
    match story.state {
        TouchState::Scheduled if story.attempt > 0 => {
            format!("was put off until {}: {}", at(story.due_at), why())
        }
        TouchState::Scheduled => format!("is due on {}", at(story.due_at)),
        TouchState::Queued => "is due and waits for a worker".to_owned(),
        TouchState::Sending => "is being handed over at this moment".to_owned(),
        TouchState::Unknown => format!("may or may not have been handed over: {}", why()),
        TouchState::Held => format!("waits for a person to decide: {}", why()),
        TouchState::Sent => {
            let done = if becomes_a_task(story.channel) { "became a task" } else { "was sent" };
            format!("{done} on {}", story.sent_at.map_or_else(|| "an unknown day".to_owned(), at))
        }
        TouchState::Blocked => format!("was blocked and will not go out: {}", why()),
        TouchState::Skipped => format!("was skipped: {}", why()),
        TouchState::Failed => format!("was given up: {}", why()),
        TouchState::Cancelled => format!("was cancelled: {}", why()),
    }
}

fn arabic_standing(story: &Story) -> String {
    let at = |instant| local::moment(instant, &story.time_zone, Locale::Ar);
    let why = || reason_of(story, Locale::Ar);
    match story.state {
        TouchState::Scheduled if story.attempt > 0 => {
            format!("أُجّلت حتى {}: {}", at(story.due_at), why())
        }
        TouchState::Scheduled => format!("موعدها {}", at(story.due_at)),
        TouchState::Queued => "حان موعدها وتنتظر دورها في الإرسال".to_owned(),
        TouchState::Sending => "يجري تسليمها في هذه اللحظة".to_owned(),
        TouchState::Unknown => format!("لا يُعرف إن كانت قد سُلّمت أم لا: {}", why()),
        TouchState::Held => format!("تنتظر قرار أحد الموظفين: {}", why()),
        TouchState::Sent => {
            let done =
                if becomes_a_task(story.channel) { "أصبحت مهمة" } else { "أُرسلت" };
            let when = story.sent_at.map_or_else(|| "في يوم غير معروف".to_owned(), at);
            format!("{done} {when}")
        }
        TouchState::Blocked => format!("مُنعت ولن تُرسل: {}", why()),
        TouchState::Skipped => format!("تُخطّيت: {}", why()),
        TouchState::Failed => format!("صُرف النظر عنها: {}", why()),
        TouchState::Cancelled => format!("أُلغيت: {}", why()),
    }
}

fn reason_of(story: &Story, locale: Locale) -> String {
    story.reason.as_deref().map(|reason| words::reason(reason, locale)).unwrap_or_default()
}

fn becomes_a_task(channel: Channel) -> bool {
    channel.medium() == Medium::Call
}

fn why_this_day(story: &Story, locale: Locale) -> Vec<String> {
    let Some(planned) = &story.planned_for else {
        let gone = pick(locale, "The step is no longer in its plan.", "لم تعد الخطوة ضمن خطتها.");
        return vec![gone.to_owned()];
    };
    let (day, why) = (local::day(planned.day, locale), planned.cause.in_words(locale));
    let (zone, rule) = (embedded(&story.zone, locale), words::zone_rule(story.zone_rule, locale));
    let mut lines = vec![
        format!("{day}: {why}."),
        match locale {
            Locale::En => format!("Days and hours are those of {zone}, {rule}."),
            Locale::Ar => format!("الأيام والساعات بتوقيت {zone}: {rule}."),
        },
    ];
    if story.state != TouchState::Scheduled {
        let due = local::moment(story.due_at, &story.time_zone, locale);
        lines.push(match locale {
            Locale::En => format!("It was due on {due}."),
            Locale::Ar => format!("كان موعدها {due}."),
        });
    }
    let stored = local::zoned(story.due_at, &story.time_zone).date();
    if story.attempt == 0 && stored != planned.day {
        let stored = local::day(stored, locale);
        lines.push(match locale {
            Locale::En => format!(
                "It had been planned for {stored} already when a fact about the contact changed."
            ),
            Locale::Ar => format!("كانت قد جُدولت يوم {stored} قبل أن تتغيّر معلومة عن جهة الاتصال."),
        });
    }
    lines
}

fn told(event: &Event, story: &Story, locale: Locale) -> Paragraph {
    let is_task = becomes_a_task(story.channel) && event.state == TouchState::Sent;
    let led_to = if is_task {
        pick(locale, "became a task", "أصبحت مهمة")
    } else {
        words::led_to(event.state, locale)
    };
    let at = local::moment(event.decided_at, &story.time_zone, locale);
    let worker = embedded(&event.worker, locale);
    let sentence = match (locale, event.attempt) {
        (Locale::En, 0) => format!("{at}, before any attempt, {worker}: {led_to}."),
        (Locale::En, number) => format!("{at}, attempt {number}, {worker}: {led_to}."),
        (Locale::Ar, 0) => format!("{at}، قبل أي محاولة، {worker}: {led_to}."),
        (Locale::Ar, number) => format!("{at}، المحاولة {number}، {worker}: {led_to}."),
    };
    let mut details = Vec::new();
    if let Some(reason) = &event.reason {
        let reason = words::reason(reason, locale);
        details.push(match locale {
            Locale::En => format!("Reason: {reason}."),
            Locale::Ar => format!("السبب: {reason}."),
        });
    }
    if let Some(entry) = event.entry {
        details.push(match story.list.iter().find(|own| own.event == entry) {
            Some(entry) => entry_in_words(entry, story, locale),
            None => match locale {
                Locale::En => format!("Entry {entry} is no longer in force."),
                Locale::Ar => {
                    format!("القيد {} لم يعد ساريًا.", embedded(&entry.to_string(), locale))
                }
            },
        });
    }
    details.extend(event.detail.iter().flat_map(|detail| relied_on(detail, locale)));
    details.extend(afterwards(event, locale));
    Paragraph { sentence, details }
}

/// What was rendered and what the receiving side made of it.
fn afterwards(event: &Event, locale: Locale) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(template), Some(version)) = (&event.template, event.template_version) {
        lines.push(match locale {
            Locale::En => format!("Template {template}, version {version}."),
            Locale::Ar => format!("القالب {}، الإصدار {version}.", embedded(template, locale)),
        });
    }
    if let Some(reference) = &event.provider_ref {
        lines.push(match locale {
            Locale::En => format!("The receiving side calls it {reference}."),
            Locale::Ar => format!("مرجعها لدى الجهة المستقبِلة: {}.", embedded(reference, locale)),
        });
    }
    if event.detail.as_ref().is_some_and(|detail| detail["late"] == true) {
        let late = "It was reported too late to count: the touch had been taken over.";
        lines.push(
            pick(locale, late, "وصل الخبر متأخرًا فلم يُحتسب: كانت عملية أخرى قد تولّتها.").to_owned(),
        );
    }
    lines
}

/// The list is kept by the machine's clock. Where the fleet runs on another – in a demonstration –
/// that is said, or the two times could not both be true.
fn entry_in_words(entry: &ListEntry, story: &Story, locale: Locale) -> String {
    let apart = |event: &Event| (event.at - event.decided_at).abs() > TimeDelta::hours(1);
    let clock = if story.events.iter().any(apart) {
        pick(locale, " by the machine's clock", " بساعة الجهاز")
    } else {
        ""
    };
    let since = entry.since.format("%Y-%m-%d %H:%M UTC").to_string();
    match locale {
        Locale::En => {
            let covers = match entry.channel {
                Some(channel) => format!("one address for {channel}"),
                None => format!("the whole {}", entry.scope),
            };
            let reason = entry.reason.as_str().replace('_', " ");
            format!(
                "On the list since {since}{clock}: {covers}, because of {reason} by {} (entry {}).",
                entry.origin, entry.event
            )
        }
        Locale::Ar => {
            let covers = match entry.channel {
                Some(channel) => {
                    format!("عنوان واحد لقناة {}", words::contact_channel(channel, locale))
                }
                None => words::scope(entry.scope, locale).to_owned(),
            };
            format!(
                "في القائمة منذ {}{clock}: {covers}. السبب: {}، بواسطة: {} (القيد {}).",
                embedded(&since, locale),
                words::suppression_reason(entry.reason, locale),
                words::origin(entry.origin, locale),
                embedded(&entry.event.to_string(), locale)
            )
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use domain::{ContactId, EnrolmentId, EnrolmentState, TouchId};
    use jiff::tz::TimeZone;
    use serde_json::json;

    use super::*;

    fn blocked() -> Story {
        let instant = "2026-06-01T08:00:00Z".parse().unwrap();
        let event = Event {
            at: instant,
            decided_at: instant,
            attempt: 1,
            state: TouchState::Blocked,
            worker: "email-worker-1".to_owned(),
            reason: Some("outside_window: 08:00-20:00".to_owned()),
            entry: None,
            provider_ref: None,
            template: None,
            template_version: None,
            detail: Some(json!({
                "list": "clear", "zone_rule": "the team's time zone",
                "local_time": "2026-06-01T12:00:00+04:00[Asia/Dubai]",
                "basis": { "basis": "soft_opt_in", "record": "7" },
            })),
        };
        Story {
            id: TouchId::new(),
            contact: ContactId::new(),
            contact_name: "Sara".to_owned(),
            plan: "8x8".to_owned(),
            plan_version: 2,
            enrolment: EnrolmentId::new(),
            enrolment_state: EnrolmentState::Active,
            enrolment_reason: None,
            passed_over: vec![3, 4],
            step: 2,
            steps: 8,
            channel: Channel::Email,
            purpose: "A note.".to_owned(),
            template: "note".to_owned(),
            state: TouchState::Blocked,
            reason: Some("suppressed: entry 7".to_owned()),
            attempt: 1,
            doubts: 0,
            due_at: instant,
            sent_at: None,
            provider_ref: None,
            zone: "Asia/Dubai".to_owned(),
            zone_rule: "the team's time zone",
            planned_for: None,
            events: vec![event],
            task_closed: None,
            list: Vec::new(),
            time_zone: TimeZone::get("Asia/Dubai").unwrap(),
            purposes: [(Locale::Ar, "رسالة قصيرة".to_owned())].into(),
            plan_names: BTreeMap::new(),
        }
    }

    #[test]
    fn a_story_is_told_in_both_languages_from_the_same_facts() {
        let story = blocked();
        let (english, arabic) = (words(&story, Locale::En), words(&story, Locale::Ar));
        assert_eq!(english.headline, "Email to Sara: step 2 of 8 of 8x8 (version 2).");
        let expected = "بريد إلكتروني إلى \u{2068}Sara\u{2069}: الخطوة 2 من 8 في خطة \
                        \u{2068}8x8\u{2069} (الإصدار 2).";
        assert_eq!(arabic.headline, expected);
        assert_eq!(
            (english.purpose, arabic.purpose.as_str()),
            ("Purpose: A note.".to_owned(), "الغرض: رسالة قصيرة.")
        );
        assert_eq!(english.follows.len(), arabic.follows.len());
        assert_eq!(english.why_this_day, ["The step is no longer in its plan."]);
        let (told, retold) = (&english.happened[0], &arabic.happened[0]);
        let number = told.details.len();
        assert_eq!((number, told.sentence.ends_with(": blocked.")), (4, true), "{told:?}");
        assert_eq!((retold.details.len(), retold.sentence.ends_with(": مُنعت.")), (4, true));
        // Nothing English is left but what is embedded.
        let all =
            [arabic.standing, retold.sentence.clone()].into_iter().chain(retold.details.clone());
        for sentence in all.chain(arabic.list).chain(arabic.follows) {
            let own = sentence.split('\u{2068}').map(|part| part.rsplit('\u{2069}').next());
            let left: String = own.flatten().collect();
            assert!(!left.contains(|c: char| c.is_ascii_alphabetic()), "{sentence}");
        }
    }
}
