//! What officers and operators look at: reviews, requests, lifts that wait, files, the desk, the audit
//! log. As many as a team of this size has after some years.

use testkit::fixture::Deployment;

use crate::data::{CONTACT, TOUCH, TOUCHES_EACH, sql_id};

/// Marks of ids, by kind.
const REVIEW: u64 = 6;
const REQUEST: u64 = 7;
const FILE: u64 = 8;
const LIFT: u64 = 9;

/// Fills their tables for a team of so many contacts.
pub async fn fill(deployment: &Deployment, contacts: u64) {
    for statement in [
        reviews(contacts / 100),
        requests(contacts / 500),
        files(contacts.div_ceil(2_000)),
        lifts(),
        desk(contacts),
        counts(),
        webhooks(),
        images(),
        audit(contacts),
    ] {
        deployment.tamper(&statement).await;
    }
}

/// One in twenty is open.
fn reviews(count: u64) -> String {
    let decision = "CASE WHEN n % 20 > 0 THEN 'carry_on'::review_decision END";
    let by = "CASE WHEN n % 20 > 0 THEN 'officer@palm.example' END";
    format!(
        "INSERT INTO reviews (id, source, message, address_key, arrived_at, due_at, decision, decided_at,
                              decided_by, why)
         SELECT {}, 'sms', n, sha256(('phone' || n)::bytea), now() - n * interval '1 minute',
                now() + (100 - n) * interval '1 minute', {decision}, now(), {by}, {by}
           FROM generate_series(0::bigint, {count} - 1) AS n",
        sql_id(REVIEW, "n")
    )
}

/// One in ten is open.
fn requests(count: u64) -> String {
    let (request, contact) = (sql_id(REQUEST, "n"), sql_id(CONTACT, "n"));
    format!(
        "INSERT INTO rights_requests (id, kind, law, contact_id, received_at, received_on, how, remind_on,
                                      due_on, actor)
         SELECT {request}, 'access', 'gdpr', {contact}, now() - n * interval '1 hour', (now() - n * interval '1 hour')::date,
                'an email', (now() + interval '10 days')::date, (now() + interval '30 days')::date, 'officer@palm.example'
           FROM generate_series(0::bigint, {count} - 1) AS n;
         INSERT INTO rights_request_events (id, request_id, step, happened_on, note, actor)
         SELECT gen_random_uuid(), {request}, step::request_step, now()::date, 'done', 'officer@palm.example'
           FROM generate_series(0::bigint, {count} - 1) AS n
                CROSS JOIN unnest(ARRAY['confirmed','answered']) AS step
          WHERE step = 'confirmed' OR n % 10 > 0"
    )
}

fn files(count: u64) -> String {
    format!(
        "INSERT INTO list_files (id, is_import, name, actor, done_rows, done_bytes, all_bytes, ended_at, outcome, result)
         SELECT {}, n % 2 = 0, 'file ' || n || '.csv', 'officer@palm.example', 1000, 30000, 30000, now(), '{{}}',
                repeat('a row' || chr(10), 5000)::bytea
           FROM generate_series(0::bigint, {count} - 1) AS n",
        sql_id(FILE, "n")
    )
}

/// Somebody wishes to lift fifty entries.
fn lifts() -> String {
    format!(
        "INSERT INTO suppression_events (id, action, scope, address_key, channel, origin, actor, evidence, note, of_event)
         SELECT {}, 'lift_request', scope, address_key, channel, 'staff', 'officer@palm.example', 'a letter', 'entered by mistake', event_id
           FROM (SELECT row_number() OVER () AS n, * FROM suppressions LIMIT 50) AS listed",
        sql_id(LIFT, "n")
    )
}

/// One touch in a hundred waits for a person, for forty causes.
fn desk(contacts: u64) -> String {
    let touch = sql_id(TOUCH, &format!("(n * {TOUCHES_EACH})"));
    format!(
        "INSERT INTO attention_touches (touch_id, due_month, kind, code, detail, channel, plan_version_id, step, since)
         SELECT t.id, t.due_month, (ARRAY['held','unknown','failed','blocked'])[1 + n / 20 % 4]::attention, 'refused',
                '55' || n / 20 % 10, t.channel, t.plan_version_id, t.step, now() - n * interval '1 second'
           FROM generate_series(0::bigint, {contacts} - 1, 20) AS n JOIN touches t ON t.id = {touch}"
    )
}

