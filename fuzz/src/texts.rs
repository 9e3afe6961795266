//! What people write: numbers, addresses, answers; and the gateways that hand answers over.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::email::Email;
use domain::phone::{Phone, Possible};
use domain::reply::{Action, OptOutScope, normalise, read};
use hmac::{Hmac, KeyInit, Mac};
use inbound::outside::{PUBLIC_URL, SmsRequest, sms_hook as hook};
use sha1::Sha1;

use crate::input::{first_byte, first_line};

/// What an honest gateway knows and no input does.
const SECRET: &str = "known to honest gateways alone";
/// The countries numbers are read in.
const REGIONS: [&str; 6] = ["", "AE", "US", "EG", "SA", "GB"];

/// Phone numbers (compliance.md V-7): the first byte chooses the country.
pub fn phone(data: &[u8]) {
    let (region, rest) = first_byte(data);
    let region = REGIONS[usize::from(region) % REGIONS.len()];
    let check = Phone::parse(&String::from_utf8_lossy(rest), region);
    let is_usable = check.sms || check.call;
    assert!(!is_usable || check.valid, "a number that does not exist may be used");
    assert!(!check.sms || check.call, "every number that takes texts takes calls");
    // One that no plan knows may be read in two ways, and then has no key.
    let is_possible = check.possible == Some(Possible::IsPossible);
    assert!(!check.suppress || is_possible, "what is no number stands on the list");
    assert!(check.suppress || !(check.valid && is_possible), "one that exists has no key");
    assert!(check.suppress || !is_usable, "a number may be used and cannot stand on the list");
    let Some(e164) = check.e164() else {
        assert!(!is_usable && !check.suppress && check.reason.is_some());
        return;
    };
    assert!(e164.starts_with('+') && e164[1..].bytes().all(|digit| digit.is_ascii_digit()));
    if check.suppress {
        // The list's key is the same whoever reads the number, and wherever.
        for other in REGIONS {
            let again = Phone::parse(e164, other);
            assert_eq!(again.e164(), Some(e164), "the key is not stable in {other:?}");
            assert_eq!((again.valid, again.suppress), (check.valid, true));
        }
    }
}

/// Email addresses (compliance.md V-8).
pub fn email(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(email) = Email::parse(&text) else { return };
    assert_eq!(email.exact().matches('@').count(), 1);
    assert!(email.exact().ends_with(&format!("@{}", email.domain())));
    assert!(email.domain().is_ascii() && email.domain().contains('.'));
    for written in [email.as_entered(), email.exact(), email.canonical()] {
        assert!(!written.chars().any(char::is_control), "a header could be injected");
        assert!(!written.contains(char::is_whitespace));
    }
    let entered = Email::parse(email.as_entered());
    assert_eq!(entered.as_ref(), Ok(&email), "the address as entered is another one");
    let exact = Email::parse(email.exact());
    assert_eq!(exact.as_ref().map(Email::exact), Ok(email.exact()), "the exact key is not stable");
    assert_eq!(
        exact.as_ref().map(Email::canonical),
        Ok(email.canonical()),
        "two keys, one mailbox"
    );
    let canonical = Email::parse(email.canonical());
    let stable = canonical.as_ref().map(Email::canonical);
    assert_eq!(stable, Ok(email.canonical()), "the canonical key is not stable");
    let envelope = Email::parse(&email.for_envelope());
    assert_eq!(envelope.as_ref().map(Email::exact), Ok(email.exact()), "mail goes to another");
}

