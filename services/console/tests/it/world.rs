//! A deployment with the console before it, and browsers that remember cookies.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bootstrap::health::Health;
use bootstrap::metrics::Metrics;
use bootstrap::{Context, Loaded, Shutdown};
use console::Serving;
use domain::access::{Permission, UserRole};
use domain::{ApiTokenId, Clock, Locale, UserId};
use library::Library;
use sha2::{Digest, Sha256};
use storage::api_tokens::NewApiToken;
use storage::users::NewUser;
use storage::{Database, Role};
use testkit::fixture::Deployment;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The password of everybody here.
pub const PASSWORD: &str = "a lantern by the harbour";

/// A running console and its database.
pub struct World {
    pub deployment: Deployment,
    /// Under the console's role.
    pub database: Database,
    pub serving: Serving,
    ctx: Context,
}

impl World {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(further: &[(&str, &str)]) -> Self {
        let deployment = Deployment::create().await;
        let (serving, ctx) = serve(&deployment, further).await;
        let database = deployment.connect(Role::Console);
        Self { deployment, database, serving, ctx }
    }

    /// A second process of the same deployment.
    pub async fn second(&self, further: &[(&str, &str)]) -> Second {
        let (serving, ctx) = serve(&self.deployment, further).await;
        Second { serving, ctx }
    }

    /// Somebody with these roles, without a password.
    pub async fn user(&self, email: &str, roles: &[UserRole]) -> UserId {
        let new = NewUser {
            email: email.to_owned(),
            full_name: email.split('@').next().unwrap().to_owned(),
            roles: roles.to_vec(),
            agent_email: Some(email.to_owned()),
            locale: Locale::En,
            actor: "test".to_owned(),
        };
        self.database.add_user(&new).await.unwrap().expect("the address is new")
    }

    /// A browser of nobody.
    pub fn browser(&self) -> Browser {
        Browser { address: self.serving.address(), cookies: Vec::new() }
    }

    /// A browser in which the user is signed in.
    pub async fn signed_in(&self, user: UserId) -> Browser {
        let token = uuid();
        let hash = Sha256::digest(token.as_bytes()).into();
        let lifetime = Duration::from_secs(3600);
        self.database.open_session(user, &hash, "test", lifetime).await.unwrap();
        let mut browser = self.browser();
        browser.cookies.push(("touchline-session".to_owned(), token));
        browser
    }

    /// A browser of somebody new with these roles.
    pub async fn as_one_of(&self, roles: &[UserRole]) -> Browser {
        let name = format!("u{}@palm.example", uuid());
        let user = self.user(&name, roles).await;
        self.signed_in(user).await
    }

    /// A token of the API of this user, as it is shown once.
    pub async fn token(&self, user: UserId, scopes: &[Permission]) -> String {
        self.token_for(user, scopes, Duration::from_secs(3600)).await.0
    }

    /// The same for so long, with its id.
    pub async fn token_for(
        &self,
        user: UserId,
        scopes: &[Permission],
        lifetime: Duration,
    ) -> (String, ApiTokenId) {
        let token = format!("tl_{:0<43}", uuid().replace('-', ""));
        let new = NewApiToken {
            user,
            name: "a test".to_owned(),
            hash: Sha256::digest(token.as_bytes()).into(),
            prefix: token[..9].to_owned(),
            scopes: scopes.to_vec(),
            lifetime,
            actor: "test".to_owned(),
        };
        let id = self.database.add_api_token(&new).await.unwrap();
        (token, id)
    }

    /// A program with a token of somebody new with these roles, and with every scope.
    pub async fn program(&self, roles: &[UserRole]) -> Program {
        let user = self.user(&format!("u{}@palm.example", uuid()), roles).await;
        Program { browser: self.browser(), token: self.token(user, Permission::ALL).await }
    }

    /// Stops the console in order.
    pub async fn stop(self) {
        self.ctx.shutdown.begin();
        self.serving.ended().await.unwrap();
    }
}

