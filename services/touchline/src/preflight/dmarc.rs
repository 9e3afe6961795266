//! What receivers do with mail that only pretends to be ours, and whether ours agrees with itself:
//! DMARC (RFC 7489, RFC 9989).

use super::dns::{Answer, Dns};
use super::{Area, Finding, Subject, Verdict};

/// How closely two domains have to agree (RFC 7489 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alignment {
    /// The same organisation.
    Relaxed,
    /// The same name.
    Strict,
}

impl Alignment {
    fn allows(self, from: &str, other: &str) -> bool {
        match self {
            Self::Strict => from.eq_ignore_ascii_case(other),
            Self::Relaxed => organisation(from).eq_ignore_ascii_case(organisation(other)),
        }
    }
}

/// A policy record.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Policy {
    policy: String,
    subdomains: Option<String>,
    dkim: Alignment,
    spf: Alignment,
}

/// Whether a text is a DMARC record at all (RFC 7489 §6.6.3).
fn is_dmarc(text: &str) -> bool {
    text.split(';').next().is_some_and(|tag| {
        let tag: String = tag.split_ascii_whitespace().collect();
        tag == "v=DMARC1"
    })
}

impl Policy {
    fn parse(text: &str) -> Result<Self, String> {
        let (mut policy, mut subdomains) = (None, None);
        let (mut dkim, mut spf) = (Alignment::Relaxed, Alignment::Relaxed);
        for tag in text.split(';').skip(1) {
            let Some((name, value)) = tag.split_once('=') else { continue };
            let value = value.trim().to_ascii_lowercase();
            let alignment = if value == "s" { Alignment::Strict } else { Alignment::Relaxed };
            match name.trim() {
                "p" => policy = Some(value),
                "sp" => subdomains = Some(value),
                "adkim" => dkim = alignment,
                "aspf" => spf = alignment,
                _ => {}
            }
        }
        let policy = policy.ok_or("it says nothing of what to do (p=)")?;
        if !["none", "quarantine", "reject"].contains(&policy.as_str()) {
            return Err(format!("p={policy} is none of none, quarantine and reject"));
        }
        Ok(Self { policy, subdomains, dkim, spf })
    }
}

/// The domain an organisation registered, e.g. palm.example of mail.palm.example.
fn organisation(domain: &str) -> &str {
    psl::domain_str(domain).unwrap_or(domain)
}

enum Sought {
    Found(Policy),
    Missing,
    Wrong(String),
    Silent(String),
}

async fn policy_at(dns: &Dns, name: &str) -> Sought {
    let texts = match dns.texts(name).await {
        Answer::Found(texts) => texts,
        Answer::Nothing => return Sought::Missing,
        Answer::Silence(why) => return Sought::Silent(why),
    };
    let records: Vec<String> = texts.into_iter().filter(|text| is_dmarc(text)).collect();
    match records.as_slice() {
        [] => Sought::Missing,
        [record] => match Policy::parse(record) {
            Ok(policy) => Sought::Found(policy),
            Err(why) => Sought::Wrong(format!("the DMARC record is ignored: {why}")),
        },
        several => Sought::Wrong(format!(
            "there are {} DMARC records, and then receivers ignore all (RFC 7489 §6.6.3); keep one",
            several.len()
        )),
    }
}

/// The findings about the domain of From: its policy, and whether our signature and our return path
/// agree with it.
pub async fn check(dns: &Dns, subject: &Subject) -> Vec<Finding> {
    let own = format!("_dmarc.{}", subject.domain);
    let above = format!("_dmarc.{}", organisation(&subject.domain));
    let (mut name, mut sought) = (own.clone(), policy_at(dns, &own).await);
    if matches!(sought, Sought::Missing) && above != own {
        sought = policy_at(dns, &above).await;
        name = above;
    }
    let find = |result, what: String| Finding::new(Area::Dmarc, result, &name, what);
    let suggestion = "v=DMARC1; p=none; rua=mailto:<where reports shall go>";
    let policy = match sought {
        Sought::Found(policy) => policy,
        Sought::Silent(why) => return vec![find(Verdict::Unanswered, why)],
        Sought::Wrong(what) => return vec![find(Verdict::Fail, what).publish(&own, suggestion)],
        Sought::Missing => {
            let what = "there is no DMARC record, which large receivers ask of who sends much; \
                        begin with p=none";
            return vec![find(Verdict::Fail, what.to_owned()).publish(&own, suggestion)];
        }
    };
    let inherited = name != own;
    let in_force = match &policy.subdomains {
        Some(subdomains) if inherited => subdomains,
        _ => &policy.policy,
    };
    let mut findings = vec![find(Verdict::Ok, format!("the policy is \"{in_force}\""))];
    findings.extend(aligned(subject, &policy).map(|(result, what)| find(result, what)));
    findings
}

