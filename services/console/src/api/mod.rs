//! The REST API, `/api/v1`: what other programs do, with a token of the console. It stands on the same
//! use cases as the pages; wire types are its own.
//!
//! What every request goes through is in `guard`, what every list and every change has in common
//! in `cursor` and `idempotency`, and one file per resource holds the rest. The document of it all is made of the routes (`openapi`).

pub mod caller;
mod contacts;
mod cursor;
mod enrolments;
mod extract;
pub mod guard;
mod idempotency;
mod interactions;
mod limits;
mod made;
pub mod openapi;
mod plans;
mod problem;
mod suppressions;
mod tasks;
mod templates;
mod token;
mod touches;
mod words;

pub use limits::Limits;

use domain::access::Permission::{
    ContactsRead, ContactsWrite, Enrol, ListAdd, ListRead, PlansRead, TasksAll, TasksWork,
    TouchesRead,
};
use utoipa_axum::routes;

use crate::routes::Needs::{AnyToken, Nothing, Token};
use crate::routes::Routes;

/// The routes of the API.
pub fn routes(routes: Routes) -> Routes {
    let look_at_tasks = AnyToken(&[TasksWork, TasksAll]);
    let look_at_touches = AnyToken(&[TouchesRead, ContactsRead]);
    routes
        .api(Nothing, routes!(openapi::document))
        .api(AnyToken(&[]), routes!(token::show))
        .api(Token(ContactsRead), routes!(contacts::list))
        .api(Token(ContactsRead), routes!(contacts::show))
        .api(Token(ContactsWrite), routes!(contacts::create))
        .api(Token(ContactsWrite), routes!(contacts::correct))
        .api(Token(ContactsRead), routes!(enrolments::list))
        .api(Token(Enrol), routes!(enrolments::create))
        .api(Token(Enrol), routes!(enrolments::change))
        .api(look_at_touches, routes!(touches::list))
        .api(Token(ContactsRead), routes!(interactions::list))
        .api(AnyToken(&[ContactsWrite, TasksWork]), routes!(interactions::add))
        .api(Token(ListRead), routes!(suppressions::against))
        .api(Token(PlansRead), routes!(plans::list))
        .api(Token(PlansRead), routes!(plans::show))
        .api(Token(PlansRead), routes!(templates::list))
        .api(Token(PlansRead), routes!(templates::show))
        .api(Token(PlansRead), routes!(templates::preview))
        .api(look_at_touches, routes!(touches::show))
        .api(look_at_touches, routes!(touches::explain))
        .api(Token(ListRead), routes!(suppressions::list))
        .api(Token(ListRead), routes!(suppressions::check))
        .api(Token(ListAdd), routes!(suppressions::add))
        .api(look_at_tasks, routes!(tasks::list))
        .api(look_at_tasks, routes!(tasks::show))
        .api(Token(TasksWork), routes!(tasks::end))
}
