//! Answers that many people look at every few seconds: one asks the database, all see what it said.
//!
//! What this process changes is seen at once; what another replica of the console changes, two
//! seconds later.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use storage::StorageError;
use storage::desk::DeskGroup;
use storage::fleet::state::FleetState;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::app::App;
use crate::trouble::Trouble;

/// So long an answer is shown to others, too.
const FRESH_FOR: Duration = Duration::from_secs(2);

/// One answer, or the trouble there was: that a database is away is asked once as well.
type Kept<T> = Option<(Instant, Result<Arc<T>, Trouble>)>;

/// The last answer to one question.
struct Glance<T>(Mutex<Kept<T>>);

impl<T> Default for Glance<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Glance<T> {
    /// The last answer while it is fresh, else a new one, which everybody who comes meanwhile waits for.
    async fn look(
        &self,
        ask: impl Future<Output = Result<T, StorageError>>,
    ) -> Result<Arc<T>, Trouble> {
        let mut kept = self.0.lock().await;
        if let Some((at, answer)) = &*kept
            && at.elapsed() < FRESH_FOR
        {
            return answer.clone();
        }
        let answer = ask.await.map(Arc::new).map_err(Trouble::from);
        *kept = Some((Instant::now(), answer.clone()));
        answer
    }

    async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

/// What is shared by all viewers.
#[derive(Default)]
pub struct Glances {
    fleet: Glance<FleetState>,
    desk: Glance<Vec<DeskGroup>>,
}

impl Glances {
    /// How the fleet is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn fleet(&self, app: &App) -> Result<Arc<FleetState>, Trouble> {
        self.fleet.look(app.database.fleet_state(app.clock.now())).await
    }

    /// What waits for a person, by cause.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn desk(&self, app: &App) -> Result<Arc<Vec<DeskGroup>>, Trouble> {
        self.desk.look(app.database.desk_groups(domain::desk::Attention::ALL)).await
    }

    /// After a change: who made it sees it.
    pub async fn forget(&self) {
        self.fleet.forget().await;
        self.desk.forget().await;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn fifty_viewers_cost_one_question_and_a_change_is_seen_at_once() {
        let (glance, asked) = (Arc::new(Glance::default()), Arc::new(AtomicUsize::new(0)));
        let look = || {
            let (glance, asked) = (Arc::clone(&glance), Arc::clone(&asked));
            async move {
                let ask = async {
                    tokio::task::yield_now().await;
                    Ok(asked.fetch_add(1, Ordering::SeqCst))
                };
                *glance.look(ask).await.unwrap()
            }
        };
        let viewers: Vec<_> = (0..50).map(|_| tokio::spawn(look())).collect();
        for viewer in viewers {
            assert_eq!(viewer.await.unwrap(), 0);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        // It grows old.
        let long_ago = Instant::now().checked_sub(FRESH_FOR).unwrap();
        glance.0.lock().await.as_mut().unwrap().0 = long_ago;
        assert_eq!(look().await, 1);
        glance.forget().await;
        assert_eq!(look().await, 2);
    }
}
