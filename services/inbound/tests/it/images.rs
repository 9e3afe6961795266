//! Images for whoever opens a mail.

use domain::image::{ImageName, ImageType};
use storage::Role;
use storage::images::{ImageWords, NewImage};

use crate::world::World;

async fn kept(world: &World, content: &str) -> ImageName {
    let name = ImageName { sha256: [0xab; 32], kind: ImageType::Jpeg };
    let words = ImageWords { title: "A quay", alt_en: "", alt_ar: "" };
    let (width, height, content) = (12, 9, content.as_bytes());
    let new = NewImage { name, width, height, content, words, actor: "test" };
    world.deployment.connect(Role::Console).store_image(&new).await.unwrap();
    name
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_served_by_its_content_to_be_kept_for_ever() {
    let world = World::start().await;
    let name = kept(&world, "a picture").await;
    let path = format!("/i/{name}");
    let answer = world.ask("GET", &path, "").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "a picture"));
    let tag = format!("\"{}\"", "ab".repeat(32));
    for line in [
        "content-type: image/jpeg",
        "cache-control: public, max-age=31536000, immutable",
        "x-content-type-options: nosniff",
        "content-security-policy: default-src 'none'; sandbox",
        &format!("etag: {tag}"),
    ] {
        assert!(answer.head.contains(line), "{line} is missing: {}", answer.head);
    }
    assert!(!answer.head.contains("set-cookie"), "{}", answer.head);
    let head = world.ask("HEAD", &path, "").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let again = world.ask("GET", &path, &format!("If-None-Match: {tag}\r\n")).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    // Behind a proxy with a path of its own.
    assert_eq!(world.ask("GET", &format!("/mail{path}"), "").await.status, 200);
    let posted = world.post(&path, "").await;
    assert_eq!(posted.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_image_is_not_found_and_nobody_keeps_the_answer() {
    let world = World::start().await;
    let name = kept(&world, "a picture").await.to_string();
    for wrong in [
        name.replace("jpeg", "png"),
        name.replace("ab", "cd"),
        name.to_uppercase(),
        name.replace(".jpeg", ""),
        String::new(),
        "..%2f..%2fetc%2fpasswd".to_owned(),
        "%FF".to_owned(),
    ] {
        let answer = world.ask("GET", &format!("/i/{wrong}"), "").await;
        assert_eq!(answer.status, 404, "{wrong}");
        assert!(answer.head.contains("cache-control: no-store"), "{}", answer.head);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_edge_reads_images_and_does_nothing_else_with_them() {
    let world = World::start().await;
    let name = kept(&world, "a picture").await;
    let inbound = world.deployment.connect(Role::Inbound);
    assert!(inbound.image_content(name).await.unwrap().is_some());
    let console = world.deployment.connect(Role::Console);
    let id = console.images().await.unwrap()[0].id;
    let words = ImageWords { title: "x", alt_en: "", alt_ar: "" };
    inbound.describe_image(id, words).await.unwrap_err();
    inbound.remove_image(id, name).await.unwrap_err();
    inbound.images().await.unwrap_err();
    let other = ImageName { sha256: [1; 32], kind: ImageType::Png };
    let new = NewImage { name: other, width: 1, height: 1, content: b"x", words, actor: "inbound" };
    inbound.store_image(&new).await.unwrap_err();
}
