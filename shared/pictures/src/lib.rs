//! Pictures as people upload them, made fit for mail: what they are is decided by their content and not
//! by a name, what they say of themselves besides – where a photograph was taken – is left out, and none
//! is wider than a mail shows.
//!
//! Nothing is decoded before its header has told how large it would become.

mod gif;

use std::io::Cursor;

use domain::image::ImageType;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

/// The widest picture, in pixels: the column of 600 that mails have, twice for dense screens.
pub const WIDEST: u32 = 1200;

/// The quality JPEG is written with, of 100.
const QUALITY: u8 = 85;

/// What is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Pixels of the picture, of all frames of one that moves.
    pub pixels: u64,
}

/// A picture fit for mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its kind.
    pub kind: ImageType,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It has too many bytes.
    #[error("the file is larger than is taken")]
    TooLarge,
    /// It would become too many pixels.
    #[error("the picture has more pixels than are taken")]
    TooManyPixels,
    /// It is SVG, a document that can carry scripts and that most mail programs do not show.
    #[error("the file is SVG, which mail programs do not show")]
    Svg,
    /// It is no PNG, JPEG or GIF.
    #[error("the file is no PNG, JPEG or GIF")]
    Foreign,
    /// It says that it is one, and cannot be read.
    #[error("the picture is damaged")]
    Damaged,
}

impl NotTaken {
    /// A word for it, stable.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::TooManyPixels => "too-many-pixels",
            Self::Svg => "svg",
            Self::Foreign => "foreign",
            Self::Damaged => "damaged",
        }
    }
}

/// Makes a picture fit for mail: PNG and JPEG are written anew, turned as they want to be looked at, and
/// scaled down where they are wider than [`WIDEST`], never up. A GIF of one frame becomes PNG; one that
/// moves keeps its frames as they are.
///
/// # Errors
/// When it is none of them, larger than the limits allow, or damaged.
pub fn fit(file: &[u8], limits: Limits) -> Result<Picture, NotTaken> {
    if file.len() > limits.bytes {
        return Err(NotTaken::TooLarge);
    }
    let kind = match image::guess_format(file) {
        Ok(ImageFormat::Png) => ImageType::Png,
        Ok(ImageFormat::Jpeg) => ImageType::Jpeg,
        Ok(ImageFormat::Gif) => ImageType::Gif,
        _ if is_svg(file) => return Err(NotTaken::Svg),
        _ => return Err(NotTaken::Foreign),
    };
    if kind == ImageType::Gif {
        let moving = gif::read(file, limits.pixels)?;
        if moving.frames > 1 {
            let gif::Gif { width, height, bytes, .. } = moving;
            return Ok(Picture { kind, width: width.into(), height: height.into(), bytes });
        }
    }
    let kind = if kind == ImageType::Jpeg { kind } else { ImageType::Png };
    written(&decoded(file, limits)?, kind)
}

/// The picture, as it wants to be looked at.
fn decoded(file: &[u8], limits: Limits) -> Result<DynamicImage, NotTaken> {
    let damaged = |_| NotTaken::Damaged;
    let reader = ImageReader::new(Cursor::new(file)).with_guessed_format();
    let mut reader = reader.map_err(|_| NotTaken::Damaged)?;
    let mut memory = image::Limits::default();
    // Four samples of two bytes each, and as much again to work with.
    memory.max_alloc = Some(limits.pixels.saturating_mul(16));
    reader.limits(memory);
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits.pixels {
        return Err(NotTaken::TooManyPixels);
    }
    let orientation = decoder.orientation().map_err(damaged)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// The picture as a file, without anything but its pixels.
fn written(picture: &DynamicImage, kind: ImageType) -> Result<Picture, NotTaken> {
    let has_alpha = picture.color().has_alpha();
    let picture = scaled(picture);
    let (width, height) = (picture.width(), picture.height());
    let mut bytes = Vec::new();
    let done = if kind == ImageType::Jpeg {
        let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
        picture.to_rgb8().write_with_encoder(encoder)
    } else {
        let (best, adaptive) = (CompressionType::Best, FilterType::Adaptive);
        let encoder = PngEncoder::new_with_quality(&mut bytes, best, adaptive);
        if has_alpha {
            picture.to_rgba8().write_with_encoder(encoder)
        } else {
            picture.to_rgb8().write_with_encoder(encoder)
        }
    };
    done.map_err(|_| NotTaken::Damaged)?;
    Ok(Picture { kind, width, height, bytes })
}

fn scaled(picture: &DynamicImage) -> DynamicImage {
    let (width, height) = (picture.width(), picture.height());
    if width <= WIDEST {
        return picture.clone();
    }
    let scaled = u64::from(height) * u64::from(WIDEST) / u64::from(width);
    let height = u32::try_from(scaled).unwrap_or(u32::MAX).max(1);
    picture.resize_exact(WIDEST, height, imageops::FilterType::Lanczos3)
}

/// Whether a file looks like SVG: a document that begins with its element, whatever stands before it.
fn is_svg(file: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&file[..file.len().min(4096)]).to_ascii_lowercase();
    head.trim_start_matches('\u{feff}').trim_start().starts_with('<') && head.contains("<svg")
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
