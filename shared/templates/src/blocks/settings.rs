//! What can be set of a block: read from its source, and written back into it.

use super::attributes::{self, Splice};
use super::{Block, Kind, Page, rich};
use crate::markup::{Piece, pieces};

domain::words! {
    /// What can be set of a block.
    Setting, "setting", {
        /// What people read.
        Text = "text",
        /// What people read, as HTML: where [`Setting::Text`] cannot say it.
        Markup = "markup",
        /// How large a heading is: 1, 2, 3.
        Size = "size",
        /// Where it leads.
        Link = "link",
        /// The address of an image.
        File = "file",
        /// What an image shows, for those who do not see it.
        Alt = "alt",
        /// How wide it is.
        Width = "width",
        /// How high it is.
        Height = "height",
        /// The colour of text or line.
        Colour = "colour",
        /// The colour behind it.
        Background = "background",
        /// At which side it stands.
        Align = "align",
        /// How thick a line is.
        Thickness = "thickness",
        /// Which shared piece.
        Path = "path",
        /// The field a condition asks for.
        Field = "field",
        /// Whether it is for people who have the field, or for the others.
        Who = "who",
        /// The block's source.
        Source = "source",
    }
}

/// The values of [`Setting::Who`].
pub const WHO: [&str; 2] = ["if", "unless"];

impl Setting {
    /// What can be set of a kind of block, in the order of its form.
    #[must_use]
    pub const fn of(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Section => &[Self::Background],
            Kind::Column => &[Self::Width, Self::Background],
            Kind::Heading => &[Self::Text, Self::Size, Self::Align, Self::Colour],
            Kind::Text => &[Self::Text, Self::Markup, Self::Align, Self::Colour],
            Kind::Button => &[Self::Text, Self::Link, Self::Align, Self::Background, Self::Colour],
            Kind::Image => {
                &[Self::File, Self::Alt, Self::Width, Self::Height, Self::Align, Self::Link]
            }
            Kind::Divider => &[Self::Colour, Self::Thickness],
            Kind::Spacer => &[Self::Height],
            Kind::Piece => &[Self::Path],
            Kind::Condition => &[Self::Field, Self::Who],
            Kind::Source => &[Self::Source],
        }
    }

    /// The attribute that holds it.
    const fn attribute(self, kind: Kind) -> Option<&'static str> {
        match self {
            Self::Link => Some("href"),
            Self::File => Some("src"),
            Self::Alt => Some("alt"),
            Self::Width => Some("width"),
            Self::Height => Some("height"),
            Self::Colour if matches!(kind, Kind::Divider) => Some("border-color"),
            Self::Colour => Some("color"),
            Self::Background => Some("background-color"),
            Self::Align => Some("align"),
            Self::Thickness => Some("border-width"),
            Self::Path => Some("path"),
            Self::Text | Self::Markup | Self::Size | Self::Field | Self::Who | Self::Source => None,
        }
    }

    const fn is_length(self) -> bool {
        matches!(self, Self::Width | Self::Height | Self::Thickness)
    }
}

impl Page<'_> {
    /// What can be set of a block, with its values. A text is there as it is typed or as HTML.
    #[must_use]
    pub fn settings(&self, block: &Block) -> Vec<(Setting, String)> {
        let all =
            Setting::of(block.kind).iter().map(|&setting| (setting, value(self, block, setting)));
        all.filter_map(|(setting, value)| match setting {
            Setting::Text | Setting::Markup => Some((setting, value?)),
            _ => Some((setting, value.unwrap_or_default())),
        })
        .collect()
    }
}

