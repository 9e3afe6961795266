//! Who may send for the domain of the return path: its SPF record, followed as receivers follow it.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use super::dns::{Answer, Dns};
use super::spf::{Lengths, Mechanism, Qualifier, SpfRecord, covers, is_spf};
use super::{Area, Finding, Relay, Verdict};

/// Look-ups a receiver makes for one message at most (RFC 7208 §4.6.4).
const LOOK_UPS: u32 = 10;

/// Of these, look-ups that find nothing (the same section).
const VOID_LOOK_UPS: u32 = 2;

/// The findings about a domain whose mail leaves by the relay.
pub async fn check(dns: &Dns, domain: &str, relay: &Relay) -> Vec<Finding> {
    let find = |result, what: String| Finding::new(Area::Spf, result, domain, what);
    let record = match single_record(dns, domain).await {
        Ok(record) => record,
        Err(Fault::Missing) => {
            let what = "there is no SPF record, so anybody may send in its name".to_owned();
            return vec![find(Verdict::Fail, what).publish(domain, suggestion(relay))];
        }
        Err(Fault::Silent(why)) => return vec![find(Verdict::Unanswered, why)],
        Err(Fault::Wrong(what)) => {
            return vec![find(Verdict::Fail, what).publish(domain, suggestion(relay))];
        }
    };
    let mut walk = Walk::new(dns);
    let matched = walk.follow(domain.to_owned(), record, relay.address).await;
    let mut findings = Vec::new();
    if walk.look_ups > LOOK_UPS {
        let what = format!(
            "the record takes more than {LOOK_UPS} look-ups, and then receivers ignore it \
             (RFC 7208 §4.6.4); name networks (ip4:, ip6:) instead of include:, a and mx"
        );
        findings.push(find(Verdict::Fail, what));
    } else if walk.void > VOID_LOOK_UPS {
        let what = format!(
            "{} names in the record do not exist, and after {VOID_LOOK_UPS} receivers ignore it \
             (RFC 7208 §4.6.4); take them out",
            walk.void
        );
        findings.push(find(Verdict::Fail, what));
    }
    findings.extend(walk.wrong.drain(..).map(|what| find(Verdict::Fail, what)));
    findings.extend(walk.silent.drain(..).map(|why| find(Verdict::Unanswered, why)));
    findings.extend(about_everybody_else(walk.of_all).map(|(result, what)| find(result, what)));
    findings.extend(about_relay(matched, relay).map(|(result, what)| {
        let finding = find(result, what);
        if result == Verdict::Ok { finding } else { finding.publish(domain, suggestion(relay)) }
    }));
    if findings.iter().all(|finding| finding.result < Verdict::Unanswered) {
        let what = format!("one record, {} of {LOOK_UPS} look-ups", walk.look_ups);
        findings.insert(0, find(Verdict::Ok, what));
    }
    findings
}

fn suggestion(relay: &Relay) -> String {
    match relay.address {
        Some(IpAddr::V4(address)) => format!("v=spf1 ip4:{address} -all"),
        Some(IpAddr::V6(address)) => format!("v=spf1 ip6:{address} -all"),
        None => "v=spf1 include:<the name your relay's operator gives> -all".to_owned(),
    }
}

fn about_everybody_else(of_all: Option<Qualifier>) -> Option<(Verdict, String)> {
    let (result, what) = match of_all? {
        Qualifier::Fail | Qualifier::SoftFail => return None,
        Qualifier::Pass => (Verdict::Fail, "\"+all\" lets everybody send in its name"),
        Qualifier::Neutral => (Verdict::Warn, "the record says nothing of everybody else"),
    };
    Some((result, format!("{what}; end it with -all (or ~all while you try it)")))
}

fn about_relay(matched: Option<Qualifier>, relay: &Relay) -> Option<(Verdict, String)> {
    let address = relay.address?;
    Some(match matched {
        Some(Qualifier::Pass) => (Verdict::Ok, format!("{address} may send for it")),
        _ if relay.is_certain => (
            Verdict::Fail,
            format!("{address}, where our mail comes from, may not send for it; add it"),
        ),
        _ => (
            Verdict::Warn,
            format!(
                "{address}, the address of the relay's name, may not send for it; where mail leaves \
                 from another address, name that one with --address"
            ),
        ),
    })
}

enum Fault {
    Missing,
    Wrong(String),
    Silent(String),
}

async fn single_record(dns: &Dns, domain: &str) -> Result<SpfRecord, Fault> {
    let texts = match dns.texts(domain).await {
        Answer::Found(texts) => texts,
        Answer::Nothing => return Err(Fault::Missing),
        Answer::Silence(why) => return Err(Fault::Silent(why)),
    };
    let records: Vec<String> = texts.into_iter().filter(|text| is_spf(text)).collect();
    match records.as_slice() {
        [] => Err(Fault::Missing),
        [record] => SpfRecord::parse(record)
            .map_err(|why| Fault::Wrong(format!("the SPF record is ignored: {why}"))),
        several => Err(Fault::Wrong(format!(
            "there are {} SPF records, and then receivers ignore all (RFC 7208 §4.5); join them",
            several.len()
        ))),
    }
}

