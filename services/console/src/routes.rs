//! The table of routes. Whoever adds a route says what it asks for; there is no way around it.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, any, on};
use domain::access::Permission;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::UtoipaMethodRouter;

use crate::access::guard::{self, Guard};
use crate::api;
use crate::app::App;

/// Bytes of a request's body to the API.
pub(crate) const API_BODY: usize = 64 * 1024;

/// What a route asks of whoever calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: the way in.
    Nothing,
    /// A session.
    Session,
    /// A session of somebody who may do this.
    Permission(Permission),
    /// A session of somebody who may do one of these; the handler shows each what is theirs.
    Any(&'static [Permission]),
    /// A token of the API with this scope, whose user may do this.
    Token(Permission),
    /// A token with one of these; with none of them named, any token.
    AnyToken(&'static [Permission]),
}

/// One route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// GET or POST; of the API also PATCH.
    pub method: &'static str,
    /// With `{name}` for what varies.
    pub path: &'static str,
    /// What it asks for.
    pub needs: Needs,
}

impl Route {
    /// Whether it belongs to the API and not to the pages.
    #[must_use]
    pub fn is_api(&self) -> bool {
        self.path.starts_with("/api/")
    }
}

/// Collects routes; makes the router of them.
pub struct Routes {
    app: App,
    router: Router<App>,
    table: Vec<Route>,
    /// The API's own router, beside the pages' one, and its document.
    api: Router<App>,
    document: OpenApi,
}

impl Routes {
    /// None yet.
    pub(crate) fn new(app: &App) -> Self {
        let document = api::openapi::blank();
        let (router, api) = (Router::new(), Router::new());
        Self { app: app.clone(), router, table: Vec::new(), api, document }
    }

    /// A page, or data for one. It changes nothing.
    pub(crate) fn get<H, T>(self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(Method::GET, path, needs, handler)
    }

    /// What changes something.
    pub(crate) fn post<H, T>(self, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(Method::POST, path, needs, handler)
    }

    fn add<H, T>(mut self, method: Method, path: &'static str, needs: Needs, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let (filter, name) = match method {
            Method::GET => (MethodFilter::GET, "GET"),
            _ => (MethodFilter::POST, "POST"),
        };
        let route = Route { method: name, path, needs };
        let guarded = Guard { app: self.app.clone(), route };
        let handler = on(filter, handler).layer(from_fn_with_state(guarded, guard::check));
        self.router = self.router.route(path, handler);
        self.table.push(route);
        self
    }

    /// A route of the API, as its own description has it: one handler each, so that what it needs is
    /// said of it alone.
    pub(crate) fn api(
        mut self,
        needs: Needs,
        (schemas, paths, handler): UtoipaMethodRouter<App>,
    ) -> Self {
        for (path, mut item) in paths.paths {
            // The table lives as long as the program.
            let path: &'static str = path.leak();
            for (method, operation) in api::openapi::operations(&mut item) {
                api::openapi::complete(operation, method, path, needs);
                self.table.push(Route { method, path, needs });
            }
            let route = Route { method: "GET", path, needs };
            let guarded = Guard { app: self.app.clone(), route };
            let handler = handler
                .clone()
                .layer(DefaultBodyLimit::max(API_BODY))
                .layer(from_fn_with_state(guarded, api::guard::check));
            self.api = self.api.route(path, handler);
            match self.document.paths.paths.get_mut(path) {
                Some(known) => known.merge_operations(item),
                None => {
                    self.document.paths.paths.insert(path.to_owned(), item);
                }
            }
        }
        let known = &mut self.document.components.get_or_insert_default().schemas;
        for (name, schema) in schemas {
            let other = known.insert(name.clone(), schema);
            let is_one = other.is_none_or(|other| Some(&other) == known.get(&name));
            debug_assert!(is_one, "two types of the API are called {name}");
        }
        self
    }

    /// The document of the API.
    pub(crate) const fn document(&self) -> &OpenApi {
        &self.document
    }

    /// Every route.
    #[must_use]
    pub fn table(&self) -> &[Route] {
        &self.table
    }

    pub(crate) fn into_router(self) -> Router {
        let lost = Guard {
            app: self.app.clone(),
            route: Route { method: "GET", path: "", needs: Needs::Nothing },
        };
        let not_found = any(guard::not_found).layer(from_fn_with_state(lost, guard::check));
        let mut api = self.api;
        for path in ["/api", "/api/{*rest}"] {
            let route = Route { method: "GET", path: "/api", needs: Needs::Nothing };
            let lost = Guard { app: self.app.clone(), route };
            let not_found = any(api::guard::not_found);
            api = api.route(path, not_found.layer(from_fn_with_state(lost, api::guard::check)));
        }
        let router = self.router.merge(api);
        router.fallback_service(not_found.with_state(self.app.clone())).with_state(self.app)
    }
}
