//! Tokens of the API: which there are, making one, revoking one. A new one is shown once.

use std::time::Duration;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use domain::ApiTokenId;
use domain::access::{self, Permission};
use storage::api_tokens::{ApiToken, NewApiToken};

use crate::access::token;
use crate::api::caller::{SCOPES, SHOWN, new_token};
use crate::app::App;
use crate::page::Page;
use crate::pages::typed::Typed;
use crate::trouble::{Answer, Trouble};

/// So many of the newest are shown.
const SHOWN_TOKENS: u32 = 200;
/// How long a token may be chosen to last, in days; the longest is a year.
const TERMS: &[u32] = &[30, 90, 180, 365];
/// Longer names are refused.
const LONGEST_NAME: usize = 100;

#[derive(Template)]
#[template(path = "integrations/tokens.html")]
struct Tokens {
    page: Page,
    tokens: Vec<ApiToken>,
    /// What the reader can give a token.
    scopes: Vec<Permission>,
    name: String,
    chosen: Vec<Permission>,
    term: u32,
    /// The new one; shown now and never again.
    made: Option<String>,
    problem: Option<String>,
}

impl Tokens {
    /// Whether it lets anybody in.
    fn is_in_force(token: &ApiToken) -> bool {
        token.removed.is_none() && !token.expired && !token.user_disabled
    }

    /// How it stands with a token, as the name of a text.
    fn standing(token: &ApiToken) -> &'static str {
        match token {
            ApiToken { removed: Some(_), .. } => "token-revoked",
            ApiToken { expired: true, .. } => "token-expired",
            ApiToken { user_disabled: true, .. } => "token-user-disabled",
            _ => "token-in-force",
        }
    }

    fn is_term(&self, days: &u32) -> bool {
        self.term == *days
    }

    /// Whether its user may still do what the scope names.
    fn is_allowed(token: &ApiToken, scope: &Permission) -> bool {
        access::may(&token.user_roles, *scope)
    }
}

async fn tokens(app: &App, page: &Page) -> Result<Tokens, Trouble> {
    Ok(Tokens {
        tokens: app.database.api_tokens(SHOWN_TOKENS).await?,
        scopes: SCOPES.iter().copied().filter(|scope| page.may(*scope)).collect(),
        name: String::new(),
        chosen: Vec::new(),
        term: TERMS[1],
        made: None,
        problem: None,
        page: page.clone(),
    })
}

/// `GET /integrations/tokens`.
pub async fn list(State(app): State<App>, page: Page) -> Answer {
    page.show(&tokens(&app, &page).await?)
}

/// `POST /integrations/tokens`: makes one.
pub async fn make(
    State(app): State<App>,
    page: Page,
    Form(typed): Form<Vec<(String, String)>>,
) -> Answer {
    let mut shown = tokens(&app, &page).await?;
    let typed = Typed(typed);
    shown.name = typed.value("name").trim().to_owned();
    let is_ticked = |scope: &Permission| !typed.value(scope.as_str()).is_empty();
    shown.chosen = shown.scopes.iter().copied().filter(is_ticked).collect();
    shown.term = typed.value("term").parse().unwrap_or_default();
    let problem = match &shown {
        Tokens { name, .. } if name.is_empty() => Some("token-name-missing"),
        Tokens { name, .. } if name.chars().count() > LONGEST_NAME => Some("token-name-long"),
        Tokens { chosen, .. } if chosen.is_empty() => Some("token-scopes-missing"),
        Tokens { term, .. } if !TERMS.contains(term) => Some("token-term-missing"),
        _ => None,
    };
    if let Some(problem) = problem {
        shown.problem = Some(page.say(problem));
        return page.show_again(&shown);
    }
    let made = new_token();
    let new = NewApiToken {
        user: page.session()?.user.id,
        name: shown.name,
        hash: token::hash(&made),
        prefix: made.chars().take(SHOWN).collect(),
        scopes: shown.chosen,
        lifetime: Duration::from_secs(u64::from(shown.term) * 24 * 3600),
        actor: page.actor()?.to_owned(),
    };
    app.database.add_api_token(&new).await?;
    let made = Some(made);
    page.show(&Tokens { made, ..tokens(&app, &page).await? })
}

/// `POST /integrations/tokens/{token}/revoke`: from now on it lets nobody in.
pub async fn revoke(State(app): State<App>, page: Page, Path(token): Path<ApiTokenId>) -> Answer {
    if !app.database.revoke_api_token(token, page.actor()?).await? {
        return Err(Trouble::NotFound);
    }
    Ok(Redirect::to("/integrations/tokens?notice=token-revoked").into_response())
}
