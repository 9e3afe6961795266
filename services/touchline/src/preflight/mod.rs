//! What other people's mail servers look up before they take mail of ours (compliance.md EML-14).
//!
//! Every finding says what is there, what that means and what to publish. A name server that does not
//! answer is no missing record: it is a finding of its own.

mod dkim;
mod dmarc;
mod dns;
mod senders;
mod spf;
mod ways;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub use dkim::Signing;
pub use dns::{Answer, Dns};

domain::words! {
    /// What a finding is about.
    Area, "area of a check", {
        /// Who may send.
        Spf = "spf",
        /// The key of our signatures.
        Dkim = "dkim",
        /// The policy, and whether our mail agrees with it.
        Dmarc = "dmarc",
        /// Where bounces go.
        ReturnPath = "return_path",
        /// The name of the relay's address.
        Ptr = "ptr",
        /// Encryption on the way out.
        Tls = "tls",
    }
}

domain::words! {
    /// What a finding means; later ones weigh more.
    Verdict, "verdict", {
        /// As it should be.
        Ok = "ok",
        /// Mail passes, and it could be better.
        Warn = "warn",
        /// Nobody said.
        Unanswered = "unanswered",
        /// Mail will be refused or distrusted.
        Fail = "fail",
    }
}

/// The domain we send as, and how.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The domain of From, in ASCII.
    pub domain: String,
    /// Who signs; nothing is signed where this is missing.
    pub signing: Option<Signing>,
    /// The domain of the envelope sender.
    pub return_path: String,
    /// Whether that one is `[email] bounce_domain`.
    pub has_bounce_domain: bool,
    /// The way out.
    pub relay: Relay,
}

/// What is known of the relay.
#[derive(Debug, Clone, Default)]
pub struct Relay {
    /// Its name.
    pub host: String,
    /// Where other servers see our mail come from.
    pub address: Option<IpAddr>,
    /// Whether that is so for certain, and not only the address of the relay's name.
    pub is_certain: bool,
    /// Whether mail is handed to it in the clear.
    pub is_plain: bool,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is about.
    pub check: Area,
    /// What it means.
    pub result: Verdict,
    /// The name that was asked for.
    pub name: String,
    /// What is there, and what that means.
    pub what: String,
    /// What to publish, where that helps.
    pub publish: Option<String>,
}

impl Finding {
    fn new(check: Area, result: Verdict, name: &str, what: String) -> Self {
        Self { check, result, name: name.to_owned(), what, publish: None }
    }

    fn publish(mut self, name: &str, text: impl Into<String>) -> Self {
        let text = text.into();
        self.publish = Some(match self.check {
            Area::ReturnPath => format!("{name} {text}"),
            _ => format!("{name} TXT \"{text}\""),
        });
        self
    }
}

/// Everything that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The domain of From.
    pub domain: String,
    /// The weightiest result.
    pub result: Verdict,
    /// One by one.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether mail may leave as this domain: nothing failed, and everything was answered.
    pub fn passes(&self) -> bool {
        self.result < Verdict::Unanswered
    }
}

/// Looks everything up, all areas at once.
pub async fn check(dns: &Dns, subject: &Subject) -> Report {
    let (spf, dkim, dmarc, way_back, reverse) = tokio::join!(
        senders::check(dns, &subject.return_path, &subject.relay),
        signature(dns, subject),
        dmarc::check(dns, subject),
        ways::return_path(dns, subject),
        ways::reverse(dns, &subject.relay),
    );
    let mut findings = [spf, dkim, dmarc, way_back, reverse].concat();
    findings.extend(ways::encryption(&subject.relay));
    let result = findings.iter().map(|finding| finding.result).max().unwrap_or(Verdict::Ok);
    Report { domain: subject.domain.clone(), result, findings }
}

async fn signature(dns: &Dns, subject: &Subject) -> Vec<Finding> {
    let Some(signing) = &subject.signing else {
        let what = "nothing is signed; set [email] dkim_domain, dkim_selector and dkim_key_file";
        let domain = &subject.domain;
        return vec![Finding::new(Area::Dkim, Verdict::Fail, domain, what.to_owned())];
    };
    dkim::check(dns, signing).await
}
