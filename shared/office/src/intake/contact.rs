//! From a row to a contact, or to the reason why not.

use crate::addresses;
use chrono::NaiveDate;
use serde_json::Value;
use storage::contacts::{NewAddress, NewContact};

use super::columns::{Column, Field, Mapping};
use super::rejects::original;
use super::values::{self, DateOrder};

/// The most characters of a field.
const FIELD_CHARACTERS: usize = 500;
/// The most characters of notes and custom fields.
const LONG_CHARACTERS: usize = 20_000;

/// How the rows of one file are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// What each column is.
    pub columns: Vec<Column>,
    /// Values and defaults.
    pub mapping: Mapping,
    /// The country of phone numbers without a country code.
    pub region: String,
    /// In which order dates have their parts.
    pub dates: Option<DateOrder>,
    /// Whether a row with a bad address is imported without that address.
    pub keep_bad_addresses: bool,
}

/// An agent, as far as a row names one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    /// Email; the agent's identity.
    pub email: String,
    /// Name, where the row says it.
    pub name: Option<String>,
    /// Phone, where the row says it.
    pub phone: Option<String>,
}

impl Reading {
    /// The contact a row describes, and the agent it belongs to.
    ///
    /// # Errors
    /// Why the row is refused, for people, naming the field and not repeating what stands there.
    pub fn contact(&self, fields: &[String]) -> Result<(NewContact, Option<Owner>), String> {
        let row = RowView { reading: self, fields };
        row.check_lengths()?;
        let full_name = row.full_name()?;
        let first_name = row.text(Field::FirstName);
        let source = row.text(Field::Source).ok_or("there is no source")?;
        let owner = row.owner()?;
        let (addresses, unreadable) = row.addresses()?;
        let contact = NewContact {
            external_id: row.text(Field::ExternalId),
            first_name: first_name.unwrap_or_else(|| values::first_name(&full_name)),
            full_name,
            locale: row.read(Field::Locale, values::locale)?,
            time_zone: row.read(Field::TimeZone, values::time_zone)?,
            preferred_hours: row.read(Field::PreferredHours, values::hours)?,
            country: row.read(Field::Country, values::country)?,
            state: row.text(Field::State),
            city: row.text(Field::City),
            area: row.text(Field::Area),
            group: row.read(Field::Group, values::group)?,
            status: row.read(Field::Status, values::status)?,
            level: row.read(Field::Level, values::level)?,
            contact_type: row.text(Field::Type),
            source,
            owner_email: owner.as_ref().map(|owner| owner.email.clone()),
            birthday: row.date(Field::Birthday)?,
            spouse_birthday: row.date(Field::SpouseBirthday)?,
            closing_date: row.date(Field::ClosingDate)?,
            notes: row.text(Field::Notes),
            custom: row.custom()?,
            addresses,
            unreadable,
        };
        Ok((contact, owner))
    }
}

struct RowView<'a> {
    reading: &'a Reading,
    fields: &'a [String],
}

