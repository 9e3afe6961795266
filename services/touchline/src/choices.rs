//! Closed sets of the office as arguments: the words people may write, and what each means.

use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use office::content::Part;
use office::dossier::Format;
use office::imports::Delimiter;
use office::intake::columns::Unknown;
use office::intake::encoding::Encoding;
use office::intake::values::DateOrder;

/// `--encoding`.
pub fn encoding() -> impl TypedValueParser<Value = Encoding> {
    one_of(&[
        ("auto", "By the byte order mark, else by the bytes"),
        ("utf-8", "UTF-8"),
        ("utf-16", "UTF-16, little-endian unless the mark says otherwise"),
        ("windows-1256", "Windows-1256, as older programs write Arabic"),
    ])
}

/// `--dates`.
pub fn dates() -> impl TypedValueParser<Value = DateOrder> {
    one_of(&[("dmy", "31/12/2026"), ("mdy", "12/31/2026")])
}

/// `--unknown`.
pub fn unknown() -> impl TypedValueParser<Value = Unknown> {
    one_of(&[
        ("refuse", "Nothing is imported; the columns are named"),
        ("ignore", "They are passed over"),
        ("custom", "They become custom fields"),
    ])
}

/// `--part`.
pub fn part() -> impl TypedValueParser<Value = Part> {
    let values = Part::ALL.iter().map(|part| PossibleValue::new(part.as_str()));
    PossibleValuesParser::new(values).try_map(|word| word.parse::<Part>())
}

/// `--format` of an export.
pub fn format() -> impl TypedValueParser<Value = Format> {
    one_of(&[("json", "For programs"), ("html", "For people"), ("csv", "For spreadsheets")])
}

/// `--delimiter`.
pub fn delimiter(text: &str) -> Result<Delimiter, &'static str> {
    text.parse()
}

fn one_of<T>(words: &[(&'static str, &'static str)]) -> impl TypedValueParser<Value = T> + use<T>
where
    T: FromStr<Err = domain::UnknownWord> + Clone + Send + Sync + 'static,
{
    let values = words.iter().map(|(word, help)| PossibleValue::new(*word).help(*help));
    PossibleValuesParser::new(values).try_map(|word| word.parse::<T>())
}
