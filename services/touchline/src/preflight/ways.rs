//! The way back and the way out: where bounces go, the relay's name, encryption.

use std::net::IpAddr;

use super::dns::{Answer, Dns};
use super::{Area, Finding, Relay, Subject, Verdict};

/// Whether what comes back finds a server.
pub async fn return_path(dns: &Dns, subject: &Subject) -> Vec<Finding> {
    let domain = &subject.return_path;
    let find = |result, what: String| Finding::new(Area::ReturnPath, result, domain, what);
    let lost = if subject.has_bounce_domain { Verdict::Fail } else { Verdict::Warn };
    let hosts = match dns.exchangers(domain).await {
        Answer::Found(hosts) => hosts,
        Answer::Silence(why) => return vec![find(Verdict::Unanswered, why)],
        Answer::Nothing => return vec![without_exchanger(dns, subject, lost).await],
    };
    if hosts.iter().all(String::is_empty) {
        let what = "its MX says that it takes no mail (RFC 7505), so bounces are lost";
        return vec![find(lost, what.to_owned())];
    }
    let mut findings = Vec::new();
    for host in hosts.iter().filter(|host| !host.is_empty()) {
        match dns.addresses(host).await {
            Answer::Found(_) => {}
            Answer::Nothing => {
                findings.push(find(Verdict::Warn, format!("its MX {host} has no address")));
            }
            Answer::Silence(why) => {
                findings.push(find(Verdict::Unanswered, format!("its MX {host}: {why}")));
            }
        }
    }
    if findings.len() == hosts.len() && findings.iter().all(|found| found.result == Verdict::Warn) {
        return vec![find(lost, "no MX of it has an address, so bounces are lost".to_owned())];
    }
    findings.push(find(Verdict::Ok, format!("bounces go to {}", hosts.join(", "))));
    findings
}

/// Without MX mail goes to the domain's own address (RFC 5321 §5.1).
async fn without_exchanger(dns: &Dns, subject: &Subject, lost: Verdict) -> Finding {
    let domain = &subject.return_path;
    let find = |result, what: &str| Finding::new(Area::ReturnPath, result, domain, what.to_owned());
    match dns.addresses(domain).await {
        Answer::Found(_) => find(Verdict::Warn, "it has no MX; bounces go to its own address"),
        Answer::Nothing => {
            let finding = find(lost, "it has neither MX nor address, so bounces are lost");
            finding.publish(domain, "MX 10 <the server that delivers to [inbound] lmtp_listen>")
        }
        Answer::Silence(why) => find(Verdict::Unanswered, &why),
    }
}

/// Whether the relay's address has a name that leads back to it.
pub async fn reverse(dns: &Dns, relay: &Relay) -> Vec<Finding> {
    let Some(address) = relay.address else {
        let what = "the address our mail comes from is not known; name it with --address";
        return vec![Finding::new(Area::Ptr, Verdict::Warn, "", what.to_owned())];
    };
    let shown = address.to_string();
    let find = |result, what: String| Finding::new(Area::Ptr, result, &shown, what);
    let names = match dns.names(address).await {
        Answer::Found(names) => names,
        Answer::Silence(why) => return vec![find(Verdict::Unanswered, why)],
        Answer::Nothing => {
            let what = "it has no name (PTR), and large receivers refuse mail from it; whoever \
                        runs the network sets it";
            let result = if relay.is_certain { Verdict::Fail } else { Verdict::Warn };
            return vec![find(result, what.to_owned())];
        }
    };
    vec![leads_back(dns, address, &names).await]
}

async fn leads_back(dns: &Dns, address: IpAddr, names: &[String]) -> Finding {
    let shown = address.to_string();
    let find = |result, what: String| Finding::new(Area::Ptr, result, &shown, what);
    let mut silence = None;
    for name in names {
        match dns.addresses(name).await {
            Answer::Found(addresses) if addresses.contains(&address) => {
                return find(Verdict::Ok, format!("its name is {name}, which leads back to it"));
            }
            Answer::Found(_) | Answer::Nothing => {}
            Answer::Silence(why) => silence = Some(why),
        }
    }
    match silence {
        Some(why) => find(Verdict::Unanswered, why),
        None => {
            find(Verdict::Fail, format!("its name {} does not lead back to it", names.join(", ")))
        }
    }
}

/// Whether mail is encrypted up to the relay.
pub fn encryption(relay: &Relay) -> Vec<Finding> {
    if !relay.is_plain {
        return Vec::new();
    }
    let what = "[email] url hands mail over without TLS; take ?starttls=never out";
    vec![Finding::new(Area::Tls, Verdict::Warn, &relay.host, what.to_owned())]
}
