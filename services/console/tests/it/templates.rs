//! Templates: edited, shown, approved, sent by workers; retired, and no longer sent.

use domain::access::UserRole;
use domain::token::TokenKeys;
use domain::{Locale, Medium};
use storage::Role;
use templates::{Part, Purpose, Source};
use testkit::fixture;
use worker::{Content, Found, Team};

use crate::world::{Browser, World};

const PROBE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

/// The template `note` in both languages.
fn note(medium: Medium) -> Source {
    let mut source = fixture::template(medium);
    let texts = source.locales[&Locale::En].clone();
    source.locales.insert(Locale::Ar, texts);
    source
}

/// What the editor's form sends for a source, with more fields.
fn fields(source: &Source, further: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = vec![("purpose".to_owned(), source.purpose.to_string())];
    for (locale, texts) in &source.locales {
        for part in Part::of(source.medium) {
            // As browsers send it.
            let text = texts.part(*part).unwrap_or_default().replace('\n', "\r\n");
            fields.push((format!("{locale}-{part}"), text));
        }
    }
    fields.extend(further.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    fields
}

async fn post(
    browser: &mut Browser,
    path: &str,
    fields: &[(String, String)],
) -> crate::world::Answer {
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &fields).await
}

/// The value of the hidden field that says which draft is shown.
fn seen(body: &str) -> &str {
    body.split("name=\"seen\" value=\"").nth(1).unwrap().split('"').next().unwrap()
}

/// What an email worker would render now.
async fn sent(world: &World) -> Result<String, &'static str> {
    let team = Team {
        name: "Palm Realty".to_owned(),
        postal_address: "1 Palm Street, Dubai".to_owned(),
        phone: "+97140000000".to_owned(),
        reply_to: "team@palm.example".to_owned(),
        default_region: "AE".to_owned(),
        default_time_zone: "Asia/Dubai".to_owned(),
        default_locale: Locale::En,
    };
    let database = world.deployment.connect(Role::EmailWorker);
    let tokens = TokenKeys::new("k1", b"token-test-secret");
    let content = Content::new(database, team, tokens, "https://palm.example");
    match content.template("note").await.unwrap() {
        Found::Ready(template) => {
            let fields = templates::Fields::examples(Locale::En, []);
            Ok(template.renderer.email(Locale::En, &fields).unwrap().subject)
        }
        Found::Retired => Err("retired"),
        Found::Missing => Err("missing"),
    }
}

#[tokio::test]
async fn an_edit_is_shown_at_once_and_sent_only_when_it_is_approved() {
    let world = World::start().await;
    world.deployment.store_template(&note(Medium::Email)).await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let page = marketer.get("/templates/note").await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("A note for {{first_name}}"), "{}", page.body);
    assert!(page.body.contains("Version 1 is sent"));
    assert!(page.body.contains("A note for Sara"), "the preview is there without script");

    let mut source = note(Medium::Email);
    let texts = source.locales.get_mut(&Locale::En).unwrap();
    texts.subject = Some("News for {{first_name}}".to_owned());
    let typed = fields(&source, &[("seen", ""), ("shown", "en")]);
    let shown = post(&mut marketer, "/templates/note/preview", &typed).await;
    assert!(shown.body.contains("News for Sara"), "{}", shown.body);
    assert!(world.database.template_draft("note").await.unwrap().is_none(), "nothing is kept");

    let saved = post(&mut marketer, "/templates/note", &typed).await;
    assert_eq!(saved.location(), "/templates/note?notice=draft-saved");
    let draft = world.database.template_draft("note").await.unwrap().unwrap();
    assert_eq!((draft.source.clone(), draft.based_on), (source.clone(), Some(1)));
    assert_eq!(sent(&world).await.unwrap(), "A note for Sara", "a draft is not sent");

    let page = marketer.get(saved.location()).await;
    let typed = fields(&source, &[("seen", seen(&page.body))]);
    let approved = post(&mut marketer, "/templates/note/approve", &typed).await;
    assert_eq!(approved.location(), "/templates/note?notice=template-approved");
    assert_eq!(sent(&world).await.unwrap(), "News for Sara");
    assert!(world.database.template_draft("note").await.unwrap().is_none());
    let current = world.database.current_template("note").await.unwrap().unwrap();
    assert_eq!((current.version, current.actor.is_some()), (2, true));

    let version = marketer.get("/templates/note/versions/1").await;
    assert!(version.body.contains("<del dir=\"auto\">A note for {{first_name}}</del>"));
    assert!(version.body.contains("<ins dir=\"auto\">News for {{first_name}}</ins>"));
    let back = marketer.post("/templates/note/versions/1/approve", &[]).await;
    assert_eq!(back.location(), "/templates/note?notice=template-approved");
    assert_eq!(sent(&world).await.unwrap(), "A note for Sara");
    world.stop().await;
}

