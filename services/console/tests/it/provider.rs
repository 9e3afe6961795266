//! Signing in through an identity provider: one that signs whatever it is told to.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::access::UserRole;
use domain::{Clock, Locale};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use storage::users::UserChange;

use crate::world::{Answer, Browser, World};

const RSA: &str = include_str!("../../../email-worker/tests/keys/rsa-pkcs8.pem");

/// How the provider signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alg {
    Es256,
    Rs256,
    /// With no signature at all.
    None,
    /// With the public key as if it were a shared one.
    Hs256,
    /// With a key that it does not publish, under the name of one that it does.
    Forged,
}

/// What the provider does next.
struct Plan {
    alg: Alg,
    kid: String,
    claims: Value,
    challenge: String,
    code: Option<String>,
    info: Value,
    back: String,
}

struct Provider {
    issuer: String,
    ec: EcdsaKeyPair,
    other: EcdsaKeyPair,
    rsa: RsaKeyPair,
    plan: Mutex<Plan>,
}

fn coded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn ec() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap()
}

impl Provider {
    async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let der: String = RSA.lines().filter(|line| !line.starts_with('-')).collect();
        let plan = Plan {
            alg: Alg::Es256,
            kid: "1".to_owned(),
            claims: Value::Null,
            challenge: String::new(),
            code: None,
            info: Value::Null,
            back: String::new(),
        };
        let provider = Arc::new(Self {
            issuer,
            ec: ec(),
            other: ec(),
            rsa: RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap(),
            plan: Mutex::new(plan),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/me", get(info))
            .with_state(Arc::clone(&provider));
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    fn settings(&self) -> [(&str, &str); 4] {
        [
            ("oidc.issuer", &self.issuer),
            ("oidc.client_id", "console"),
            ("oidc.client_secret", "a secret: with signs"),
            ("oidc.name", "Palm ID"),
        ]
    }

    fn sign(&self, plan: &Plan) -> String {
        let alg = match plan.alg {
            Alg::Es256 | Alg::Forged => "ES256",
            Alg::Rs256 => "RS256",
            Alg::None => "none",
            Alg::Hs256 => "HS256",
        };
        let header = json!({ "alg": alg, "kid": plan.kid, "typ": "JWT" });
        let signed = format!("{}.{}", coded(header.to_string()), coded(plan.claims.to_string()));
        let (random, bytes) = (SystemRandom::new(), signed.as_bytes());
        let signature = match plan.alg {
            Alg::Es256 => self.ec.sign(&random, bytes).unwrap().as_ref().to_vec(),
            Alg::Forged => self.other.sign(&random, bytes).unwrap().as_ref().to_vec(),
            Alg::Rs256 => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature).unwrap();
                signature
            }
            Alg::None => Vec::new(),
            Alg::Hs256 => {
                let point = self.ec.public_key().as_ref();
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, point);
                ring::hmac::sign(&key, bytes).as_ref().to_vec()
            }
        };
        format!("{signed}.{}", coded(signature))
    }

    /// Plays the provider's page: what it was asked is answered with these claims, changed by `change`.
    fn answer(&self, asked: &Asked, change: impl Fn(&mut Plan)) {
        let now = Clock::system().now().timestamp();
        let mut plan = self.plan.lock().unwrap();
        plan.claims = json!({
            "iss": self.issuer, "aud": "console", "sub": "amal-1", "iat": now, "exp": now + 300,
            "nonce": asked.nonce, "email": "amal@palm.example", "email_verified": true,
            "name": "Amal Haddad",
        });
        plan.challenge.clone_from(&asked.challenge);
        plan.back.clone_from(&asked.back);
        plan.code = Some("code".to_owned());
        (plan.alg, plan.kid) = (Alg::Es256, "1".to_owned());
        change(&mut plan);
    }
}

async fn configuration(State(own): State<Arc<Provider>>) -> String {
    let at = |path: &str| format!("{}{path}", own.issuer);
    json!({
        "issuer": own.issuer, "authorization_endpoint": at("/ask"), "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"), "userinfo_endpoint": at("/me"),
    })
    .to_string()
}

async fn keys(State(own): State<Arc<Provider>>) -> String {
    let point = own.ec.public_key().as_ref();
    let rsa = own.rsa.public();
    let parts = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(rsa);
    let kid = own.plan.lock().unwrap().kid.clone();
    json!({ "keys": [
        { "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": coded(&point[1..33]), "y": coded(&point[33..]) },
        { "kty": "RSA", "kid": kid, "use": "sig", "n": coded(parts.n), "e": coded(parts.e) },
    ]})
    .to_string()
}

