//! From the values of a section to its owner's struct.
//!
//! A deserialiser of our own, because its errors keep their parts (which key, what was expected)
//! instead of a sentence, and because it sees the fields a struct asks for: one that the document
//! of defaults does not declare is refused instead of being silently unset for ever.

use std::fmt::{self, Display};

use config::{Map, Value, ValueKind};
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, Error, Expected, IntoDeserializer, MapAccess, Unexpected,
    Visitor,
};
use serde::forward_to_deserialize_any;

/// What can be wrong with a value.
#[derive(Debug)]
pub(super) enum Fault {
    Missing(String),
    Undeclared(String),
    Unread(String),
    Expected(String),
    Said(String),
}

/// A fault and the key of the section it belongs to, where known.
#[derive(Debug)]
pub(super) struct SectionError {
    pub(super) key: Option<String>,
    pub(super) fault: Fault,
}

impl SectionError {
    fn new(fault: Fault) -> Self {
        Self { key: None, fault }
    }
}

impl Display for SectionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.fault)
    }
}

impl std::error::Error for SectionError {}

impl Error for SectionError {
    fn custom<T: Display>(said: T) -> Self {
        Self::new(Fault::Said(said.to_string()))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Fault::Missing(field.to_owned()))
    }

    fn unknown_field(field: &str, _expected: &'static [&'static str]) -> Self {
        Self::new(Fault::Unread(field.to_owned()))
    }

    fn unknown_variant(_variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Fault::Expected(format!("one of {}", expected.join(", "))))
    }

    fn invalid_type(_found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Fault::Expected(for_people(&expected.to_string())))
    }

    fn invalid_value(_found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Fault::Expected(for_people(&expected.to_string())))
    }
}

/// Rust's names of number types as ranges.
fn for_people(expected: &str) -> String {
    match expected {
        "u8" => format!("a whole number from 0 to {}", u8::MAX),
        "u16" => format!("a whole number from 0 to {}", u16::MAX),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "u64" | "usize" => "a whole number from 0 up".to_owned(),
        other => other.to_owned(),
    }
}

/// The values of one section and the names that are declared for it.
pub(super) struct Section {
    pub(super) values: Map<String, Value>,
    pub(super) declared: Vec<String>,
}

impl<'de> Deserializer<'de> for Section {
    type Error = SectionError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SectionError> {
        visitor.visit_map(Entries { entries: self.values.into_iter(), pending: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SectionError> {
        let undeclared =
            fields.iter().find(|field| !self.declared.iter().any(|name| name == *field));
        match undeclared {
            Some(field) => Err(SectionError::new(Fault::Undeclared((*field).to_owned()))),
            None => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Hands out the entries of a section and remembers which one a fault belongs to.
struct Entries<I> {
    entries: I,
    pending: Option<(String, Value)>,
}

impl<'de, I: Iterator<Item = (String, Value)>> MapAccess<'de> for Entries<I> {
    type Error = SectionError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, SectionError> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        let name = key.clone().into_deserializer();
        self.pending = Some((key, value));
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, SectionError> {
        let (key, value) = self.pending.take().expect("serde asks for a key before its value");
        seed.deserialize(One(value)).map_err(|error| SectionError { key: Some(key), ..error })
    }
}

/// One value.
struct One(Value);

impl<'de> IntoDeserializer<'de, SectionError> for One {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for One {
    type Error = SectionError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SectionError> {
        match self.0.kind {
            ValueKind::Boolean(on) => visitor.visit_bool(on),
            ValueKind::I64(number) => visitor.visit_i64(number),
            ValueKind::Float(number) => visitor.visit_f64(number),
            ValueKind::String(text) => visitor.visit_string(text),
            ValueKind::Array(items) => {
                visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(One)))
            }
            ValueKind::Table(table) => {
                let entries = table.into_iter().map(|(name, value)| (name, One(value)));
                visitor.visit_map(MapDeserializer::new(entries))
            }
            _ => visitor.visit_unit(),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SectionError> {
        match &self.0.kind {
            ValueKind::String(text) if text.is_empty() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, SectionError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SectionError> {
        match self.0.kind {
            ValueKind::String(text) => {
                let word: serde::de::value::StringDeserializer<SectionError> =
                    text.into_deserializer();
                word.deserialize_enum(name, variants, visitor)
            }
            _ => Err(SectionError::new(Fault::Expected(format!("one of {}", variants.join(", "))))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
