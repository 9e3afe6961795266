//! The OpenAPI document: made of the routes, with what every answer has in common added in one place.
//! A copy stands in the repository (`services/console/openapi.json`); a test says how to write it anew.

use axum::extract::State;
use domain::access::Permission;
use utoipa::ToSchema;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HeaderBuilder, InfoBuilder, ObjectBuilder, OpenApi,
    OpenApiBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Type,
};

use super::extract::Json;
use super::guard::REQUEST_ID;
use super::idempotency::{LONGEST_KEY, READING};
use super::problem::{Body, Fault};
use crate::app::App;
use crate::routes::Needs;

/// The name of the security scheme.
const SCHEME: &str = "token";

const ABOUT: &str = "Contacts, enrolments, plans, templates, touches, the list of those who must not \
be contacted, tasks and interactions. Every request but the one for this document needs a token \
(`Authorization: Bearer tl_…`), made in the console under Integrations; what an operation needs of \
its scopes stands in its `security`. Lists are read page by page: hand `next` back as `cursor`. A \
POST with an `Idempotency-Key` is done once. Every answer that is no success is \
`application/problem+json` (RFC 9457).";

/// The document without paths.
pub fn blank() -> OpenApi {
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token of the console, `tl_…`."))
        .build();
    let components = ComponentsBuilder::new()
        .schema_from::<Body>()
        .schema_from::<Fault>()
        .security_scheme(SCHEME, SecurityScheme::Http(scheme))
        .build();
    let info = InfoBuilder::new().title("Touchline").version("1").description(Some(ABOUT));
    OpenApiBuilder::new().info(info.build()).components(Some(components)).build()
}

/// The operations of a path with their methods.
pub fn operations(item: &mut PathItem) -> Vec<(&'static str, &mut Operation)> {
    let all = [
        ("GET", item.get.as_mut()),
        ("POST", item.post.as_mut()),
        ("PATCH", item.patch.as_mut()),
        ("PUT", item.put.as_mut()),
        ("DELETE", item.delete.as_mut()),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation?))).collect()
}

/// Adds what every operation has: its security, its answers that are no success, and headers.
pub fn complete(operation: &mut Operation, method: &str, path: &str, needs: Needs) {
    let is_open = needs == Needs::Nothing;
    if !is_open {
        operation.security = Some(security(needs));
    }
    if method == "POST" && !READING.contains(&path) {
        operation.parameters.get_or_insert_default().push(RefOr::T(idempotency_key()));
    }
    let has_body = operation.request_body.is_some();
    let parameters = operation.parameters.as_ref().is_some_and(|all| !all.is_empty());
    let has_cursor = operation.parameters.iter().flatten().any(|one| match one {
        RefOr::T(parameter) => parameter.name == "cursor",
        RefOr::Ref(_) => false,
    });
    let names_one = path.contains('{') || method == "GET" && parameters;
    let mut add = |status: &str, about: &str| {
        let responses = &mut operation.responses.responses;
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(about)));
    };
    if has_body || parameters {
        add("400", "The request does not have the form that is described here.");
    }
    if !is_open {
        add("401", "There is no token, or none in force.");
        add("403", "The token's scopes, or its user's roles, do not allow it.");
        add("429", "The token has asked too often; `Retry-After` says how long to wait.");
    }
    if names_one {
        add("404", "There is no such thing, or this token does not see it.");
    }
    if has_cursor {
        add("422", "The cursor is none of this list with these filters.");
    }
    if has_body {
        add("413", "The body is too large.");
        add("415", "The body is no JSON by its content type.");
        add("422", "The form is right, and the meaning cannot be taken.");
    }
    if method == "POST" {
        add("409", "It does not fit what is there now, or the same request is being worked on.");
        add("422", "The idempotency key belongs to another request.");
    }
    add("500", "Something went wrong here; the log says what, by the request's id.");
    add("503", "The database is away. Nothing was changed; try again.");
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response {
            add_headers(response, status, !is_open);
        }
    }
}

/// Any one of the scopes will do, so each is a requirement of its own.
fn security(needs: Needs) -> Vec<SecurityRequirement> {
    let one = |scope: &Permission| SecurityRequirement::new(SCHEME, [scope.as_str()]);
    match needs {
        Needs::Token(scope) => vec![one(&scope)],
        Needs::AnyToken(&[]) => vec![SecurityRequirement::new(SCHEME, Vec::<String>::new())],
        Needs::AnyToken(some) => some.iter().map(one).collect(),
        Needs::Nothing | Needs::Session | Needs::Permission(_) | Needs::Any(_) => Vec::new(),
    }
}

/// The header by which a POST is done once.
fn idempotency_key() -> Parameter {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(LONGEST_KEY))
        .pattern(Some("^[!-~]+$"))
        .build();
    let about = "Chosen anew for each thing that is to be done once; sent again within a day, the \
                 request is answered as it was, with `Idempotent-Replayed: true`.";
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .schema(Some(text))
        .description(Some(about))
        .build()
}

fn problem(about: &str) -> Response {
    let schema = Ref::from_schema_name(Body::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(about).content("application/problem+json", content).build()
}

fn add_headers(response: &mut Response, status: &str, is_counted: bool) {
    let mut add = |name: &str, about: &str| {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        let header = HeaderBuilder::new().schema(Some(text)).description(Some(about)).build();
        response.headers.entry(name.to_owned()).or_insert(RefOr::T(header));
    };
    add(REQUEST_ID, "The request's id, as the log knows it.");
    if status == "401" {
        add("www-authenticate", "What to come with (RFC 6750).");
    } else if is_counted {
        add("ratelimit-policy", "How often the token may ask: so many (q) in so many seconds (w).");
        add("ratelimit", "How many are left (r), and in how many seconds there are new ones (t).");
    }
    if status == "429" {
        add("retry-after", "Seconds to wait.");
    }
}

/// `GET /api/v1/openapi.json`.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "about",
    responses((status = 200, description = "This document.", body = serde_json::Value)))]
pub async fn document(State(app): State<App>) -> Json<serde_json::Value> {
    Json(app.document())
}