/// Gives a token for a code, once, to whoever can prove to be who asked.
async fn token(
    State(own): State<Arc<Provider>>,
    headers: HeaderMap,
    body: String,
) -> impl IntoResponse {
    let form: std::collections::HashMap<String, String> =
        form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let mut plan = own.plan.lock().unwrap();
    let challenge = coded(Sha256::digest(&form["code_verifier"]));
    let proof = format!("Basic {}", STANDARD.encode("console:a+secret%3A+with+signs"));
    let is_right = plan.code.take().as_deref() == Some(form["code"].as_str())
        && challenge == plan.challenge
        && form["redirect_uri"] == plan.back
        && headers["authorization"] == proof.as_str();
    if !is_right {
        return (StatusCode::BAD_REQUEST, json!({ "error": "invalid_grant" }).to_string());
    }
    (StatusCode::OK, json!({ "id_token": own.sign(&plan), "access_token": "access" }).to_string())
}

async fn info(State(own): State<Arc<Provider>>) -> String {
    own.plan.lock().unwrap().info.to_string()
}

/// What the console asked for.
struct Asked {
    state: String,
    nonce: String,
    challenge: String,
    back: String,
}

async fn ask(browser: &mut Browser, to: &str) -> Asked {
    let answer = browser.get(&format!("/sign-in/provider?to={to}")).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let (address, query) = answer.location().split_once('?').unwrap();
    assert!(address.ends_with("/ask"), "{address}");
    let values: std::collections::HashMap<String, String> =
        form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    assert_eq!(values["code_challenge_method"], "S256");
    assert_eq!(
        (values["response_type"].as_str(), values["client_id"].as_str()),
        ("code", "console")
    );
    Asked {
        state: values["state"].clone(),
        nonce: values["nonce"].clone(),
        challenge: values["code_challenge"].clone(),
        back: values["redirect_uri"].clone(),
    }
}

async fn come_back(browser: &mut Browser, state: &str) -> Answer {
    browser.get(&format!("/sign-in/back?code=code&state={state}")).await
}

/// The whole way; the browser and what it was answered.
async fn sign_in(
    world: &World,
    provider: &Provider,
    change: impl Fn(&mut Plan),
) -> (Browser, Answer) {
    let mut browser = world.browser();
    let asked = ask(&mut browser, "/account").await;
    provider.answer(&asked, change);
    let answer = come_back(&mut browser, &asked.state).await;
    (browser, answer)
}

async fn world(provider: &Provider, further: &[(&str, &str)]) -> World {
    let settings = [&provider.settings()[..], further].concat();
    World::with(&settings).await
}

#[tokio::test]
async fn somebody_comes_in_is_bound_and_is_known_by_the_account_from_then_on() {
    let provider = Provider::start().await;
    let world = world(&provider, &[]).await;
    let amal = world.user("amal@palm.example", &[UserRole::Marketer]).await;
    let form = world.browser().get("/sign-in?to=/list").await.body;
    assert!(form.contains("Sign in with Palm ID"), "{form}");
    let (mut browser, answer) = sign_in(&world, &provider, |_| {}).await;
    assert_eq!((answer.status, answer.location()), (303, "/account"), "{}", answer.body);
    assert!(browser.get("/account").await.body.contains("amal@palm.example"));
    let events = world.database.access_events_of(amal).await.unwrap();
    let actions: Vec<&str> = events.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ["signed_in", "identity_bound"]);
    // The address has changed there and is not verified; the keys are others; the account is the same.
    let (_, answer) = sign_in(&world, &provider, |plan| {
        plan.claims["email"] = json!("amal@elsewhere.example");
        plan.claims["email_verified"] = json!(false);
        (plan.alg, plan.kid) = (Alg::Rs256, "2".to_owned());
    })
    .await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    // Another account with her address is not her.
    let (_, answer) = sign_in(&world, &provider, |plan| plan.claims["sub"] = json!("amal-2")).await;
    assert!(answer.status == 403 && answer.body.contains("another account"), "{}", answer.body);
    // Whoever is disabled stays out.
    let change = UserChange {
        full_name: "Amal".to_owned(),
        roles: vec![UserRole::Marketer],
        locale: Locale::En,
        disabled: true,
    };
    world.user("boss@palm.example", &[UserRole::Admin]).await;
    assert!(world.database.change_user(amal, &change, "test").await.unwrap());
    let (_, answer) = sign_in(&world, &provider, |_| {}).await;
    assert!(answer.status == 403 && answer.body.contains("access has ended"), "{}", answer.body);
    world.stop().await;
}

