//! One line of a full list.

use super::{AreaCode, LINE_DIGITS, Registry};
use crate::phone::Phone;

/// Numbers have at most seven digits after the area code.
const LINES_PER_AREA: u64 = 10_u64.pow(LINE_DIGITS);
/// Digits of a number of the United States.
const US_DIGITS: usize = 10;
/// Digits of an area code of the United States.
const US_AREA_DIGITS: usize = 3;

/// A number as a dataset keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistryNumber {
    /// What stands before the last seven digits.
    pub area_code: AreaCode,
    /// The last seven digits, as a number.
    pub line: u32,
}

impl std::fmt::Debug for RegistryNumber {
    /// Shows the area code alone, so that no number gets into a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RegistryNumber({} …)", self.area_code)
    }
}

impl RegistryNumber {
    /// The number in E.164.
    #[must_use]
    pub fn e164(self, registry: Registry) -> String {
        let country = registry.country_code();
        if self.area_code == AreaCode::NONE {
            return format!("+{country}{}", self.line);
        }
        format!("+{country}{}{:07}", self.area_code, self.line)
    }

    /// From the national number, as a number.
    fn of_national(national: u64) -> Option<Self> {
        Some(Self {
            area_code: AreaCode::new(u32::try_from(national / LINES_PER_AREA).ok()?),
            line: u32::try_from(national % LINES_PER_AREA).ok()?,
        })
    }
}

/// A line that is no number of the registry. It says nothing about the line: a list is confidential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the line is no number in a layout that is known")]
pub struct LineError;

/// The number in a line of a full list, or nothing in a blank line. The line may end in CR or LF,
/// the first one may begin with a byte order mark. The United States publish `AAANNNNNNN` and
/// `AAA,NNNNNNN`, with or without quotation marks and a hyphen (CALL-07); an upload for the UAE may
/// spell its numbers in any way.
///
/// ```
/// use domain::registry::{Registry, number_in_line};
/// let number = number_in_line(Registry::UsNational, b"415,555-2671\r\n").unwrap().unwrap();
/// assert_eq!(number.e164(Registry::UsNational), "+14155552671");
/// ```
///
/// # Errors
/// When the line is something else.
pub fn number_in_line(
    registry: Registry,
    line: &[u8],
) -> Result<Option<RegistryNumber>, LineError> {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
    if line.is_empty() {
        return Ok(None);
    }
    let number = match registry {
        Registry::UsNational => us_number(line)?,
        Registry::AeDncr => {
            let text = std::str::from_utf8(line).map_err(|_| LineError)?;
            let check = Phone::parse(text.trim_matches('"'), "AE");
            let possible = check.phone.filter(|_| check.suppress);
            possible.and_then(|phone| number_of_phone(registry, &phone)).ok_or(LineError)?
        }
    };
    Ok(Some(number))
}

/// The number of a phone, if it is one of the registry's country. One that keeps a zero in front after
/// the country code is none: as a number it would be another's.
#[must_use]
pub fn number_of_phone(registry: Registry, phone: &Phone) -> Option<RegistryNumber> {
    let national = phone.e164().strip_prefix('+')?.strip_prefix(registry.country_code())?;
    let national = Some(national).filter(|digits| !digits.starts_with('0'))?;
    RegistryNumber::of_national(national.parse().ok()?)
}

fn us_number(line: &[u8]) -> Result<RegistryNumber, LineError> {
    let mut fields = line.split(|byte| *byte == b',');
    let (first, second) = (fields.next().unwrap_or_default(), fields.next());
    if fields.next().is_some() {
        return Err(LineError);
    }
    us_number_of(first, second)
}

/// The number in one field, or in two: area code and the rest.
pub(super) fn us_number_of(
    first: &[u8],
    second: Option<&[u8]>,
) -> Result<RegistryNumber, LineError> {
    let (first, first_digits) = digits(first)?;
    let (national, count) = match second {
        None => (first, first_digits),
        Some(_) if first_digits != US_AREA_DIGITS => return Err(LineError),
        Some(second) => {
            let (rest, rest_digits) = digits(second)?;
            if rest_digits != US_DIGITS - US_AREA_DIGITS {
                return Err(LineError);
            }
            (first * LINES_PER_AREA + rest, US_DIGITS)
        }
    };
    // No area code begins with 0 or 1 (North American Numbering Plan).
    if count != US_DIGITS || national < 2_000_000_000 {
        return Err(LineError);
    }
    RegistryNumber::of_national(national).ok_or(LineError)
}

/// The digits of a field and how many there are; quotation marks, blanks and hyphens may stand
/// between them.
fn digits(field: &[u8]) -> Result<(u64, usize), LineError> {
    let (mut value, mut count) = (0_u64, 0);
    for byte in field {
        match byte {
            b'0'..=b'9' if count < US_DIGITS => {
                value = value * 10 + u64::from(byte - b'0');
                count += 1;
            }
            b'"' | b'-' | b' ' => {}
            _ => return Err(LineError),
        }
    }
    Ok((value, count))
}
