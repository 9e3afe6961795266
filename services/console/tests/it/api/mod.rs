//! The API: what programs are answered.

mod document;
mod manners;
mod outside;
mod owners;
mod reads;
mod writes;

use domain::access::Permission;

use crate::agents::Team;
use crate::world::Program;

impl Team {
    /// A program with a token of the user of this address, with these scopes.
    async fn program_of(&self, email: &str, scopes: &[Permission]) -> Program {
        let users = self.world.database.users().await.unwrap();
        let user = users.iter().find(|user| user.email == email).expect("a user").id;
        Program { browser: self.world.browser(), token: self.world.token(user, scopes).await }
    }
}
