//! Phone numbers: E.164 by libphonenumber's metadata, and what a number may be used for
//! (compliance.md V-7).
//!
//! "Possible" is not enough to send to: a local number without area code is possible. For
//! suppression it is nearly enough, since a number too many on the list harms nobody.

use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumber, PhoneNumberFormat,
    PhoneNumberType, Region, ValidationError,
};
use serde::ser::SerializeStruct;

/// The longest input that is looked at, in characters; libphonenumber's own limit.
const INPUT_CHARACTERS: usize = 250;
/// The fewest digits of a complete number; two such runs in one field are two numbers.
const COMPLETE_NUMBER_DIGITS: usize = 7;
/// The most digits of a short code (a service number of one network or country).
const SHORT_CODE_DIGITS: usize = 6;

crate::words! {
    /// What a number is for, by the numbering plan; libphonenumber's names.
    PhoneType, "phone number type", {
        /// A fixed line.
        FixedLine = "FIXED_LINE",
        /// A mobile phone.
        Mobile = "MOBILE",
        /// One of the two, the plan does not say which (all of the US and Canada).
        FixedLineOrMobile = "FIXED_LINE_OR_MOBILE",
        /// Free for the caller.
        TollFree = "TOLL_FREE",
        /// Dear for the caller.
        PremiumRate = "PREMIUM_RATE",
        /// Costs shared by both sides.
        SharedCost = "SHARED_COST",
        /// Voice over IP, without a place.
        Voip = "VOIP",
        /// Follows a person from line to line.
        PersonalNumber = "PERSONAL_NUMBER",
        /// A pager.
        Pager = "PAGER",
        /// One number for all offices of a company.
        Uan = "UAN",
        /// A voice mailbox.
        Voicemail = "VOICEMAIL",
        /// None that the plan knows.
        Unknown = "UNKNOWN",
    }
}

crate::words! {
    /// Whether the number of digits is right; libphonenumber's names.
    Possible, "possible-reason", {
        /// A number of this length exists.
        IsPossible = "IS_POSSIBLE",
        /// Only when dialled from within its own area.
        IsPossibleLocalOnly = "IS_POSSIBLE_LOCAL_ONLY",
        /// The country calling code does not exist.
        InvalidCountryCode = "INVALID_COUNTRY_CODE",
        /// Shorter than every number there.
        TooShort = "TOO_SHORT",
        /// Between the lengths that exist.
        InvalidLength = "INVALID_LENGTH",
        /// Longer than every number there.
        TooLong = "TOO_LONG",
    }
}

crate::words! {
    /// Why a number cannot be used for SMS, or not at all, in words for people.
    PhoneReason, "phone number reason", {
        /// Nothing but blanks.
        Empty = "empty",
        /// No number in the text.
        NotANumber = "not a number",
        /// More than one number in one field.
        TwoNumbers = "two numbers",
        /// National form, and no region to read it by.
        RegionUnknown = "no country code and no known region",
        /// A country calling code nobody has.
        CountryCodeUnknown = "unknown country code",
        /// Too few digits.
        TooShort = "too short",
        /// Too many digits.
        TooLong = "too long",
        /// A number of digits that does not exist there.
        WrongLength = "wrong length",
        /// A service number that works in one network or country alone.
        ShortCode = "short code",
        /// The area code is missing.
        LocalOnly = "local only",
        /// Letters instead of digits.
        Vanity = "vanity",
        /// The length is right, but the numbering plan has no such number.
        NotValid = "not valid",
        /// A fixed line takes calls alone.
        FixedLine = "fixed line: no SMS",
        /// A toll-free number takes calls alone.
        TollFree = "toll-free: no SMS",
        /// A shared-cost number takes calls alone.
        SharedCost = "shared cost: no SMS",
        /// A company's number takes calls alone.
        Uan = "UAN: no SMS",
        /// A VoIP number takes calls; whether it takes SMS cannot be known.
        Voip = "VoIP: no SMS",
        /// A personal number takes calls alone.
        PersonalNumber = "personal number: no SMS",
        /// Calling or writing to it costs extra.
        PremiumRate = "premium rate: no SMS, no call",
        /// A pager.
        Pager = "pager: no SMS, no call",
        /// A voice mailbox.
        Voicemail = "voicemail: no SMS, no call",
    }
}

