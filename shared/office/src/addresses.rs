//! From what people write to the form an address is known by on the list.
//!
//! The key of an email address is made from its canonical form alone: two addresses with the same
//! exact form have the same canonical one, so that a match on either blocks (compliance.md SUP-06).

use domain::email::{Email, EmailError};
use domain::phone::{Phone, PhoneCheck, PhoneReason};
use domain::suppression::Scope;
use domain::{AddressKey, AddressKeyer, AddressKind, ContactChannel, ContactId};
use storage::contacts::{NewAddress, domain_key, person_key};
use storage::suppressions::Target;

/// An address in the form the list knows it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListAddress {
    /// What kind.
    pub kind: AddressKind,
    /// What its key is made from.
    pub normalised: String,
    /// An email address's domain.
    pub domain: Option<String>,
}

impl ListAddress {
    /// An email address.
    ///
    /// # Errors
    /// Why it is none.
    pub fn email(raw: &str) -> Result<Self, EmailError> {
        Ok(Self::of_email(&Email::parse(raw)?))
    }

    fn of_email(email: &Email) -> Self {
        let normalised = email.canonical().to_owned();
        let domain = normalised.rsplit_once('@').map(|(_, domain)| domain.to_owned());
        Self { kind: AddressKind::Email, normalised, domain }
    }

    /// A phone number of a possible length; the list takes more than can be sent to
    /// (compliance.md V-7).
    ///
    /// # Errors
    /// Why it is none.
    pub fn phone(raw: &str, region: &str) -> Result<Self, PhoneReason> {
        Self::of_phone(&Phone::parse(raw, region))
    }

    fn of_phone(check: &PhoneCheck) -> Result<Self, PhoneReason> {
        // Letters are digits in a number that exists (1-800-FLOWERS), and garbage in all others.
        let is_garbage = check.reason == Some(PhoneReason::Vanity) && !check.valid;
        match check.e164() {
            Some(e164) if check.suppress && !is_garbage => {
                Ok(Self { kind: AddressKind::Phone, normalised: e164.to_owned(), domain: None })
            }
            _ => Err(check.reason.unwrap_or(PhoneReason::NotANumber)),
        }
    }

    /// A postal address: capitals, blanks and punctuation between words make no difference.
    #[must_use]
    pub fn postal(raw: &str) -> Option<Self> {
        let words: Vec<String> = raw
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let normalised = words.join(" ");
        (!normalised.is_empty()).then_some(Self {
            kind: AddressKind::Postal,
            normalised,
            domain: None,
        })
    }

    /// Its key.
    #[must_use]
    pub fn key(&self, keyer: &AddressKeyer) -> AddressKey {
        keyer.key(self.kind, &self.normalised)
    }

    /// The key of its domain, for an email address.
    #[must_use]
    pub fn domain_key(&self, keyer: &AddressKeyer) -> Option<AddressKey> {
        self.domain.as_ref().map(|name| domain_key(keyer, name))
    }
}

/// What the argument ADDRESS of a command names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// One address.
    Address(ListAddress),
    /// An email domain, in the form its key is made from.
    Domain(String),
    /// A contact.
    Person(ContactId),
}

impl Named {
    /// What `text` names: a contact's id, `@domain`, an email address, else a phone number (read
    /// in `region`), or a postal address where post is asked for.
    ///
    /// # Errors
    /// Why it is none of them, for people; the text is not repeated.
    pub fn parse(
        text: &str,
        channel: Option<ContactChannel>,
        region: &str,
    ) -> Result<Self, String> {
        let text = text.trim();
        if channel == Some(ContactChannel::Post) {
            let postal = ListAddress::postal(text).ok_or("the postal address is empty")?;
            return Ok(Self::Address(postal));
        }
        if let Ok(id) = text.parse::<ContactId>() {
            return Ok(Self::Person(id));
        }
        if let Some(domain) = text.strip_prefix('@') {
            let any = ListAddress::email(&format!("anybody@{domain}"));
            let domain = any.map_err(|why| format!("this is no email domain: {why}"))?.domain;
            return Ok(Self::Domain(domain.unwrap_or_default()));
        }
        if text.contains('@') {
            return ListAddress::email(text).map(Self::Address).map_err(|why| why.to_string());
        }
        let phone = ListAddress::phone(text, region);
        phone.map(Self::Address).map_err(|why| {
            format!("this is no phone number ({why}), email address, @domain or contact id")
        })
    }

    /// The entries of the list that cover it on `channel`, or on every channel of its kind.
    #[must_use]
    pub fn targets(&self, channel: Option<ContactChannel>, keyer: &AddressKeyer) -> Vec<Target> {
        match self {
            Self::Person(id) => vec![Target::Person(person_key(keyer, *id))],
            Self::Domain(name) => vec![Target::Domain(domain_key(keyer, name))],
            Self::Address(address) => {
                let key = address.key(keyer);
                let domain = address.domain_key(keyer);
                let all = address.kind.channels().iter().copied();
                all.filter(|own| channel.is_none_or(|asked| asked == *own))
                    .map(|channel| Target::Address { key, channel, domain })
                    .collect()
            }
        }
    }

