//! An image, from the upload to whoever opens the mail that shows it.

use domain::access::UserRole;
use domain::image::{ImageName, ImageType};
use domain::{Locale, Medium};
use mail_parser::MessageParser;
use storage::Role;
use storage::images::{ImageWords, NewImage};
use storage::test_sends::NewTest;
use storage::users::NewUser;
use testkit::fixture;
use tests::processes::{Program, Scene};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PUBLIC: &str = "https://u.palm.example";

#[tokio::test]
async fn a_mail_arrives_with_an_address_that_answers_with_the_picture() {
    let mut scene = Scene::with(&[], 0).await;
    let journal = scene.folder().join("journal");
    let settings = [
        ("inbound.public_url", PUBLIC),
        ("inbound.listen", "127.0.0.1:0"),
        ("inbound.journal_dir", journal.to_str().unwrap()),
    ];
    scene.environment = scene.environment.with(&settings);
    let console = scene.deployment.connect(Role::Console);
    let name = ImageName { sha256: [0xc4; 32], kind: ImageType::Png };
    let words = ImageWords { title: "A quay", alt_en: "A quay", alt_ar: "" };
    let new = NewImage { name, width: 40, height: 30, content: b"a picture", words, actor: "test" };
    console.store_image(&new).await.unwrap();

    let mut source = fixture::template(Medium::Email);
    let texts = source.locales.get_mut(&Locale::En).unwrap();
    let image = format!("<mj-image src=\"{}\" alt=\"A quay\" /></mj-column>", name.in_template());
    texts.mjml = texts.mjml.take().map(|mjml| mjml.replace("</mj-column>", &image));
    let compiled = templates::compile(&source, &templates::Partials::new()).unwrap();
    let user = NewUser {
        email: "maya@palm-realty.ae".to_owned(),
        full_name: "Maya".to_owned(),
        roles: vec![UserRole::Marketer],
        agent_email: None,
        locale: Locale::En,
        actor: "test".to_owned(),
    };
    let user = console.add_user(&user).await.unwrap().unwrap();
    let (actor, locale) = ("maya", Locale::En);
    let test = NewTest { user, actor, compiled: &compiled, version: None, contact: None, locale };
    console.ask_test(&test, 20).await.unwrap().unwrap();

    let _worker = scene.start(Program::EmailWorker);
    scene.smtp.wait_for(1).await;
    let mail = scene.smtp.accepted()[0].body.clone().unwrap();
    let mail = MessageParser::default().parse(&*mail).unwrap();
    let html = mail.body_html(0).unwrap();
    let url = format!("{PUBLIC}/i/{name}");
    assert!(html.contains(&format!("src=\"{url}\"")), "{html}");

    let inbound = scene.start(Program::Inbound);
    let address = inbound.listening().await;
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let path = url.strip_prefix(PUBLIC).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.contains("content-type: image/png") && answer.ends_with("a picture"),
        "{answer}"
    );
}
