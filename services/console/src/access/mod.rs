//! Who comes in: sessions, passwords, links that open once, and the guard before every route.

mod account;
mod factor;
pub mod guard;
pub mod links;
pub mod origin;
pub mod password;
pub mod provider;
pub mod reader;
pub mod seal;
mod sign_in;
pub mod token;
mod users;
mod welcome;

use crate::routes::Needs::{Nothing, Permission, Session};
use crate::routes::Routes;
use domain::access::Permission::{TasksWork, Users};

/// The pages of this folder.
pub fn routes(routes: Routes) -> Routes {
    routes
        .get("/sign-in", Nothing, sign_in::form)
        .post("/sign-in", Nothing, sign_in::enter)
        .post("/sign-in/code", Nothing, sign_in::enter_code)
        .get("/sign-in/provider", Nothing, provider::leave)
        .get("/sign-in/back", Nothing, provider::enter)
        .post("/sign-out", Session, sign_in::leave)
        .get("/welcome/{token}", Nothing, welcome::form)
        .post("/welcome/{token}", Nothing, welcome::enter)
        .get("/account", Session, account::show)
        .post("/account/language", Session, account::language)
        .post("/account/digest", Permission(TasksWork), account::digest)
        .post("/account/password", Session, account::password)
        .post("/account/sessions/end", Session, account::end_sessions)
        .get("/account/factor", Session, factor::show)
        .post("/account/factor", Session, factor::add)
        .post("/account/factor/remove", Session, factor::remove)
        .get("/users", Permission(Users), users::list)
        .post("/users", Permission(Users), users::add)
        .get("/users/{user}", Permission(Users), users::show)
        .post("/users/{user}", Permission(Users), users::change)
        .post("/users/{user}/link", Permission(Users), users::link)
        .post("/users/{user}/factor/remove", Permission(Users), users::remove_factor)
}