    /// The scope of an entry for it.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        match self {
            Self::Address(_) => Scope::Channel,
            Self::Domain(_) => Scope::Domain,
            Self::Person(_) => Scope::Person,
        }
    }
}

/// An email address of a contact.
///
/// # Errors
/// Why it cannot be used.
pub fn contact_email(raw: &str) -> Result<NewAddress, EmailError> {
    let email = Email::parse(raw)?;
    let list = ListAddress::of_email(&email);
    Ok(new_address(list, "", email.as_entered().to_owned()))
}

/// A phone number of a contact. One that is possible but not usable is kept, with the reason, so
/// that the list can still name it; a fax takes neither texts nor calls.
///
/// # Errors
/// Why it is no number at all.
pub fn contact_phone(raw: &str, region: &str, label: &str) -> Result<NewAddress, PhoneReason> {
    let check = Phone::parse(raw, region);
    let list = ListAddress::of_phone(&check)?;
    let value = list.normalised.clone();
    let mut address = new_address(list, label, value);
    if let Some(extension) = check.phone.as_ref().and_then(Phone::extension) {
        address.label = format!("{label} ext. {extension}").trim_start().to_owned();
    }
    let why = || check.reason.map(|reason| reason.to_string());
    let fax = (label == "fax").then(|| "fax: no SMS, no call".to_owned());
    address.sms_problem = fax.clone().or_else(|| if check.sms { None } else { why() });
    address.call_problem = fax.or_else(|| if check.call { None } else { why() });
    Ok(address)
}

/// The postal address of a contact; nothing when it holds no words.
#[must_use]
pub fn contact_postal(raw: &str) -> Option<NewAddress> {
    let list = ListAddress::postal(raw)?;
    Some(new_address(list, "", raw.trim().to_owned()))
}

fn new_address(list: ListAddress, label: &str, value: String) -> NewAddress {
    NewAddress {
        kind: list.kind,
        label: label.to_owned(),
        value,
        normalised: list.normalised,
        domain: list.domain,
        sms_problem: None,
        call_problem: None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_argument_address_names_what_people_mean() {
        let address = |kind, normalised: &str, domain: Option<&str>| {
            Named::Address(ListAddress {
                kind,
                normalised: normalised.to_owned(),
                domain: domain.map(str::to_owned),
            })
        };
        let id = ContactId::new();
        for (text, expected) in [
            (
                "Ali@Example.com",
                address(AddressKind::Email, "ali@example.com", Some("example.com")),
            ),
            (
                "A.L.I+x@googlemail.com",
                address(AddressKind::Email, "ali@gmail.com", Some("gmail.com")),
            ),
            ("٠٥٠ ١٢٣ ٤٥٦٧", address(AddressKind::Phone, "+971501234567", None)),
            ("@Example.COM", Named::Domain("example.com".to_owned())),
            (&id.to_string(), Named::Person(id)),
        ] {
            assert_eq!(Named::parse(text, None, "AE").unwrap(), expected, "{text}");
        }
        let post = Named::parse("12, Marina  Walk", Some(ContactChannel::Post), "AE").unwrap();
        assert_eq!(post, address(AddressKind::Postal, "12 marina walk", None));
        for text in ["", "nobody", "a@b@c.com", "@", "5"] {
            assert!(Named::parse(text, None, "AE").is_err(), "{text}");
        }
    }

    #[test]
    fn a_phone_number_is_listed_for_texts_and_for_calls() {
        let keyer = AddressKeyer::new(b"test");
        let phone = Named::parse("0501234567", None, "AE").unwrap();
        assert_eq!(phone.targets(None, &keyer).len(), 2);
        assert_eq!(phone.targets(Some(ContactChannel::Sms), &keyer).len(), 1);
        assert!(phone.targets(Some(ContactChannel::Email), &keyer).is_empty());
    }

    #[test]
    fn numbers_that_cannot_be_used_are_kept_with_the_reason() {
        let landline = contact_phone("04 323 4567", "AE", "work").unwrap();
        assert_eq!(landline.sms_problem.as_deref(), Some("fixed line: no SMS"));
        assert_eq!(landline.call_problem, None);
        let fax = contact_phone("04 323 4568", "AE", "fax").unwrap();
        assert_eq!(fax.call_problem.as_deref(), Some("fax: no SMS, no call"));
        let desk = contact_phone("04 323 4567 ext. 12", "AE", "work").unwrap();
        assert_eq!((desk.label.as_str(), desk.value.as_str()), ("work ext. 12", "+97143234567"));
        assert!(contact_phone("16123", "EG", "").is_err());
        assert!(contact_phone("050 12 garbage", "AE", "").is_err());
        assert!(ListAddress::phone("1-800-FLOWERS", "US").is_ok());
    }
}
