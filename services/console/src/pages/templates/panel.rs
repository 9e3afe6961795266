//! The block editor of one page: its blocks, the form of the one that is selected, and what can be
//! added. Every button posts the whole form and gets the panel back, with script or without.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderName;
use axum::response::IntoResponse;
use domain::Locale;
use domain::access::Permission;
use domain::image::IMAGES_FIELD;
use library::Library;
use storage::images::Image;
use templates::blocks::{Kind, Page as Blocks, Setting};
use templates::fields::KNOWN;

use super::editor::{self, Stored};
use super::form;
use super::visual::{Asked, Offered, Stock, Visual};
use crate::app::App;
use crate::page::Page;
use crate::pages::typed::Typed;
use crate::trouble::{Answer, Trouble};

/// Tells the page that its preview is to be made again.
const CHANGED: (HeaderName, &str) =
    (HeaderName::from_static("hx-trigger-after-swap"), "blocks-changed");

/// So many images can be chosen from.
const OFFERED: usize = 40;

/// So many characters of a block's text are shown in the list.
const EXCERPT: usize = 60;

/// A block in the list.
struct Row {
    index: usize,
    kind: Kind,
    excerpt: String,
    depth: usize,
    is_selected: bool,
}

/// A field of the form of a block.
struct Control {
    setting: Setting,
    value: String,
    shape: Shape,
}

/// How a value is typed.
#[derive(PartialEq, Eq)]
enum Shape {
    Line,
    Lines,
    Code,
    Choice(Vec<(String, String)>),
}

/// The block whose form is open.
struct Open {
    kind: Kind,
    controls: Vec<Control>,
    takes_fields: bool,
}

/// See the module.
#[derive(Template)]
#[template(path = "templates/panel.html")]
pub struct Panel {
    page: Page,
    key: String,
    visual: Visual,
    label: String,
    rows: Vec<Row>,
    open: Option<Open>,
    pieces: Vec<String>,
    /// What can be chosen, by its name; for pages alone.
    images: Vec<Offered>,
    is_page: bool,
}

impl Panel {
    /// Of a page as the form has it.
    pub fn of(visual: Visual, key: &str, stock: Stock, page: &Page) -> Self {
        let pieces: Vec<String> = stock.pieces.into_iter().map(|(path, _)| path).collect();
        let (mut rows, mut open) = (Vec::new(), None);
        let blocks = Blocks::parse(&visual.source);
        if let Some(blocks) = blocks.as_ref().filter(|_| visual.in_blocks) {
            let all = blocks.blocks().iter().enumerate();
            rows = all
                .map(|(index, block)| Row {
                    index,
                    kind: block.kind,
                    excerpt: blocks.excerpt(block, EXCERPT),
                    depth: block.depth.min(4),
                    is_selected: visual.selected == Some(index),
                })
                .collect();
            let selected = visual.selected.and_then(|index| blocks.blocks().get(index));
            open = selected.map(|block| Open {
                kind: block.kind,
                takes_fields: matches!(block.kind, Kind::Heading | Kind::Text | Kind::Button),
                controls: blocks
                    .settings(block)
                    .into_iter()
                    .map(|(setting, value)| control(setting, value, block.kind, &pieces, page))
                    .collect(),
            });
        }
        Self {
            label: page.word("template-part", templates::Part::Mjml),
            is_page: blocks.is_some(),
            page: page.clone(),
            key: key.to_owned(),
            visual,
            rows,
            open,
            pieces,
            images: stock.images,
        }
    }

    fn may_edit(&self) -> bool {
        self.page.may(Permission::PlansEdit)
    }

    /// The fields texts may use: name, name for people, what is written.
    fn fields(&self) -> Vec<(&'static str, String, String)> {
        let field = |name| (name, self.page.word("field", name), super::visual::written(name));
        // Where images are is no text.
        let texts = KNOWN.iter().filter(|known| known.name != IMAGES_FIELD);
        texts.map(|known| field(known.name)).collect()
    }

    /// The fields somebody may lack.
    fn asked(&self) -> Vec<(&'static str, String)> {
        let lacking = KNOWN.iter().filter(|known| !known.always);
        lacking.map(|known| (known.name, self.page.word("field", known.name))).collect()
    }
}

