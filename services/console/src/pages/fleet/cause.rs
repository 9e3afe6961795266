//! Which touches of the desk are meant: by cause, as a link or a form names it, or one by one.

use domain::desk::{Attention, Resolution};
use domain::{Channel, TouchId};
use serde::Deserialize;
use storage::desk::{DeskFilter, DeskGroup};

/// A cause as addresses and forms name it. What is empty binds nothing.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Cause {
    /// What the touches wait for.
    #[serde(default)]
    pub kind: String,
    /// The reason's code.
    #[serde(default)]
    pub code: String,
    /// What the causes have in common. Empty is one, too; only where it is not named it binds nothing.
    pub detail: Option<String>,
    /// The channel.
    #[serde(default)]
    pub channel: String,
    /// The plan's key.
    #[serde(default)]
    pub plan: String,
}

impl Cause {
    /// The cause of a group.
    pub fn of(group: &DeskGroup) -> Self {
        Self {
            kind: group.kind.to_string(),
            code: group.code.clone(),
            detail: Some(group.detail.clone()),
            channel: group.channel.to_string(),
            plan: group.plan_key.clone(),
        }
    }

    /// The cause that stands in a form.
    pub fn in_form(fields: &[(String, String)]) -> Self {
        let value = |name: &str| fields.iter().find(|(own, _)| own == name).map(|(_, value)| value);
        let text = |name: &str| value(name).cloned().unwrap_or_default();
        Self {
            kind: text("kind"),
            code: text("code"),
            detail: value("detail").cloned(),
            channel: text("channel"),
            plan: text("plan"),
        }
    }

    /// Names and values, for links and forms.
    pub fn fields(&self) -> Vec<(&'static str, &str)> {
        let bound = [
            ("kind", self.kind.as_str()),
            ("code", self.code.as_str()),
            ("channel", self.channel.as_str()),
            ("plan", self.plan.as_str()),
        ];
        let detail = self.detail.iter().map(|detail| ("detail", detail.as_str()));
        bound.into_iter().filter(|(_, value)| !value.is_empty()).chain(detail).collect()
    }

    /// The address of its touches, with more behind.
    pub fn address(&self, further: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.fields()).extend_pairs(further);
        match query.finish() {
            query if query.is_empty() => "/fleet/desk/touches".to_owned(),
            query => format!("/fleet/desk/touches?{query}"),
        }
    }

    /// The address of its touches.
    pub fn plain(&self) -> String {
        self.address(&[])
    }

    /// What it names, or these touches of it; nothing where it names what there is not.
    pub fn filter(&self, touches: Vec<TouchId>) -> Option<DeskFilter> {
        let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some(DeskFilter {
            touches,
            kinds: match self.kind.as_str() {
                "" => Vec::new(),
                kind => vec![kind.parse().ok()?],
            },
            code: named(&self.code),
            detail: self.detail.clone(),
            channel: match self.channel.as_str() {
                "" => None,
                channel => Some(channel.parse::<Channel>().ok()?),
            },
            plan_key: named(&self.plan),
        })
    }

    /// Whether it names a group, or what the group is a part of.
    pub fn has(&self, group: &DeskGroup) -> bool {
        let fits = |bound: &str, own: &str| bound.is_empty() || bound == own;
        fits(&self.kind, group.kind.as_str())
            && fits(&self.code, &group.code)
            && self.detail.as_ref().is_none_or(|detail| *detail == group.detail)
            && fits(&self.channel, group.channel.as_str())
            && fits(&self.plan, &group.plan_key)
    }

    /// What can be decided about its touches.
    pub fn resolutions(&self) -> Vec<Resolution> {
        let kind = self.kind.parse::<Attention>().ok();
        let applies = |resolution: &Resolution| {
            kind.is_none_or(|kind| resolution.applies_to().contains(&kind))
        };
        Resolution::ALL.iter().copied().filter(applies).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_the_same_behind_a_link_and_in_a_form() {
        let cause = Cause {
            kind: "failed".to_owned(),
            code: "refused".to_owned(),
            detail: Some(String::new()),
            channel: "email".to_owned(),
            plan: "8x8 & more".to_owned(),
        };
        let address = cause.address(&[("done", "3")]);
        let query = address.strip_prefix("/fleet/desk/touches?").unwrap_or_default();
        let fields: Vec<(String, String)> =
            form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let again = Cause::in_form(&fields);
        assert_eq!(again.fields(), cause.fields(), "an empty detail binds");
        assert_eq!(Cause::default().address(&[]), "/fleet/desk/touches");
        assert_eq!(cause.resolutions(), [Resolution::Replay, Resolution::Dismiss]);
        let wrong = Cause { channel: "pigeon".to_owned(), ..cause };
        assert!(wrong.filter(Vec::new()).is_none());
    }
}
