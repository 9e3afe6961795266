//! Paragraphs as a person types them, and as HTML: a blank line between paragraphs, `- ` and `1. `
//! for lists, `> ` for a note, `**` for bold, `__` for italic, `[words](link)` for a link. Text that
//! uses anything else stays HTML: what is typed here is offered only where it gives back the same.

use super::attributes::{decoded, escaped};
use crate::markup::{Piece, Tag, pieces};

/// The element of a text that is one heading, and what stands in it.
pub fn heading(inside: &str) -> Option<(Tag, std::ops::Range<usize>)> {
    let trimmed = inside.trim();
    let offset = inside.len() - inside.trim_start().len();
    let Some(Piece::Tag(open)) = pieces(inside).into_iter().find(|piece| match piece {
        Piece::Text { at, .. } => !inside[at.clone()].trim().is_empty(),
        _ => true,
    }) else {
        return None;
    };
    let is_heading = matches!(open.name.as_str(), "h1" | "h2" | "h3") && !open.closing;
    let close = format!("</{}>", open.name);
    let text = open.at.end..(offset + trimmed.len()).checked_sub(close.len())?;
    let is_whole = is_heading && open.at.start == offset && trimmed.ends_with(&close);
    let plain = is_whole && !inside.get(text.clone())?.contains('<');
    plain.then_some((open, text))
}

/// The text of a block as it is typed; none where it can only be edited as HTML.
pub fn typed(html: &str) -> Option<String> {
    let plain = read(html)?;
    let bare = is_bare(html);
    (shape(&written(&plain, bare)) == shape(html)).then_some(plain)
}

/// Whether it is one text without a paragraph around it.
pub fn is_bare(html: &str) -> bool {
    !pieces(html).iter().any(|piece| matches!(piece, Piece::Tag(tag) if is_block(&tag.name)))
}

fn is_block(name: &str) -> bool {
    matches!(name, "p" | "ul" | "ol" | "li")
}

/// HTML as it would be typed, whether or not that says everything.
fn read(html: &str) -> Option<String> {
    let mut out = String::new();
    let mut list: Option<(bool, usize)> = None;
    let mut link = None;
    for piece in pieces(html) {
        match piece {
            Piece::Text { at, .. } => words(&html[at], &mut out),
            Piece::Tag(tag) => match (tag.name.as_str(), tag.closing) {
                ("p", false) => {
                    gap(&mut out, "\n\n");
                    match tag.value(html, "class") {
                        Some("note") => out.push_str("> "),
                        Some(_) => return None,
                        None => {}
                    }
                }
                ("ul", false) => list = Some((false, 0)),
                ("ol", false) => list = Some((true, 0)),
                ("li", false) => {
                    let (numbered, count) = list.as_mut()?;
                    gap(&mut out, if *count == 0 { "\n\n" } else { "\n" });
                    *count += 1;
                    out.push_str(&if *numbered { format!("{count}. ") } else { "- ".to_owned() });
                }
                ("ul" | "ol", true) => list = None,
                ("li" | "p", true) => {}
                ("strong", _) => out.push_str("**"),
                ("em", _) => out.push_str("__"),
                ("br", _) => {
                    out.truncate(out.trim_end().len());
                    out.push('\n');
                }
                ("a", false) => {
                    link = Some(decoded(tag.value(html, "href")?));
                    out.push('[');
                }
                ("a", true) => out.push_str(&format!("]({})", link.take()?)),
                _ => return None,
            },
            Piece::Raw { .. } | Piece::Comment(_) | Piece::Marker(_) => return None,
        }
    }
    Some(out.trim().to_owned())
}

fn gap(out: &mut String, with: &str) {
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push_str(with);
    }
}

