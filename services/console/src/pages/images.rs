//! Images that emails show: uploaded, described, removed. What is taken is made fit for mail first
//! (`pictures`); the world sees them through inbound, people of the team here.

use askama::Template;
use axum::Form;
use axum::extract::{DefaultBodyLimit, Multipart, Path, State};
use axum::handler::Handler;
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use domain::ImageId;
use domain::access::Permission;
use domain::image::ImageName;
use pictures::{NotTaken, Picture};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use storage::images::{Image, ImageWords, NewImage};
use tokio::sync::Semaphore;

use crate::app::App;
use crate::page::Page;
use crate::routes::Needs::Permission as May;
use crate::routes::Routes;
use crate::trouble::{Answer, Trouble};

/// No setting allows a larger file: it is read into memory.
pub const MOST_MEGABYTES: usize = 32;

/// A picture takes some hundred megabytes while it is decoded: one at a time.
static DECODING: Semaphore = Semaphore::const_new(1);

/// The pages of images.
pub fn routes(routes: Routes) -> Routes {
    // A form around the file needs a little more.
    let uploads = DefaultBodyLimit::max((MOST_MEGABYTES << 20) + 64 * 1024);
    routes
        .get("/images", May(Permission::PlansRead), show)
        .post("/images", May(Permission::PlansEdit), upload.layer(uploads))
        .get("/images/file/{name}", May(Permission::PlansRead), file)
        .get("/images/{image}", May(Permission::PlansRead), one)
        .post("/images/{image}", May(Permission::PlansEdit), describe)
        .post("/images/{image}/remove", May(Permission::PlansEdit), remove)
}

/// The folder in which the team looks at images, without a final slash.
pub const FILES: &str = "/images/file";

/// Where the team looks at an image.
pub fn path_of(name: &ImageName) -> String {
    format!("{FILES}/{name}")
}

#[derive(Template)]
#[template(path = "images/list.html")]
struct Images {
    page: Page,
    images: Vec<Image>,
    megabytes: usize,
    megapixels: u64,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "images/one.html")]
struct OneImage {
    page: Page,
    image: Image,
    uses: Vec<String>,
    problem: Option<String>,
}

/// Bytes in words: kilobytes.
pub fn kilobytes(bytes: &u32) -> u32 {
    bytes.div_ceil(1000)
}

/// `GET /images`.
pub async fn show(State(app): State<App>, page: Page) -> Answer {
    page.show(&listed(None, &app, &page).await?)
}

async fn listed(problem: Option<String>, app: &App, page: &Page) -> Result<Images, Trouble> {
    let limits = &app.settings.image_limits;
    Ok(Images {
        images: app.database.images().await?,
        megabytes: limits.bytes >> 20,
        megapixels: limits.pixels / 1_000_000,
        page: page.clone(),
        problem,
    })
}

/// What was sent.
#[derive(Default)]
struct Sent {
    title: String,
    alt_en: String,
    alt_ar: String,
    bytes: Vec<u8>,
}

async fn read(mut form: Multipart) -> Result<Sent, axum::extract::multipart::MultipartError> {
    let (mut sent, mut file) = (Sent::default(), String::new());
    while let Some(field) = form.next_field().await? {
        match field.name().unwrap_or_default() {
            "file" => {
                file = field.file_name().unwrap_or_default().to_owned();
                sent.bytes = field.bytes().await?.to_vec();
            }
            "name" => sent.title = line(&field.text().await?),
            "alt_en" => sent.alt_en = line(&field.text().await?),
            "alt_ar" => sent.alt_ar = line(&field.text().await?),
            _ => {}
        }
    }
    if sent.title.is_empty() {
        sent.title = line(file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem));
    }
    Ok(sent)
}

/// One line of what people write, of a length that can be shown, and without what a template would read
/// as an expression: it is copied into templates.
fn line(text: &str) -> String {
    let text = text.replace("{{", "{").replace("}}", "}");
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(200).collect()
}

