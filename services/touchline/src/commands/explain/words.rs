//! The story of a touch in sentences.

use chrono::TimeDelta;
use domain::{Channel, Medium, Reason, ReasonCode, TouchState};

use super::story::{Event, ListEntry, Story};
use crate::commands::local;

/// The whole story.
pub fn in_words(story: &Story) -> String {
    let mut lines = vec![
        format!(
            "{} to {}: step {} of {} of {} (version {}).",
            channel_in_words(story.channel),
            story.contact_name,
            story.step,
            story.steps,
            story.plan,
            story.plan_version
        ),
        format!("Purpose: {}.", story.purpose.trim_end_matches('.')),
        format!("It {}.", standing(story)),
        String::new(),
        "Why this day".to_owned(),
    ];
    lines.extend(why_this_day(story));
    lines.extend([String::new(), "What happened".to_owned()]);
    if story.events.is_empty() {
        lines.push("  Nothing yet.".to_owned());
    }
    for event in &story.events {
        lines.extend(told(event, story));
    }
    if let Some(reason) = &story.task_closed {
        lines.push(format!("  Its task was closed undone: {}.", reason_in_words(reason)));
    }
    lines.extend(what_follows(story));
    lines.extend([String::new(), "The list now".to_owned()]);
    if story.list.is_empty() {
        lines.push("  Nothing on it stands against this channel.".to_owned());
    }
    lines.extend(story.list.iter().map(|entry| format!("  {}", entry_in_words(entry, story))));
    lines.push(String::new());
    lines.push(format!("Touch {}, contact {}.", story.id, story.contact));
    lines.join("\n")
}

/// Of a cancelled touch: what became of the steps behind it.
fn what_follows(story: &Story) -> Vec<String> {
    let mut lines = Vec::new();
    if !story.passed_over.is_empty() {
        let steps: Vec<String> = story.passed_over.iter().map(usize::to_string).collect();
        lines.push(format!(
            "  The list stops these steps, too; they do not come: {}.",
            steps.join(", ")
        ));
    }
    if let Some(reason) = &story.enrolment_reason {
        let state = story.enrolment_state;
        lines.push(format!("  The enrolment is {state}: {}.", reason_in_words(reason)));
    }
    lines
}

const fn channel_in_words(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "Email",
        Channel::Sms => "Text message",
        Channel::Call => "Call",
        Channel::Letter => "Letter",
        Channel::Card => "Card",
        Channel::DropBy => "Visit",
        Channel::Gift => "Gift",
        Channel::EventInvite => "Invitation by email",
        Channel::Social => "Social touch",
    }
}

/// Where it stands: the predicate of "It …".
fn standing(story: &Story) -> String {
    let at = |instant| local::moment(instant, &story.time_zone);
    let why = || story.reason.as_deref().map(reason_in_words).unwrap_or_default();
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
            let done = if becomes_a_task(story) { "became a task" } else { "was sent" };
            format!("{done} on {}", story.sent_at.map_or_else(|| "an unknown day".to_owned(), at))
        }
        TouchState::Blocked => format!("was blocked and will not go out: {}", why()),
        TouchState::Skipped => format!("was skipped: {}", why()),
        TouchState::Failed => format!("was given up: {}", why()),
        TouchState::Cancelled => format!("was cancelled: {}", why()),
    }
}

fn becomes_a_task(story: &Story) -> bool {
    story.channel.medium() == Medium::Call
}

fn why_this_day(story: &Story) -> Vec<String> {
    let Some(planned) = &story.planned_for else {
        return vec!["  The step is no longer in its plan.".to_owned()];
    };
    let mut lines = vec![
        format!("  {}: {}.", local::day(planned.day), planned.why),
        format!("  Days and hours are those of {}, {}.", story.zone, story.zone_rule),
    ];
    if story.state != TouchState::Scheduled {
        lines.push(format!("  It was due on {}.", local::moment(story.due_at, &story.time_zone)));
    }
    let stored = local::zoned(story.due_at, &story.time_zone).date();
    if story.attempt == 0 && stored != planned.day {
        lines.push(format!(
            "  It had been planned for {} already when a fact about the contact changed.",
            local::day(stored)
        ));
    }
    lines
}

fn told(event: &Event, story: &Story) -> Vec<String> {
    let when = match event.attempt {
        0 => "before any attempt".to_owned(),
        number => format!("attempt {number}"),
    };
    let mut lines = vec![format!(
        "  {}, {when}, {}: {}.",
        local::moment(event.decided_at, &story.time_zone),
        event.worker,
        if becomes_a_task(story) && event.state == TouchState::Sent {
            "became a task"
        } else {
            led_to(event.state)
        }
    )];
    let mut add = |text: String| lines.push(format!("    {text}"));
    if let Some(reason) = &event.reason {
        add(format!("Reason: {}.", reason_in_words(reason)));
    }
    if let Some(entry) = event.entry {
        add(match story.list.iter().find(|own| own.event == entry) {
            Some(entry) => entry_in_words(entry, story),
            None => format!("Entry {entry} is no longer in force."),
        });
    }
    let seen = |name: &str| event.detail.as_ref()?.get(name)?.as_str();
    if seen("list") == Some("clear") {
        add("The list was read and was clear.".to_owned());
    }
    if let Some(local_time) = seen("local_time") {
        let rule = seen("zone_rule").unwrap_or("no rule recorded");
        // As it was stored: 2026-06-09T10:12:03.5+04:00[Asia/Dubai].
        let shown = local_time.parse::<jiff::Zoned>();
        let shown = shown.map_or_else(|_| local_time.to_owned(), |at| local::in_words(&at));
        add(format!("Local time was {shown}, by {rule}."));
    }
    if let Some(window) = seen("window") {
        add(format!("The window was {window}."));
    }
    let rules = event.detail.as_ref().and_then(|detail| detail["rules"].as_array());
    let rules: Vec<&str> = rules.into_iter().flatten().filter_map(|rule| rule.as_str()).collect();
    if !rules.is_empty() {
        add(format!("The rules {} bound it, too.", rules.join(", ")));
    }
    event.detail.iter().flat_map(relied_on).for_each(&mut add);
    if let (Some(template), Some(version)) = (&event.template, event.template_version) {
        add(format!("Template {template}, version {version}."));
    }
    if let Some(reference) = &event.provider_ref {
        add(format!("The receiving side calls it {reference}."));
    }
    if event.detail.as_ref().is_some_and(|detail| detail["late"] == true) {
        add("It was reported too late to count: the touch had been taken over.".to_owned());
    }
    lines
}

