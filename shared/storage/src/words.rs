//! Between PostgreSQL's enums and the words of `domain`.

use std::fmt::Display;
use std::str::FromStr;

use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::StorageError;

/// Reads a column that was selected as `…::text` into a closed set of words.
pub fn word<T>(row: &PgRow, column: &str) -> Result<T, StorageError>
where
    T: FromStr,
    T::Err: Display,
{
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|why| StorageError::unreadable(column, why))
}

/// The same for a column that may be NULL.
pub fn optional_word<T>(row: &PgRow, column: &str) -> Result<Option<T>, StorageError>
where
    T: FromStr,
    T::Err: Display,
{
    let text: Option<&str> = row.try_get(column)?;
    text.map(|_| word(row, column)).transpose()
}

/// Reads an address key.
pub fn address_key(row: &PgRow, column: &str) -> Result<domain::AddressKey, StorageError> {
    let bytes: &[u8] = row.try_get(column)?;
    domain::AddressKey::from_bytes(bytes)
        .ok_or_else(|| StorageError::unreadable(column, "it is not 32 bytes long"))
}

/// A calendar date between chrono (what sqlx speaks) and jiff (what the rules speak).
pub fn to_jiff(date: chrono::NaiveDate) -> jiff::civil::Date {
    use chrono::Datelike;
    // chrono's months and days fit an i8 and jiff's years reach from -9999 to 9999.
    let year = i16::try_from(date.year()).unwrap_or(9999);
    let part = |value: u32| i8::try_from(value).unwrap_or(1);
    jiff::civil::Date::new(year, part(date.month()), part(date.day()))
        .unwrap_or(jiff::civil::Date::MAX)
}

/// The other way round.
pub fn to_chrono(date: jiff::civil::Date) -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(
        i32::from(date.year()),
        u32::try_from(date.month()).unwrap_or(1),
        u32::try_from(date.day()).unwrap_or(1),
    )
    .unwrap_or(chrono::NaiveDate::MAX)
}

/// Later than anything that is stored. PostgreSQL's calendar ends before chrono's.
pub(crate) fn end_of_time() -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp(32_503_680_000, 0).unwrap_or_default()
}