/// A record on its way through the DNS.
struct Walk<'a> {
    dns: &'a Dns,
    look_ups: u32,
    void: u32,
    /// What the record, or the one it redirects to, says of everybody else.
    of_all: Option<Qualifier>,
    wrong: Vec<String>,
    silent: Vec<String>,
}

type Matched<'w> = Pin<Box<dyn Future<Output = Option<Qualifier>> + Send + 'w>>;

impl<'a> Walk<'a> {
    const fn new(dns: &'a Dns) -> Self {
        Self {
            dns,
            look_ups: 0,
            void: 0,
            of_all: Some(Qualifier::Neutral),
            wrong: Vec::new(),
            silent: Vec::new(),
        }
    }

    /// Goes through the whole record, past a match too: which one a receiver meets first depends on
    /// the address, the worst case does not. Returns the first match of `address`.
    fn follow<'w>(
        &'w mut self,
        domain: String,
        record: SpfRecord,
        address: Option<IpAddr>,
    ) -> Matched<'w> {
        Box::pin(async move {
            let mut first = None;
            let of_all = record.of_all();
            for (qualifier, mechanism) in record.mechanisms {
                if self.look_ups > LOOK_UPS {
                    return first;
                }
                self.look_ups += u32::from(mechanism.is_look_up());
                let is_match = self.matches(&domain, &mechanism, address).await;
                if is_match && first.is_none() {
                    first = Some(qualifier);
                }
            }
            if of_all.is_some() {
                self.of_all = of_all;
                return first;
            }
            let Some(next) = record.redirect else { return first };
            self.look_ups += 1;
            let redirected = self.included(&next, address, "redirect=").await;
            first.or(redirected)
        })
    }

    async fn matches(
        &mut self,
        domain: &str,
        mechanism: &Mechanism,
        address: Option<IpAddr>,
    ) -> bool {
        match mechanism {
            Mechanism::All => address.is_some(),
            Mechanism::Network(network, length) => {
                address.is_some_and(|address| covers(*network, *length, address))
            }
            // What its "all" says is about the included record alone.
            Mechanism::Include(name) => {
                let of_all = self.of_all;
                let matched = self.included(name, address, "include:").await;
                self.of_all = of_all;
                matched == Some(Qualifier::Pass)
            }
            Mechanism::A(host, lengths) => {
                let host = host.as_deref().unwrap_or(domain);
                self.is_host(host, *lengths, address).await
            }
            Mechanism::Mx(host, lengths) => {
                let host = host.as_deref().unwrap_or(domain);
                self.is_exchanger(host, *lengths, address).await
            }
            // Both depend on what only a receiver knows.
            Mechanism::Ptr | Mechanism::Exists(_) => false,
        }
    }

    async fn included(
        &mut self,
        name: &str,
        address: Option<IpAddr>,
        word: &str,
    ) -> Option<Qualifier> {
        if name.contains('%') || self.look_ups > LOOK_UPS {
            return None;
        }
        match single_record(self.dns, name).await {
            Ok(record) => self.follow(name.to_owned(), record, address).await,
            Err(fault) => {
                match fault {
                    Fault::Missing => self.wrong.push(format!(
                        "\"{word}{name}\" leads nowhere, and then receivers ignore the record"
                    )),
                    Fault::Wrong(what) => self.wrong.push(format!("at {name}: {what}")),
                    Fault::Silent(why) => self.silent.push(format!("at {name}: {why}")),
                }
                None
            }
        }
    }

    async fn is_host(&mut self, host: &str, lengths: Lengths, address: Option<IpAddr>) -> bool {
        if host.contains('%') {
            return false;
        }
        let found = self.dns.addresses(host).await;
        self.heard(host, found).is_some_and(|found| {
            found.into_iter().any(|of_host| {
                let length = if of_host.is_ipv4() { lengths.v4 } else { lengths.v6 };
                address.is_some_and(|address| covers(of_host, length, address))
            })
        })
    }

    async fn is_exchanger(
        &mut self,
        domain: &str,
        lengths: Lengths,
        address: Option<IpAddr>,
    ) -> bool {
        if domain.contains('%') {
            return false;
        }
        let found = self.dns.exchangers(domain).await;
        let Some(hosts) = self.heard(domain, found) else { return false };
        for host in hosts.into_iter().filter(|host| !host.is_empty()) {
            if self.is_host(&host, lengths, address).await {
                return true;
            }
        }
        false
    }

    fn heard<T>(&mut self, name: &str, answer: Answer<T>) -> Option<T> {
        match answer {
            Answer::Found(found) => Some(found),
            Answer::Nothing => {
                self.void += 1;
                None
            }
            Answer::Silence(why) => {
                self.silent.push(format!("at {name}: {why}"));
                None
            }
        }
    }
}
