//! A deployment for one test: a migrated database, a small plan, and people to write to.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::consent::LegalBasis;
use domain::planning::{self, Next, Person, Progress};
use domain::{
    AddressKeyer, AddressKind, Calendar, Channel, Clock, ContactChannel, ContactId, EnrolmentId,
    Lane, Locale, Medium, Plan, PlanVersionId, TouchId,
};
use sqlx::Connection;
use storage::consents::{NewConsent, Proof};
use storage::contacts::{Imported, NewAddress, NewContact};
use storage::due::FirstTouch;
use storage::enrolments::{NewEnrolment, Selection};
use storage::plans::Stored;
use storage::{Database, Role, Settings};
use templates::{Partials, Purpose, Source, Texts};

use crate::TestDatabase;

/// The secret the keys of test addresses are made with.
pub const ADDRESS_SECRET: &[u8] = b"test-vector-key-do-not-use";

/// A migrated database with an operator's connection.
#[derive(Debug)]
pub struct Deployment {
    url: String,
    /// Makes the keys of addresses.
    pub keyer: AddressKeyer,
    /// A connection under the operator's role.
    pub operator: Database,
    /// Dropped last, with the connections that are left.
    _database: Option<TestDatabase>,
}

impl Deployment {
    /// A database of its own, migrated, with its address key remembered.
    ///
    /// # Panics
    /// When there is no PostgreSQL, or the migrations fail.
    pub async fn create() -> Self {
        let today = Clock::system().now().date_naive();
        let template = format!("migrated_{today}_{}", storage::schema_fingerprint());
        let database = TestDatabase::from_template(&template, migrate).await;
        let deployment = Self::of(database.url().to_owned()).await;
        Self { _database: Some(database), ..deployment }
    }

    /// The empty database at `url`, migrated, for tests that have a server of their own.
    ///
    /// # Panics
    /// When the server does not answer, or the migrations fail.
    pub async fn at(url: String) -> Self {
        migrate(url.clone()).await.expect("an empty database can be migrated");
        Self::of(url).await
    }

    async fn of(url: String) -> Self {
        let keyer = AddressKeyer::new(ADDRESS_SECRET);
        let operator = Database::new(&Settings::for_url(&url), Some(Role::Operator))
            .expect("the test database's url is well formed");
        operator.check_key(&keyer).await.expect("a fresh database takes any key");
        Self { url, keyer, operator, _database: None }
    }

    /// Where the database is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A connection under a service's role.
    #[must_use]
    pub fn connect(&self, role: Role) -> Database {
        let settings = Settings { max_connections: 20, ..Settings::for_url(self.url()) };
        Database::new(&settings, Some(role)).expect("the test database's url is well formed")
    }

    /// Changes rows behind the back of every trigger, as the superuser who could.
    ///
    /// # Panics
    /// When the statements are wrong.
    pub async fn tamper(&self, statements: &str) {
        let off = "SET session_replication_role = replica";
        let sql = sqlx::AssertSqlSafe(format!("{off}; {statements}"));
        let mut superuser =
            sqlx::PgConnection::connect(self.url()).await.expect("the superuser can connect");
        sqlx::raw_sql(sql).execute(&mut superuser).await.expect("the statements are right");
    }

