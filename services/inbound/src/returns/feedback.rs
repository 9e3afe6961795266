//! Feedback reports (ARF, RFC 5965): complaints, and what else recipients have to say.

use domain::email::Email;

use super::fields::{Fields, address, groups};

domain::words! {
    /// What a report says (RFC 5965 §7.3, RFC 6430).
    FeedbackKind, "feedback type", {
        /// The message is unwanted.
        Abuse = "abuse",
        /// It pretends to be from somebody else.
        Fraud = "fraud",
        /// It holds something harmful.
        Virus = "virus",
        /// It was taken for spam and is none.
        NotSpam = "not-spam",
        /// Its recipient wants no more (RFC 5965's early drafts; providers still send it).
        OptOut = "opt-out",
        /// Its recipient wants no more from this list.
        OptOutList = "opt-out-list",
        /// Anything else.
        Other = "other",
    }
}

impl FeedbackKind {
    /// Whether its recipient goes on the list (compliance.md BNC-12, BNC-14).
    #[must_use]
    pub const fn suppresses(self) -> bool {
        match self {
            Self::Abuse | Self::OptOut | Self::OptOutList => true,
            Self::Fraud | Self::Virus | Self::NotSpam | Self::Other => false,
        }
    }
}

/// A feedback report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackReport {
    /// What it says.
    pub kind: FeedbackKind,
    /// Where our signed return path may stand: the report's Original-Mail-From, and the
    /// CFBL-Feedback-ID and Return-Path of the message it is about (RFC 9477).
    pub return_paths: Vec<String>,
    /// Whom it says it is about; providers often leave that out.
    pub recipients: Vec<Email>,
}

/// Reads the part `message/feedback-report`, and the headers of the original message.
pub(super) fn read(report: &str, original: Option<&str>) -> FeedbackReport {
    let report = groups(report).into_iter().next().unwrap_or_default();
    let original = original.map(groups).and_then(|groups| groups.into_iter().next());
    let original = original.unwrap_or_default();
    let kind = report.first("feedback-type").unwrap_or_default().to_ascii_lowercase();
    let values = |fields: &Fields, name: &str| -> Vec<String> {
        fields.all(name).map(str::to_owned).collect()
    };
    let mut return_paths = values(&report, "original-mail-from");
    for name in ["return-path", "cfbl-feedback-id"] {
        return_paths.extend(values(&original, name));
    }
    let recipients = report.all("original-rcpt-to");
    FeedbackReport {
        kind: kind.parse().unwrap_or(FeedbackKind::Other),
        return_paths,
        recipients: recipients.filter_map(|to| Email::parse(&address(to)).ok()).collect(),
    }
}
