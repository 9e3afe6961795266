//! Which deliveries of one channel may be acknowledged together.
//!
//! RabbitMQ hands out tags 1, 2, 3… per channel. One `ack(multiple)` up to the contiguous finished
//! prefix costs a fifth of single ones (pipeline.md §2.4), but one slow delivery would hold back all
//! later ones until the prefetch is used up. So when too many wait behind a gap they are
//! acknowledged one by one.

use std::collections::VecDeque;

/// Follows the deliveries of one channel.
#[derive(Debug, Default)]
pub(crate) struct AckTracker {
    /// Tags up to this one are settled on the wire.
    settled_up_to: u64,
    /// What became of the tags after `settled_up_to`.
    slots: VecDeque<Slot>,
    n_finished: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    /// With the worker.
    Outstanding,
    /// To be acknowledged.
    Finished,
    /// Acknowledged singly or returned: nothing more may be sent about it.
    Settled,
}

/// The acknowledgement of a contiguous prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    /// The tag to send with `multiple`.
    pub(crate) tag: u64,
    /// How many deliveries it acknowledges.
    pub(crate) n_deliveries: u64,
}

impl AckTracker {
    /// Takes note of a delivery. Tags come in order.
    pub(crate) fn delivered(&mut self, tag: u64) {
        let next = self.settled_up_to + self.slots.len() as u64 + 1;
        debug_assert_eq!(tag, next, "tags of a channel are contiguous");
        for _ in next..tag {
            self.slots.push_back(Slot::Settled);
        }
        self.slots.push_back(Slot::Outstanding);
    }

    /// Marks a delivery as to be acknowledged. Returns whether it was outstanding.
    pub(crate) fn finish(&mut self, tag: u64) -> bool {
        let finished = self.replace_outstanding(tag, Slot::Finished);
        self.n_finished += usize::from(finished);
        finished
    }

    /// Marks a delivery as returned to the broker. Returns whether it was outstanding.
    pub(crate) fn give_back(&mut self, tag: u64) -> bool {
        self.replace_outstanding(tag, Slot::Settled)
    }

    /// How many deliveries wait for an acknowledgement to be sent.
    pub(crate) fn n_finished(&self) -> usize {
        self.n_finished
    }

    /// Takes the contiguous settled prefix. Its tag is always one that is still unacknowledged on the
    /// wire, because the broker closes the channel over any other.
    pub(crate) fn take_prefix(&mut self) -> Option<Prefix> {
        let mut prefix = None;
        let mut n_deliveries = 0;
        while let Some(slot @ (Slot::Finished | Slot::Settled)) = self.slots.front().copied() {
            self.slots.pop_front();
            self.settled_up_to += 1;
            if slot == Slot::Finished {
                n_deliveries += 1;
                self.n_finished -= 1;
                prefix = Some(Prefix { tag: self.settled_up_to, n_deliveries });
            }
        }
        prefix
    }

    /// Takes every finished delivery behind a gap, to be acknowledged one by one.
    pub(crate) fn take_stragglers(&mut self) -> Vec<u64> {
        let first = self.settled_up_to + 1;
        let mut tags = Vec::with_capacity(self.n_finished);
        for (slot, tag) in self.slots.iter_mut().zip(first..) {
            if *slot == Slot::Finished {
                *slot = Slot::Settled;
                tags.push(tag);
            }
        }
        self.n_finished = 0;
        tags
    }

