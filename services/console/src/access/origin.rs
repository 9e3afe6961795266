//! Where an attempt to sign in comes from, so that guessing is slowed down without shutting anybody out.
//!
//! Failures are counted by address and network, by network, and by address alone. Whoever guesses from
//! everywhere at once would so keep the owner out, too: therefore a browser that once came in carries a
//! sign of it, and its own attempts are counted apart (OWASP's device cookies). A stranger cannot use
//! them up.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::HeaderMap;
use bootstrap::server::Peer;
use domain::UserId;
use domain::token::Purpose;

use super::token;
use crate::app::App;
use crate::page::cookie;

/// The cookie of a browser that once came in.
const COOKIE: &str = "touchline-known";
/// The same over TLS.
const SECURE_COOKIE: &str = "__Host-touchline-known";
/// How long it is remembered, in seconds.
const LASTS: u64 = 365 * 24 * 3600;

/// Failed attempts within the window, from one network at one address, or from a browser of its user.
const AT_AN_ADDRESS: i64 = 10;
/// From one network, at whatever address.
const FROM_A_NETWORK: i64 = 100;
/// At one address, from wherever: so many before browsers that never came in have to wait.
const FROM_EVERYWHERE: i64 = 100;

/// Addresses of proxies whose X-Forwarded-For is believed: `10.0.0.0/8`, `::1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxies(Vec<(IpAddr, u8)>);

impl Proxies {
    /// Reads a list with commas; nothing for one that cannot be read.
    pub fn parse(text: &str) -> Option<Self> {
        let read = |part: &str| {
            let (address, length) = match part.split_once('/') {
                Some((address, length)) => (address.parse().ok()?, Some(length)),
                None => (part.parse().ok()?, None),
            };
            let most = if matches!(address, IpAddr::V4(_)) { 32 } else { 128 };
            let length = length.map_or(Some(most), |length| length.parse().ok())?;
            (length <= most).then_some((address, length))
        };
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(read).collect::<Option<Vec<_>>>().map(Self)
    }

    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|(network, length)| prefix(address, *length) == prefix(*network, *length))
    }
}

/// The first bits of an address; of another family never the same.
fn prefix(address: IpAddr, length: u8) -> (bool, u128) {
    match address.to_canonical() {
        IpAddr::V4(own) => (
            true,
            u128::from(u32::from(own).checked_shr(32 - u32::from(length.min(32))).unwrap_or(0)),
        ),
        IpAddr::V6(own) => {
            (false, u128::from(own).checked_shr(128 - u32::from(length.min(128))).unwrap_or(0))
        }
    }
}

/// Where a request comes from: an IPv4 address, or the first half of an IPv6 address, as providers give
/// them out. A header is believed as far as trusted proxies have written it, from its end.
pub fn network(peer: Option<IpAddr>, headers: &HeaderMap, proxies: &Proxies) -> String {
    let Some(mut address) = peer else { return "unknown".to_owned() };
    let lines = headers.get_all("x-forwarded-for").into_iter().filter_map(|it| it.to_str().ok());
    let said: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    for before in said.iter().rev() {
        if !proxies.has(address) {
            break;
        }
        match before.parse() {
            Ok(own) => address = own,
            Err(_) => break,
        }
    }
    match address.to_canonical() {
        IpAddr::V4(own) => own.to_string(),
        IpAddr::V6(own) => format!("{:x}/64", u128::from(own) >> 64),
    }
}

/// Where an attempt comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    network: String,
    /// The user who once came in with this browser, and the browser's own sign.
    known: Option<String>,
}

/// What counts an attempt, and how many failures it bears.
pub type Counter = (storage::users::TokenHash, i64);

impl Origin {
    /// Of a request.
    pub fn of(request: &Request, app: &App) -> Self {
        let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
        let headers = request.headers();
        let name = if app.settings.is_secure() { SECURE_COOKIE } else { COOKIE };
        let known = cookie(headers, name);
        Self {
            network: network(peer, headers, &app.settings.trusted_proxies),
            known: known.and_then(|text| app.tokens.verify(Purpose::KnownBrowser, text).ok()),
        }
    }

    /// What counts an attempt at an address of which it is known whose it is, if anybody's.
    pub fn counters(&self, email: &str, user: Option<UserId>) -> Vec<Counter> {
        let own = user.map(|user| format!("{user} "));
        let known = self.known.as_deref().zip(own);
        let known = known.filter(|(known, own)| known.starts_with(own.as_str()));
        if let Some((known, _)) = known {
            return vec![(token::hash(&format!("browser {known}")), AT_AN_ADDRESS)];
        }
        let network = &self.network;
        vec![
            (token::hash(&format!("email {email} from {network}")), AT_AN_ADDRESS),
            (token::hash(&format!("network {network}")), FROM_A_NETWORK),
            (token::hash(&format!("email {email}")), FROM_EVERYWHERE),
        ]
    }

    /// The cookie for a browser that has come in.
    pub fn sign(app: &App, user: UserId) -> String {
        let (name, secure) = match app.settings.is_secure() {
            true => (SECURE_COOKIE, "; Secure"),
            false => (COOKIE, ""),
        };
        let text = app.tokens.sign(Purpose::KnownBrowser, &format!("{user} {}", token::new()));
        format!("{name}={text}; Path=/; Max-Age={LASTS}; HttpOnly; SameSite=Lax{secure}")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn from(peer: &str, forwarded: &[&str], proxies: &str) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        network(peer.parse().ok(), &headers, &Proxies::parse(proxies).unwrap())
    }

    #[test]
    fn a_header_is_believed_as_far_as_trusted_proxies_wrote_it() {
        for (peer, forwarded, proxies, expected) in [
            ("203.0.113.9", &["1.2.3.4"][..], "", "203.0.113.9"),
            ("203.0.113.9", &["1.2.3.4"], "10.0.0.0/8", "203.0.113.9"),
            ("10.1.2.3", &["1.2.3.4"], "10.0.0.0/8", "1.2.3.4"),
            // What stands before the first stranger was written by the stranger.
            ("10.1.2.3", &["6.6.6.6, 1.2.3.4"], "10.0.0.0/8", "1.2.3.4"),
            ("10.1.2.3", &["6.6.6.6", "1.2.3.4, 10.9.9.9"], "10.0.0.0/8", "1.2.3.4"),
            ("10.1.2.3", &["nonsense"], "10.0.0.0/8", "10.1.2.3"),
            ("::ffff:10.1.2.3", &["1.2.3.4"], "10.0.0.0/8", "1.2.3.4"),
            ("::1", &["2001:db8:1:2:3::4"], "::1, 127.0.0.1", "20010db800010002/64"),
            ("2001:db8:1:2:ffff::9", &[], "", "20010db800010002/64"),
        ] {
            assert_eq!(from(peer, forwarded, proxies), expected, "{peer} {forwarded:?} {proxies}");
        }
    }

    #[test]
    fn lists_of_proxies_are_read_or_refused() {
        for text in ["", "10.0.0.0/8", "127.0.0.1, ::1", "0.0.0.0/0"] {
            assert!(Proxies::parse(text).is_some(), "{text}");
        }
        for text in ["proxy", "10.0.0.0/33", "10.0.0/8", "::/129", "1.2.3.4/x"] {
            assert!(Proxies::parse(text).is_none(), "{text}");
        }
    }
}