#[tokio::test]
async fn a_retired_template_is_not_sent_until_it_is_restored() {
    let world = World::start().await;
    world.deployment.store_template(&note(Medium::Email)).await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let answer = marketer.post("/templates/note/retire", &[("reason", "old <b>prices")]).await;
    assert_eq!(answer.location(), "/templates/note?notice=template-retired");
    assert_eq!(sent(&world).await, Err("retired"));
    let page = marketer.get("/templates/note").await;
    assert!(page.body.contains("old &#60;b&#62;prices"), "{}", page.body);
    let list = marketer.get("/templates?state=retired").await;
    assert!(list.body.contains(">note</bdi>"), "{}", list.body);
    // What a library loads later does not bring it back.
    let mut newer = note(Medium::Email);
    newer.locales.get_mut(&Locale::En).unwrap().subject = Some("Newer".to_owned());
    world.deployment.store_template(&newer).await;
    assert_eq!(sent(&world).await, Err("retired"));
    marketer.post("/templates/note/restore", &[]).await;
    assert_eq!(sent(&world).await.unwrap(), "Newer");
    let decisions = world.database.template_decisions("note").await.unwrap();
    let actions: Vec<&str> = decisions.iter().map(|one| one.action.as_str()).collect();
    assert_eq!(actions, ["restore", "retire"]);
    world.stop().await;
}

#[tokio::test]
async fn what_has_errors_is_not_approved_and_the_lines_are_named() {
    let world = World::start().await;
    world.deployment.store_template(&note(Medium::Email)).await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let mut source = note(Medium::Email);
    let texts = source.locales.get_mut(&Locale::En).unwrap();
    texts.text = Some("Hello {{first_name}}\n\n{{frist_name}}".to_owned());
    let typed = fields(&source, &[("seen", "")]);
    let answer = post(&mut marketer, "/templates/note/approve", &typed).await;
    assert_eq!(answer.status, 422);
    for said in [
        "Unknown field",
        "data-line=\"3\"",
        "#en-text",
        "Unsubscribe link missing",
        "{{frist_name}}",
    ] {
        assert!(answer.body.contains(said), "{said}: {}", answer.body);
    }
    assert_eq!(sent(&world).await.unwrap(), "A note for Sara");
    world.stop().await;
}

#[tokio::test]
async fn two_people_do_not_overwrite_each_other_unawares() {
    let world = World::start().await;
    world.deployment.store_template(&note(Medium::Email)).await;
    let mut first = world.as_one_of(&[UserRole::Marketer]).await;
    let mut second = world.as_one_of(&[UserRole::Marketer]).await;
    let typed = fields(&note(Medium::Email), &[("seen", "")]);
    assert_eq!(post(&mut first, "/templates/note", &typed).await.status, 303);
    let mut other = note(Medium::Email);
    other.purpose = Purpose::Transactional;
    let answer = post(&mut second, "/templates/note", &fields(&other, &[("seen", "")])).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("Somebody else has changed this draft"), "{}", answer.body);
    let stored = world.database.template_draft("note").await.unwrap().unwrap();
    assert_eq!(stored.source.purpose, Purpose::Marketing);
    // Told of it, they may.
    let knowing = fields(&other, &[("seen", seen(&answer.body))]);
    assert_eq!(post(&mut second, "/templates/note", &knowing).await.status, 303);
    world.stop().await;
}