/// A text that parses as a phone number; whether it may be used is for [`PhoneCheck`] to say.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone {
    e164: String,
    extension: Option<String>,
    region: Option<Region>,
    kind: PhoneType,
}

impl Phone {
    /// What can be said about the number in `raw`. A number without country code is read as one
    /// of `default_region` (ISO 3166-1 alpha-2, in any case); "" stands for no region.
    ///
    /// ```
    /// use domain::phone::Phone;
    /// let check = Phone::parse("٠٥٠ ١٢٣ ٤٥٦٧", "AE");
    /// assert_eq!(check.e164(), Some("+971501234567"));
    /// assert!(check.sms && check.call);
    /// ```
    #[must_use]
    pub fn parse(raw: &str, default_region: &str) -> PhoneCheck {
        let text = cleaned(raw);
        if text.is_empty() {
            return PhoneCheck::rejected(PhoneReason::Empty);
        }
        if text.chars().count() > INPUT_CHARACTERS {
            return PhoneCheck::rejected(PhoneReason::TooLong);
        }
        if holds_two_numbers(&text) {
            return PhoneCheck::rejected(PhoneReason::TwoNumbers);
        }
        if has_context_first(&text) {
            return PhoneCheck::rejected(PhoneReason::NotANumber);
        }
        match PHONE_NUMBER_UTIL.parse(&text, region(default_region)) {
            Ok(number) => PhoneCheck::of(&number, PHONE_NUMBER_UTIL.is_alpha_number(&text)),
            Err(error) => PhoneCheck::rejected(match error {
                ParseError::InvalidCountryCode if region(default_region).is_none() => {
                    PhoneReason::RegionUnknown
                }
                ParseError::InvalidCountryCode => PhoneReason::CountryCodeUnknown,
                ParseError::NotANumber(_) => PhoneReason::NotANumber,
                ParseError::TooShortAfterIdd | ParseError::TooShortNsn => PhoneReason::TooShort,
                ParseError::TooLongNsn => PhoneReason::TooLong,
            }),
        }
    }

    /// The number in E.164: "+", country code, national number. This is the suppression key, so
    /// that an entry covers every extension behind it.
    #[must_use]
    pub fn e164(&self) -> &str {
        &self.e164
    }

    /// The digits to dial once the main number answers.
    #[must_use]
    pub fn extension(&self) -> Option<&str> {
        self.extension.as_deref()
    }

    /// The region the number belongs to (ISO 3166-1 alpha-2, or "001" for none in particular),
    /// where it can be told. `+1 876` is Jamaica: the rules of the US are not for it.
    #[must_use]
    pub fn region(&self) -> Option<String> {
        self.region.map(|region| region.to_string())
    }

    /// What the number is for.
    #[must_use]
    pub const fn kind(&self) -> PhoneType {
        self.kind
    }
}

impl std::fmt::Debug for Phone {
    /// Shows no digits, so that no number gets into a log by way of a derived `Debug`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Phone({} {:?})", self.kind, self.region)
    }
}

/// Everything the rules need to know about a text given as a phone number; the columns of
/// compliance.md V-7. Serialised flat, as `touchline check phone` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneCheck {
    /// The number, when the text parses as one; it need not be usable.
    pub phone: Option<Phone>,
    /// Whether the length is right; `None` when the text does not parse.
    pub possible: Option<Possible>,
    /// Whether the numbering plan has such a number.
    pub valid: bool,
    /// Whether text messages may be sent to it.
    pub sms: bool,
    /// Whether it may be called.
    pub call: bool,
    /// Whether it can stand on the suppression list.
    pub suppress: bool,
    /// Why it is not usable for SMS, or not at all; `None` when it is for both.
    pub reason: Option<PhoneReason>,
}

