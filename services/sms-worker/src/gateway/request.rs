//! From a description and a message to the request: a pure step, without I/O.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};

use super::template::{Field, Template, percent_encoded};
use super::{Coding, SmsMessage, address};
use crate::gateway::BuildError;
use crate::preset::Preset;
use crate::settings::Settings;

/// Everything of a request that does not change from message to message.
#[derive(Debug)]
pub(super) struct RequestTemplate {
    method: Method,
    url: Template,
    query: Vec<(String, Template)>,
    headers: Vec<(HeaderName, Template)>,
    content_type: Option<HeaderValue>,
    idempotency_header: Option<HeaderName>,
    body: BodyTemplate,
    account: Account,
}

/// A request, ready to be sent.
pub(super) struct Outgoing {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<String>,
}

/// A value of the settings cannot stand where the description puts it.
#[derive(Debug, thiserror::Error)]
#[error(
    "the {place} cannot be made from the settings: it holds characters that may not stand there"
)]
pub(super) struct FillError {
    place: &'static str,
}

#[derive(Debug)]
enum BodyTemplate {
    None,
    Form(Vec<(String, Template)>),
    Json(JsonTemplate),
    Text(Template),
}

#[derive(Debug)]
enum JsonTemplate {
    Fixed(serde_json::Value),
    Text(Template),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// What of the settings goes into requests.
#[derive(Debug)]
struct Account {
    user: String,
    password: SecretString,
    basic: SecretString,
    callback_url: String,
    coding_gsm7: String,
    coding_ucs2: String,
}

impl RequestTemplate {
    pub(super) fn new(preset: &Preset, settings: &Settings) -> Result<Self, BuildError> {
        let template = |text: &str| Template::parse(text).map_err(BuildError::Placeholder);
        let given = address::effective(&preset.url, &settings.url)?;
        let mut query = pairs(given.query.as_deref().unwrap_or(&preset.query))?;
        if !settings.callback_url.is_empty() {
            query.extend(pairs(&preset.callback_query)?);
        }
        let url = template(&given.base)?;
        address::check(&url, settings.allow_plain_http)?;
        let mut headers = Vec::new();
        for (name, value) in &preset.headers {
            headers.push((header_name(name)?, template(value)?));
        }
        let idempotency_header = match preset.idempotency_header.as_str() {
            "" => None,
            name => Some(header_name(name)?),
        };
        let this = Self {
            method: Method::from_bytes(preset.method.to_ascii_uppercase().as_bytes())
                .map_err(|_| BuildError::Method(preset.method.clone()))?,
            url,
            query,
            headers,
            content_type: content_type(preset)?,
            idempotency_header,
            body: BodyTemplate::new(preset)?,
            account: Account::new(preset, settings),
        };
        this.check_credentials(settings)?;
        Ok(this)
    }

    /// A gateway on this very machine may need no account, any other does.
    fn check_credentials(&self, settings: &Settings) -> Result<(), BuildError> {
        if address::is_on_this_machine(&self.url) {
            return Ok(());
        }
        let uses = |field| self.uses(field) || self.uses(Field::Basic);
        if settings.user.is_empty() && uses(Field::User) {
            return Err(BuildError::NotSet("sms.user"));
        }
        if settings.password.expose_secret().is_empty() && uses(Field::Password) {
            return Err(BuildError::NotSet("sms.password"));
        }
        Ok(())
    }

    fn uses(&self, field: Field) -> bool {
        self.url.uses(field)
            || self.query.iter().any(|(_, template)| template.uses(field))
            || self.headers.iter().any(|(_, template)| template.uses(field))
            || self.body.uses(field)
    }

    pub(super) fn needs_tls(&self) -> bool {
        address::is_https(&self.url)
    }

    pub(super) const fn has_idempotency_key(&self) -> bool {
        self.idempotency_header.is_some()
    }

    /// The request for one message.
    pub(super) fn fill(&self, message: &SmsMessage) -> Result<Outgoing, FillError> {
        let reference = message.reference.to_string();
        let attempt = message.attempt.to_string();
        let value = |field: Field| -> &str {
            match field {
                Field::To => &message.to,
                Field::ToDigits => message.to.trim_start_matches('+'),
                Field::Text => &message.text,
                Field::Sender | Field::From => &message.sender,
                Field::SenderDigits => message.sender.trim_start_matches('+'),
                Field::Reference => &reference,
                Field::Attempt => &attempt,
                Field::Coding => self.account.coding(message.coding),
                Field::CallbackUrl => &self.account.callback_url,
                Field::User => &self.account.user,
                Field::Password => self.account.password.expose_secret(),
                Field::Basic => self.account.basic.expose_secret(),
            }
        };
        let url = self.url.fill(value, percent_encoded);
        let mut url = Url::parse(&url).map_err(|_| FillError { place: "address" })?;
        if !self.query.is_empty() {
            url.set_query(Some(&encoded_pairs(&self.query, value)));
        }
        let mut headers = self.filled_headers(value)?;
        if let Some(name) = &self.idempotency_header {
            // The same on every attempt, so that a repeat is recognised.
            headers.insert(name, header_value(&reference, "idempotency key")?);
        }
        Ok(Outgoing { method: self.method.clone(), url, headers, body: self.body.fill(value) })
    }