    fn replace_outstanding(&mut self, tag: u64, slot: Slot) -> bool {
        let Some(index) = tag.checked_sub(self.settled_up_to + 1) else { return false };
        let found = usize::try_from(index).ok().and_then(|index| self.slots.get_mut(index));
        match found {
            Some(found @ Slot::Outstanding) => {
                *found = slot;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn tracker(n_deliveries: u64) -> AckTracker {
        let mut tracker = AckTracker::default();
        (1..=n_deliveries).for_each(|tag| tracker.delivered(tag));
        tracker
    }

    #[test]
    fn a_gap_holds_back_what_follows_it() {
        let mut tracker = tracker(5);
        for tag in [1, 2, 4, 5] {
            assert!(tracker.finish(tag));
        }
        assert_eq!(tracker.take_prefix(), Some(Prefix { tag: 2, n_deliveries: 2 }));
        assert_eq!(tracker.take_prefix(), None);
        assert_eq!(tracker.n_finished(), 2);
        assert!(tracker.finish(3));
        assert_eq!(tracker.take_prefix(), Some(Prefix { tag: 5, n_deliveries: 3 }));
    }

    #[test]
    fn a_returned_delivery_is_no_gap_and_never_the_tag() {
        let mut tracker = tracker(3);
        assert!(tracker.finish(1) && tracker.finish(2) && tracker.give_back(3));
        assert_eq!(tracker.take_prefix(), Some(Prefix { tag: 2, n_deliveries: 2 }));
        assert!(!tracker.finish(3), "it has been returned");
    }

    #[test]
    fn a_delivery_is_settled_once() {
        let mut tracker = tracker(2);
        assert!(tracker.finish(2));
        assert!(!tracker.finish(2) && !tracker.give_back(2) && !tracker.finish(3));
        assert!(!tracker.finish(0));
        assert_eq!(tracker.take_stragglers(), [2]);
        assert!(!tracker.finish(2));
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Deliver,
        Finish(u64),
        GiveBack(u64),
        Flush,
        FlushStragglers,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => Just(Step::Deliver),
            4 => (0..60u64).prop_map(Step::Finish),
            1 => (0..60u64).prop_map(Step::GiveBack),
            2 => Just(Step::Flush),
            1 => Just(Step::FlushStragglers),
        ];
        proptest::collection::vec(step, 0..200)
    }

    /// RabbitMQ's side of one channel: what is unacknowledged, and its rule that the tag named must be.
    #[derive(Default)]
    struct Channel {
        unacked: BTreeSet<u64>,
        n_delivered: u64,
    }

    impl Channel {
        fn ack(&mut self, tag: u64, multiple: bool) -> Vec<u64> {
            assert!(self.unacked.contains(&tag), "PRECONDITION_FAILED unknown delivery tag {tag}");
            let acked: Vec<_> = self
                .unacked
                .iter()
                .copied()
                .filter(|&it| it == tag || multiple && it < tag)
                .collect();
            acked.iter().for_each(|tag| assert!(self.unacked.remove(tag)));
            acked
        }
    }

    proptest! {
        #[test]
        fn exactly_the_finished_deliveries_are_acknowledged(steps in steps()) {
            let (mut tracker, mut channel) = (AckTracker::default(), Channel::default());
            let (mut finished, mut acked) = (BTreeSet::new(), BTreeSet::new());
            for step in steps {
                match step {
                    Step::Deliver => {
                        channel.n_delivered += 1;
                        channel.unacked.insert(channel.n_delivered);
                        tracker.delivered(channel.n_delivered);
                    }
                    Step::Finish(tag) => {
                        if tracker.finish(tag) {
                            prop_assert!(finished.insert(tag));
                        }
                    }
                    Step::GiveBack(tag) => {
                        if tracker.give_back(tag) {
                            prop_assert!(channel.unacked.remove(&tag));
                        }
                    }
                    Step::Flush => {
                        if let Some(prefix) = tracker.take_prefix() {
                            let tags = channel.ack(prefix.tag, true);
                            prop_assert_eq!(tags.len() as u64, prefix.n_deliveries);
                            acked.extend(tags);
                        }
                    }
                    Step::FlushStragglers => {
                        for tag in tracker.take_stragglers() {
                            acked.extend(channel.ack(tag, false));
                        }
                    }
                }
                prop_assert!(acked.is_subset(&finished), "acknowledged {acked:?} of {finished:?}");
                prop_assert_eq!(tracker.n_finished(), finished.len() - acked.len());
            }
            if let Some(prefix) = tracker.take_prefix() {
                acked.extend(channel.ack(prefix.tag, true));
            }
            for tag in tracker.take_stragglers() {
                acked.extend(channel.ack(tag, false));
            }
            prop_assert_eq!(acked, finished);
        }
    }
}
