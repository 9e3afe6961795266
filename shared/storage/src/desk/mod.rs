//! The desk: touches that wait for a person, what is known about them, and what becomes of them.
//!
//! `attention_touches` is kept by a trigger on `touches` (migration `create_desk`), which looks at every
//! statement that names `doubts`: the end of an attempt, the sweep, and the decisions made here. A new
//! statement that holds or fails touches has to name it too; the history checker would tell. Failures nobody looked at leave after [`KEPT_FOR`]. Of a month that
//! retention has detached, rows may stay here until then; nothing can be decided about them.

mod decisions;
mod groups;

use std::time::Duration;

use domain::desk::Attention;
use domain::{Channel, TouchId};

pub use decisions::{Decision, DecisionRecord, Resolved};
pub use groups::{DeskGroup, DeskTouch};

/// The most touches one decision moves.
pub const MOST_AT_ONCE: u32 = 1000;
/// Failures that nobody replayed or dismissed leave the desk after this.
pub const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

/// Which touches of the desk; what is empty binds nothing.
#[derive(Debug, Clone, Default)]
pub struct DeskFilter {
    /// These alone; a decision about named touches may repeat what may have arrived.
    pub touches: Vec<TouchId>,
    /// Of these kinds.
    pub kinds: Vec<Attention>,
    /// Of one reason, by its code.
    pub code: Option<String>,
    /// Of one cause within the reason, as [`DeskGroup::detail`] has it.
    pub detail: Option<String>,
    /// On one channel.
    pub channel: Option<Channel>,
    /// Of one plan, by its key.
    pub plan_key: Option<String>,
}

impl DeskFilter {
    /// The kinds among `of` that it asks for.
    fn kinds(&self, of: &[Attention]) -> Vec<&'static str> {
        let wanted = |kind: &&Attention| self.kinds.is_empty() || self.kinds.contains(*kind);
        of.iter().filter(wanted).map(|kind| kind.as_str()).collect()
    }

    /// The touches it names, the first `most`, if it names any.
    fn named(&self, most: u32) -> Option<Vec<uuid::Uuid>> {
        let ids = self.touches.iter().take(most as usize).map(|touch| touch.as_uuid());
        let ids: Vec<_> = ids.collect();
        (!ids.is_empty()).then_some(ids)
    }
}
