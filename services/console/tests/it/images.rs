//! Images: uploaded, described, chosen for a page, removed.

use domain::access::UserRole;
use domain::image::ImageName;
use domain::{Locale, Medium};
use storage::images::Image;
use testkit::fixture;

use crate::world::{Answer, Browser, World};

const PROBE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";

/// A PNG of one colour, made by hand: stored blocks, so that no encoder is needed.
fn png(width: u32, height: u32) -> Vec<u8> {
    let chunk = |kind: &[u8; 4], content: &[u8]| {
        let body = [kind.as_slice(), content].concat();
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [length.as_slice(), &body, &crc32(&body).to_be_bytes()].concat()
    };
    let row = [vec![0], vec![0x7f; 3 * width as usize]].concat();
    let rows = row.repeat(height as usize);
    let mut data = vec![0x78, 0x01];
    let mut blocks = rows.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap();
        data.push(u8::from(blocks.peek().is_none()));
        data.extend_from_slice(&length.to_le_bytes());
        data.extend_from_slice(&(!length).to_le_bytes());
        data.extend_from_slice(block);
    }
    let (low, high) = rows.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    data.extend_from_slice(&((high << 16) | low).to_be_bytes());
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &head),
        chunk(b"IDAT", &data),
        chunk(b"IEND", b""),
    ]
    .concat()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

/// A form with a file, as browsers send it.
fn form(file: &str, content: &[u8], fields: &[(&str, &str)]) -> Vec<u8> {
    let mut body = format!(
        "--border\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{file}\"\r\n\
         Content-Type: image/png\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(content);
    for (name, value) in fields {
        let field = format!(
            "\r\n--border\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}"
        );
        body.extend_from_slice(field.as_bytes());
    }
    body.extend_from_slice(b"\r\n--border--\r\n");
    body
}

async fn sent(browser: &mut Browser, origin: &str, body: &[u8]) -> Answer {
    let headers =
        format!("Origin: {origin}\r\nContent-Type: multipart/form-data; boundary=border\r\n");
    browser.ask_bytes("POST", "/images", &headers, body).await
}

async fn upload(
    browser: &mut Browser,
    file: &str,
    content: &[u8],
    fields: &[(&str, &str)],
) -> Answer {
    let origin = format!("http://{}", browser.address());
    sent(browser, &origin, &form(file, content, fields)).await
}

async fn only(world: &World) -> Image {
    let mut all = world.database.images().await.unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[tokio::test]
async fn an_image_is_kept_once_scaled_and_shown_to_the_team() {
    let world = World::start().await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let words = [("name", PROBE), ("alt_en", PROBE), ("alt_ar", "رصيف {{first_name}}")];
    let answer = upload(&mut marketer, "quay.txt", &png(1600, 20), &words).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let image = only(&world).await;
    assert_eq!((image.width, image.height), (1200, 15), "the content decides, not the name");
    assert_eq!(image.alt_ar, "رصيف {first_name}", "nothing of it is an expression of templates");
    for path in ["/images", answer.location()] {
        let page = marketer.get(path).await;
        assert!(page.body.contains("&#60;script&#62;"), "{}", page.body);
        assert!(!page.body.contains("<script>alert"), "{}", page.body);
        assert!(page.body.contains(&format!("src=\"/images/file/{}\"", image.name)));
    }
    let file = marketer.get(&format!("/images/file/{}", image.name)).await;
    assert_eq!(file.header("content-type"), Some("image/png"));
    assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
    let again = upload(&mut marketer, "other.png", &png(1600, 20), &[("name", "other")]).await;
    assert!(again.location().contains("notice=image-known"), "{again:?}");
    only(&world).await;

    let path = format!("/images/{}", image.id);
    marketer.post(&path, &[("name", "Quay"), ("alt_en", "A quay"), ("alt_ar", "رصيف")]).await;
    let image = only(&world).await;
    assert_eq!((image.title.as_str(), image.alt(Locale::Ar)), ("Quay", "رصيف"));
    world.stop().await;
}

#[tokio::test]
async fn what_is_not_taken_is_refused_in_words() {
    let limits = [("console.image_megabytes", "1"), ("console.image_megapixels", "1")];
    let world = World::with(&limits).await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let mut bomb = png(1, 1);
    bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let crc = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&crc.to_be_bytes());
    for (file, content, says) in [
        (
            "a.png",
            &b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>1</script></svg>"[..],
            "SVG is not taken",
        ),
        ("a.png", b"<html><body>no picture</body></html>", "whatever its name says"),
        ("a.png", &bomb, "more pixels than are taken"),
        ("a.png", &vec![0x89; (1 << 20) + 1], "larger than is taken"),
        ("a.gif", b"GIF89a\x01\0\x01\0\0\0\0/*<script>*/", "damaged"),
        ("a.png", b"", "file"),
    ] {
        let answer = upload(&mut marketer, file, content, &[]).await;
        assert_eq!(answer.status, 422, "{says}: {}", answer.body);
        assert!(answer.body.contains(says), "{says}: {}", answer.body);
    }
    assert!(world.database.images().await.unwrap().is_empty());
    world.stop().await;
}

#[tokio::test]
async fn only_who_may_edit_templates_uploads_and_only_from_our_pages() {
    let world = World::start().await;
    for role in UserRole::ALL {
        let mut browser = world.as_one_of(&[*role]).await;
        let answer = upload(&mut browser, "a.png", &png(2, 2), &[]).await;
        let expected = if *role == UserRole::Marketer { 303 } else { 403 };
        assert_eq!(answer.status, expected, "{role}");
    }
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    let body = form("b.png", &png(3, 3), &[]);
    let foreign = sent(&mut marketer, "https://evil.example", &body).await;
    assert_eq!(foreign.status, 403);
    let image = only(&world).await;
    let mut nobody = world.browser();
    let file = nobody.get(&format!("/images/file/{}", image.name)).await;
    assert_ne!(file.status, 200, "the console is private; inbound is the public edge");
    world.stop().await;
}

/// The email `note` with an image in its page.
fn showing(name: &str) -> templates::Source {
    let mut source = fixture::template(Medium::Email);
    let texts = source.locales.get_mut(&Locale::En).unwrap();
    let image =
        format!("<mj-image src=\"{{{{images_url}}}}/{name}\" alt=\"A quay\" /></mj-column>");
    texts.mjml = texts.mjml.take().map(|mjml| mjml.replace("</mj-column>", &image));
    source
}

#[tokio::test]
async fn an_image_is_shown_in_the_preview_and_stays_while_a_template_shows_it() {
    let world = World::start().await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    upload(&mut marketer, "quay.png", &png(40, 30), &[("alt_en", "A quay")]).await;
    let image = only(&world).await;
    world.deployment.store_template(&showing(&image.name.to_string())).await;
    let page = marketer.get("/templates/note/page?shown=en").await;
    let src = format!("src=\"/images/file/{}\"", image.name);
    assert!(page.body.contains(&src), "{}", page.body);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("img-src 'self' https: data:"), "{policy}");
    let editor = marketer.get("/templates/note").await;
    assert!(editor.body.contains("One image of yours"), "{}", editor.body);
    // To be chosen, with its words and width.
    assert!(
        editor.body.contains("data-width=\"40\"") && editor.body.contains("data-alt=\"A quay\"")
    );

    let path = format!("/images/{}", image.id);
    let refused = marketer.post(&format!("{path}/remove"), &[]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("href=\"/templates/note\""), "{}", refused.body);
    marketer.post("/templates/note/retire", &[("reason", "old")]).await;
    let removed = marketer.post(&format!("{path}/remove"), &[]).await;
    assert_eq!(removed.location(), "/images?notice=image-removed");
    assert_eq!(marketer.get(&path).await.status, 404);
    let editor = marketer.get("/templates/note").await;
    assert!(editor.body.contains("Image is not there"), "{}", editor.body);
    world.stop().await;
}