    fn filled_headers<'v>(&self, value: impl Fn(Field) -> &'v str) -> Result<HeaderMap, FillError> {
        let mut headers = HeaderMap::new();
        for (name, template) in &self.headers {
            if let Some(text) = template.fill_present(&value) {
                let mut header = header_value(&text, "header")?;
                header.set_sensitive(true);
                headers.insert(name, header);
            }
        }
        if let Some(content_type) = &self.content_type {
            headers.insert(CONTENT_TYPE, content_type.clone());
        }
        Ok(headers)
    }
}

impl BodyTemplate {
    fn new(preset: &Preset) -> Result<Self, BuildError> {
        let body = preset.body.as_str();
        if body.is_empty() || preset.content_type.is_empty() {
            return Ok(Self::None);
        }
        if preset.content_type.contains("x-www-form-urlencoded") {
            return Ok(Self::Form(pairs(body)?));
        }
        if preset.content_type.contains("json") {
            // Taken apart before anything is filled in, so that no text can break out of its string.
            let tree = serde_json::from_str(body).map_err(BuildError::BodyNotJson)?;
            return Ok(Self::Json(JsonTemplate::new(tree)?));
        }
        Template::parse(body).map(Self::Text).map_err(BuildError::Placeholder)
    }

    fn fill<'v>(&self, value: impl Fn(Field) -> &'v str) -> Option<String> {
        match self {
            Self::None => None,
            Self::Form(pairs) => Some(encoded_pairs(pairs, value)),
            Self::Json(tree) => {
                Some(tree.fill(&value).unwrap_or(serde_json::Value::Null).to_string())
            }
            Self::Text(template) => Some(template.fill(value, str::to_owned)),
        }
    }

    fn uses(&self, field: Field) -> bool {
        match self {
            Self::None => false,
            Self::Form(pairs) => pairs.iter().any(|(_, template)| template.uses(field)),
            Self::Json(tree) => tree.uses(field),
            Self::Text(template) => template.uses(field),
        }
    }
}

impl JsonTemplate {
    fn new(value: serde_json::Value) -> Result<Self, BuildError> {
        use serde_json::Value;
        Ok(match value {
            Value::String(text) => {
                Self::Text(Template::parse(&text).map_err(BuildError::Placeholder)?)
            }
            Value::Array(items) => {
                Self::Array(items.into_iter().map(Self::new).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => Self::Object(
                members
                    .into_iter()
                    .map(|(name, value)| Ok((name, Self::new(value)?)))
                    .collect::<Result<_, BuildError>>()?,
            ),
            fixed => Self::Fixed(fixed),
        })
    }

    /// The tree filled; `None` for a lone empty placeholder and for what holds nothing else.
    fn fill<'v>(&self, value: &impl Fn(Field) -> &'v str) -> Option<serde_json::Value> {
        match self {
            Self::Fixed(fixed) => Some(fixed.clone()),
            Self::Text(template) => template.fill_present(value).map(serde_json::Value::String),
            Self::Array(items) => {
                let filled: Vec<_> = items.iter().filter_map(|item| item.fill(value)).collect();
                (items.is_empty() || !filled.is_empty()).then_some(filled.into())
            }
            Self::Object(members) => {
                let filled: serde_json::Map<_, _> = members
                    .iter()
                    .filter_map(|(name, member)| Some((name.clone(), member.fill(value)?)))
                    .collect();
                (members.is_empty() || !filled.is_empty()).then_some(filled.into())
            }
        }
    }

    fn uses(&self, field: Field) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Text(template) => template.uses(field),
            Self::Array(items) => items.iter().any(|item| item.uses(field)),
            Self::Object(members) => members.iter().any(|(_, member)| member.uses(field)),
        }
    }
}

impl Account {
    fn new(preset: &Preset, settings: &Settings) -> Self {
        let pair = format!("{}:{}", settings.user, settings.password.expose_secret());
        Self {
            user: settings.user.clone(),
            password: settings.password.clone(),
            basic: STANDARD.encode(pair).into(),
            callback_url: settings.callback_url.clone(),
            coding_gsm7: preset.coding_gsm7.clone(),
            coding_ucs2: preset.coding_ucs2.clone(),
        }
    }

    fn coding(&self, coding: Coding) -> &str {
        match coding {
            Coding::Gsm7 => &self.coding_gsm7,
            Coding::Ucs2 => &self.coding_ucs2,
        }
    }
}

/// Takes `name=value&…` apart, each value a template.
fn pairs(text: &str) -> Result<Vec<(String, Template)>, BuildError> {
    form_urlencoded::parse(text.as_bytes())
        .map(|(name, value)| {
            Ok((name.into_owned(), Template::parse(&value).map_err(BuildError::Placeholder)?))
        })
        .collect()
}

fn encoded_pairs<'v>(pairs: &[(String, Template)], value: impl Fn(Field) -> &'v str) -> String {
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    for (name, template) in pairs {
        if let Some(text) = template.fill_present(&value) {
            encoded.append_pair(name, &text);
        }
    }
    encoded.finish()
}

fn content_type(preset: &Preset) -> Result<Option<HeaderValue>, BuildError> {
    if preset.body.is_empty() || preset.content_type.is_empty() {
        return Ok(None);
    }
    HeaderValue::from_str(&preset.content_type)
        .map(Some)
        .map_err(|_| BuildError::ContentType(preset.content_type.clone()))
}

fn header_name(name: &str) -> Result<HeaderName, BuildError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| BuildError::Header(name.to_owned()))
}

fn header_value(text: &str, place: &'static str) -> Result<HeaderValue, FillError> {
    HeaderValue::from_str(text).map_err(|_| FillError { place })
}
