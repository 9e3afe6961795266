//! What the settings promise, source by source.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tempfile::NamedTempFile;

use super::document::Kind;
use super::*;

fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn environment(pairs: &[(&str, &str)]) -> Result<Loaded, SettingsError> {
    Loaded::from_sources(None, variables(pairs))
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::with_suffix(".toml").unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn from_file(text: &str) -> Result<Loaded, SettingsError> {
    Loaded::from_sources(Some(file(text).path()), [])
}

/// What `text` as a file is refused with, without the file's name.
fn refusal(text: &str) -> String {
    let file = file(text);
    let error = Loaded::from_sources(Some(file.path()), []).unwrap_err();
    error.to_string().replace(&file.path().display().to_string(), "FILE")
}

#[derive(Debug, Deserialize)]
struct Email {
    url: Option<SecretString>,
    from: String,
    concurrency: u16,
    messages_per_second: f64,
    unknown_policy: Policy,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Policy {
    Resend,
    Hold,
}

#[test]
fn every_setting_is_commented_with_whole_sentences() {
    let catalogue = Catalogue::embedded();
    assert!(catalogue.settings().len() > 70);
    for declared in catalogue.settings() {
        let comment = &declared.comment;
        assert!(comment.len() > 20, "{} has no comment", declared.key());
        assert!(comment.ends_with(['.', '…']), "{}: {comment}", declared.key());
    }
}

#[test]
fn every_entry_of_the_defaults_is_a_setting_with_a_unit_where_it_needs_one() {
    let text = DEFAULTS.lines().filter(|line| !line.starts_with('#') && line.contains(" = "));
    assert_eq!(text.count(), Catalogue::embedded().settings().len());
    for declared in Catalogue::embedded().settings() {
        let about_time = ["timeout", "interval", "lease", "drain", "poll", "sweep_s", "_age"];
        if matches!(declared.kind, Kind::Integer | Kind::Number)
            && about_time.iter().any(|word| declared.name.contains(word))
            && !declared.name.contains("messages")
        {
            let with_unit = ["_seconds", "_milliseconds", "_days"];
            assert!(
                with_unit.iter().any(|unit| declared.name.ends_with(unit)),
                "{}",
                declared.key()
            );
        }
    }
}

#[test]
fn exactly_these_settings_are_secret() {
    let catalogue = Catalogue::embedded();
    let secret: BTreeSet<String> =
        catalogue.settings().iter().filter(|declared| declared.secret).map(Declared::key).collect();
    let expected = [
        "inbound.imap_password",
        "inbound.mail_secrets",
        "inbound.mailgun_keys",
        "inbound.postmark_secrets",
        "inbound.sms_former_secrets",
        "inbound.sms_secret",
        "inbound.sms_twilio_former_tokens",
        "inbound.sms_twilio_token",
        "keys.address",
        "keys.former_tokens",
        "keys.token",
        "oidc.client_secret",
        "sms.headers",
        "sms.password",
        "telemetry.headers",
    ];
    assert_eq!(secret, expected.map(str::to_owned).into());
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file =
        file("[email]\nfrom = \"file@x.example\"\nconcurrency = 5\nmessages_per_second = 3\n");
    let pairs = variables(&[
        ("TOUCHLINE__EMAIL__FROM", "env@x.example"),
        ("TOUCHLINE__EMAIL__UNKNOWN_POLICY", "hold"),
        ("PATH", "/bin"),
    ]);
    let loaded = Loaded::from_sources(Some(file.path()), pairs).unwrap();
    let email: Email = loaded.section("email").unwrap();
    assert_eq!(email.from, "env@x.example");
    assert_eq!(email.concurrency, 5);
    assert!((email.messages_per_second - 3.0).abs() < 1e-9);
    assert_eq!(email.unknown_policy, Policy::Hold);
    assert!(email.url.is_none());

    let overridden = loaded.with(&[("email.from", "up@x.example"), ("email.concurrency", "9")]);
    let email: Email = overridden.unwrap().section("email").unwrap();
    assert_eq!((email.from.as_str(), email.concurrency), ("up@x.example", 9));
}

#[test]
fn a_value_may_stand_in_a_file_that_a_variable_names() {
    let (url, few) = (file(" smtp://u:secret@relay.example\n"), file("7\n"));
    let (url, few) = (url.path().to_str().unwrap(), few.path().to_str().unwrap());
    let loaded = environment(&[
        ("TOUCHLINE__EMAIL__URL_FILE", url),
        ("TOUCHLINE__EMAIL__URL", ""),
        ("TOUCHLINE__EMAIL__CONCURRENCY_FILE", few),
        ("TOUCHLINE__KEYS__TOKEN_FILE", ""),
        // A setting of that name is what it always was.
        ("TOUCHLINE__EMAIL__DKIM_KEY_FILE", "/nowhere/key.pem"),
    ]);
    let loaded = loaded.unwrap();
    let email: Email = loaded.section("email").unwrap();
    assert_eq!(email.url.unwrap().expose_secret(), "smtp://u:secret@relay.example");
    assert_eq!(email.concurrency, 7);
    assert!(!loaded.is_set("keys.token"));
    assert!(loaded.redacted().contains("# TOUCHLINE__EMAIL__URL_FILE"), "{}", loaded.redacted());

    let pairs = [("TOUCHLINE__EMAIL__URL_FILE", url), ("TOUCHLINE__EMAIL__URL", "smtp://other")];
    let expected = "email.url: TOUCHLINE__EMAIL__URL_FILE is set and TOUCHLINE__EMAIL__URL as well; \
                    set one of them";
    assert_eq!(environment(&pairs).unwrap_err().to_string(), expected);
    let error = environment(&[("TOUCHLINE__KEYS__TOKEN_FILE", "/nowhere/token")]).unwrap_err();
    let expected =
        "TOUCHLINE__KEYS__TOKEN_FILE names the file /nowhere/token, which cannot be read: ";
    assert!(error.to_string().starts_with(expected), "{error}");
    let error = environment(&[("TOUCHLINE__KEYS__TOKN_FILE", url)]).unwrap_err();
    assert!(error.to_string().contains("TOKN_FILE is not a setting"), "{error}");
}

#[test]
fn no_setting_is_called_like_the_file_of_another() {
    let catalogue = Catalogue::embedded();
    for declared in catalogue.settings() {
        let of = declared.name.strip_suffix("_file");
        let other = of.and_then(|name| catalogue.find(&declared.section, name));
        assert!(other.is_none(), "{} would be ambiguous", declared.key());
    }
}

#[test]
fn the_kind_of_the_default_decides_and_not_the_look_of_the_text() {
    #[derive(Deserialize)]
    struct Sms {
        sender: String,
        user: String,
        body: String,
        headers: BTreeMap<String, SecretString>,
        permanent_errors: Vec<String>,
        timeout_seconds: u64,
    }
    let loaded = environment(&[
        ("TOUCHLINE__SMS__SENDER", "+971501234567"),
        ("TOUCHLINE__SMS__USER", "00123"),
        ("TOUCHLINE__SMS__BODY", "true"),
        ("TOUCHLINE__SMS__HEADERS", r#"{ "X-Api-Key" = "abc", Version = 2 }"#),
        ("TOUCHLINE__SMS__PERMANENT_ERRORS", "[21610, \"blocked\"]"),
        ("TOUCHLINE__SMS__TIMEOUT_SECONDS", " 7 "),
        ("TOUCHLINE__SMS__MAX_SEGMENTS", ""),
    ]);
    let sms: Sms = loaded.unwrap().section("sms").unwrap();
    assert_eq!(sms.sender, "+971501234567");
    assert_eq!(sms.user, "00123");
    assert_eq!(sms.body, "true");
    assert_eq!(sms.headers["X-Api-Key"].expose_secret(), "abc");
    assert_eq!(sms.headers["Version"].expose_secret(), "2");
    assert_eq!(sms.permanent_errors, ["21610", "blocked"]);
    assert_eq!(sms.timeout_seconds, 7);
}

#[test]
fn unknown_variables_are_refused_with_a_suggestion() {
    for (name, said) in [
        ("TOUCHLINE__EMAIL__FORM", "did you mean TOUCHLINE__EMAIL__FROM?"),
        ("TOUCHLINE__DATABSE__URL", "did you mean TOUCHLINE__DATABASE__URL?"),
        ("TOUCHLINE__MAIL__DKIM_DOMAIN", "did you mean TOUCHLINE__EMAIL__DKIM_DOMAIN?"),
        ("TOUCHLINE__SMS__HEADERS__X", "did you mean TOUCHLINE__SMS__HEADERS?"),
        ("TOUCHLINE_EMAIL_FROM", "did you mean TOUCHLINE__EMAIL__FROM, with two underscores?"),
        ("TOUCHLINE__HEALTH__ZZZZZZ", "[health] has listen"),
        ("TOUCHLINE__QQ__ZZZZZZ", "the sections are database, broker, keys"),
    ] {
        let error = environment(&[(name, "x")]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name} is not a setting; {said}")), "{error}");
    }
    environment(&[("TOUCHLINE_CONFIG", "x"), ("TOUCHLINE_VERSION", "1")]).unwrap();
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_line() {
    for (text, said) in [
        (
            "[email]\n\nform = \"x\"\n",
            "FILE, line 3: email.form is not a setting; did you mean email.from?",
        ),
        (
            "# note\nurl = \"x\"\n",
            "FILE, line 2: url is not a setting; settings stand under a section",
        ),
        (
            "[email]\nconcurrency = \"many\"\n",
            "FILE, line 2: email.concurrency is \"many\"; expected is a whole number",
        ),
        (
            "[sms]\nsender = 971501234567\n",
            "FILE, line 2: sms.sender is 971501234567; expected is text in quotes",
        ),
        ("[email]\nfrom = [1]\n", "FILE, line 2: email.from is a value of type array;"),
        (
            "[keys]\ntoken = 12345678\n",
            "FILE, line 2: keys.token is a value that is not shown; expected is text in quotes",
        ),
    ] {
        let error = refusal(text);
        assert!(error.starts_with(said), "{error}");
    }
}

#[test]
fn broken_toml_is_told_with_line_and_column_and_without_its_text() {
    let error = refusal("[sms]\npassword = hunter2hunter2\n");
    assert!(error.starts_with("FILE, line 2, column 12: not TOML: "), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    let missing = Loaded::from_sources(Some(Path::new("/nowhere/t.toml")), []).unwrap_err();
    assert!(missing.to_string().starts_with("cannot read the settings file /nowhere/t.toml"));
}

#[test]
fn all_problems_are_told_at_once() {
    let file = file("[email]\nform = \"x\"\nconcurrency = true\n");
    let pairs = variables(&[("TOUCHLINE__WORKER__BATCH", "a lot")]);
    let error = Loaded::from_sources(Some(file.path()), pairs).unwrap_err();
    assert_eq!(error.problems().len(), 3);
    let last = error.to_string().lines().last().unwrap().to_owned();
    assert_eq!(
        last,
        "TOUCHLINE__WORKER__BATCH: worker.batch is \"a lot\"; expected is a whole number"
    );
}

#[test]
fn values_the_owner_refuses_are_told_with_key_origin_and_choice() {
    let refused = |name: &str, value: &str| {
        let loaded = environment(&[(name, value)]).unwrap();
        loaded.section::<Email>("email").unwrap_err().to_string()
    };
    assert_eq!(
        refused("TOUCHLINE__EMAIL__CONCURRENCY", "-1"),
        "TOUCHLINE__EMAIL__CONCURRENCY: email.concurrency is -1; expected is a whole number from 0 \
         to 65535"
    );
    assert_eq!(
        refused("TOUCHLINE__EMAIL__UNKNOWN_POLICY", "resnd"),
        "TOUCHLINE__EMAIL__UNKNOWN_POLICY: email.unknown_policy is \"resnd\"; expected is one of \
         resend, hold"
    );
}

#[test]
fn a_text_that_is_not_set_is_none_or_empty_and_can_be_required() {
    let email: Email = Loaded::defaults().section("email").unwrap();
    assert!(email.url.is_none() && email.from.is_empty());
    let loaded = Loaded::defaults().with(&[("keys.token", "x")]).unwrap();
    let error = loaded.require(&["email.from", "keys.token", "team.name"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "email.from is not set; set TOUCHLINE__EMAIL__FROM in the environment or `from` under \
         [email] in the settings file. The sender, e.g. \"Palm Realty <hello@palm.example>\".\n\
         team.name is not set; set TOUCHLINE__TEAM__NAME in the environment or `name` under \
         [team] in the settings file. The sender's name as recipients read it. Needed before \
         anything is sent."
    );
    loaded.require(&["keys.token", "worker.batch"]).unwrap();
}

#[test]
fn a_setting_its_owner_does_not_know_is_a_mistake_of_the_program() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Log {
        level: String,
    }
    let error = Loaded::defaults().section::<Log>("log").unwrap_err().to_string();
    assert!(error.starts_with("config.default.toml declares log.format, which"), "{error}");
}

#[test]
fn a_field_nobody_declared_is_refused_even_when_optional() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Health {
        listen: Option<String>,
        speed: Option<u8>,
    }
    let error = Loaded::defaults().section::<Health>("health").unwrap_err().to_string();
    assert!(
        error.starts_with("the program reads health.speed, which config.default.toml"),
        "{error}"
    );
}

#[test]
fn secrets_are_never_printed() {
    let loaded = environment(&[
        ("TOUCHLINE__KEYS__ADDRESS", "hunter2-a"),
        ("TOUCHLINE__KEYS__TOKEN", "hunter2-b"),
        ("TOUCHLINE__SMS__PASSWORD", "hunter2-c"),
        ("TOUCHLINE__SMS__HEADERS", "{ Authorization = \"App hunter2-d\" }"),
        ("TOUCHLINE__SMS__URL", "http://gw/send?username=u&password=hunter2-e"),
        ("TOUCHLINE__DATABASE__URL", "postgres://fleet:hunter2-f@db/touchline"),
        ("TOUCHLINE__BROKER__URL", "amqp://fleet:hunter2-g@mq"),
        ("TOUCHLINE__EMAIL__URL", "smtps://u:hunter2/@h@relay:465"),
    ])
    .unwrap();
    let shown = loaded.redacted();
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(!format!("{loaded:?}").contains("hunter2"));
    for line in [
        "[database]",
        "url = \"postgres://fleet:***@db/touchline\" # TOUCHLINE__DATABASE__URL",
        "headers = { \"Authorization\" = \"***\" } # TOUCHLINE__SMS__HEADERS",
        "address = \"***\" # TOUCHLINE__KEYS__ADDRESS",
        "max_connections = 10",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} is missing in:\n{shown}");
    }
    let keys = loaded.section::<BTreeMap<String, u8>>("keys").unwrap_err().to_string();
    assert!(!keys.contains("hunter2"), "{keys}");
    assert!(loaded.is_set("database.url") && !loaded.is_set("email.from"));
}

#[test]
fn what_is_shown_can_be_read_again() {
    let shown = Loaded::defaults().redacted();
    let again = from_file(&shown).unwrap();
    assert_eq!(again.redacted().lines().count(), shown.lines().count());
}
