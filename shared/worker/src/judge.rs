//! Asks the gate about a touch: for a worker that holds it, and for people who want to know before.

use chrono::{DateTime, Utc};
use domain::ContactChannel;
use domain::clock::timestamp;
use domain::gate::{self, Decision, Facts, Reachable};
use domain::rules::{Bound, Hours, Notice, RuleBook, spread_of};
use domain::whereabouts::{Known, Whereabouts, zone_data_version};
use domain::window::Windows;
use storage::claims::ClaimedTouch;

use crate::facts::{self, TouchFacts};
use crate::{Duties, Outlets, Worker};

/// What a touch is judged by, besides itself and its person.
#[derive(Clone, Copy)]
pub(crate) struct Judge<'w> {
    pub(crate) rules: &'w RuleBook,
    pub(crate) windows: &'w Windows,
    pub(crate) duties: &'w Duties,
    pub(crate) default_time_zone: &'w str,
    pub(crate) outlets: Outlets,
}

/// A gate decision with what it was made from.
pub(crate) struct Decided {
    pub(crate) decision: Decision,
    pub(crate) detail: serde_json::Value,
    pub(crate) notices: Vec<Notice>,
}

impl<'w> Judge<'w> {
    pub(crate) fn of(worker: &'w Worker) -> Self {
        Self {
            rules: &worker.rules,
            windows: &worker.windows,
            duties: &worker.duties,
            default_time_zone: &worker.content.team.default_time_zone,
            outlets: Outlets::of(&*worker.handler),
        }
    }

    /// Asks the gate, with every rule that binds the touch wherever the person could be, and the
    /// team's own.
    pub(crate) fn decide(
        &self,
        touch: &ClaimedTouch,
        facts: &TouchFacts,
        now: DateTime<Utc>,
    ) -> Decided {
        let now = timestamp(now);
        let Whereabouts { zones, decided_by, place } = self.whereabouts(touch);
        let rules = self.rules.binding(&place, touch.channel.contact_channel());
        let window = self.windows.of(touch.channel.medium());
        let (team, team_hours) = (format!("the team's {window}"), Hours::daily(window));
        let mut hours: Vec<Bound<'_>> = rules.iter().filter_map(|rule| rule.in_force()).collect();
        hours.push(Bound { name: &team, hours: &team_hours });
        let (preferred, blackouts) = (facts.preferred(), facts.blackouts());
        hours.extend(preferred.iter().map(|(name, hours)| Bound { name, hours }));
        let blackouts: Vec<Bound<'_>> =
            blackouts.iter().map(|(name, hours)| Bound { name, hours }).collect();
        let room = facts.room(touch, &rules, self.duties.limits, &zones, now);
        let basis = facts.basis(touch, &rules, now);
        let registry = facts.registry(now);
        let duties = self.duties;
        let notices = facts.notices(touch, &rules, duties.sender_is_one_way);
        let decision = gate::decide(&Facts {
            now,
            channel: touch.channel,
            suppressed_by: touch.suppressed_by,
            enrolment: touch.enrolment_state,
            is_sample_for_real: touch.contact.is_sample
                && self.outlets.are_real(touch.channel.medium()),
            under_review: touch.under_review,
            pause: facts.pause.as_ref(),
            address: reachable(touch),
            basis: &basis,
            registry: registry.as_ref().map(|asked| (asked.ruling, asked.data.as_str())),
            room: &room,
            zones: &zones,
            hours: &hours,
            blackouts: &blackouts,
            spread: spread_of(touch.id),
        });
        // As compliance.md QH-16 and AUD-04 ask, so that the decision can be repeated years later.
        let detail = serde_json::json!({
            "list": "clear", "zone_rule": decided_by,
            "local_time": zones.first().map(|zone| now.to_zoned(zone.clone()).to_string()),
            "zones": zones.iter().filter_map(|zone| zone.iana_name()).collect::<Vec<_>>(),
            "zone_data": zone_data_version(), "window": window.to_string(),
            "rules": rules.iter().map(|rule| rule.in_force().map_or(rule.id.as_str(), |b| b.name))
                .collect::<Vec<_>>(),
            "basis": facts::basis_evidence(&basis), "caps": facts.cap_evidence(touch, &rules, duties.limits),
            "notices": notices.iter().map(|(rule, _)| *rule).collect::<Vec<_>>(),
            "registry": registry.map(|asked| asked.evidence),
            "preferred": preferred.map(|(name, _)| name),
            "blackouts": blackouts.iter().map(|days| days.name).collect::<Vec<_>>(),
        });
        let notices = notices.into_iter().map(|(_, notice)| notice.clone()).collect();
        Decided { decision, detail, notices }
    }

    fn whereabouts(&self, touch: &ClaimedTouch) -> Whereabouts {
        let contact = &touch.contact;
        let by_phone =
            matches!(touch.channel.contact_channel(), ContactChannel::Sms | ContactChannel::Call);
        Whereabouts::of(Known {
            time_zone: contact.time_zone.as_deref(),
            state: contact.region.as_deref(),
            country: contact.country.as_deref(),
            phone: touch.address.as_deref().filter(|_| by_phone),
            fallback: Some(self.default_time_zone),
        })
    }
}

fn reachable(touch: &ClaimedTouch) -> Reachable<'_> {
    if touch.channel.contact_channel() == ContactChannel::Person {
        return Reachable::NotNeeded;
    }
    match (&touch.address, &touch.address_problem) {
        (None, _) => Reachable::NoAddress,
        (Some(_), Some(problem)) => Reachable::Unusable(problem),
        (Some(_), None) => Reachable::Yes,
    }
}