    /// Stores a plan.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn store_plan(&self, plan: &Plan) -> PlanVersionId {
        match self.operator.store_plan(plan).await.expect("the plan is stored") {
            Stored::New(id, _) | Stored::Unchanged(id, _) => id,
        }
    }

    /// Compiles and stores a template.
    ///
    /// # Panics
    /// When it does not compile or the database refuses.
    pub async fn store_template(&self, source: &Source) {
        let compiled =
            templates::compile(source, &Partials::new()).expect("the test's template compiles");
        self.operator.store_template(source, &compiled).await.expect("the template is stored");
    }

    /// Imports `count` people: `p0@example.com`, `+97150…0`, in Dubai, writing English.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn people(&self, count: usize) -> Vec<ContactId> {
        self.import(&(0..count).map(person).collect::<Vec<_>>()).await
    }

    /// Imports people as they are.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn import(&self, people: &[NewContact]) -> Vec<ContactId> {
        let mut ids = Vec::with_capacity(people.len());
        for batch in people.chunks(2000) {
            let imported = self.operator.import_contacts(&self.keyer, batch).await;
            ids.extend(
                imported
                    .expect("the people are imported")
                    .into_iter()
                    .filter_map(Imported::contact),
            );
        }
        ids
    }

    /// Enrols contacts in the current version of a plan, day 1 on `starts_on`. Returns how many.
    ///
    /// # Panics
    /// When there is no such plan or the database refuses.
    pub async fn enrol(&self, plan_key: &str, contacts: &[ContactId], starts_on: NaiveDate) -> u64 {
        let version = self.operator.current_plan(plan_key).await.expect("plans can be read");
        let version = version.expect("the plan is stored");
        let selection = Selection { contacts: Some(contacts.to_vec()), ..Selection::default() };
        let limit = u32::try_from(contacts.len()).expect("a test enrols few");
        let candidates = self.operator.candidates(&selection, plan_key, None, limit).await;
        let zone = jiff::tz::TimeZone::get("Asia/Dubai").expect("the zone data is bundled");
        let enrolments: Vec<NewEnrolment> = candidates
            .expect("contacts can be read")
            .into_iter()
            .map(|candidate| {
                let person =
                    Person { dates: candidate.dates, country: candidate.country.as_deref() };
                let start = Progress::starting(starts_on.to_string().parse().expect("a date"));
                let next = planning::next(&version.plan, start, person, &Calendar::default());
                let Next::Touch { touch, progress } = next else {
                    panic!("a plan has a first touch")
                };
                let step = &version.plan.steps[touch.step];
                let due = planning::due_at(step, touch.date, &zone, 0);
                let due_at = DateTime::<Utc>::from_timestamp(due.as_second(), 0)
                    .expect("a date of this century");
                let first = FirstTouch {
                    id: TouchId::new(),
                    step: touch.step,
                    channel: step.channel,
                    due_at,
                };
                NewEnrolment { id: EnrolmentId::new(), contact: candidate.contact, progress, first }
            })
            .collect();
        let mut enrolled = 0;
        for batch in enrolments.chunks(2000) {
            let done = self.operator.enrol(version.id, plan_key, batch).await;
            enrolled += done.expect("contacts are enrolled");
        }
        enrolled
    }

    /// Records that contacts agreed to marketing on these channels.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn consent(
        &self,
        contacts: &[ContactId],
        channels: &[ContactChannel],
        given_at: DateTime<Utc>,
    ) {
        for contact in contacts {
            let consent = consent(*contact, channels.to_vec(), given_at);
            self.operator.record_consent(&consent).await.expect("the consent is recorded");
        }
    }

    /// A deployment whose `count` people are enrolled in [`one_step`] on `starts_on`.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn with_one_step(channel: Channel, count: usize, starts_on: NaiveDate) -> Self {
        let deployment = Self::create().await;
        deployment.store_plan(&one_step(channel)).await;
        deployment.store_template(&template(channel.medium())).await;
        let people = deployment.people(count).await;
        assert_eq!(deployment.enrol("one-step", &people, starts_on).await as usize, count);
        deployment
    }
}

/// A record that a contact ticked a box for marketing on these channels.
#[must_use]
pub fn consent(
    contact: ContactId,
    channels: Vec<ContactChannel>,
    given_at: DateTime<Utc>,
) -> NewConsent {
    NewConsent {
        contact,
        address: None,
        channels,
        purposes: vec![domain::suppression::Purpose::Marketing],
        basis: LegalBasis::Consent,
        proof: Proof {
            controller: "Palm Realty".to_owned(),
            wording: "Palm Realty may write to me about homes.".to_owned(),
            language: "en".to_owned(),
            snapshot: None,
            act: "ticked a box".to_owned(),
            given_at,
            given_zone: "Asia/Dubai".to_owned(),
            source: "form".to_owned(),
            ip: None,
            user_agent: None,
            double_opt_in: None,
            document: None,
        },
        expires_at: None,
        actor: "test".to_owned(),
    }
}

async fn migrate(url: String) -> Result<(), storage::StorageError> {
    let owner = Database::new(&Settings::for_url(url), None)?;
    owner.migrate(Clock::system().now().date_naive()).await?;
    owner.close().await;
    Ok(())
}

/// Person number `n` of [`Deployment::people`].
#[must_use]
pub fn person(n: usize) -> NewContact {
    person_at(n, "example.com")
}

