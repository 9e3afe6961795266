//! The table of routes. Whoever adds a route says what it asks for; there is no way around it.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, any, on};
use domain::access::Permission;

use crate::access::guard::{self, Guard};
use crate::app::App;

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
}

/// One route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// GET or POST.
    pub method: &'static str,
    /// With `{name}` for what varies.
    pub path: &'static str,
    /// What it asks for.
    pub needs: Needs,
}

/// Collects routes; makes the router of them.
pub struct Routes {
    app: App,
    router: Router<App>,
    table: Vec<Route>,
}

impl Routes {
    /// None yet.
    pub(crate) fn new(app: &App) -> Self {
        Self { app: app.clone(), router: Router::new(), table: Vec::new() }
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
        self.router.fallback_service(not_found.with_state(self.app.clone())).with_state(self.app)
    }
}
