//! What workers send: plans and templates by version, and what templates may know.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use domain::image::{IMAGES_FIELD, IMAGES_PATH};
use domain::token::{TokenKeys, UnsubscribeToken};
use domain::{ContactChannel, Locale, Plan, PlanVersionId, TemplateVersionId};
use serde::Deserialize;
use storage::claims::{ClaimedTouch, ContactFacts, OwnerFacts};
use storage::{Database, StorageError};
use templates::{Fields, Renderer};

/// How long a template's current version is believed before the database is asked again.
const TEMPLATE_AGE: Duration = Duration::from_secs(5);

/// Section `[team]`: who speaks.
#[derive(Debug, Clone, Deserialize)]
pub struct Team {
    /// The sender's name.
    pub name: String,
    /// The postal address every marketing email carries (15 USC 7704(a)(5)).
    pub postal_address: String,
    /// The phone of contacts without an agent, and of agents without one; may be empty, and then
    /// templates that name it are blocked for those contacts.
    pub phone: String,
    /// Where replies go when a contact has no agent; may be empty.
    pub reply_to: String,
    /// The region of phone numbers written without a country code.
    pub default_region: String,
    /// The zone of contacts of whom nothing else is known; may be empty.
    pub default_time_zone: String,
    /// The language used when a template lacks the contact's.
    pub default_locale: Locale,
}

/// A claimed touch that passed the gate, with everything an attempt needs.
#[derive(Debug)]
pub struct ReadyTouch {
    /// The touch.
    pub claimed: ClaimedTouch,
    /// Its plan; the step is `claimed.step`.
    pub plan: Arc<Plan>,
    /// The template.
    pub template: Arc<ReadyTemplate>,
    /// The language to render in.
    pub locale: Locale,
    /// What the template may know.
    pub fields: Fields,
    /// The link that ends it, for media that have one.
    pub unsubscribe_url: String,
    /// What a law wants the message to say besides, in that language.
    pub notices: Vec<OwedText>,
    /// Business time of the decision.
    pub now: chrono::DateTime<chrono::Utc>,
    /// When the attempt must be over, at the latest; nothing may be handed over after it.
    pub deadline: Instant,
}

/// A notice that a message owes (`domain::rules::Notice`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedText {
    /// The text.
    pub text: String,
    /// Whether the link that ends the messages follows, where the message has none of its own.
    pub exit: bool,
}

impl ReadyTouch {
    /// Begins the making of the message in the trace of the touch.
    pub fn rendering(&self) -> trace::Step {
        let step = self.claimed.place().step("render", trace::Kind::Inside);
        step.with("touchline.template.version", self.template.id.as_uuid())
            .with("touchline.locale", self.locale.as_str())
    }

    /// Begins the hand-over, by a protocol of this name.
    pub fn handing_over(&self, protocol: &'static str) -> trace::Step {
        let step = self.claimed.place().step("hand over", trace::Kind::Request);
        step.with("network.protocol.name", protocol)
    }

    /// The message with its notices at the end, each after `between`.
    #[must_use]
    pub fn with_notices(&self, message: String, between: &str) -> String {
        let mut text = message;
        for notice in &self.notices {
            text.truncate(text.trim_end().len());
            text.push_str(between);
            text.push_str(&notice.text);
            if notice.exit && !text.contains(&self.unsubscribe_url) {
                text.push(' ');
                text.push_str(&self.unsubscribe_url);
            }
        }
        text
    }
}

/// A template version that can be rendered.
#[derive(Debug)]
pub struct ReadyTemplate {
    /// Its identity, for the history.
    pub id: TemplateVersionId,
    /// Renders it.
    pub renderer: Renderer,
}

/// What there is under a template's key.
#[derive(Debug, Clone)]
pub enum Found {
    /// A version to render.
    Ready(Arc<ReadyTemplate>),
    /// Somebody retired the template: it is no longer to be sent.
    Retired,
    /// Nothing.
    Missing,
}

/// When a template was looked for, and what was found.
type Looked = (Instant, Found);

/// Caches of plans and templates, and the makers of fields and links.
#[derive(Debug)]
pub struct Content {
    database: Database,
    /// Who speaks.
    pub team: Team,
    tokens: TokenKeys,
    public_url: String,
    plans: RwLock<HashMap<PlanVersionId, Arc<Plan>>>,
    templates: RwLock<HashMap<String, Looked>>,
}

impl Content {
    /// Content of a deployment. `public_url` is where `inbound` can be reached from outside.
    #[must_use]
    pub fn new(database: Database, team: Team, tokens: TokenKeys, public_url: &str) -> Self {
        Self {
            database,
            team,
            tokens,
            public_url: public_url.trim_end_matches('/').to_owned(),
            plans: RwLock::default(),
            templates: RwLock::default(),
        }
    }