/// The value of a setting; none where the block has none.
pub fn value(page: &Page, block: &Block, setting: Setting) -> Option<String> {
    let inside = page.inside_of(block);
    match (setting, block.kind) {
        (Setting::Source, _) => Some(page.text(block).to_owned()),
        (Setting::Text, Kind::Heading) => {
            let (_, at) = rich::heading(inside)?;
            Some(one_line(&attributes::decoded(inside.get(at)?)))
        }
        (Setting::Size, _) => rich::heading(inside).map(|(tag, _)| tag.name[1..].to_owned()),
        (Setting::Text, Kind::Button) => {
            (!inside.contains('<')).then(|| one_line(&attributes::decoded(inside)))
        }
        (Setting::Text, _) => rich::typed(inside),
        (Setting::Markup, _) => match rich::typed(inside) {
            Some(_) => None,
            None => Some(inside.trim().to_owned()),
        },
        (Setting::Field, _) => asked(page, block).map(|(_, field)| field),
        (Setting::Who, _) => asked(page, block).map(|(who, _)| who),
        (setting, kind) => {
            let tag = block.tag.as_ref()?;
            attributes::read(page.source, tag, setting.attribute(kind)?)
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a condition asks: `if` or `unless`, and of which field.
fn asked(page: &Page, block: &Block) -> Option<(String, String)> {
    let at = marker(page, block)?;
    let inside = page.source.get(at)?.trim_start_matches("{{").trim_end_matches("}}").trim();
    let (who, field) = inside.strip_prefix('#')?.split_once(char::is_whitespace)?;
    Some((who.to_owned(), field.trim().to_owned()))
}

/// Where the opening expression of a condition stands.
fn marker(page: &Page, block: &Block) -> Option<std::ops::Range<usize>> {
    let tag = block.tag.as_ref()?;
    let text = page.source.get(tag.at.end..block.inside.clone()?.start)?;
    let start = tag.at.end + text.find("{{")?;
    let end = tag.at.end + text.find("}}")? + 2;
    Some(start..end)
}

/// What has to change in the source so that the block's setting has this value; none where it has.
pub fn splices(page: &Page, block: &Block, setting: Setting, value: &str) -> Vec<Splice> {
    let value = value.replace("\r\n", "\n");
    let own = self::value(page, block, setting).unwrap_or_default().replace("\r\n", "\n");
    if own.trim() == value.trim() {
        return Vec::new();
    }
    let Some(inside) = block.inside.clone() else { return attribute(page, block, setting, &value) };
    match (setting, block.kind) {
        (Setting::Source, _) => vec![(block.at.clone(), value)],
        (Setting::Text, Kind::Heading) => {
            let Some((_, at)) = rich::heading(page.inside_of(block)) else { return Vec::new() };
            let at = inside.start + at.start..inside.start + at.end;
            vec![(at, attributes::escaped(&one_line(&value), false))]
        }
        (Setting::Size, _) => size(page, block, &value),
        (Setting::Text, Kind::Button) => {
            vec![(inside, attributes::escaped(&one_line(&value), false))]
        }
        (Setting::Text, _) => {
            let bare = rich::is_bare(page.inside_of(block));
            vec![(inside, laid_out(page, block, &rich::written(&value, bare), bare))]
        }
        (Setting::Markup, _) => vec![(inside, laid_out(page, block, value.trim(), false))],
        (Setting::Field | Setting::Who, _) => condition(page, block, setting, &value),
        _ => attribute(page, block, setting, &value),
    }
}

/// HTML on lines of its own, indented as the block is.
fn laid_out(page: &Page, block: &Block, html: &str, bare: bool) -> String {
    if bare && !html.contains('\n') && rich::is_bare(html) {
        return html.to_owned();
    }
    let indent = page.indent(block.at.start);
    let lines = html.split('\n').map(|line| match line.trim() {
        "" => String::new(),
        _ => format!("\n{indent}  {}", line.trim_end()),
    });
    format!("{}\n{indent}", lines.collect::<String>())
}

fn size(page: &Page, block: &Block, value: &str) -> Vec<Splice> {
    let (Some((tag, text)), Some(inside)) = (rich::heading(page.inside_of(block)), &block.inside)
    else {
        return Vec::new();
    };
    if !matches!(value, "1" | "2" | "3") {
        return Vec::new();
    }
    let open = inside.start + tag.at.start + 2;
    let close = inside.start + text.end + 3;
    let mut splices =
        vec![(open..open + 1, value.to_owned()), (close..close + 1, value.to_owned())];
    // What looks like the heading it says it is: our own headings carry their size.
    let style = tag.value(page.inside_of(block), "style").unwrap_or_default();
    if let (Some(at), Ok(level)) = (style.find("font-size: "), value.parse::<usize>()) {
        let attribute = tag.attributes.iter().find(|attribute| attribute.name == "style");
        let start = attribute.map_or(0, |own| inside.start + own.value.start) + at + 11;
        let length = style[at + 11..].find("px").unwrap_or_default();
        let pixels = [28, 22, 18].get(level - 1).copied().unwrap_or(22);
        splices.insert(1, (start..start + length, pixels.to_string()));
    }
    splices
}

fn condition(page: &Page, block: &Block, setting: Setting, value: &str) -> Vec<Splice> {
    let (Some((who, field)), Some(at)) = (asked(page, block), marker(page, block)) else {
        return Vec::new();
    };
    let value = value.trim().to_owned();
    let is_whole = !value.is_empty() && !value.contains(['{', '}', '<', '>', '\n']);
    let mut splices = Vec::new();
    match setting {
        Setting::Who if WHO.contains(&value.as_str()) => {
            let name = at.start + 3..at.start + 3 + who.len();
            splices.push((name, value.clone()));
            // The other marker names the same word.
            let end = block.inside.clone().map_or(0, |inside| inside.end);
            if let Some(text) = page.source.get(end..block.at.end)
                && let Some(from) = text.find(&format!("/{who}"))
            {
                splices.push((end + from + 1..end + from + 1 + who.len(), value));
            }
        }
        Setting::Field if is_whole => {
            let text = page.source.get(at.clone()).unwrap_or_default();
            if let Some(from) = text.rfind(&field) {
                splices.push((at.start + from..at.start + from + field.len(), value));
            }
        }
        _ => {}
    }
    splices
}

fn attribute(page: &Page, block: &Block, setting: Setting, value: &str) -> Vec<Splice> {
    if setting == Setting::Source {
        return vec![(block.at.clone(), value.to_owned())];
    }
    let (Some(name), Some(tag)) = (setting.attribute(block.kind), &block.tag) else {
        return Vec::new();
    };
    let value = one_line(value);
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let value = if setting.is_length() && is_number { format!("{value}px") } else { value };
    attributes::set(page.source, tag, name, &value).into_iter().collect()
}

/// The first HTML element of a piece, which says among what it belongs.
pub fn first_element(piece: &str) -> Option<String> {
    pieces(piece).into_iter().find_map(|piece| match piece {
        Piece::Tag(tag) => Some(tag.name),
        _ => None,
    })
}
