//! Who puts what on the list during a race, and what each call covers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::suppression::{Origin, SuppressionReason, Topic};
use domain::{AddressKey, AddressKeyer, AddressKind, ContactChannel, ContactId, TouchId};
use storage::Database;
use storage::contacts::{domain_key, person_key};
use storage::suppressions::{ListRow, NewSuppression, Target};
use testkit::Instant;
use testkit::fixture::Deployment;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::hot::HotBroker;

const SUPPRESSORS: usize = 6;
/// Each entry may block three touches, one for a domain six, which leaves more than enough sends.
const MOST_ENTRIES: usize = 1_300;
/// Rows of an imported list, and how many of them are about to be written to.
const IMPORT_ROWS: usize = 2_000;
const IMPORT_HOT: usize = 15;
const MOST_IMPORTS: usize = 40;

/// One call and the moment at which it had returned.
pub(super) struct Call {
    scope: &'static str,
    pub(super) covered: Vec<AddressKey>,
    pub(super) in_flight: Vec<TouchId>,
    pub(super) began: Instant,
    pub(super) returned: Instant,
}

/// A person who is written to.
struct Aim {
    number: usize,
    contact: ContactId,
}

/// What entries are made for.
pub(super) struct Aims {
    operator: Database,
    probe: sqlx::PgPool,
    keyer: AddressKeyer,
    hot: Arc<HotBroker>,
    per_domain: usize,
    people: HashMap<AddressKey, Aim>,
    keys: Vec<AddressKey>,
    entries: AtomicUsize,
}

impl Aims {
    /// At the people of a deployment, `per_domain` of whom share an email domain `d<n>.example`.
    pub(super) async fn at(
        deployment: &Deployment,
        probe: &sqlx::PgPool,
        hot: &Arc<HotBroker>,
        per_domain: usize,
    ) -> Self {
        let rows = "SELECT a.address_key, a.contact_id, substring(c.external_id FROM 2)::int8
                      FROM addresses a JOIN contacts c ON c.id = a.contact_id
                     WHERE a.kind = 'email' ORDER BY 3";
        let rows: Vec<(Vec<u8>, uuid::Uuid, i64)> =
            sqlx::query_as(rows).fetch_all(probe).await.unwrap();
        let people = rows.iter().map(|(key, contact, number)| {
            let number = usize::try_from(*number).unwrap();
            (AddressKey::from_bytes(key).unwrap(), Aim { number, contact: (*contact).into() })
        });
        Self {
            operator: deployment.operator.clone(),
            probe: probe.clone(),
            keyer: deployment.keyer.clone(),
            hot: Arc::clone(hot),
            per_domain,
            people: people.collect(),
            keys: rows.iter().map(|(key, ..)| AddressKey::from_bytes(key).unwrap()).collect(),
            entries: AtomicUsize::new(0),
        }
    }

    /// Starts the suppressors; each gives back its calls when it is over.
    pub(super) fn suppressors(
        self: &Arc<Self>,
        over: &watch::Sender<bool>,
    ) -> Vec<JoinHandle<Vec<Call>>> {
        let start = |n| {
            // Half of them wait until they can say "clear"; the others would rather have names.
            let patience = Duration::from_millis(if n % 2 == 0 { 10_000 } else { 2 });
            tokio::spawn(Arc::clone(self).suppress(over.subscribe(), patience))
        };
        (0..SUPPRESSORS).map(start).collect()
    }

    /// How many calls there were of each scope.
    pub(super) fn scopes(&self, calls: &[Call]) -> BTreeMap<&'static str, usize> {
        let mut scopes = BTreeMap::new();
        for call in calls {
            *scopes.entry(call.scope).or_default() += 1;
        }
        scopes
    }

    /// Suppresses hot addresses until told that it is over, or there are enough entries.
    async fn suppress(
        self: Arc<Self>,
        mut over: watch::Receiver<bool>,
        patience: Duration,
    ) -> Vec<Call> {
        let mut calls = Vec::new();
        while !*over.borrow() {
            let turn = self.entries.fetch_add(1, Ordering::Relaxed);
            if turn >= MOST_ENTRIES {
                break;
            }
            let Some(key) = self.hot_key(turn).await else {
                self.entries.fetch_sub(1, Ordering::Relaxed);
                let _ = tokio::time::timeout(Duration::from_millis(1), over.changed()).await;
                continue;
            };
            let (scope, target, covered) = self.target(turn, key);
            let entry = NewSuppression {
                target,
                reason: SuppressionReason::PreferencePage,
                origin: Origin::Recipient,
                actor: "officer".to_owned(),
                evidence: None,
                touch: None,
                received_at: None,
            };
            let began = Instant::now();
            let answer = self.operator.suppress(&entry, patience).await.unwrap();
            let (in_flight, returned) = (answer.in_flight, Instant::now());
            calls.push(Call { scope, covered, in_flight, began, returned });
        }
        calls
    }

    /// The key of one of the touches published last.
    async fn hot_key(&self, turn: usize) -> Option<AddressKey> {
        let touch = self.hot.pick(turn)?;
        let key = "SELECT address_key FROM touches WHERE id = $1";
        let key: Vec<u8> =
            sqlx::query_scalar(key).bind(touch.as_uuid()).fetch_one(&self.probe).await.unwrap();
        AddressKey::from_bytes(&key)
    }

    /// An entry of the scope whose turn it is that covers the address, and all it covers.
    fn target(&self, turn: usize, key: AddressKey) -> (&'static str, Target, Vec<AddressKey>) {
        let aim = &self.people[&key];
        let channel = ContactChannel::Email;
        match turn % 5 {
            0 | 1 => ("address", Target::Address { key, channel, domain: None }, vec![key]),
            2 => {
                let topic = Topic::GENERAL;
                ("topic", Target::Topic { key, channel, topic }, vec![key])
            }
            3 => ("person", Target::Person(person_key(&self.keyer, aim.contact)), vec![key]),
            _ => {
                let domain = aim.number / self.per_domain;
                let first = domain * self.per_domain;
                let target = Target::Domain(domain_key(&self.keyer, &format!("d{domain}.example")));
                ("domain", target, self.keys[first..first + self.per_domain].to_vec())
            }
        }
    }

    /// Imports lists, of which some addresses are about to be written to, until told that it is over.
    pub(super) async fn import(self: Arc<Self>, over: watch::Receiver<bool>) -> Vec<Call> {
        let mut calls = Vec::new();
        while !*over.borrow() && calls.len() < MOST_IMPORTS {
            let mut covered = Vec::new();
            for turn in 0..IMPORT_HOT {
                covered.extend(self.hot_key(turn).await);
            }
            let nobody = (covered.len()..IMPORT_ROWS).map(|n| {
                let text = format!("nobody{n}.{}@elsewhere.example", calls.len());
                self.keyer.key(AddressKind::Email, &text)
            });
            let keys = covered.iter().copied().chain(nobody);
            let channel = ContactChannel::Email;
            let mut rows: Vec<ListRow> =
                keys.map(|key| ListRow { key, channel, domain: None }).collect();
            rows.sort_unstable_by_key(|row| row.key);
            let (reason, origin) = (SuppressionReason::StaffEntry, Origin::Staff);
            let began = Instant::now();
            let imported = self.operator.import_list(&rows, reason, origin, "officer", "a list");
            imported.await.unwrap();
            let patience = Duration::from_secs(10);
            let in_flight = self.operator.drain_list(patience).await.unwrap();
            calls.push(Call {
                scope: "import",
                covered,
                in_flight,
                began,
                returned: Instant::now(),
            });
        }
        calls
    }
}