/// What else the decision was made from: basis, registry, caps.
fn relied_on(detail: &serde_json::Value) -> Vec<String> {
    let mut lines = Vec::new();
    let (basis, registry, caps) = (&detail["basis"], &detail["registry"], &detail["caps"]);
    if let (Some(kind), Some(record)) = (basis["basis"].as_str(), basis["record"].as_str()) {
        lines.push(format!("Legal basis: {}, record {record}.", kind.replace('_', " ")));
    }
    if let (Some(name), Some(verdict)) =
        (registry["registry"].as_str(), registry["verdict"].as_str())
    {
        let day = registry["version_date"].as_str().unwrap_or("no day");
        let exempt = registry["exempt_by"].as_str();
        let exempt = exempt.map_or_else(String::new, |by| format!(", exempt by {by}"));
        lines.push(format!("Registry {name}, data of {day}: {verdict}{exempt}."));
    }
    if let Some(sent) = caps["sent"].as_u64() {
        let in_hand = caps["in_hand"].as_u64().unwrap_or(0);
        lines.push(format!("Caps were counted over {sent} sent and {in_hand} in hand."));
    }
    lines
}

const fn led_to(state: TouchState) -> &'static str {
    match state {
        TouchState::Scheduled => "put off",
        TouchState::Queued => "queued again",
        TouchState::Sending => "taken",
        TouchState::Unknown => "in doubt",
        TouchState::Held => "held for a person",
        TouchState::Sent => "handed over",
        TouchState::Blocked => "blocked",
        TouchState::Skipped => "skipped",
        TouchState::Failed => "given up",
        TouchState::Cancelled => "cancelled",
    }
}

/// The list is kept by the machine's clock. Where the fleet runs on another – in a demonstration –
/// that is said, or the two times could not both be true.
fn entry_in_words(entry: &ListEntry, story: &Story) -> String {
    let apart = |event: &Event| (event.at - event.decided_at).abs() > TimeDelta::hours(1);
    let clock = if story.events.iter().any(apart) { " by the machine's clock" } else { "" };
    let covers = match entry.channel {
        Some(channel) => format!("one address for {channel}"),
        None => format!("the whole {}", entry.scope),
    };
    format!(
        "On the list since {}{clock}: {covers}, because of {} by {} (entry {}).",
        entry.since.format("%Y-%m-%d %H:%M UTC"),
        entry.reason.as_str().replace('_', " "),
        entry.origin,
        entry.event
    )
}

/// A stored reason in words, with its detail behind.
pub fn reason_in_words(stored: &str) -> String {
    let Ok(reason) = stored.parse::<Reason>() else { return stored.to_owned() };
    let words = code_in_words(reason.code);
    match reason.detail {
        Some(detail) => format!("{words} ({detail})"),
        None => words.to_owned(),
    }
}

const fn code_in_words(code: ReasonCode) -> &'static str {
    match code {
        ReasonCode::Suppressed => "the suppression list says no",
        ReasonCode::NoAddress => "the contact has no address for the channel",
        ReasonCode::BadAddress => "the address cannot be used for the channel",
        ReasonCode::PlanNotActive => "the enrolment was not running",
        ReasonCode::OutsideWindow => "it was outside the recipient's hours",
        ReasonCode::ZoneUnknown => "no time zone is known for the recipient",
        ReasonCode::Paused => "sending is paused",
        ReasonCode::FrequencyCap => "the person was reached as often as is allowed",
        ReasonCode::NoBasis => "there is no legal basis to reach the person",
        ReasonCode::NationalDnc => "the number is on the national do-not-call registry",
        ReasonCode::AeDncr => "the number is on the UAE's do-not-call registry",
        ReasonCode::DncDataStale => "the do-not-call registry's data is too old to know",
        ReasonCode::AreaCodeNotLicensed => "the do-not-call registry is not loaded for the number",
        ReasonCode::ListingWithdrawn => "another broker has a contract for the property",
        ReasonCode::MissingField => "a field the template needs is empty",
        ReasonCode::TemplateError => "the template could not be rendered",
        ReasonCode::NoTemplate => "there is no such template in a language that may be used",
        ReasonCode::SegmentsOverCap => "the text needs more segments than allowed",
        ReasonCode::Refused => "the receiving side said no for good",
        ReasonCode::Deferred => "the receiving side said not now",
        ReasonCode::Unreachable => "there was no connection to hand it over",
        ReasonCode::InDoubt => "the connection broke while it was handed over",
        ReasonCode::Misconfigured => "the provider's settings are wrong",
        ReasonCode::Panicked => "the worker stumbled over it",
        ReasonCode::AttemptsExhausted => "all attempts were used",
        ReasonCode::LeaseExpired => "the process that held it died or stalled",
        ReasonCode::CancelledByPerson => "a person cancelled it",
        ReasonCode::UnderReview => "a person has to read an answer from the number first",
        ReasonCode::TooLate => "it was too old to be of use",
    }
}
