//! What SES says in an SNS notification: bounces, complaints, deliveries, subscriptions, both as
//! notifications and as published events.

use domain::bounce::BounceClass;
use serde::Deserialize;

use super::{Report, email, time};
use crate::returns::provider::{self, ProviderEvent};

/// How the text begins that SES sends once, when events are to be published.
const VALIDATED: &str = "Successfully validated SNS topic";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(alias = "eventType")]
    notification_type: String,
    mail: Mail,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
    delivery: Option<Delivery>,
    subscription: Option<Subscription>,
}

/// The message all this is about.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mail {
    message_id: String,
    source: Option<String>,
    #[serde(default)]
    destination: Vec<String>,
    #[serde(default)]
    headers: Vec<Header>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    #[serde(default)]
    bounce_type: String,
    #[serde(default)]
    bounce_sub_type: String,
    #[serde(default)]
    bounced_recipients: Vec<Recipient>,
    feedback_id: Option<String>,
    timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    #[serde(default)]
    complained_recipients: Vec<Recipient>,
    complaint_sub_type: Option<String>,
    complaint_feedback_type: Option<String>,
    feedback_id: Option<String>,
    timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Delivery {
    #[serde(default)]
    recipients: Vec<String>,
    timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscription {
    timestamp: Option<String>,
    #[serde(default)]
    new_topic_preferences: Preferences,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Preferences {
    #[serde(default)]
    unsubscribe_all: bool,
}

/// What is told alike of each of several recipients.
struct Told {
    event: ProviderEvent,
    /// Address and status.
    recipients: Vec<(String, Option<String>)>,
    feedback_id: Option<String>,
    timestamp: Option<String>,
}

/// One report per recipient; `None` where this is no message of SES.
#[must_use]
pub fn read(message: &str) -> Option<Vec<Report>> {
    if message.starts_with(VALIDATED) {
        return Some(Vec::new());
    }
    let message: Message = serde_json::from_str(message).ok()?;
    let Some(told) = told(&message) else { return Some(Vec::new()) };
    let header = |wanted: &str| {
        let found = message.mail.headers.iter().find(|it| it.name.eq_ignore_ascii_case(wanted));
        found.map(|header| header.value.clone())
    };
    let kind = &message.notification_type;
    let report = |(recipient, status): &(String, Option<String>)| Report {
        // A feedback id is of one bounce or complaint, which may be about several recipients.
        id: match &told.feedback_id {
            Some(feedback) => format!("{feedback} {recipient}"),
            None => format!("{} {kind} {recipient}", message.mail.message_id),
        },
        event: told.event,
        status: status.as_deref().and_then(|status| status.parse().ok()),
        recipient: email(Some(recipient)),
        return_path: message.mail.source.clone(),
        // SES puts an id of its own in the place of the Message-ID.
        message_id: header("X-Touch-Id").or_else(|| header("Message-ID")),
        at: time(told.timestamp.as_deref()),
    };
    Some(told.recipients.iter().map(report).collect())
}

fn told(message: &Message) -> Option<Told> {
    let addresses = |recipients: &[Recipient]| {
        let recipients = recipients.iter();
        recipients.map(|one| (one.email_address.clone(), one.status.clone())).collect()
    };
    let plain = |addresses: &[String]| addresses.iter().map(|it| (it.clone(), None)).collect();
    Some(match message.notification_type.as_str() {
        "Bounce" => {
            let bounce = message.bounce.as_ref()?;
            Told {
                event: provider::ses(&bounce.bounce_type, &bounce.bounce_sub_type),
                recipients: addresses(&bounce.bounced_recipients),
                feedback_id: bounce.feedback_id.clone(),
                timestamp: bounce.timestamp.clone(),
            }
        }
        "Complaint" => {
            let complaint = message.complaint.as_ref()?;
            let of_list = complaint.complaint_sub_type.as_deref();
            Told {
                event: match (of_list, complaint.complaint_feedback_type.as_deref()) {
                    (Some("OnAccountSuppressionList"), _) => ProviderEvent::ProviderSuppressed,
                    // It takes nothing back either (compliance.md BNC-14).
                    (_, Some("not-spam")) => ProviderEvent::Nothing,
                    _ => ProviderEvent::Complaint,
                },
                recipients: addresses(&complaint.complained_recipients),
                feedback_id: complaint.feedback_id.clone(),
                timestamp: complaint.timestamp.clone(),
            }
        }
        "Delivery" => {
            let delivery = message.delivery.as_ref()?;
            Told {
                event: ProviderEvent::Delivered,
                recipients: plain(&delivery.recipients),
                feedback_id: None,
                timestamp: delivery.timestamp.clone(),
            }
        }
        "Subscription" => {
            let subscription = message.subscription.as_ref()?;
            let all = subscription.new_topic_preferences.unsubscribe_all;
            Told {
                event: if all { ProviderEvent::Unsubscribe } else { ProviderEvent::Nothing },
                recipients: plain(&message.mail.destination),
                feedback_id: None,
                timestamp: subscription.timestamp.clone(),
            }
        }
        // Rejected for its content: about us, not about the recipient.
        "Reject" | "Rendering Failure" => Told {
            event: ProviderEvent::Bounce(BounceClass::Content, domain::bounce::Suppress::No),
            recipients: plain(&message.mail.destination),
            feedback_id: None,
            timestamp: None,
        },
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use domain::bounce::Suppress;
    use serde_json::{Value, json};

    use super::*;

    fn mail() -> Value {
        json!({
            "messageId": "0100", "source": "b+x.y@bounce.palm.example",
            "destination": ["Sara@example.org"],
            "headers": [{ "name": "X-Touch-Id", "value": "t" }],
        })
    }

    fn events(message: &Value) -> Vec<ProviderEvent> {
        read(&message.to_string()).unwrap().into_iter().map(|report| report.event).collect()
    }

    #[test]
    fn a_bounce_is_a_report_per_recipient_under_either_name() {
        for name in ["notificationType", "eventType"] {
            let message = json!({
                name: "Bounce", "mail": mail(), "bounce": {
                    "bounceType": "Permanent", "bounceSubType": "General", "feedbackId": "f1",
                    "timestamp": "2026-06-01T12:00:00.000Z",
                    "bouncedRecipients": [
                        { "emailAddress": "Sara@Example.org", "status": "5.1.1" },
                        { "emailAddress": "no address" },
                    ],
                },
            });
            let reports = read(&message.to_string()).unwrap();
            assert_eq!(reports.len(), 2);
            let hard = ProviderEvent::Bounce(BounceClass::Hard, Suppress::Now);
            assert!(reports.iter().all(|report| report.event == hard));
            assert_eq!(reports[0].recipient.as_ref().unwrap().canonical(), "sara@example.org");
            assert_eq!(reports[0].status, "5.1.1".parse().ok());
            assert_eq!((&reports[1].recipient, reports[1].status), (&None, None));
            assert_ne!(reports[0].id, reports[1].id);
            assert_eq!(reports[0].return_path.as_deref(), Some("b+x.y@bounce.palm.example"));
            assert_eq!(reports[0].message_id.as_deref(), Some("t"));
            assert!(reports[0].at.is_some());
        }
    }

    #[test]
    fn complaints_deliveries_and_subscriptions_are_told_apart() {
        let complained = json!([{ "emailAddress": "a@example.org" }]);
        let complaint = |more: Value| {
            let mut complaint = json!({ "complainedRecipients": complained });
            complaint.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({ "notificationType": "Complaint", "mail": mail(), "complaint": complaint })
        };
        assert_eq!(events(&complaint(json!({}))), [ProviderEvent::Complaint]);
        let spam = json!({ "complaintFeedbackType": "not-spam" });
        assert_eq!(events(&complaint(spam)), [ProviderEvent::Nothing]);
        let listed = json!({ "complaintSubType": "OnAccountSuppressionList" });
        assert_eq!(events(&complaint(listed)), [ProviderEvent::ProviderSuppressed]);
        let delivery = json!({
            "eventType": "Delivery", "mail": mail(), "delivery": { "recipients": ["a@example.org"] },
        });
        assert_eq!(events(&delivery), [ProviderEvent::Delivered]);
        for (all, event) in [(true, ProviderEvent::Unsubscribe), (false, ProviderEvent::Nothing)] {
            let subscription = json!({
                "eventType": "Subscription", "mail": mail(),
                "subscription": { "newTopicPreferences": { "unsubscribeAll": all } },
            });
            assert_eq!(events(&subscription), [event]);
        }
        assert_eq!(events(&json!({ "eventType": "Open", "mail": mail() })), []);
        assert_eq!(events(&json!({ "eventType": "Bounce", "mail": mail() })), []);
    }

    #[test]
    fn what_is_no_message_of_ses_is_none() {
        for text in ["", "{}", "[]", "hello", "{\"mail\":{}}"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
