//! Speaks with an identity provider: what it offers, its keys, tokens for codes.
//!
//! Its address is the operator's, who may keep it in an inner network; so it is not looked at as
//! addresses of webhooks are. It is asked over TLS, or on this machine; no redirect is followed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Clock;
use reqwest::{RequestBuilder, Url};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use super::id_token::{self, Account, Expected, Keys, Person, TokenRefused};
use crate::settings::ProviderSettings;

/// How long the provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer.
const LONGEST: usize = 512 * 1024;
/// How long what the provider says of itself is remembered.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// What the provider says of itself (OpenID Connect Discovery 1.0).
#[derive(Debug, Clone, Deserialize)]
struct Offer {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Debug, Clone)]
struct Known {
    offer: Offer,
    keys: Keys,
    since: Instant,
}

#[derive(Debug, Deserialize)]
struct Tokens {
    id_token: String,
    access_token: String,
}

#[derive(Debug, Deserialize)]
struct UserInfo {
    sub: String,
    #[serde(flatten)]
    person: Person,
}

/// What was asked, until it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Comes back with the answer.
    pub state: String,
    /// Stands in the token.
    pub nonce: String,
    /// Proves that who asked is who takes the answer (RFC 7636).
    pub verifier: String,
    /// Where the provider sends people back to.
    pub back: String,
}

/// A provider. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Provider {
    client: reqwest::Client,
    settings: ProviderSettings,
    known: Arc<Mutex<Option<Known>>>,
}

impl Provider {
    /// Prepares; nothing is asked yet, so that the console starts without its provider.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn new(settings: ProviderSettings) -> anyhow::Result<Self> {
        secure(&settings.issuer).context("oidc.issuer cannot be used")?;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder();
        if settings.issuer.starts_with("http://") {
            // A machine without root certificates can still speak to a provider on itself.
            builder = builder.tls_certs_only([]);
        }
        let client = builder
            .user_agent(concat!("Touchline/", env!("CARGO_PKG_VERSION")))
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .timeout(PATIENCE)
            .build()
            .context("no client for the provider can be made; install ca-certificates")?;
        Ok(Self { client, settings, known: Arc::default() })
    }

    /// What stands on the button.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// Where to send somebody with a question.
    ///
    /// # Errors
    /// When the provider does not answer.
    pub async fn address(&self, question: &Question, challenge: &str) -> anyhow::Result<String> {
        let offer = self.known(REMEMBERED).await?.offer;
        let mut url: Url = offer.authorization_endpoint.parse()?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &question.back)
            .append_pair("scope", "openid email profile")
            .append_pair("state", &question.state)
            .append_pair("nonce", &question.nonce)
            .append_pair("code_challenge", challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// Who has answered.
    ///
    /// # Errors
    /// When the provider does not answer, refuses the code, or its token cannot be believed.
    pub async fn account(&self, question: &Question, code: &str) -> anyhow::Result<Account> {
        let known = self.known(REMEMBERED).await?;
        let request = self.token_request(&known.offer, question, code)?;
        let tokens: Tokens = ask(request).await.context("the provider's token endpoint")?;
        let expected = Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce: &question.nonce,
            now: Clock::system().now().timestamp(),
        };
        let mut account = match id_token::read(&tokens.id_token, &known.keys, &expected) {
            Err(TokenRefused::UnknownKey) => {
                // It may have changed its keys.
                let known = self.known(Duration::ZERO).await?;
                id_token::read(&tokens.id_token, &known.keys, &expected)?
            }
            read => read?,
        };
        if account.person.email.is_none()
            && let Some(endpoint) = &known.offer.userinfo_endpoint
        {
            let asked = self.client.get(secure(endpoint)?).bearer_auth(&tokens.access_token);
            let told: UserInfo = ask(asked).await.context("the provider's userinfo")?;
            if told.sub != account.subject {
                bail!("the provider tells of another account than its token");
            }
            account.person = told.person;
        }
        Ok(account)
    }

    /// The request of tokens for a code, with proof of who asks.
    fn token_request(
        &self,
        offer: &Offer,
        question: &Question,
        code: &str,
    ) -> anyhow::Result<RequestBuilder> {
        let (id, secret) = (&self.settings.client_id, self.settings.client_secret.expose_secret());
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &question.back)
            .append_pair("code_verifier", &question.verifier);
        let mut request = self.client.post(secure(&offer.token_endpoint)?);
        let methods = offer.token_endpoint_auth_methods_supported.as_deref();
        let takes = |name: &str| methods.is_some_and(|all| all.iter().any(|one| one == name));
        if secret.is_empty() {
            form.append_pair("client_id", id);
        } else if methods.is_none() || takes("client_secret_basic") {
            // Both are encoded as in a form before (RFC 6749 §2.3.1).
            let coded =
                |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = STANDARD.encode(format!("{}:{}", coded(id), coded(secret)));
            request = request.header("authorization", format!("Basic {pair}"));
        } else {
            form.append_pair("client_id", id).append_pair("client_secret", secret);
        }
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        Ok(request.body(form.finish()))
    }

    /// What the provider says of itself, asked anew where that is older than `at_most`.
    async fn known(&self, at_most: Duration) -> anyhow::Result<Known> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.since.elapsed() < at_most) {
            return Ok(known.clone());
        }
        let issuer = &self.settings.issuer;
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let offer: Offer = ask(self.client.get(secure(&address)?))
            .await
            .context("the provider's configuration")?;
        if offer.issuer != *issuer {
            bail!(
                "oidc.issuer is {issuer}, but the provider calls itself otherwise; write it alike"
            );
        }
        secure(&offer.authorization_endpoint)?;
        let keys: Keys =
            ask(self.client.get(secure(&offer.jwks_uri)?)).await.context("the provider's keys")?;
        let asked = Known { offer, keys, since: Instant::now() };
        *known = Some(asked.clone());
        Ok(asked)
    }
}

/// An address that is asked over TLS, or on this machine.
fn secure(url: &str) -> anyhow::Result<Url> {
    let url: Url = url.parse().context("it is no URL")?;
    let host = url.host_str().unwrap_or_default();
    let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    if url.scheme() == "https" || (url.scheme() == "http" && is_here) {
        return Ok(url);
    }
    bail!("it does not begin with https://")
}

/// Asks, and reads a JSON document of bounded length.
async fn ask<T: DeserializeOwned>(request: RequestBuilder) -> anyhow::Result<T> {
    let mut response = request.send().await.context("it does not answer")?;
    let status = response.status();
    if !status.is_success() {
        bail!("it answers {status}");
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST {
            bail!("it answers without end");
        }
    }
    serde_json::from_slice(&bytes).context("it answers something else")
}