/// Person number `n` with an email address at a domain.
#[must_use]
pub fn person_at(n: usize, email_domain: &str) -> NewContact {
    let email = format!("p{n}@{email_domain}");
    let phone = format!("+97150{n:07}");
    let address = |kind, value: &str, domain: Option<&str>| NewAddress {
        kind,
        label: String::new(),
        value: value.to_owned(),
        normalised: value.to_owned(),
        domain: domain.map(str::to_owned),
        sms_problem: None,
        call_problem: None,
    };
    NewContact {
        external_id: Some(format!("p{n}")),
        full_name: format!("Person {n}"),
        first_name: "Person".to_owned(),
        locale: Some(Locale::En),
        time_zone: Some("Asia/Dubai".to_owned()),
        preferred_hours: None,
        country: Some("AE".to_owned()),
        state: None,
        city: None,
        area: None,
        group: None,
        status: None,
        level: None,
        contact_type: None,
        source: "test".to_owned(),
        owner_email: None,
        birthday: None,
        spouse_birthday: None,
        closing_date: None,
        notes: None,
        custom: serde_json::Map::new(),
        addresses: vec![
            address(AddressKind::Email, &email, Some(email_domain)),
            address(AddressKind::Phone, &phone, None),
            address(AddressKind::Postal, &format!("{n} Marina Walk, Dubai"), None),
        ],
        unreadable: Vec::new(),
    }
}

/// A plan of one touch on day 1 at noon, key `one-step`, whose template is `note`.
#[must_use]
pub fn one_step(channel: Channel) -> Plan {
    plan("one-step", &[(1, channel)])
}

/// A plan of steps by day and channel, at noon; every step uses the template `note`.
#[must_use]
pub fn plan(key: &str, steps: &[(u16, Channel)]) -> Plan {
    let texts = |text: &str| -> BTreeMap<Locale, String> {
        Locale::ALL.iter().map(|locale| (*locale, text.to_owned())).collect()
    };
    Plan {
        key: key.to_owned(),
        name: texts(key),
        description: BTreeMap::new(),
        touches: u16::try_from(steps.len()).expect("a test plan is short"),
        lane: Lane::Bulk,
        topic: domain::suppression::Topic::GENERAL,
        purpose: domain::suppression::Purpose::Marketing,
        repeat: domain::plan::Repeat::Never,
        then: None,
        steps: steps
            .iter()
            .map(|(day, channel)| domain::plan::Step {
                day: *day,
                channel: *channel,
                purpose: texts("a note"),
                template: "note".to_owned(),
                anchor: None,
                shift: Some(domain::plan::Shift::Same),
                at: Some(jiff::civil::time(12, 0, 0, 0)),
                counts: true,
            })
            .collect(),
    }
}

/// The template `note` for a medium, in English, with everything a marketing email needs.
#[must_use]
pub fn template(medium: Medium) -> Source {
    let some = |text: &str| Some(text.to_owned());
    let texts = match medium {
        Medium::Email => Texts {
            subject: some("A note for {{first_name}}"),
            mjml: some(
                "<mjml><mj-body><mj-section><mj-column>\
                 <mj-text>Hello {{first_name}}, this is {{agent_name}} of {{team_name}}.</mj-text>\
                 <mj-text>{{team_postal_address}} \
                 <a href=\"{{url unsubscribe_url}}\">Unsubscribe</a></mj-text>\
                 </mj-column></mj-section></mj-body></mjml>",
            ),
            text: some(
                "Hello {{first_name}}, this is {{agent_name}} of {{team_name}}.\n\
                 {{team_postal_address}}\nUnsubscribe: {{unsubscribe_url}}\n",
            ),
            ..Texts::default()
        },
        Medium::Sms => Texts {
            sms: some("Hello {{first_name}}, this is {{agent_name}}. Reply STOP to opt out"),
            ..Texts::default()
        },
        Medium::Call => Texts {
            title: some("Reach {{full_name}}"),
            script: some("Ask {{first_name}} how the search is going."),
            ..Texts::default()
        },
    };
    Source {
        key: "note".to_owned(),
        medium,
        purpose: Purpose::Marketing,
        locales: BTreeMap::from([(Locale::En, texts)]),
    }
}
