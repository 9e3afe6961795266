//! A small reader of MJML and HTML that keeps byte positions: it tells text from tags, attributes,
//! raw elements and Outlook's conditional comments. It judges nothing and never fails.

use std::ops::Range;

/// A stretch of markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text between tags.
    Text {
        /// Where it stands.
        at: Range<usize>,
        /// Whether it stands in a conditional comment that only Outlook reads.
        conditional: bool,
    },
    /// An opening or closing tag.
    Tag(Tag),
    /// The inside of `style`, `script` or `title`, where markup is not read.
    Raw {
        /// The element's name.
        element: String,
        /// Where its inside stands.
        at: Range<usize>,
    },
    /// A comment that nobody reads.
    Comment(Range<usize>),
    /// A declaration, or the start or end of a conditional comment.
    Marker(Range<usize>),
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Where it stands, brackets included.
    pub at: Range<usize>,
    /// Its name in lower case.
    pub name: String,
    /// Whether it is a closing tag.
    pub closing: bool,
    /// Whether it ends in `/>`.
    pub self_closing: bool,
    /// Whether it stands in a conditional comment that only Outlook reads.
    pub conditional: bool,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
}

/// An attribute of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name in lower case.
    pub name: String,
    /// Where its name starts.
    pub at: usize,
    /// Where its value stands, without quotes; an empty range if it has none.
    pub value: Range<usize>,
}

impl Tag {
    /// The value of an attribute.
    pub fn value<'t>(&self, text: &'t str, name: &str) -> Option<&'t str> {
        let attribute = self.attributes.iter().find(|attribute| attribute.name == name)?;
        text.get(attribute.value.clone())
    }
}

/// Reads a text into its pieces, in order and without gaps.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut reader = Reader { text, at: 0, conditional: false, pieces: Vec::new() };
    while reader.at < text.len() {
        reader.step();
    }
    reader.pieces
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    conditional: bool,
    pieces: Vec<Piece>,
}

impl Reader<'_> {
    fn step(&mut self) {
        let rest = &self.text[self.at..];
        if rest.starts_with("<!--") {
            self.comment();
        } else if rest.starts_with("<![endif]-->") {
            self.conditional = false;
            self.marker("<![endif]-->".len());
        } else if rest.starts_with("<!") || rest.starts_with("<?") {
            self.marker(rest.find('>').map_or(rest.len(), |end| end + 1));
        } else if is_tag_start(rest) {
            self.tag();
        } else {
            // The first character is text even if it is a stray `<`.
            let next = rest
                .char_indices()
                .skip(1)
                .find(|&(at, c)| c == '<' && is_markup_start(&rest[at..]))
                .map_or(rest.len(), |(at, _)| at);
            let at = self.at..self.at + next;
            self.at = at.end;
            self.pieces.push(Piece::Text { at, conditional: self.conditional });
        }
    }

    fn marker(&mut self, length: usize) {
        let at = self.at..self.at + length;
        self.at = at.end;
        self.pieces.push(Piece::Marker(at));
    }

    fn comment(&mut self) {
        let rest = &self.text[self.at..];
        if rest.starts_with("<!--<![endif]-->") {
            return self.marker("<!--<![endif]-->".len());
        }
        if rest.starts_with("<!--[if")
            && let Some(condition) = rest.find("]>")
        {
            let after = condition + "]>".len();
            // `<!--[if !mso]><!-->` opens a stretch that everybody but Outlook reads.
            if let Some(revealed) =
                ["<!-->", "-->"].iter().find(|end| rest[after..].starts_with(**end))
            {
                return self.marker(after + revealed.len());
            }
            self.conditional = true;
            return self.marker(after);
        }
        let length = rest.find("-->").map_or(rest.len(), |end| end + "-->".len());
        let at = self.at..self.at + length;
        self.at = at.end;
        self.pieces.push(Piece::Comment(at));
    }

    fn tag(&mut self) {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let closing = bytes.get(start + 1) == Some(&b'/');
        let name_start = start + 1 + usize::from(closing);
        let mut at = name_start;
        while bytes.get(at).is_some_and(|b| !b.is_ascii_whitespace() && !matches!(b, b'/' | b'>')) {
            at += 1;
        }
        let name = self.text[name_start..at].to_ascii_lowercase();
        let (attributes, end, self_closing) = attributes(self.text, at);
        let conditional = self.conditional;
        let raw = !closing && !self_closing && matches!(&*name, "style" | "script" | "title");
        let element = name.clone();
        self.at = end;
        self.pieces.push(Piece::Tag(Tag {
            at: start..end,
            name,
            closing,
            self_closing,
            conditional,
            attributes,
        }));
        if raw {
            let inside = &self.text[end..];
            let length =
                find_ignoring_case(inside, &format!("</{element}")).unwrap_or(inside.len());
            self.at = end + length;
            self.pieces.push(Piece::Raw { element, at: end..self.at });
        }
    }
}

