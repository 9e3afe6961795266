//! Real files, made here: wide ones, bombs, photographs that know where they were taken, and what only
//! looks like a picture.
#![allow(clippy::unwrap_used)]

use image::codecs::gif::GifEncoder;
use image::{Frame, Rgb, RgbImage, RgbaImage};

use super::*;

const LIMITS: Limits = Limits { bytes: 5 << 20, pixels: 25_000_000 };

fn photograph(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x % 251) as u8, (y % 241) as u8, 90]))
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    photograph(width, height).write_with_encoder(PngEncoder::new(&mut bytes)).unwrap();
    bytes
}

fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    photograph(width, height).write_with_encoder(JpegEncoder::new(&mut bytes)).unwrap();
    bytes
}

fn gif(frames: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for n in 0..frames {
        let picture = RgbaImage::from_pixel(40, 30, image::Rgba([n as u8 * 50, 10, 10, 255]));
        encoder.encode_frame(Frame::new(picture)).unwrap();
    }
    drop(encoder);
    bytes
}

/// EXIF that says: turn me a quarter to the right, and I was taken at 25° 12' north.
fn exif() -> Vec<u8> {
    let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    tiff.extend_from_slice(b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0");
    tiff.extend_from_slice(b"\x88\x25\0\x04\0\0\0\x01\0\0\0\x26");
    tiff.extend_from_slice(b"\0\0\0\0");
    tiff.extend_from_slice(b"\0\x02\0\x01\0\x02\0\0\0\x02N\0\0\0");
    tiff.extend_from_slice(b"\0\x02\0\x05\0\0\0\x03\0\0\0\x44\0\0\0\0");
    for degree in [25_u32, 12, 0] {
        tiff.extend_from_slice(&degree.to_be_bytes());
        tiff.extend_from_slice(&1_u32.to_be_bytes());
    }
    tiff.extend_from_slice(b"SECRET-GPS");
    let mut exif = b"Exif\0\0".to_vec();
    exif.extend_from_slice(&tiff);
    exif
}

/// The JPEG with a segment after its start.
fn with_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend_from_slice(&[0xff, marker]);
    bytes.extend_from_slice(&u16::try_from(content.len() + 2).unwrap().to_be_bytes());
    bytes.extend_from_slice(content);
    bytes.extend_from_slice(&jpeg[2..]);
    bytes
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|own| own == part)
}

#[test]
fn a_wide_picture_is_scaled_down_and_a_small_one_is_never_scaled_up() {
    for (width, height, expected) in [
        (2400, 1000, (1200, 500)),
        (1201, 1, (1200, 1)),
        (1200, 900, (1200, 900)),
        (16, 9, (16, 9)),
    ] {
        let fitted = fit(&png(width, height), LIMITS).unwrap();
        assert_eq!((fitted.width, fitted.height), expected, "{width}×{height}");
        assert_eq!(fitted.kind, ImageType::Png);
        let again = image::load_from_memory(&fitted.bytes).unwrap();
        assert_eq!((again.width(), again.height()), expected);
    }
}

#[test]
fn where_a_photograph_was_taken_does_not_survive_and_it_stands_upright() {
    let file = with_segment(&jpeg(60, 20), 0xe1, &exif());
    assert!(has(&file, b"Exif") && has(&file, b"SECRET-GPS"));
    let fitted = fit(&file, LIMITS).unwrap();
    assert_eq!(fitted.kind, ImageType::Jpeg);
    assert_eq!((fitted.width, fitted.height), (20, 60), "it was turned");
    for trace in [&b"Exif"[..], b"SECRET", b"MM\0\x2a"] {
        assert!(!has(&fitted.bytes, trace));
    }
    let comment = with_segment(&jpeg(8, 8), 0xfe, b"<script>alert(1)</script>");
    assert!(!has(&fit(&comment, LIMITS).unwrap().bytes, b"script"));
}

#[test]
fn a_bomb_is_refused_by_its_header() {
    // 60,000 × 60,000 pixels in some bytes: the header alone, nothing to decode.
    let mut bomb = png(1, 1);
    bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    bomb[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
    let crc = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&crc.to_be_bytes());
    assert_eq!(fit(&bomb, LIMITS), Err(NotTaken::TooManyPixels));
    let mut moving = gif(2);
    moving[6..10].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    assert_eq!(fit(&moving, LIMITS), Err(NotTaken::TooManyPixels));
    let few = Limits { pixels: 40 * 30 * 3, ..LIMITS };
    assert_eq!(fit(&gif(4), few), Err(NotTaken::TooManyPixels), "frames count together");
    assert_eq!(fit(&png(40, 40), Limits { bytes: 10, ..LIMITS }), Err(NotTaken::TooLarge));
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

#[test]
fn frames_that_move_stay_and_what_is_no_picture_goes() {
    let plain = gif(3);
    // A comment with a page in it before the end, and another page after it.
    let mut polyglot = plain[..plain.len() - 1].to_vec();
    polyglot
        .extend_from_slice(b"\x21\xfe\x19<script>alert(1)</script>\0\x3b<html><script>2</script>");
    let fitted = fit(&polyglot, LIMITS).unwrap();
    assert_eq!((fitted.kind, fitted.width, fitted.height), (ImageType::Gif, 40, 30));
    assert!(!has(&fitted.bytes, b"script"));
    assert_eq!(fit(&plain, LIMITS).unwrap().bytes, fitted.bytes, "the frames are the same");
    image::load_from_memory(&fitted.bytes).unwrap();
    // One frame does not move.
    assert_eq!(fit(&gif(1), LIMITS).unwrap().kind, ImageType::Png);
}

#[test]
fn the_content_decides_and_what_is_no_picture_is_not_taken() {
    for (file, why) in [
        (
            &b"<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>"[..],
            NotTaken::Svg,
        ),
        (b"\xef\xbb\xbf <SVG onload=alert(1)>", NotTaken::Svg),
        (b"<html><body>no</body></html>", NotTaken::Foreign),
        (b"%PDF-1.7", NotTaken::Foreign),
        (b"BM\x3a\0\0\0", NotTaken::Foreign),
        (b"", NotTaken::Foreign),
        (b"GIF89a", NotTaken::Damaged),
        (b"\x89PNG\r\n\x1a\n", NotTaken::Damaged),
    ] {
        assert_eq!(fit(file, LIMITS), Err(why), "{}", String::from_utf8_lossy(file));
    }
    let whole = jpeg(64, 64);
    assert_eq!(fit(&whole[..whole.len() / 4], LIMITS), Err(NotTaken::Damaged));
}