/// `POST /images`.
pub async fn upload(State(app): State<App>, page: Page, form: Multipart) -> Answer {
    let Ok(sent) = read(form).await else {
        let problem = Some(page.word("image", NotTaken::TooLarge.word()));
        return page.show_again(&listed(problem, &app, &page).await?);
    };
    let problem = match (sent.bytes.is_empty(), sent.title.is_empty()) {
        (true, _) => Some(page.say("file-missing")),
        (_, true) => Some(page.say("image-name-missing")),
        _ => None,
    };
    if problem.is_some() {
        return page.show_again(&listed(problem, &app, &page).await?);
    }
    let Sent { title, alt_en, alt_ar, bytes } = sent;
    let picture = match fitted(bytes, &app).await? {
        Ok(picture) => picture,
        Err(why) => {
            let problem = Some(page.word("image", why.word()));
            return page.show_again(&listed(problem, &app, &page).await?);
        }
    };
    let words = ImageWords { title: &title, alt_en: &alt_en, alt_ar: &alt_ar };
    let new = NewImage {
        name: ImageName { sha256: Sha256::digest(&picture.bytes).into(), kind: picture.kind },
        width: picture.width,
        height: picture.height,
        content: &picture.bytes,
        words,
        actor: page.actor()?,
    };
    let (id, is_new) = app.database.store_image(&new).await?;
    let notice = if is_new { "image-kept" } else { "image-known" };
    Ok(Redirect::to(&format!("/images/{id}?notice={notice}")).into_response())
}

/// Beside the threads that answer others.
async fn fitted(bytes: Vec<u8>, app: &App) -> Result<Result<Picture, NotTaken>, Trouble> {
    let limits = app.settings.image_limits;
    let turn = DECODING.acquire().await.map_err(|_| Trouble::Broken)?;
    let fitted = tokio::task::spawn_blocking(move || {
        let fitted = pictures::fit(&bytes, limits);
        // Whoever goes away meanwhile does not let the next one begin.
        drop(turn);
        fitted
    });
    fitted.await.map_err(|_| Trouble::Broken)
}

async fn found(id: &str, app: &App) -> Result<Image, Trouble> {
    let id: ImageId = id.parse().map_err(|_| Trouble::NotFound)?;
    app.database.image(id).await?.ok_or(Trouble::NotFound)
}

/// `GET /images/{image}`.
pub async fn one(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let image = found(&id, &app).await?;
    let uses = app.database.image_uses(image.name).await?;
    page.show(&OneImage { page: page.clone(), image, uses, problem: None })
}

/// What is said of an image.
#[derive(Debug, Deserialize)]
pub struct Words {
    #[serde(default)]
    name: String,
    #[serde(default)]
    alt_en: String,
    #[serde(default)]
    alt_ar: String,
}

/// `POST /images/{image}`: what it is called, and what it shows.
pub async fn describe(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(words): Form<Words>,
) -> Answer {
    let image = found(&id, &app).await?;
    let (title, alt_en, alt_ar) = (line(&words.name), line(&words.alt_en), line(&words.alt_ar));
    if title.is_empty() {
        let uses = app.database.image_uses(image.name).await?;
        let problem = Some(page.say("image-name-missing"));
        return page.show_again(&OneImage { page: page.clone(), image, uses, problem });
    }
    let words = ImageWords { title: &title, alt_en: &alt_en, alt_ar: &alt_ar };
    app.database.describe_image(image.id, words).await?;
    Ok(Redirect::to(&format!("/images/{}?notice=image-described", image.id)).into_response())
}

/// `POST /images/{image}/remove`: unless a template shows it.
pub async fn remove(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let image = found(&id, &app).await?;
    if app.database.remove_image(image.id, image.name).await? {
        return Ok(Redirect::to("/images?notice=image-removed").into_response());
    }
    let uses = app.database.image_uses(image.name).await?;
    let problem = Some(page.say("image-in-use"));
    page.show_again(&OneImage { page: page.clone(), image, uses, problem })
}

/// `GET /images/file/{name}`: an image, for the team.
pub async fn file(State(app): State<App>, Path(name): Path<String>) -> Answer {
    let name = ImageName::parse(&name).ok_or(Trouble::NotFound)?;
    let content = app.database.image_content(name).await?.ok_or(Trouble::NotFound)?;
    Ok(([(header::CONTENT_TYPE, name.kind.media_type())], content).into_response())
}