/// Another process beside that of a [`World`].
pub struct Second {
    serving: Serving,
    ctx: Context,
}

impl Second {
    /// Stops it in order.
    pub async fn stop(self) {
        self.ctx.shutdown.begin();
        self.serving.ended().await.unwrap();
    }
}

async fn serve(deployment: &Deployment, further: &[(&str, &str)]) -> (Serving, Context) {
    let secret = std::str::from_utf8(testkit::fixture::ADDRESS_SECRET).unwrap();
    let overrides = [
        ("database.url", deployment.url()),
        ("keys.address", secret),
        ("keys.token", "token-test-secret"),
        ("team.name", "Palm Realty"),
        ("console.listen", "127.0.0.1:0"),
    ];
    let settings = Loaded::defaults().with(&overrides).unwrap().with(further).unwrap();
    let ctx = Context {
        service: "console",
        settings,
        shutdown: Shutdown::new(),
        health: Health::new(),
        metrics: Metrics::install("console"),
    };
    let shared = fleet::Shared {
        broker: fleet::connect_broker(&ctx.settings).unwrap(),
        clock: Clock::system(),
        library: Arc::new(Library::built_in()),
    };
    let serving = console::serve(&ctx, &shared).await.unwrap();
    (serving, ctx)
}

fn uuid() -> String {
    UserId::new().to_string()
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Header lines, in lower case up to the colon.
    pub head: String,
    pub body: String,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")))?;
        Some(line)
    }

    /// Where it leads.
    pub fn location(&self) -> &str {
        self.header("location").unwrap_or_default()
    }
}

/// Remembers cookies, follows nothing.
#[derive(Debug, Clone)]
pub struct Browser {
    address: SocketAddr,
    pub cookies: Vec<(String, String)>,
}

impl Browser {
    /// Where the console listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "", "").await
    }

    /// Sends a form of a page of the console.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let origin = format!("Origin: http://{}\r\n", self.address);
        self.ask("POST", path, &origin, &body).await
    }

    /// Whatever it is told: `headers` with line ends.
    pub async fn ask(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        self.ask_bytes(method, path, headers, body.as_bytes()).await
    }

    /// The same with a body that is no text.
    pub async fn ask_bytes(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = match cookies.as_slice() {
            [] => String::new(),
            some => format!("Cookie: {}\r\n", some.join("; ")),
        };
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        let is_form =
            method == "POST" && !path.starts_with("/api/") && !headers.contains("Content-Type:");
        let kind = if is_form { kind } else { "" };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{cookies}{headers}{kind}\
             Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        // A body that is too large may be refused before all of it was read.
        let _ = stream.write_all(body).await;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        // Without the marks around names that keep the two directions apart.
        let text = String::from_utf8_lossy(&bytes).replace(['\u{2068}', '\u{2069}'], "");
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let lines: Vec<String> = head.lines().skip(1).map(lower_name).collect();
        let answer = Answer { status, head: lines.join("\n"), body: body.to_owned() };
        self.remember(&answer);
        answer
    }

    fn remember(&mut self, answer: &Answer) {
        for line in answer.head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")) {
            let pair = line.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !line.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}

/// A program that uses the API.
#[derive(Debug, Clone)]
pub struct Program {
    pub browser: Browser,
    pub token: String,
}

impl Program {
    /// Asks for something below `/api/v1`.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "", "").await
    }

    /// Sends JSON to something below `/api/v1`.
    pub async fn send(&mut self, method: &str, path: &str, body: &serde_json::Value) -> Answer {
        let kind = "Content-Type: application/json\r\n";
        self.ask(method, path, kind, &body.to_string()).await
    }

    /// Whatever it is told: `headers` with line ends.
    pub async fn ask(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let headers = format!("Authorization: Bearer {}\r\n{headers}", self.token);
        self.browser.ask(method, &format!("/api/v1{path}"), &headers, body).await
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn lower_name(line: &str) -> String {
    match line.split_once(':') {
        Some((name, value)) => format!("{}:{value}", name.to_lowercase()),
        None => line.to_owned(),
    }
}