/// Mail passes when the signature or the return path agrees with From (RFC 7489 §4.2); large
/// receivers want both to be there and one to agree.
fn aligned(subject: &Subject, policy: &Policy) -> Option<(Verdict, String)> {
    let from = &subject.domain;
    let signing = subject.signing.as_ref().map(|signing| signing.domain.as_str());
    let by_signature = signing.is_some_and(|domain| policy.dkim.allows(from, domain));
    let by_return_path = policy.spf.allows(from, &subject.return_path);
    let signed = signing.map_or_else(
        || "nothing is signed ([email] dkim_domain)".to_owned(),
        |domain| format!("the signature is of {domain}"),
    );
    let returned = format!("the return path is of {}", subject.return_path);
    match (by_signature, by_return_path) {
        (true, true) => None,
        (true, false) => Some((
            Verdict::Warn,
            format!("{returned}, not of {from}; mail passes by its signature alone"),
        )),
        (false, true) => Some((
            Verdict::Warn,
            format!(
                "{signed}, not of {from}; mail passes by its return path alone, and not once \
                     it was forwarded"
            ),
        )),
        (false, false) => Some((
            Verdict::Fail,
            format!(
                "{signed} and {returned}; neither agrees with {from}, so no mail of ours passes. \
                 Sign with [email] dkim_domain = \"{from}\""
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Relay;
    use super::super::dkim::Signing;
    use super::*;

    fn subject(from: &str, signed_by: Option<&str>, return_path: &str) -> Subject {
        Subject {
            domain: from.to_owned(),
            signing: signed_by.map(|domain| Signing {
                domain: domain.to_owned(),
                selector: "s1".to_owned(),
                key: None,
            }),
            return_path: return_path.to_owned(),
            has_bounce_domain: false,
            relay: Relay::default(),
        }
    }

    #[test]
    fn a_policy_is_read() {
        let policy = Policy::parse("v=DMARC1; p=Reject; adkim=s; aspf=r; pct=100").unwrap();
        assert_eq!((policy.policy.as_str(), policy.dkim), ("reject", Alignment::Strict));
        assert_eq!((policy.spf, policy.subdomains), (Alignment::Relaxed, None));
        assert!(Policy::parse("v=DMARC1; rua=mailto:x@y.example").is_err());
        assert!(Policy::parse("v=DMARC1; p=maybe").is_err());
        for (text, expected) in [
            ("v=DMARC1", true),
            ("v = DMARC1 ; p=none", true),
            ("v=DMARC10; p=none", false),
            ("v=spf1 -all", false),
        ] {
            assert_eq!(is_dmarc(text), expected, "{text}");
        }
    }

    #[test]
    fn signature_and_return_path_have_to_agree_with_from() {
        let relaxed = Policy::parse("v=DMARC1; p=none").unwrap();
        let strict = Policy::parse("v=DMARC1; p=none; adkim=s; aspf=s").unwrap();
        for (policy, from, signed, returned, expected) in [
            (&relaxed, "palm.example", Some("palm.example"), "bounce.palm.example", None),
            (&relaxed, "mail.palm.example", Some("palm.example"), "palm.example", None),
            (&relaxed, "palm.example", Some("palm.example"), "esp.example", Some(Verdict::Warn)),
            (&relaxed, "palm.example", None, "bounce.palm.example", Some(Verdict::Warn)),
            (&relaxed, "palm.example", Some("esp.example"), "esp.example", Some(Verdict::Fail)),
            (&relaxed, "palm.example", None, "esp.example", Some(Verdict::Fail)),
            // Neighbours under a public suffix are strangers.
            (&relaxed, "palm.co.uk", Some("oak.co.uk"), "oak.co.uk", Some(Verdict::Fail)),
            (&strict, "palm.example", Some("palm.example"), "palm.example", None),
            (
                &strict,
                "palm.example",
                Some("m.palm.example"),
                "b.palm.example",
                Some(Verdict::Fail),
            ),
        ] {
            let subject = subject(from, signed, returned);
            let found = aligned(&subject, policy).map(|(result, _)| result);
            assert_eq!(found, expected, "{from} {signed:?} {returned}");
        }
    }
}
