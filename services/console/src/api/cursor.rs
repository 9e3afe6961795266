//! Lists, page by page: `limit` says how many, `next` of the one page is `cursor` of the next.
//!
//! A cursor is signed and names its list with the filters, so that none is made up or carried over to
//! another list. It holds the place of the last row – ids and times, no name and no address, because
//! it stands in addresses that are logged.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use domain::token::Purpose;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::problem::Problem;
use crate::app::App;

/// Rows of a page when nothing is asked for.
const USUAL: u32 = 50;
/// Rows of a page at most.
pub const MOST: u32 = 100;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listed<T: ToSchema> {
    /// The rows.
    items: Vec<T>,
    /// The cursor of the next page; null on the last one.
    next: Option<String>,
}

/// A list that is asked for.
pub struct Listing<'a> {
    app: &'a App,
    /// Which list, with its filters.
    name: String,
    /// Rows of a page.
    limit: u32,
}

impl<'a> Listing<'a> {
    /// The list of this name, with these filters.
    ///
    /// # Errors
    /// A limit out of its range.
    pub fn of(
        name: &str,
        filters: &impl Debug,
        limit: Option<u32>,
        app: &'a App,
    ) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            return Err(Problem::malformed("limit", format!("is from 1 to {MOST}")));
        }
        let digest = Sha256::digest(format!("{filters:?}").as_bytes());
        let digest =
            digest.iter().take(8).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        Ok(Self { app, name: format!("{name}:{digest}"), limit })
    }

    /// How many rows to read: one more than is shown, to know whether there is a next page.
    pub const fn rows(&self) -> u32 {
        self.limit + 1
    }

    /// The place where the page before ended.
    ///
    /// # Errors
    /// A cursor that is not one of this list.
    pub fn place<P: FromStr>(&self, cursor: Option<&str>) -> Result<Option<P>, Problem> {
        let Some(cursor) = cursor else { return Ok(None) };
        let wrong = || {
            let detail = "is no cursor of this list with these filters; begin at the first page";
            Problem::field("cursor", detail)
        };
        let payload = self.app.tokens.verify(Purpose::Cursor, cursor).map_err(|_| wrong())?;
        let place = payload.strip_prefix(&self.name).and_then(|rest| rest.strip_prefix(' '));
        place.and_then(|place| place.parse().ok()).map(Some).ok_or_else(wrong)
    }

    /// A page of what was read.
    pub fn page<R, T: ToSchema, P: Display>(
        &self,
        mut rows: Vec<R>,
        place: impl Fn(&R) -> P,
        shown: impl Fn(R) -> T,
    ) -> Listed<T> {
        let has_more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let next = rows.last().filter(|_| has_more).map(|last| {
            self.app.tokens.sign(Purpose::Cursor, &format!("{} {}", self.name, place(last)))
        });
        Listed { items: rows.into_iter().map(shown).collect(), next }
    }
}

/// A place in a list that is ordered by time: the time to the microsecond, and the row's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: chrono::DateTime<chrono::Utc>,
    /// Which.
    pub id: uuid::Uuid,
}

impl Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}", self.at.timestamp_micros(), self.id)
    }
}

impl FromStr for Moment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, id) = text.split_once('_').ok_or(())?;
        let at = at.parse().ok().and_then(chrono::DateTime::from_timestamp_micros).ok_or(())?;
        Ok(Self { at, id: id.parse().map_err(|_| ())? })
    }
}
