//! Who asks: a program with a token, which has a part of its user's rights.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use domain::ApiTokenId;
use domain::access::Permission;
use storage::api_tokens::Bearer;
use uuid::Uuid;

use super::problem::{Kind, Problem};
use crate::access::reader::Reader;
use crate::access::token;
use crate::app::App;

/// How every token begins, so that people and scanners for leaked secrets recognise one.
pub const MARK: &str = "tl_";
/// Letters of a token: the mark and 256 bits.
const LETTERS: usize = MARK.len() + 43;
/// So many letters of a token are shown to find it again.
pub const SHOWN: usize = MARK.len() + 6;

/// What a token can be given: what some route of the API asks for. The tests compare it with the table.
pub const SCOPES: &[Permission] = &[
    Permission::ContactsRead,
    Permission::ContactsReadAll,
    Permission::ContactsWrite,
    Permission::PlansRead,
    Permission::Enrol,
    Permission::TouchesRead,
    Permission::ListRead,
    Permission::ListAdd,
    Permission::TasksWork,
    Permission::TasksAll,
];

/// A new token, as it is shown once.
pub fn new_token() -> String {
    format!("{MARK}{}", token::new())
}

/// See the module.
#[derive(Debug, Clone)]
pub struct Caller(Bearer);

impl Caller {
    /// Who comes with these headers. Cookies say nothing here.
    ///
    /// # Errors
    /// [`Kind::NoToken`] without a token in force.
    pub async fn of(headers: &HeaderMap, app: &App) -> Result<Self, Problem> {
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.split_once(' '));
        let token = match given {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => {
                let detail = "Send the header `Authorization: Bearer tl_…`. Tokens are made in the \
                              console under Integrations.";
                return Err(Problem::new(Kind::NoToken, detail));
            }
        };
        let bearer = match token.starts_with(MARK) && token.len() == LETTERS {
            true => app.database.bearer(&token::hash(token)).await?,
            // The database is not asked about what was never a token.
            false => None,
        };
        let detail = "There is no such token, or it was revoked, is over, or its user may not come \
                      in any more.";
        bearer.map(Self).ok_or_else(|| Problem::new(Kind::NoToken, detail))
    }

    /// Which token.
    pub const fn token(&self) -> ApiTokenId {
        self.0.token
    }

    /// The name that stands in the history for what is done: the user's, and by which token.
    pub fn actor(&self) -> String {
        format!("{} (token {})", self.0.user.email, self.0.token)
    }

    /// Why the caller may not do it; nothing when they may.
    pub fn refusal(&self, permission: Permission) -> Option<String> {
        if !self.0.scopes.contains(&permission) {
            return Some(format!("The token's scopes do not include {permission}."));
        }
        (!self.0.user.may(permission)).then(|| {
            format!("The token has the scope {permission}, and its user's roles do not allow it.")
        })
    }
}

impl Reader for Caller {
    fn may(&self, permission: Permission) -> bool {
        self.refusal(permission).is_none()
    }

    fn agent(&self) -> Option<Uuid> {
        self.0.user.agent
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let known = parts.extensions.get::<Self>().cloned();
        known.ok_or_else(|| Problem::new(Kind::NoToken, "This route needs a token."))
    }
}