/// What can be put into a page of a language. More images than are offered are found by their page, which
/// says what is to be written.
pub fn stock(app: &App, images: &[Image], locale: Locale) -> Stock {
    let offered = |image: &Image| Offered {
        name: image.name,
        title: image.title.clone(),
        alt: image.alt(locale).to_owned(),
        width: image.width,
    };
    Stock {
        pieces: pieces(&app.library, locale),
        images: images.iter().take(OFFERED).map(offered).collect(),
    }
}

/// The shared pieces that can stand in a body: names and contents.
fn pieces(library: &Library, locale: Locale) -> Vec<(String, String)> {
    let all = library.partials().visible(locale).into_iter();
    all.filter(|(path, piece)| path.ends_with(".mjml") && Blocks::takes(piece))
        .map(|(path, piece)| (path.to_owned(), piece.to_owned()))
        .collect()
}

fn control(setting: Setting, value: String, kind: Kind, pieces: &[String], page: &Page) -> Control {
    let named = |name: &str, values: &[&str]| -> Vec<(String, String)> {
        values.iter().map(|value| ((*value).to_owned(), page.word(name, value))).collect()
    };
    let shape = match setting {
        Setting::Text if kind == Kind::Text => Shape::Lines,
        Setting::Markup | Setting::Source => Shape::Code,
        Setting::Size => Shape::Choice(named("size", &["1", "2", "3"])),
        Setting::Who => Shape::Choice(named("who", &["if", "unless"])),
        Setting::Align => {
            let mut sides = vec![(String::new(), page.say("align-own"))];
            sides.extend(named("align", &["left", "center", "right"]));
            Shape::Choice(with_own(sides, &value))
        }
        Setting::Path => {
            let all = pieces.iter().map(|path| (path.clone(), path.clone())).collect();
            Shape::Choice(with_own(all, &value))
        }
        Setting::Field => {
            let all = KNOWN.iter().map(|known| known.name);
            let all = all.map(|name| (name.to_owned(), page.word("field", name))).collect();
            Shape::Choice(with_own(all, &value))
        }
        Setting::Text
        | Setting::Link
        | Setting::File
        | Setting::Alt
        | Setting::Width
        | Setting::Height
        | Setting::Colour
        | Setting::Background
        | Setting::Thickness => Shape::Line,
    };
    Control { setting, value, shape }
}

/// The choices, with what is there now even if it is none of them.
fn with_own(mut choices: Vec<(String, String)>, value: &str) -> Vec<(String, String)> {
    if !choices.iter().any(|(own, _)| own == value) {
        choices.push((value.to_owned(), value.to_owned()));
    }
    choices
}

impl Control {
    /// Values that are no words of a language run left to right.
    fn direction(&self) -> &'static str {
        match self.setting {
            Setting::Text | Setting::Alt => "auto",
            _ => "ltr",
        }
    }
}

/// `POST /templates/{key}/blocks`: does what a button asks for; nothing is kept.
pub async fn act(
    State(app): State<App>,
    page: Page,
    Path(key): Path<String>,
    Form(typed): Form<Vec<(String, String)>>,
) -> Answer {
    let (typed, stored) = (Typed(typed), Stored::of(&key, &app).await?);
    let asked = Asked::read(typed.value("op")).ok_or(Trouble::NotFound)?;
    let mut visuals = Visual::all(&typed, stored.medium()?);
    let visual = visuals.get_mut(&asked.locale).ok_or(Trouble::NotFound)?;
    let words = crate::words::Words::of(asked.locale).say("new-block-words");
    let stock = stock(&app, &app.database.images().await?, asked.locale);
    visual.act(asked, &typed, &words, &stock);
    if page.is_part() {
        let panel = Panel::of(visual.clone(), &key, stock, &page);
        return Ok(([CHANGED], page.show(&panel)?).into_response());
    }
    let source = form::with_pages(form::source(&typed, &key, stored.medium()?), &visuals);
    editor::shown_as(&app, &page, source, &typed, visuals, asked.locale).await
}