impl PhoneCheck {
    /// The number in E.164, when the text parses as one.
    #[must_use]
    pub fn e164(&self) -> Option<&str> {
        self.phone.as_ref().map(Phone::e164)
    }

    const fn rejected(reason: PhoneReason) -> Self {
        Self {
            phone: None,
            possible: None,
            valid: false,
            sms: false,
            call: false,
            suppress: false,
            reason: Some(reason),
        }
    }

    fn of(number: &PhoneNumber, is_vanity: bool) -> Self {
        let possible = possible(number);
        let e164 = number.format_as(PhoneNumberFormat::E164).into_owned();
        let has_key = possible == Possible::IsPossible && is_stable(&e164);
        // What the list could not stop is not used, whatever the numbering plan says of it.
        let valid = number.is_valid() && (has_key || possible != Possible::IsPossible);
        let phone = Phone {
            e164,
            extension: number.extension.clone().filter(|extension| !extension.is_empty()),
            region: number.get_region_code(),
            kind: kind(number.get_type()),
        };
        let reason = length_reason(possible, number.get_national_significant_number().len())
            .or(is_vanity.then_some(PhoneReason::Vanity))
            .or((!valid).then_some(PhoneReason::NotValid));
        let (sms, call, reason) = match reason {
            Some(reason) => (false, false, Some(reason)),
            None => usable(phone.kind),
        };
        let possible = Some(possible);
        Self { phone: Some(phone), possible, valid, sms, call, suppress: has_key, reason }
    }
}

/// Whether an E.164 form is read as itself again. That of zeros that no plan knows is not
/// (`+971 0000000001` gains one, `+81 0037680376807470` loses five digits), and what has two forms
/// would have two keys.
fn is_stable(e164: &str) -> bool {
    let again = PHONE_NUMBER_UTIL.parse(e164, None);
    again.is_ok_and(|number| number.format_as(PhoneNumberFormat::E164) == e164)
}

impl serde::Serialize for PhoneCheck {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let phone = self.phone.as_ref();
        let mut object = serializer.serialize_struct("PhoneCheck", 10)?;
        object.serialize_field("e164", &self.e164())?;
        object.serialize_field("extension", &phone.and_then(Phone::extension))?;
        object.serialize_field("region", &phone.and_then(Phone::region))?;
        object.serialize_field("type", &phone.map(Phone::kind))?;
        object.serialize_field("possible", &self.possible)?;
        object.serialize_field("valid", &self.valid)?;
        object.serialize_field("sms", &self.sms)?;
        object.serialize_field("call", &self.call)?;
        object.serialize_field("suppress", &self.suppress)?;
        object.serialize_field("reason", &self.reason)?;
        object.end()
    }
}

/// Whether numbers of the region (ISO 3166-1 alpha-2, in any case) can be read without a country
/// code; for checking a setting.
#[must_use]
pub fn is_known_region(code: &str) -> bool {
    region(code).is_some()
}

fn region(code: &str) -> Option<Region> {
    let region = code.trim().to_ascii_uppercase().parse().ok()?;
    PHONE_NUMBER_UTIL.get_country_code_for_region(region).map(|_| region)
}