#[tokio::test]
async fn a_new_template_begins_as_a_draft_that_nobody_is_sent() {
    let world = World::start().await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    for key in ["", "Not a key", "../x", PROBE, "_x"] {
        let answer = marketer.post("/templates", &[("key", key), ("medium", "email")]).await;
        assert_eq!(answer.status, 422, "{key}");
        assert!(!answer.body.contains("<script>alert"), "{}", answer.body);
    }
    let answer = marketer.post("/templates", &[("key", "note"), ("medium", "email")]).await;
    assert_eq!(answer.location(), "/templates/note");
    assert_eq!(sent(&world).await, Err("missing"));
    let page = marketer.get("/templates/note").await;
    let typed = fields(&note(Medium::Email), &[("seen", seen(&page.body))]);
    let approved = post(&mut marketer, "/templates/note/approve", &typed).await;
    assert_eq!(approved.status, 303, "{}", approved.body);
    assert_eq!(sent(&world).await.unwrap(), "A note for Sara");
    let taken = marketer.post("/templates", &[("key", "note"), ("medium", "sms")]).await;
    assert_eq!(taken.status, 422);
    world.stop().await;
}

#[tokio::test]
async fn the_frame_lets_styles_in_and_nothing_that_runs() {
    let world = World::start().await;
    world.deployment.store_template(&note(Medium::Email)).await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let typed = fields(&note(Medium::Email), &[]);
    for answer in [
        marketer.get("/templates/note/page").await,
        post(&mut marketer, "/templates/note/page", &typed).await,
    ] {
        assert_eq!(answer.status, 200);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("sandbox allow-same-origin; default-src"), "{policy}");
        assert!(!policy.contains("script") && policy.contains("default-src 'none'"), "{policy}");
        assert!(!policy.contains("allow-forms") && !policy.contains("allow-top"), "{policy}");
        assert!(answer.body.contains("Hello <bdi>Sara</bdi>"), "{}", answer.body);
    }
    let editor = marketer.get("/templates/note").await;
    assert!(!editor.header("content-security-policy").unwrap().contains("unsafe"));
    assert!(editor.body.contains("sandbox=\"allow-same-origin\""), "{}", editor.body);
    world.stop().await;
}

#[tokio::test]
async fn a_template_is_shown_as_a_real_person_to_those_who_may_see_one() {
    let world = World::with(&[("team.postal_address", "1 Palm Street, Dubai")]).await;
    world.deployment.store_template(&note(Medium::Email)).await;
    let mut people = vec![fixture::person(1), fixture::person(2)];
    for (person, name) in people.iter_mut().zip(["Noor", PROBE]) {
        person.first_name = name.to_owned();
        person.full_name = format!("Zz {name}");
    }
    world.deployment.import(&people).await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let typed = |contact: &str| fields(&note(Medium::Email), &[("contact", contact)]);
    let shown = post(&mut marketer, "/templates/note/preview", &typed("p1@example.com")).await;
    assert!(shown.body.contains("A note for Noor"), "{}", shown.body);
    let shown = post(&mut marketer, "/templates/note/preview", &typed("Zz")).await;
    assert!(shown.body.contains("Several people are meant"), "{}", shown.body);
    assert!(!shown.body.contains("<script>alert"), "{}", shown.body);
    let shown = post(&mut marketer, "/templates/note/preview", &typed("p2@example.com")).await;
    assert!(!shown.body.contains("<script>alert"), "{}", shown.body);
    let page = post(&mut marketer, "/templates/note/page", &typed("p2@example.com")).await;
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
    // Operators look at templates, not at people.
    let mut operator = world.as_one_of(&[UserRole::Operator]).await;
    let shown = post(&mut operator, "/templates/note/preview", &typed("p1@example.com")).await;
    assert!(shown.body.contains("A note for Sara"), "{}", shown.body);
    assert!(!shown.body.contains("Noor"), "{}", shown.body);
    world.stop().await;
}

