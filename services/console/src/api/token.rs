//! The token that asks.

use domain::access::Permission;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::Caller;
use super::extract::Json;
use crate::access::reader::Reader;

/// The token that asks.
#[derive(Debug, Serialize, ToSchema)]
pub struct Token {
    /// Its identity.
    id: Uuid,
    /// What it may do now: those of its scopes that its user's roles allow.
    scopes: Vec<String>,
}

/// The token that asks, and what it may do now.
#[utoipa::path(get, path = "/api/v1/token", tag = "about", operation_id = "show_token",
    responses((status = 200, description = "The token.", body = Token)))]
pub async fn show(caller: Caller) -> Json<Token> {
    let scopes = Permission::ALL.iter().filter(|one| caller.may(**one));
    let scopes = scopes.map(ToString::to_string).collect();
    Json(Token { id: caller.token().as_uuid(), scopes })
}