#[tokio::test]
async fn an_image_is_put_into_a_page_with_its_width_and_words() {
    let world = World::start().await;
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    upload(&mut marketer, "quay.png", &png(1300, 3), &[("alt_en", "A \"quay\" & more")]).await;
    let image = only(&world).await;
    let name: ImageName = image.name;
    world.deployment.store_template(&fixture::template(Medium::Email)).await;
    let mjml = "<mjml><mj-body><mj-section><mj-column>\n<mj-image src=\"x.png\" alt=\"\" />\n\
                </mj-column></mj-section></mj-body></mjml>";
    let op = format!("en image {name}");
    for (selected, images) in [("2", 1), ("", 2)] {
        let typed = [
            ("en-mjml", mjml),
            ("en-view", "blocks"),
            ("en-selected", selected),
            ("op", op.as_str()),
        ];
        let answer = marketer.post("/templates/note/blocks", &typed).await;
        assert_eq!(answer.status, 200);
        let body = answer.body.replace("&#34;", "\"").replace("&#60;", "<").replace("&#38;", "&");
        assert_eq!(body.matches("<mj-image").count(), images, "selected {selected}: {body}");
        assert!(body.contains(&format!("src=\"{{{{images_url}}}}/{name}\"")), "{body}");
        assert!(body.contains("width=\"600px\""), "{body}");
        assert!(body.contains("alt=\"A &quot;quay&quot; &amp; more\""), "{body}");
    }
    world.stop().await;
}
