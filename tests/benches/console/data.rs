//! A team of some size, made by SQL behind the back of every trigger: what pages are read from, not
//! how it came to be. Ids are functions of a number, so that rows find each other without joins.

use testkit::fixture::Deployment;

/// Touches of a contact.
pub const TOUCHES_EACH: u64 = 5;
/// Agents of the team.
pub const AGENTS: u64 = 40;

/// The id with this mark and number: a UUIDv7 of a time that grows with the number.
pub fn id(mark: u64, n: u64) -> String {
    let time = format!("{:012x}", 1_750_000_000_000 + n);
    format!("{}-{}-7{mark:03x}-8000-{n:012x}", &time[..8], &time[8..])
}

/// Marks of ids, by kind.
pub const CONTACT: u64 = 1;
pub const TOUCH: u64 = 2;
pub const TASK: u64 = 3;
pub const AGENT: u64 = 4;
const ENROLMENT: u64 = 5;

/// An SQL expression for the same.
pub fn sql_id(mark: u64, n: &str) -> String {
    let time = format!("lpad(to_hex(1750000000000 + {n}), 12, '0')");
    format!("({time} || '7{mark:03x}8000' || lpad(to_hex({n}), 12, '0'))::uuid")
}

/// Fills the database: people with an address of each kind, an enrolment, touches with their events,
/// open tasks for one in five.
pub async fn fill(deployment: &Deployment, contacts: u64) {
    deployment.tamper(&agents()).await;
    for statement in people().into_iter().chain(follow_up()) {
        // In runs, so that no statement holds everything at once.
        let run = 100_000;
        for from in (0..contacts).step_by(run) {
            let to = contacts.min(from + run as u64) - 1;
            let rows = format!("generate_series({from}::bigint, {to}::bigint) AS n");
            deployment.tamper(&statement.replace("{rows}", &rows)).await;
        }
    }
}

fn agents() -> String {
    let agent = sql_id(AGENT, "n");
    let months = "ARRAY(SELECT (date_trunc('month', now()) + m * interval '1 month')::date
                        FROM generate_series(-6, 3) AS m)";
    format!(
        "SELECT ensure_partitions('touches', {months});
         SELECT ensure_partitions('touch_events', {months});
         INSERT INTO agents (id, name, email)
         SELECT {agent}, 'Agent ' || n, 'agent' || n || '@palm.example'
           FROM generate_series(0::bigint, {AGENTS} - 1) AS n"
    )
}

/// People and their addresses.
fn people() -> [String; 2] {
    let contact = sql_id(CONTACT, "n");
    let agent = sql_id(AGENT, &format!("(n % {AGENTS})"));
    [
        format!(
            "INSERT INTO contacts (id, external_id, full_name, first_name, locale, country, city, time_zone,
                                   contact_group, level, source, owner_id)
             SELECT {contact}, 'load-' || n, first || ' ' || family, first,
                    CASE WHEN n % 5 < 2 THEN 'ar' ELSE 'en' END::locale, 'AE', 'Dubai', 'Asia/Dubai',
                    (ARRAY['met','target','allied'])[1 + n % 3]::contact_group,
                    (ARRAY['A','B','C'])[1 + n % 3]::contact_level, 'fair ' || n % 50, {agent}
               FROM (SELECT n, (ARRAY['Sara','Omar','Layla','Yusuf','سارة','عمر','Noura'])[1 + n % 7] AS first,
                            (ARRAY['Haddad','Mansour','حداد','Khoury'])[1 + n % 4] || n % 9973 AS family
                       FROM {{rows}}) AS named"
        ),
        format!(
            "INSERT INTO addresses (id, contact_id, kind, value, address_key)
             SELECT gen_random_uuid(), {contact}, kind::address_kind,
                    CASE kind WHEN 'email' THEN 'p' || n || '@example.com' ELSE '+97150' || lpad(n::text, 7, '0') END,
                    sha256((kind || n)::bytea)
               FROM {{rows}} CROSS JOIN unnest(ARRAY['email','phone']) AS kind;
             INSERT INTO address_states (address_key, channel)
             SELECT sha256((kind || n)::bytea), channel::contact_channel
               FROM {{rows}} CROSS JOIN (VALUES ('email','email'), ('phone','sms'), ('phone','call')) AS k (kind, channel)"
        ),
    ]
}

/// What the plan made of them.
fn follow_up() -> [String; 5] {
    let contact = sql_id(CONTACT, "n");
    let touch = sql_id(TOUCH, &format!("(n * {TOUCHES_EACH} + t)"));
    let enrolment = sql_id(ENROLMENT, "n");
    let agent = sql_id(AGENT, &format!("(n % {AGENTS})"));
    let plan = "(SELECT id FROM plan_versions WHERE key = '8x8' ORDER BY version DESC LIMIT 1)";
    let touches = format!("{{rows}} CROSS JOIN generate_series(0, {TOUCHES_EACH} - 1) AS t");
    // The last of a contact's touches is still to come.
    let due = "now() + ((t - 3) * 20 + n % 15) * interval '1 day'";
    let is_due = format!("{due} > now()");
    let states =
        "(ARRAY['sent','sent','sent','sent','sent','sent','sent','blocked','failed','cancelled'])
                  [1 + (n * 7 + t) % 10]";
    let state = format!("CASE WHEN {is_due} THEN 'scheduled' ELSE {states} END::touch_state");
    let channel = "(ARRAY['email','email','sms','call','email'])[1 + t]::channel";
    [
        format!(
            "INSERT INTO enrolments (id, contact_id, plan_version_id, plan_key, starts_on)
             SELECT {enrolment}, {contact}, {plan}, '8x8', (now() - interval '60 days')::date FROM {{rows}}"
        ),
        format!(
            "INSERT INTO touches (id, due_month, contact_id, enrolment_id, plan_version_id, step, cycle, channel,
                                  state, due_at, attempt, address_key, reason, sent_at)
             SELECT {touch}, date_trunc('month', {due})::date, {contact}, {enrolment}, {plan}, t, 0, {channel},
                    {state}, {due}, 1, sha256(('email' || n)::bytea),
                    CASE {state} WHEN 'blocked' THEN 'suppressed: unsubscribe_link' WHEN 'failed' THEN 'refused: 550' END,
                    CASE WHEN {state} = 'sent' THEN {due} END
               FROM {touches}"
        ),
        format!(
            "INSERT INTO touch_events (at, touch_id, attempt, decided_at, state, worker)
             SELECT {due}, {touch}, 1, {due}, {state}, 'email-worker-1' FROM {touches} WHERE NOT {is_due}"
        ),
        format!(
            "INSERT INTO due_touches (due_at, touch_id, due_month)
             SELECT {due}, {touch}, date_trunc('month', {due})::date FROM {touches} WHERE {is_due}"
        ),
        format!(
            "INSERT INTO tasks (id, touch_id, contact_id, owner_id, channel, title, script, due_on, due_at, created_at)
             SELECT {}, {touch}, {contact}, {agent}, 'call', 'Call', 'Good morning', (now() - n % 9 * interval '1 day')::date,
                    now(), now()
               FROM (SELECT n, 3 AS t FROM {{rows}}) AS called WHERE n % 50 = 0",
            sql_id(TASK, "n")
        ),
    ]
}