/// Adds text with its spaces collapsed, as browsers show it.
fn words(text: &str, out: &mut String) {
    let text = decoded(text);
    if text.trim().is_empty() && (out.is_empty() || out.ends_with('\n')) {
        return;
    }
    if text.starts_with(char::is_whitespace) && !out.ends_with([' ', '\n']) {
        out.push(' ');
    }
    out.push_str(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    if text.trim_end().len() < text.len() && !out.ends_with(' ') {
        out.push(' ');
    }
}

/// What was typed, as HTML; `bare` keeps one paragraph without an element around it.
pub fn written(plain: &str, bare: bool) -> String {
    let plain = plain.replace("\r\n", "\n");
    let groups: Vec<Vec<&str>> = paragraphs(plain.trim());
    if let ([lines], true) = (groups.as_slice(), bare)
        && !lines.iter().any(|line| item(line).is_some() || line.starts_with("> "))
    {
        return joined(lines);
    }
    let written: Vec<String> = groups.iter().map(|lines| group(lines)).collect();
    written.join("\n")
}

fn paragraphs(text: &str) -> Vec<Vec<&str>> {
    let mut groups: Vec<Vec<&str>> = vec![Vec::new()];
    for line in text.split('\n') {
        match (line.trim(), groups.last_mut()) {
            ("", _) => groups.push(Vec::new()),
            (line, Some(last)) => last.push(line),
            (line, None) => groups.push(vec![line]),
        }
    }
    groups.retain(|lines| !lines.is_empty());
    groups
}

/// The words of a list's line, and whether the list is numbered.
fn item(line: &str) -> Option<(bool, &str)> {
    if let Some(words) = line.strip_prefix("- ") {
        return Some((false, words));
    }
    let (number, words) = line.split_once(". ")?;
    let is_number = (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    is_number.then_some((true, words))
}

fn group(lines: &[&str]) -> String {
    let items: Option<Vec<(bool, &str)>> = lines.iter().map(|line| item(line)).collect();
    if let Some(items) = items.filter(|items| items.iter().all(|item| item.0 == items[0].0)) {
        let name = if items[0].0 { "ol" } else { "ul" };
        let lines: Vec<String> =
            items.iter().map(|(_, words)| format!("  <li>{}</li>", inline(words))).collect();
        return format!("<{name}>\n{}\n</{name}>", lines.join("\n"));
    }
    match lines[0].strip_prefix("> ") {
        Some(first) => {
            let rest = lines[1..].iter().map(|line| line.strip_prefix("> ").unwrap_or(line));
            let lines: Vec<&str> = std::iter::once(first).chain(rest).collect();
            format!("<p class=\"note\">{}</p>", joined(&lines))
        }
        None => format!("<p>{}</p>", joined(lines)),
    }
}

fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| inline(line)).collect::<Vec<_>>().join("<br />\n")
}

/// One line with its bold, italic and links. What is not closed stays as it was typed.
fn inline(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        let expression = rest.strip_prefix("{{").and_then(|inside| inside.find("}}"));
        if let Some(end) = expression.map(|length| length + 4) {
            out.push_str(&escaped(&rest[..end], false));
            rest = &rest[end..];
        } else if let Some((inside, after)) = between(rest, "**") {
            out.push_str(&format!("<strong>{}</strong>", inline(inside)));
            rest = after;
        } else if let Some((inside, after)) = between(rest, "__") {
            out.push_str(&format!("<em>{}</em>", inline(inside)));
            rest = after;
        } else if let Some((words, link, after)) = link(rest) {
            let link = escaped(link, true);
            out.push_str(&format!("<a href=\"{link}\">{}</a>", inline(words)));
            rest = after;
        } else {
            let next = rest.char_indices().nth(1).map_or(rest.len(), |(at, _)| at);
            out.push_str(&escaped(&rest[..next], false));
            rest = &rest[next..];
        }
    }
    out
}

fn between<'t>(text: &'t str, mark: &str) -> Option<(&'t str, &'t str)> {
    let (inside, after) = text.strip_prefix(mark)?.split_once(mark)?;
    (!inside.trim().is_empty()).then_some((inside, after))
}

fn link(text: &str) -> Option<(&str, &str, &str)> {
    let inside = text.strip_prefix('[')?;
    let words = inside.split('[').next()?;
    let (words, _) = words.split_once("](")?;
    let (link, after) = inside.get(words.len() + 2..)?.split_once(')')?;
    Some((words, link, after))
}

/// HTML in a form that shows whether two texts mean the same: spaces between blocks count for
/// nothing, others for one.
fn shape(html: &str) -> String {
    let mut out = String::new();
    let mut at_edge = true;
    for piece in pieces(html) {
        match piece {
            Piece::Tag(tag) => {
                let edge = is_block(&tag.name) || tag.name == "br";
                if edge {
                    out.truncate(out.trim_end().len());
                }
                out.push('<');
                out.push_str(if tag.closing { "/" } else { "" });
                out.push_str(&tag.name);
                for attribute in &tag.attributes {
                    let value = &html[attribute.value.clone()];
                    out.push_str(&format!(" {}=\"{value}\"", attribute.name));
                }
                out.push('>');
                at_edge = edge;
            }
            Piece::Text { at, .. } => {
                let text = &html[at];
                let collapsed = text.split_whitespace().collect::<Vec<_>>().join(" ");
                if text.starts_with(char::is_whitespace) && !at_edge && !out.ends_with(' ') {
                    out.push(' ');
                }
                out.push_str(&collapsed);
                if !collapsed.is_empty() && text.ends_with(char::is_whitespace) {
                    out.push(' ');
                }
                at_edge &= collapsed.is_empty();
            }
            Piece::Raw { at, .. } | Piece::Comment(at) | Piece::Marker(at) => {
                out.push_str(&html[at]);
                at_edge = false;
            }
        }
    }
    out.trim().to_owned()
}
