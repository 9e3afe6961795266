//! The only message on the wire: "look at this touch".

use crate::{Month, MonthError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The version this build writes. A new field is a new version, because the parser is strict.
const VERSION: u32 = 1;

/// Asks a worker to claim one touch, if it is still due in this epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hint {
    /// The touch.
    pub touch_id: Uuid,
    /// The month it is due in, which names its partition.
    pub due_month: Month,
    /// How often the touch has been scheduled. A hint of an older epoch claims nothing.
    pub epoch: i32,
}

/// Why bytes are not a hint. No message repeats the bytes, since an unknown sender may have put
/// anything into them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HintError {
    /// Not a JSON object of the expected fields.
    #[error(
        "not a hint: expected JSON like {{\"v\":1,\"touch\":…,\"month\":…,\"epoch\":…}}, and it \
         differs at column {column}"
    )]
    Form {
        /// Where reading stopped, counted from 1; 0 when the JSON is well formed and only its fields are wrong.
        column: usize,
    },
    /// A hint, but of a version this build does not know.
    #[error(
        "hint version {0} is newer than this build, which reads version {VERSION}: upgrade the workers \
         before the scheduler"
    )]
    Version(u32),
    /// The month cannot be read.
    #[error("the hint's month cannot be read: {0}")]
    Month(#[from] MonthError),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    v: u32,
    touch: Uuid,
    month: &'a str,
    epoch: i32,
}

#[derive(Deserialize)]
struct Probe {
    v: u32,
}

impl Hint {
    /// The bytes that go on the wire: compact JSON, less than 200 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let month = self.due_month.to_string();
        let wire = Wire { v: VERSION, touch: self.touch_id, month: &month, epoch: self.epoch };
        serde_json::to_vec(&wire).expect("numbers, a UUID and a plain string always become JSON")
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`HintError`] says which part does not fit; the version is looked at first, so that a newer
    /// sender is named as such.
    pub fn parse(bytes: &[u8]) -> Result<Self, HintError> {
        let wire: Wire = match serde_json::from_slice(bytes) {
            Ok(wire) => wire,
            Err(err) => {
                return Err(match serde_json::from_slice::<Probe>(bytes) {
                    Ok(probe) if probe.v != VERSION => HintError::Version(probe.v),
                    _ => HintError::Form { column: err.column() },
                });
            }
        };
        if wire.v != VERSION {
            return Err(HintError::Version(wire.v));
        }
        Ok(Self { touch_id: wire.touch, due_month: wire.month.parse()?, epoch: wire.epoch })
    }

    /// `{touch}:{epoch}`: the same for every publication of the same epoch, so that a return can be
    /// matched to its hint (pipeline.md §2.3).
    pub fn message_id(&self) -> String {
        format!("{}:{}", self.touch_id, self.epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint() -> Hint {
        Hint {
            touch_id: Uuid::from_u128(0x0199_a0b1_c2d3_7e4f_8000_0123_4567_89ab),
            due_month: Month::new(2026, 11).unwrap(),
            epoch: 3,
        }
    }

    #[test]
    fn the_wire_form_is_fixed() {
        let expected =
            r#"{"v":1,"touch":"0199a0b1-c2d3-7e4f-8000-0123456789ab","month":"2026-11","epoch":3}"#;
        assert_eq!(String::from_utf8(hint().to_bytes()).unwrap(), expected);
        assert_eq!(Hint::parse(expected.as_bytes()), Ok(hint()));
    }

    #[test]
    fn the_longest_hint_stays_below_two_hundred_bytes() {
        let longest = Hint { epoch: i32::MIN, ..hint() };
        assert!(longest.to_bytes().len() < 200);
        assert_eq!(Hint::parse(&longest.to_bytes()), Ok(longest));
    }

    #[test]
    fn the_message_id_names_touch_and_epoch() {
        assert_eq!(hint().message_id(), "0199a0b1-c2d3-7e4f-8000-0123456789ab:3");
    }

    #[test]
    fn a_newer_version_is_named_even_when_its_fields_are_unknown() {
        for text in [
            r#"{"v":2,"touch":"0199a0b1-c2d3-7e4f-8000-0123456789ab","month":"2026-11","epoch":3}"#,
            r#"{"v":2,"touches":[],"lane":"hi"}"#,
        ] {
            assert_eq!(Hint::parse(text.as_bytes()), Err(HintError::Version(2)), "{text}");
        }
        assert!(HintError::Version(2).to_string().contains("upgrade the workers"));
    }

    #[test]
    fn anything_else_is_refused_without_repeating_it() {
        for text in [
            "",
            "null",
            "[]",
            "ali@example.com",
            r#"{"touch":"0199a0b1-c2d3-7e4f-8000-0123456789ab","month":"2026-11","epoch":3}"#,
            r#"{"v":1,"touch":"ali@example.com","month":"2026-11","epoch":3}"#,
            r#"{"v":1,"touch":"0199a0b1-c2d3-7e4f-8000-0123456789ab","month":"2026-11","epoch":3,"ali@example.com":1}"#,
            r#"{"v":1,"touch":"0199a0b1-c2d3-7e4f-8000-0123456789ab","month":"2026-11","epoch":3} x"#,
            r#"{"v":1,"touch":"0199a0b1-c2d3-7e4f-8000-0123456789ab","month":"2026-11","epoch":3000000000}"#,
        ] {
            let err = Hint::parse(text.as_bytes()).unwrap_err();
            assert!(matches!(err, HintError::Form { .. }), "{text}: {err:?}");
            assert!(!err.to_string().contains("ali@"), "{err}");
        }
    }

    #[test]
    fn a_month_that_is_none_is_refused() {
        let text =
            r#"{"v":1,"touch":"0199a0b1-c2d3-7e4f-8000-0123456789ab","month":"2026-13","epoch":3}"#;
        assert_eq!(Hint::parse(text.as_bytes()), Err(HintError::Month(MonthError::Range)));
    }
}
