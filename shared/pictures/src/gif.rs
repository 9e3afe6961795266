//! GIF, block by block (GIF89a): counted before anything is decoded, and written anew with its frames as
//! they are, without comments, texts, foreign extensions, and what follows its end.

use crate::NotTaken;

const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2c;
const TRAILER: u8 = 0x3b;
/// How long a frame is shown, and what is see-through.
const CONTROL: u8 = 0xf9;
const APPLICATION: u8 = 0xff;
/// The one application whose blocks are kept: they say how often the frames are repeated.
const REPEATS: &[u8] = b"\x0bNETSCAPE2.0";
/// More frames than this no mail program shows smoothly.
const MOST_FRAMES: u64 = 1000;

/// A GIF without what is no picture.
pub struct Gif {
    pub width: u16,
    pub height: u16,
    pub frames: u64,
    pub bytes: Vec<u8>,
}

struct Reader<'f> {
    rest: &'f [u8],
}

impl<'f> Reader<'f> {
    fn take(&mut self, count: usize) -> Result<&'f [u8], NotTaken> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(NotTaken::Damaged)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Sub-blocks up to the empty one, with it.
    fn blocks(&mut self) -> Result<&'f [u8], NotTaken> {
        let start = self.rest;
        loop {
            let length = usize::from(self.take(1)?[0]);
            if length == 0 {
                return Ok(&start[..start.len() - self.rest.len()]);
            }
            self.take(length)?;
        }
    }
}

/// The bytes of a colour table that the flags before it announce.
fn table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn number(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// Reads a GIF whose frames have no more than `pixels` together, each counted as large as the whole.
pub fn read(file: &[u8], pixels: u64) -> Result<Gif, NotTaken> {
    let mut reader = Reader { rest: file };
    let head = reader.take(13)?;
    let (width, height) = (number(head, 6), number(head, 8));
    let area = u64::from(width) * u64::from(height);
    if area > pixels {
        return Err(NotTaken::TooManyPixels);
    }
    let mut bytes = head.to_vec();
    bytes.extend_from_slice(reader.take(table(head[10]))?);
    let mut frames = 0;
    loop {
        match reader.take(1)?[0] {
            TRAILER => break,
            IMAGE => {
                let descriptor = reader.take(9)?;
                let colours = reader.take(table(descriptor[8]))?;
                let code_size = reader.take(1)?;
                let data = reader.blocks()?;
                frames += 1;
                if frames > MOST_FRAMES || area.saturating_mul(frames) > pixels {
                    return Err(NotTaken::TooManyPixels);
                }
                bytes.push(IMAGE);
                for part in [descriptor, colours, code_size, data] {
                    bytes.extend_from_slice(part);
                }
            }
            EXTENSION => {
                let label = reader.take(1)?[0];
                let blocks = reader.blocks()?;
                let is_kept =
                    label == CONTROL || (label == APPLICATION && blocks.starts_with(REPEATS));
                if is_kept {
                    bytes.extend_from_slice(&[EXTENSION, label]);
                    bytes.extend_from_slice(blocks);
                }
            }
            _ => return Err(NotTaken::Damaged),
        }
    }
    if width == 0 || height == 0 || frames == 0 {
        return Err(NotTaken::Damaged);
    }
    bytes.push(TRAILER);
    Ok(Gif { width, height, frames, bytes })
}