#[tokio::test]
async fn a_token_that_is_not_for_this_moment_and_this_console_lets_nobody_in() {
    let provider = Provider::start().await;
    let world = world(&provider, &[]).await;
    world.user("amal@palm.example", &[UserRole::Admin]).await;
    type Change = fn(&mut Plan);
    let changes: [(&str, Change); 12] = [
        ("another nonce", |plan| plan.claims["nonce"] = json!("other")),
        ("no nonce", |plan| plan.claims["nonce"] = Value::Null),
        ("another client", |plan| plan.claims["aud"] = json!("other")),
        ("several clients", |plan| plan.claims["aud"] = json!(["console", "other"])),
        ("another party", |plan| plan.claims["azp"] = json!("other")),
        ("another issuer", |plan| plan.claims["iss"] = json!("https://other.example")),
        ("too old", |plan| plan.claims["exp"] = json!(1_000_000)),
        ("of the future", |plan| plan.claims["iat"] = json!(9_999_999_999_i64)),
        ("unsigned", |plan| plan.alg = Alg::None),
        ("shared key", |plan| plan.alg = Alg::Hs256),
        ("forged", |plan| plan.alg = Alg::Forged),
        ("wrong code", |plan| plan.code = Some("other".to_owned())),
    ];
    for (what, change) in changes {
        let (browser, answer) = sign_in(&world, &provider, change).await;
        assert_eq!(answer.status, 403, "{what}: {}", answer.body);
        assert!(answer.body.contains("could not be verified"), "{what}: {}", answer.body);
        assert!(browser.cookies.is_empty(), "{what}: {:?}", browser.cookies);
    }
    for (change, why) in [
        ((|plan| plan.claims["email_verified"] = json!(false)) as Change, "vouch for your email"),
        (|plan| plan.claims["email"] = json!("nobody@palm.example"), "nobody here has"),
    ] {
        let (_, answer) = sign_in(&world, &provider, change).await;
        assert!(answer.status == 403 && answer.body.contains(why), "{why}: {}", answer.body);
    }
    // None of that was remembered, and the right token is right.
    assert_eq!(sign_in(&world, &provider, |_| {}).await.1.status, 303);
    world.stop().await;
}

#[tokio::test]
async fn an_answer_counts_once_and_only_for_the_browser_that_asked() {
    let provider = Provider::start().await;
    let world = world(&provider, &[]).await;
    world.user("amal@palm.example", &[UserRole::Admin]).await;
    let mut browser = world.browser();
    let asked = ask(&mut browser, "/account").await;
    let before = browser.clone();
    provider.answer(&asked, |_| {});
    // Somebody else is led to the answer, to be signed in as Amal without knowing.
    let stolen = come_back(&mut world.browser(), &asked.state).await;
    assert_eq!(stolen.status, 403, "{}", stolen.body);
    let mut other = world.browser();
    ask(&mut other, "/account").await;
    assert_eq!(come_back(&mut other, &asked.state).await.status, 403);
    let foreign =
        format!("/sign-in/back?code=code&state={}&iss=https://other.example", asked.state);
    assert_eq!(before.clone().get(&foreign).await.status, 403);
    assert_eq!(come_back(&mut browser, &asked.state).await.status, 303);
    // Once more, with the cookie as it was and a code that is good.
    provider.answer(&asked, |_| {});
    let again = come_back(&mut before.clone(), &asked.state).await;
    assert!(again.status == 403 && again.body.contains("has been used"), "{}", again.body);
    let refused = before.clone().get("/sign-in/back?error=access_denied&state=x").await;
    assert_eq!(refused.status, 403);
    world.stop().await;
}

#[tokio::test]
async fn nobody_is_led_away_and_a_silent_provider_leaves_the_password() {
    let provider = Provider::start().await;
    let world = world(&provider, &[]).await;
    world.user("amal@palm.example", &[UserRole::Admin]).await;
    for to in ["https://evil.example", "//evil.example", "/%5Cevil.example", "javascript:alert(1)"]
    {
        let mut browser = world.browser();
        let asked = ask(&mut browser, to).await;
        provider.answer(&asked, |_| {});
        assert_eq!(come_back(&mut browser, &asked.state).await.location(), "/", "{to}");
    }
    world.stop().await;
    let nowhere = [("oidc.issuer", "http://127.0.0.1:9"), ("oidc.client_id", "console")];
    let world = World::with(&nowhere).await;
    let answer = world.browser().get("/sign-in/provider?to=/list").await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("does not answer") && answer.body.contains("type=\"password\""));
    world.stop().await;
    // Without one there is neither a button nor a way.
    let world = World::start().await;
    assert!(!world.browser().get("/sign-in").await.body.contains("/sign-in/provider"));
    assert_eq!(world.browser().get("/sign-in/provider").await.status, 404);
    world.stop().await;
}

#[tokio::test]
async fn new_people_come_in_where_that_is_set_and_userinfo_is_asked_where_the_token_is_silent() {
    let provider = Provider::start().await;
    let world = world(&provider, &[("oidc.new_users_role", "agent")]).await;
    let silent = |plan: &mut Plan| {
        plan.claims["email"] = Value::Null;
        plan.info = json!({ "sub": "amal-1", "email": "Amal@Palm.example", "email_verified": true,
                            "name": "Amal Haddad" });
    };
    let (mut browser, answer) = sign_in(&world, &provider, silent).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(browser.get("/account").await.body.contains("Amal Haddad"));
    let user = world.database.credentials("amal@palm.example").await.unwrap().unwrap().user;
    assert_eq!(user.roles, [UserRole::Agent]);
    // Userinfo that speaks of somebody else is not believed.
    let (_, answer) = sign_in(&world, &provider, |plan| {
        silent(plan);
        plan.info["sub"] = json!("other");
    })
    .await;
    assert_eq!(answer.status, 403);
    world.stop().await;
}