fn is_tag_start(rest: &str) -> bool {
    let mut bytes = rest.bytes().skip(1);
    match bytes.next() {
        Some(b'/') => bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic()),
        Some(byte) => rest.starts_with('<') && byte.is_ascii_alphabetic(),
        None => false,
    }
}

fn is_markup_start(rest: &str) -> bool {
    rest.starts_with("<!") || rest.starts_with("<?") || is_tag_start(rest)
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes()
        .windows(wanted.len())
        .position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// Reads attributes from `at` to the end of the tag: the attributes, the end, whether it is `/>`.
fn attributes(text: &str, mut at: usize) -> (Vec<Attribute>, usize, bool) {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let skip = |at: &mut usize, wanted: fn(u8) -> bool| {
        while bytes.get(*at).is_some_and(|&byte| wanted(byte)) {
            *at += 1;
        }
    };
    loop {
        skip(&mut at, |byte| byte.is_ascii_whitespace());
        match bytes.get(at) {
            None => return (found, bytes.len(), false),
            Some(b'>') => return (found, at + 1, false),
            Some(b'/') if bytes.get(at + 1) == Some(&b'>') => return (found, at + 2, true),
            Some(b'/') => {
                at += 1;
                continue;
            }
            Some(_) => {}
        }
        let name_start = at;
        at += 1;
        skip(&mut at, |byte| !byte.is_ascii_whitespace() && !matches!(byte, b'=' | b'>' | b'/'));
        let name = text[name_start..at].to_ascii_lowercase();
        let mut after = at;
        skip(&mut after, |byte| byte.is_ascii_whitespace());
        let mut value = at..at;
        if bytes.get(after) == Some(&b'=') {
            at = after + 1;
            skip(&mut at, |byte| byte.is_ascii_whitespace());
            value = match bytes.get(at) {
                Some(&quote @ (b'"' | b'\'')) => {
                    let start = at + 1;
                    let end = text[start..]
                        .find(char::from(quote))
                        .map_or(bytes.len(), |length| start + length);
                    at = (end + 1).min(bytes.len());
                    start..end
                }
                _ => {
                    let start = at;
                    skip(&mut at, |byte| !byte.is_ascii_whitespace() && byte != b'>');
                    start..at
                }
            };
        }
        found.push(Attribute { name, at: name_start, value });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn tags(text: &str) -> Vec<Tag> {
        pieces(text)
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Tag(tag) => Some(tag),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn attributes_are_read_with_and_without_quotes() {
        let text = "<A HREF=\"x>y\" b='1' c=2 d e = 5 />";
        let tag = &tags(text)[0];
        assert!(tag.self_closing);
        let read: Vec<_> =
            tag.attributes.iter().map(|a| (a.name.as_str(), &text[a.value.clone()])).collect();
        assert_eq!(read, [("href", "x>y"), ("b", "1"), ("c", "2"), ("d", ""), ("e", "5")]);
    }

    #[test]
    fn what_only_outlook_reads_is_marked() {
        let text = "<!--[if mso]><td><![endif]--><!--[if !mso]><!--><p><!--<![endif]--><b>";
        let read: Vec<_> = tags(text).into_iter().map(|tag| (tag.name, tag.conditional)).collect();
        let expected = [("td", true), ("p", false), ("b", false)];
        assert_eq!(read, expected.map(|(name, conditional)| (name.to_owned(), conditional)));
    }

    #[test]
    fn pieces_cover_every_byte_of_any_text() {
        for text in
            ["", "a < b", "<", "</", "<!--", "<style>a{}", "<a b='", "é<ü>", "<p></p", "<!x"]
        {
            let mut at = 0;
            for piece in pieces(text) {
                let range = match piece {
                    Piece::Text { at, .. }
                    | Piece::Raw { at, .. }
                    | Piece::Comment(at)
                    | Piece::Marker(at)
                    | Piece::Tag(Tag { at, .. }) => at,
                };
                assert_eq!(range.start, at, "{text}");
                at = range.end;
            }
            assert_eq!(at, text.len(), "{text}");
        }
    }
}
