//! Images in emails: their kinds, and how they are called in templates and on the wire.

/// Where images are, below the public address of inbound; their file name follows.
pub const IMAGES_PATH: &str = "/i/";

/// The field of a template that holds the address of that folder, without a final slash.
pub const IMAGES_FIELD: &str = "images_url";

crate::words! {
    /// What kind of image it is; also the ending of its file name.
    ImageType, "kind of image", {
        /// PNG.
        Png = "png",
        /// JPEG.
        Jpeg = "jpeg",
        /// GIF, of several frames.
        Gif = "gif",
    }
}

impl ImageType {
    /// The media type (RFC 2046).
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
        }
    }
}

/// An image by its content: the SHA-256 of its bytes, and its kind. Its file name is both, in small
/// letters: nobody finds one who does not know it, and no name ever means another content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageName {
    /// The SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// The kind.
    pub kind: ImageType,
}

impl ImageName {
    /// The name a path ends with, if it is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (hash, kind) = name.split_once('.')?;
        if hash.len() != 64 || !hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        let sha256 = crate::hex::decode(hash)?.try_into().ok()?;
        Some(Self { sha256, kind: kind.parse().ok()? })
    }

    /// As it is written in a template: resolved when it is rendered, so that no host stands there.
    #[must_use]
    pub fn in_template(&self) -> String {
        format!("{{{{{IMAGES_FIELD}}}}}/{self}")
    }

    /// The images a text of a template names, as they are written there, in their order.
    #[must_use]
    pub fn all_in(text: &str) -> Vec<Self> {
        let named = text.split(IMAGES_FIELD).skip(1).filter_map(|rest| {
            let name = rest.trim_start().strip_prefix("}}")?.strip_prefix('/')?;
            let end = name.find(|letter: char| letter != '.' && !letter.is_ascii_alphanumeric());
            Self::parse(&name[..end.unwrap_or(name.len())])
        });
        named.collect()
    }
}

impl std::fmt::Display for ImageName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", crate::hex::encode(&self.sha256), self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_and_nothing_else_is_one() {
        let name = ImageName { sha256: [0xab; 32], kind: ImageType::Jpeg };
        let text = name.to_string();
        assert_eq!(ImageName::parse(&text), Some(name));
        for wrong in [
            text.to_uppercase(),
            text.replace(".jpeg", ".svg"),
            text.replace(".jpeg", ""),
            format!("0{text}"),
            text[1..].to_owned(),
            format!("../{text}"),
        ] {
            assert_eq!(ImageName::parse(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_images_of_a_text_are_found_however_the_field_is_written() {
        let name = ImageName { sha256: [7; 32], kind: ImageType::Png };
        let text = format!(
            "<mj-image src=\"{}\" /><img src='{{{{url images_url }}}}/{name}?x'>{{{{images_url}}}}/no",
            name.in_template()
        );
        assert_eq!(ImageName::all_in(&text), [name, name]);
    }
}