    /// A plan version; read once, since versions never change.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn plan(&self, id: PlanVersionId) -> Result<Arc<Plan>, StorageError> {
        if let Some(plan) = read(&self.plans).get(&id) {
            return Ok(Arc::clone(plan));
        }
        let plan = Arc::new(self.database.plan_version(id).await?.plan);
        write(&self.plans).insert(id, Arc::clone(&plan));
        Ok(plan)
    }

    /// The current version of a template, unless there is none or it was retired. A new version,
    /// and that it was retired, is seen within five seconds.
    ///
    /// # Errors
    /// When the database does not answer, or the stored version cannot be read.
    pub async fn template(&self, key: &str) -> Result<Found, StorageError> {
        if let Some((since, template)) = read(&self.templates).get(key)
            && since.elapsed() < TEMPLATE_AGE
        {
            return Ok(template.clone());
        }
        let template = match self.database.current_template(key).await? {
            Some(version) if version.retired => Found::Retired,
            Some(version) => Found::Ready(self.renderer(key, version)?),
            None => Found::Missing,
        };
        write(&self.templates).insert(key.to_owned(), (Instant::now(), template.clone()));
        Ok(template)
    }

    /// The version's renderer: the one in use when the version has not changed.
    fn renderer(
        &self,
        key: &str,
        version: storage::plans::TemplateVersion,
    ) -> Result<Arc<ReadyTemplate>, StorageError> {
        if let Some((_, Found::Ready(template))) = read(&self.templates).get(key)
            && template.id == version.id
        {
            return Ok(Arc::clone(template));
        }
        let renderer = Renderer::new(&version.compiled).map_err(|error| {
            StorageError::Unreadable { what: format!("template {key}"), why: error.to_string() }
        })?;
        Ok(Arc::new(ReadyTemplate { id: version.id, renderer }))
    }

    /// The link with which the recipient of `touch` ends it; its page speaks the recipient's
    /// language (compliance.md EML-26).
    #[must_use]
    pub fn unsubscribe_url(&self, touch: &ClaimedTouch, channel: ContactChannel) -> String {
        let token =
            UnsubscribeToken { address_key: touch.address_key, channel, touch: Some(touch.id) };
        let (path, locale) = (domain::token::UNSUBSCRIBE_PATH, touch.contact.locale);
        format!("{}{path}{}?lang={locale}", self.public_url, token.encode(&self.tokens))
    }

    /// Where the team's images are, without a final slash.
    #[must_use]
    pub fn images_url(&self) -> String {
        images_url(&self.public_url)
    }

    /// What templates may know about a touch. Empty values are left out, so that a template that
    /// needs one is blocked instead of saying "Hi ,".
    #[must_use]
    pub fn fields(&self, touch: &ClaimedTouch, unsubscribe_url: &str) -> Fields {
        let links = Links { unsubscribe: unsubscribe_url, images: &self.images_url() };
        self.team.fields(&touch.contact, touch.owner.as_ref(), links)
    }
}

/// Where the links of a message lead.
#[derive(Debug, Clone, Copy)]
pub struct Links<'a> {
    /// To the page that ends the messages.
    pub unsubscribe: &'a str,
    /// To the folder of the team's images, without a final slash.
    pub images: &'a str,
}

/// Where the team's images are below inbound's public address, without a final slash.
#[must_use]
pub fn images_url(public_url: &str) -> String {
    format!("{}{}", public_url.trim_end_matches('/'), IMAGES_PATH.trim_end_matches('/'))
}

impl Team {
    /// What templates may know about a contact of this team and the agent who owns it.
    #[must_use]
    pub fn fields(
        &self,
        contact: &ContactFacts,
        owner: Option<&OwnerFacts>,
        links: Links<'_>,
    ) -> Fields {
        let mut map = match &contact.custom {
            serde_json::Value::Object(custom) => known_custom(custom),
            _ => serde_json::Map::new(),
        };
        let mut put = |name: &str, value: &str| {
            map.insert(name.to_owned(), value.into());
        };
        put("first_name", &contact.first_name);
        put("full_name", &contact.full_name);
        put("source", &contact.source);
        put("city", contact.city.as_deref().unwrap_or_default());
        put("area", contact.area.as_deref().unwrap_or_default());
        put("agent_name", owner.map_or(self.name.as_str(), |owner| owner.name.as_str()));
        let phone = owner.map(|owner| owner.phone.as_str()).filter(|phone| !phone.is_empty());
        put("agent_phone", phone.unwrap_or(&self.phone));
        put("agent_email", owner.map_or(self.reply_to.as_str(), |owner| owner.email.as_str()));
        put("team_name", &self.name);
        put("team_postal_address", &self.postal_address);
        put("unsubscribe_url", links.unsubscribe);
        put(IMAGES_FIELD, links.images);
        if let Some(closing) = contact.closing_date {
            put("closing_date", &closing.to_string());
        }
        map.insert("custom".to_owned(), contact.custom.clone());
        Fields::from_map(map)
    }
}

/// Custom fields that templates know by a name of their own.
fn known_custom(
    custom: &serde_json::Map<String, serde_json::Value>,
) -> serde_json::Map<String, serde_json::Value> {
    ["company", "salutation", "property_address", "referrer_name"]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), custom.get(*name)?.clone())))
        .collect()
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(std::sync::PoisonError::into_inner)
}