impl RowView<'_> {
    /// What the row says in a field; blank says nothing.
    fn value(&self, field: Field) -> Option<&str> {
        let column = Column::Field(field);
        let position = self.reading.columns.iter().position(|own| *own == column);
        let text = position.and_then(|position| self.fields.get(position));
        let said = text.map(|text| original(text.trim())).filter(|text| !text.is_empty());
        match said {
            Some(text) => Some(self.reading.mapping.meant(field, text)).filter(|t| !t.is_empty()),
            None => self.reading.mapping.default_of(field),
        }
    }

    fn text(&self, field: Field) -> Option<String> {
        self.value(field).map(str::to_owned)
    }

    fn read<T>(
        &self,
        field: Field,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        self.value(field).map(read).transpose().map_err(|why| format!("{field} {why}"))
    }

    fn date(&self, field: Field) -> Result<Option<NaiveDate>, String> {
        self.read(field, |text| values::date(text, self.reading.dates))
    }

    fn check_lengths(&self) -> Result<(), String> {
        for (column, text) in self.reading.columns.iter().zip(self.fields) {
            let (name, limit) = match column {
                Column::Ignored => continue,
                Column::Field(field @ Field::Notes) => (field.as_str(), LONG_CHARACTERS),
                Column::Field(field) => (field.as_str(), FIELD_CHARACTERS),
                Column::Custom(name) => (name.as_str(), LONG_CHARACTERS),
            };
            // Bytes are never fewer than characters.
            if text.len() > limit && text.chars().count() > limit {
                return Err(format!("{name} is longer than {limit} characters"));
            }
        }
        Ok(())
    }

    fn full_name(&self) -> Result<String, String> {
        let parts = || {
            let parts = [Field::FirstName, Field::LastName].map(|field| self.value(field));
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        };
        let name = self.text(Field::FullName).unwrap_or_else(parts);
        if name.chars().any(char::is_alphabetic) {
            Ok(name)
        } else {
            Err("there is no name".into())
        }
    }

    fn owner(&self) -> Result<Option<Owner>, String> {
        let Some(email) = self.value(Field::OwnerEmail) else { return Ok(None) };
        let email = domain::email::Email::parse(email);
        let email = email.map_err(|why| format!("{}: {why}", Field::OwnerEmail))?;
        Ok(Some(Owner {
            email: email.exact().to_owned(),
            name: self.text(Field::OwnerName),
            phone: self.text(Field::OwnerPhone),
        }))
    }

    fn custom(&self) -> Result<serde_json::Map<String, Value>, String> {
        let mut custom = serde_json::Map::new();
        for field in [Field::SpouseName, Field::Hobbies, Field::JobTitle, Field::Company] {
            if let Some(text) = self.text(field) {
                custom.insert(field.as_str().to_owned(), text.into());
            }
        }
        if let Some(date) = self.date(Field::Anniversary)? {
            custom.insert(Field::Anniversary.as_str().to_owned(), date.to_string().into());
        }
        for (column, text) in self.reading.columns.iter().zip(self.fields) {
            if let (Column::Custom(name), text) = (column, original(text.trim()))
                && !text.is_empty()
            {
                custom.insert(name.clone(), text.into());
            }
        }
        Ok(custom)
    }

    /// The addresses, in the order in which they are used: a mobile number before all others, a
    /// fax behind them. And the texts that are none, where such rows are kept.
    fn addresses(&self) -> Result<(Vec<NewAddress>, Vec<String>), String> {
        let mut addresses = (Vec::new(), Vec::new());
        for field in [Field::Email, Field::Email2] {
            self.add(&mut addresses, field, |text| {
                addresses::contact_email(text).map_err(|why| why.to_string())
            })?;
        }
        for (field, label) in [
            (Field::PhoneMobile, "mobile"),
            (Field::Phone, ""),
            (Field::PhoneWork, "work"),
            (Field::PhoneHome, "home"),
            (Field::PhoneFax, "fax"),
        ] {
            self.add(&mut addresses, field, |text| {
                addresses::contact_phone(text, &self.reading.region, label)
                    .map_err(|why| why.to_string())
            })?;
        }
        self.add(&mut addresses, Field::Address, |text| {
            addresses::contact_postal(text).ok_or_else(|| "there are no words in it".to_owned())
        })?;
        Ok(addresses)
    }

    fn add(
        &self,
        (addresses, unreadable): &mut (Vec<NewAddress>, Vec<String>),
        field: Field,
        read: impl Fn(&str) -> Result<NewAddress, String>,
    ) -> Result<(), String> {
        match self.value(field).map(read) {
            None => Ok(()),
            Some(Ok(address)) => {
                let is_known = addresses.iter().any(|known| {
                    known.kind == address.kind && known.normalised == address.normalised
                });
                if !is_known {
                    addresses.push(address);
                }
                Ok(())
            }
            Some(Err(_)) if self.reading.keep_bad_addresses => {
                unreadable.extend(self.text(field));
                Ok(())
            }
            Some(Err(why)) => Err(format!("{field}: {why}")),
        }
    }
}