/// The text without invisible marks, which stand around numbers copied from right-to-left text.
fn cleaned(raw: &str) -> String {
    let is_mark = |c: char| {
        matches!(c, '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    let visible: String = raw.chars().filter(|&c| !is_mark(c)).collect();
    visible.trim().to_owned()
}

/// A number of RFC 3966 with its context before its "tel:"; rlibphonenumber 2.2.15 panics at it.
fn has_context_first(text: &str) -> bool {
    let context = text.find(";phone-context=");
    context.is_some_and(|context| text.find("tel:").is_some_and(|prefix| prefix > context))
}

/// Two runs of digits, each long enough for a number, with a divider between them.
fn holds_two_numbers(text: &str) -> bool {
    if text.contains(";phone-context=") {
        return false;
    }
    let n_complete = text
        .split(['/', '\\', ',', '،', ';', '؛', '|', '&', '\n', '\t', 'و'])
        .filter(|part| part.chars().filter(|c| c.is_numeric()).count() >= COMPLETE_NUMBER_DIGITS)
        .count();
    n_complete > 1
}

fn possible(number: &PhoneNumber) -> Possible {
    match number.is_possible_with_reason() {
        Ok(NumberLengthType::IsPossible) => Possible::IsPossible,
        Ok(NumberLengthType::IsPossibleLocalOnly) => Possible::IsPossibleLocalOnly,
        Err(ValidationError::InvalidCountryCode) => Possible::InvalidCountryCode,
        Err(ValidationError::TooShort) => Possible::TooShort,
        Err(ValidationError::InvalidLength) => Possible::InvalidLength,
        Err(ValidationError::TooLong) => Possible::TooLong,
    }
}

const fn kind(kind: PhoneNumberType) -> PhoneType {
    match kind {
        PhoneNumberType::FixedLine => PhoneType::FixedLine,
        PhoneNumberType::Mobile => PhoneType::Mobile,
        PhoneNumberType::FixedLineOrMobile => PhoneType::FixedLineOrMobile,
        PhoneNumberType::TollFree => PhoneType::TollFree,
        PhoneNumberType::PremiumRate => PhoneType::PremiumRate,
        PhoneNumberType::SharedCost => PhoneType::SharedCost,
        PhoneNumberType::VoIP => PhoneType::Voip,
        PhoneNumberType::PersonalNumber => PhoneType::PersonalNumber,
        PhoneNumberType::Pager => PhoneType::Pager,
        PhoneNumberType::UAN => PhoneType::Uan,
        PhoneNumberType::VoiceMail => PhoneType::Voicemail,
        PhoneNumberType::Unknown => PhoneType::Unknown,
    }
}

fn length_reason(possible: Possible, national_digits: usize) -> Option<PhoneReason> {
    match possible {
        Possible::IsPossible => None,
        Possible::IsPossibleLocalOnly => Some(PhoneReason::LocalOnly),
        Possible::InvalidCountryCode => Some(PhoneReason::CountryCodeUnknown),
        Possible::TooShort if national_digits <= SHORT_CODE_DIGITS => Some(PhoneReason::ShortCode),
        Possible::TooShort => Some(PhoneReason::TooShort),
        Possible::InvalidLength => Some(PhoneReason::WrongLength),
        Possible::TooLong => Some(PhoneReason::TooLong),
    }
}

/// SMS, call, and why not both, for a valid number of the type.
const fn usable(kind: PhoneType) -> (bool, bool, Option<PhoneReason>) {
    match kind {
        PhoneType::Mobile | PhoneType::FixedLineOrMobile => (true, true, None),
        PhoneType::FixedLine => (false, true, Some(PhoneReason::FixedLine)),
        PhoneType::TollFree => (false, true, Some(PhoneReason::TollFree)),
        PhoneType::SharedCost => (false, true, Some(PhoneReason::SharedCost)),
        PhoneType::Uan => (false, true, Some(PhoneReason::Uan)),
        PhoneType::Voip => (false, true, Some(PhoneReason::Voip)),
        PhoneType::PersonalNumber => (false, true, Some(PhoneReason::PersonalNumber)),
        PhoneType::PremiumRate => (false, false, Some(PhoneReason::PremiumRate)),
        PhoneType::Pager => (false, false, Some(PhoneReason::Pager)),
        PhoneType::Voicemail => (false, false, Some(PhoneReason::Voicemail)),
        PhoneType::Unknown => (false, false, Some(PhoneReason::NotValid)),
    }
}