/// Twenty other systems that are told of something.
fn webhooks() -> String {
    "INSERT INTO webhooks (id, name, url, events, action, actor)
     SELECT gen_random_uuid(), 'system ' || n, 'https://hooks.crm.example/in', '{touch_sent}', 'create', 'bench'
       FROM generate_series(1, 20) AS n"
        .to_owned()
}

/// Two hundred images of 40 kB, for pages that list them.
fn images() -> String {
    "WITH made AS (
         SELECT uuid_v7() AS id, decode(repeat(md5(n::text), 2500), 'hex') AS c FROM generate_series(1, 200) AS n),
     kept AS (
         INSERT INTO images (id, sha256, kind, width, height, bytes, name, alt_en, alt_ar, actor)
         SELECT id, sha256(c), 'png', 1200, 800, octet_length(c), 'image', 'a quay', 'رصيف', 'bench' FROM made
         RETURNING id)
     INSERT INTO image_contents (image_id, content) SELECT m.id, m.c FROM made m JOIN kept USING (id)"
        .to_owned()
}

/// A month by the minute and the hour.
fn counts() -> String {
    "INSERT INTO state_counts (minutes, since, medium, state, count)
     SELECT minutes, date_trunc('hour', now()) - n * minutes * interval '1 minute', medium, state, 7
       FROM (VALUES (1, 1440), (60, 720)) AS kept (minutes, rows)
            CROSS JOIN LATERAL generate_series(0, rows - 1) AS n
            CROSS JOIN unnest(enum_range(NULL::medium)) AS medium
            CROSS JOIN unnest(ARRAY['sent','blocked','failed']::touch_state[]) AS state
     ON CONFLICT DO NOTHING"
        .to_owned()
}

/// A link for each contact and each enrolment, after those that are there; hashes nobody checks here.
fn audit(contacts: u64) -> String {
    format!(
        "INSERT INTO audit_log (seq, recorded_at, source, operation, row_count, row_ids, digest, action, actor,
                                login, role, subject, hash)
         SELECT h.seq + 1 + n, now() - ({contacts} * 2 - n) * interval '1 second',
                (ARRAY['contacts','enrolments'])[1 + n % 2], 'insert', 1, ARRAY[{}], sha256(n::text::bytea),
                'insert', 'marketer@palm.example', 'console', 'touchline_console', ({})::text, sha256(n::text::bytea)
           FROM audit_head h, generate_series(0::bigint, {contacts} * 2 - 1) AS n;
         UPDATE audit_head h SET (seq, hash) = (SELECT l.seq, l.hash FROM audit_log l ORDER BY l.seq DESC LIMIT 1)",
        sql_id(CONTACT, "(n / 2)"),
        sql_id(CONTACT, "(n / 2)")
    )
}

/// What the routes of these areas are asked for, by the beginning of their paths: ids of what was filled.
pub async fn samples(deployment: &Deployment) -> Vec<(&'static str, Vec<String>)> {
    let pool = sqlx::PgPool::connect(deployment.url()).await.expect("the database answers");
    let mut samples = Vec::new();
    for (path, sql) in [
        ("/list/entries/", "SELECT event_id::text FROM suppressions LIMIT 64"),
        ("/list/files/", "SELECT id::text FROM list_files LIMIT 64"),
        ("/images/file/", "SELECT encode(sha256, 'hex') || '.' || kind FROM images LIMIT 64"),
        ("/images/", "SELECT id::text FROM images LIMIT 64"),
        ("/requests/", "SELECT id::text FROM rights_requests ORDER BY id LIMIT 64"),
        ("/reviews/", "SELECT id::text FROM reviews ORDER BY id LIMIT 64"),
        ("/integrations/webhooks/", "SELECT id::text FROM webhooks LIMIT 64"),
        ("/users/", "SELECT id::text FROM users LIMIT 64"),
        ("/plans/", "SELECT DISTINCT key FROM plan_versions"),
        ("/templates/", "SELECT DISTINCT key FROM template_versions"),
    ] {
        let ids: Vec<String> =
            sqlx::query_scalar(sql).fetch_all(&pool).await.expect("they are read");
        assert!(!ids.is_empty(), "there is nothing to show at {path}");
        samples.push((path, ids));
    }
    pool.close().await;
    samples
}