#[tokio::test]
async fn no_text_of_a_template_runs_as_script() {
    let world = World::start().await;
    for medium in Medium::ALL {
        let mut source = note(*medium);
        source.key = format!("probe_{medium}");
        for texts in source.locales.values_mut() {
            let probe = || Some(format!("</textarea></pre>{PROBE}"));
            for part in Part::of(*medium) {
                match part {
                    Part::Subject => texts.subject = probe(),
                    Part::Mjml => texts.mjml = probe(),
                    Part::Text => texts.text = probe(),
                    Part::Sms => texts.sms = probe(),
                    Part::Title => texts.title = probe(),
                    Part::Script => texts.script = probe(),
                }
            }
        }
        world.database.save_template_draft(&source, None, None, PROBE).await.unwrap();
        let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
        let path = format!("/templates/{}", source.key);
        for answer in [
            marketer.get(&path).await,
            marketer.get(&format!("{path}/page")).await,
            post(&mut marketer, &format!("{path}/preview"), &fields(&source, &[])).await,
            post(&mut marketer, &format!("{path}/approve"), &fields(&source, &[])).await,
        ] {
            assert!(answer.status == 200 || answer.status == 422, "{path}: {}", answer.status);
            assert!(!answer.body.contains("<script>alert"), "{path}: {}", answer.body);
            assert!(!answer.body.contains("<img src=x"), "{path}: {}", answer.body);
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn a_text_message_is_counted_as_it_is_charged_in_both_languages() {
    let world = World::start().await;
    world.deployment.store_template(&note(Medium::Sms)).await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let page = marketer.get("/templates/note").await;
    assert!(page.body.contains("GSM-7") && page.body.contains("one segment"), "{}", page.body);
    let mut curly = note(Medium::Sms);
    curly.locales.get_mut(&Locale::En).unwrap().sms =
        Some("It’s {{first_name}}, {{agent_name}} here. Reply STOP to opt out".to_owned());
    let shown = post(&mut marketer, "/templates/note/preview", &fields(&curly, &[])).await;
    assert!(shown.body.contains("UCS-2") && shown.body.contains("U+2019"), "{}", shown.body);
    let arabic = marketer.get("/templates/note?lang=ar").await;
    assert!(arabic.body.contains("جزء واحد"), "{}", arabic.body);
    world.stop().await;
}

#[tokio::test]
async fn a_marketer_cannot_do_what_officers_and_administrators_do() {
    let world = World::start().await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    assert_eq!(marketer.get("/users").await.status, 403);
    // The walk covers every other route; here, that nobody below a marketer approves.
    world.deployment.store_template(&note(Medium::Email)).await;
    for role in [UserRole::Agent, UserRole::Operator, UserRole::Auditor, UserRole::Compliance] {
        let mut other = world.as_one_of(&[role]).await;
        for path in ["/templates/note", "/templates/note/approve", "/templates/note/retire"] {
            let answer = post(&mut other, path, &fields(&note(Medium::Email), &[])).await;
            assert_eq!(answer.status, 403, "{role} {path}");
        }
    }
    assert_eq!(sent(&world).await.unwrap(), "A note for Sara");
    world.stop().await;
}

/// The inside of a page's box, as the browser would send it back.
fn mjml(body: &str, locale: &str) -> String {
    let box_of = format!("name=\"{locale}-mjml\"");
    let text = body.split(&box_of).nth(1).unwrap();
    let text = text.split_once('>').unwrap().1.split("</textarea>").next().unwrap();
    let text = text.trim_start_matches('\n').replace("&#60;", "<").replace("&#62;", ">");
    text.replace("&#34;", "\"").replace("&#39;", "'").replace("&#38;", "&")
}

/// What the form carries to undo with.
fn past(body: &str) -> Vec<String> {
    let steps = body.split("name=\"en-past\" value=\"").skip(1);
    steps
        .map(|step| mjml(&format!("name=\"x-mjml\">{}", step.split('"').next().unwrap()), "x"))
        .collect()
}

#[tokio::test]
async fn a_page_is_edited_in_blocks_without_script_and_nothing_is_kept_before_it_is_saved() {
    let world = World::start().await;
    world.deployment.store_template(&note(Medium::Email)).await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let page = marketer.get("/templates/note").await;
    let own = mjml(&page.body, "en");
    assert_eq!(Some(own.as_str()), note(Medium::Email).locales[&Locale::En].mjml.as_deref());

    // A section is added at the end; the whole page comes back, with the example made of it.
    let source = note(Medium::Email);
    let form = |op: &str, further: &[(&str, &str)]| {
        let mut all = vec![("op", op), ("en-view", "blocks"), ("ar-view", "blocks")];
        all.extend(further);
        fields(&source, &all)
    };
    let added = form("en add", &[("en-add", "section-2")]);
    let added = post(&mut marketer, "/templates/note/blocks", &added).await;
    assert_eq!(added.status, 200, "{}", added.body);
    let edited = mjml(&added.body, "en");
    assert!(edited.len() > own.len() && edited.matches("<mj-column>").count() >= 3, "{edited}");
    assert!(added.body.contains("Added.") && past(&added.body).len() == 1, "{}", added.body);
    assert!(world.database.template_draft("note").await.unwrap().is_none(), "nothing is kept");

    // Undone by what the form carries, the page is what it was to the byte.
    let mut undo = form("en undo", &[]);
    undo.retain(|(name, _)| name != "en-mjml");
    undo.push(("en-mjml".to_owned(), edited.clone()));
    undo.extend(past(&added.body).into_iter().map(|step| ("en-past".to_owned(), step)));
    let undone = post(&mut marketer, "/templates/note/blocks", &undo).await;
    assert_eq!(mjml(&undone.body, "en"), own);

    // What stands in the open form of a block is saved with the rest, escaped where it has to be.
    let index = templates::blocks::Page::parse(&edited).unwrap().blocks().len() - 1;
    let index = index.to_string();
    let mut save = fields(
        &source,
        &[("en-view", "blocks"), ("en-selected", &index), ("en-set-text", PROBE), ("seen", "")],
    );
    save.iter_mut()
        .filter(|(name, _)| name == "en-mjml")
        .for_each(|(_, text)| *text = edited.clone());
    let saved = post(&mut marketer, "/templates/note", &save).await;
    assert_eq!(saved.location(), "/templates/note?notice=draft-saved");
    let draft = world.database.template_draft("note").await.unwrap().unwrap();
    let kept = draft.source.locales[&Locale::En].mjml.clone().unwrap();
    assert!(kept.contains("&lt;script&gt;alert(1)") && !kept.contains("<script"), "{kept}");

    // Who may only read looks at the blocks, and keeps nothing.
    let mut reader = world.as_one_of(&[UserRole::Auditor]).await;
    let shown = reader.get("/templates/note").await;
    if shown.status == 200 {
        assert!(!shown.body.contains("name=\"en-add\""), "{}", shown.body);
    }
    world.stop().await;
}

#[tokio::test]
async fn a_text_message_shows_its_price_where_one_is_set_and_none_elsewhere() {
    let prices = [("sms.prices", "{ AE = \"0.11\" }"), ("sms.currency", "USD")];
    for (world, expected) in [(World::with(&prices).await, true), (World::start().await, false)] {
        world.deployment.store_template(&note(Medium::Sms)).await;
        let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
        let long = "Hello {{first_name}}. ".repeat(16);
        let mut source = note(Medium::Sms);
        source.locales.get_mut(&Locale::En).unwrap().sms = Some(format!("{long}Reply STOP"));
        let typed = fields(&source, &[("shown", "en")]);
        let shown = post(&mut marketer, "/templates/note/preview", &typed).await;
        let body = shown.body.replace(['\u{2068}', '\u{2069}'], "");
        assert_eq!(body.contains("2 × 0.11 = 0.22 USD"), expected, "{body}");
        world.stop().await;
    }
}