/// Answers by text message (compliance.md V-3, SEC-20).
pub fn keyword(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let normalised = normalise(&text);
    assert_eq!(normalise(&normalised), normalised, "normalising twice differs");
    let reading = read(&text);
    assert_eq!(reading.normalised, normalised);
    assert_eq!(reading.scope.is_some(), reading.action == Action::OptOut);
    assert_eq!(reading.reason().is_some(), reading.action == Action::OptOut);
    // Nothing that is added makes less of a stop that stands for itself, or of one that was found.
    for (before, after) in [("STOP\n", ""), ("", "\nSTOP")] {
        let with_stop = read(&format!("{before}{text}{after}"));
        assert_eq!(with_stop.action, Action::OptOut, "a STOP was talked away");
    }
    if let (Action::OptOut, false) = (reading.action, reading.is_keyword) {
        let longer = read(&format!("{text}\nignore this and do not unsubscribe me"));
        assert_eq!(longer.action, Action::OptOut, "an opt-out was talked away");
        let keeps = longer.scope >= reading.scope || reading.scope == Some(OptOutScope::Sms);
        assert!(keeps, "an opt-out was narrowed");
    }
}

/// Requests of SMS gateways: the first byte chooses the gateway, the first line is the query.
pub fn sms_hook(data: &[u8]) {
    let (choice, rest) = first_byte(data);
    let (query, body) = first_line(rest);
    let gateway = ["twilio", "kannel", "generic"][usize::from(choice) % 3];
    let method = if choice >= 128 { "GET" } else { "POST" };
    let path = format!("/hooks/sms/{gateway}?{}", String::from_utf8_lossy(query));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let forged = [form[0], ("x-twilio-signature", "AAAA"), ("x-touchline-secret", "guessed")];
    let request = SmsRequest { gateway, method, path: &path, headers: &forged, body };
    if let Some((is_genuine, _)) = hook(SECRET, &request) {
        assert!(!is_genuine, "a request without the secret was believed");
    }
    honest(gateway, &String::from_utf8_lossy(query), &String::from_utf8_lossy(body));
}

/// What an honest gateway sends comes out as it was; changed on the way it is refused.
fn honest(gateway: &str, from: &str, text: &str) {
    let (id, headers, path, body);
    let signature;
    match gateway {
        "twilio" => {
            id = "SM1";
            path = "/hooks/sms/twilio".to_owned();
            let pairs = [("Body", text), ("From", from), ("MessageSid", id)];
            body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            signature = signed(&format!("{PUBLIC_URL}{path}"), &pairs);
            headers = vec![
                ("content-type", "application/x-www-form-urlencoded"),
                ("x-twilio-signature", signature.as_str()),
            ];
        }
        "kannel" => {
            id = "7";
            let pairs = [("id", id), ("from", from), ("text", text), ("secret", SECRET)];
            let query =
                form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            (path, body, headers) = (format!("/hooks/sms/kannel?{query}"), String::new(), vec![]);
        }
        _ => {
            id = "7";
            path = "/hooks/sms/generic".to_owned();
            body = serde_json::json!({ "id": id, "from": from, "text": text }).to_string();
            headers = vec![("x-touchline-secret", SECRET)];
        }
    }
    let request = SmsRequest {
        gateway,
        method: "POST",
        path: &path,
        headers: &headers,
        body: body.as_bytes(),
    };
    let Some((is_genuine, found)) = hook(SECRET, &request) else {
        assert!(path.len() > 60_000, "an honest request was not understood");
        return;
    };
    assert!(is_genuine, "an honest request was refused");
    assert_eq!(found, Some([id, from, text].map(str::to_owned)));
    assert!(hook("another secret", &request).is_some_and(|(is_genuine, _)| !is_genuine));
    if gateway == "twilio" {
        let changed = format!("{body}&Body=STOP");
        let request = SmsRequest { body: changed.as_bytes(), ..request };
        assert!(hook(SECRET, &request).is_some_and(|(is_genuine, _)| !is_genuine));
    }
}

/// Twilio's signature over an address and pairs that are sorted already.
fn signed(url: &str, pairs: &[(&str, &str)]) -> String {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()) else {
        panic!("HMAC takes a key of any length");
    };
    mac.update(url.as_bytes());
    for (name, value) in pairs {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}
