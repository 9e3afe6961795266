//! The encoding of a text file: said by its mark, asked for, or told from its bytes.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{Decoder, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1256};

/// Bytes read at a time.
const BUFFER_BYTES: usize = 64 * 1024;
/// The share of zero bytes, in percent, from which on a text without a mark is UTF-16.
const UTF16_ZERO_PERCENT: usize = 10;

domain::words! {
    /// The encoding asked for.
    Encoding, "encoding", {
        /// By the byte order mark, else by the bytes.
        Auto = "auto",
        /// UTF-8.
        Utf8 = "utf-8",
        /// UTF-16, little-endian unless the mark says otherwise.
        Utf16 = "utf-16",
        /// Windows-1256, as older programs write Arabic.
        Windows1256 = "windows-1256",
    }
}

/// Where the bytes of a file are.
#[derive(Debug, Clone)]
pub enum Source {
    /// On disk.
    Path(PathBuf),
    /// In memory, under a name.
    Bytes {
        /// What the file is called.
        name: String,
        /// What is in it.
        bytes: Arc<[u8]>,
    },
}

/// A file as UTF-8; what could not be read is U+FFFD.
pub struct Text {
    /// The text without its byte order mark.
    pub reader: BufReader<Decoded<Box<dyn Read + Send>>>,
    /// The name of the encoding.
    pub encoding: &'static str,
    /// The size of the file.
    pub bytes: u64,
    /// How many bytes have been read.
    pub read: Arc<AtomicU64>,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Bytes { name, .. } => f.write_str(name),
        }
    }
}

impl Source {
    /// The file's name, without the folders it is in.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Self::Bytes { name, .. } => name.clone(),
        }
    }

    /// Whether it is the file at `path`.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        let Self::Path(own) = self else { return false };
        own.canonicalize().ok().is_some_and(|own| path.canonicalize().ok() == Some(own))
    }

    /// Its bytes from the beginning, and how many there are.
    fn read(&self) -> io::Result<(Box<dyn Read + Send>, u64)> {
        match self {
            Self::Path(path) => {
                let file = File::open(path)?;
                let bytes = file.metadata()?.len();
                Ok((Box::new(file), bytes))
            }
            Self::Bytes { bytes, .. } => {
                let n = bytes.len() as u64;
                Ok((Box::new(io::Cursor::new(Arc::clone(bytes))), n))
            }
        }
    }

    /// Opens it as UTF-8.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(&self, asked: Encoding) -> io::Result<Text> {
        let encoding = match asked {
            Encoding::Utf8 => UTF_8,
            Encoding::Windows1256 => WINDOWS_1256,
            Encoding::Utf16 => match Signs::of(self.read()?.0, 2)?.mark() {
                Some(marked) if marked == UTF_16BE => UTF_16BE,
                _ => UTF_16LE,
            },
            // The whole file is looked at: Arabic may first appear in its last row.
            Encoding::Auto => Signs::of(self.read()?.0, u64::MAX)?.encoding(),
        };
        let (input, bytes) = self.read()?;
        let read = Arc::new(AtomicU64::new(0));
        let decoder = encoding.new_decoder_with_bom_removal();
        let decoded = Decoded::new(input, decoder, Arc::clone(&read));
        let reader = BufReader::with_capacity(BUFFER_BYTES, decoded);
        Ok(Text { reader, encoding: encoding.name(), bytes, read })
    }
}

/// Bytes as UTF-8, and the name of the encoding they are told to have.
#[must_use]
pub fn text(bytes: &[u8]) -> (String, &'static str) {
    // Reading from memory does not fail, and what is decoded is UTF-8.
    let encoding = Signs::of(bytes, u64::MAX).map_or(UTF_8, |signs| signs.encoding());
    let decoder = encoding.new_decoder_with_bom_removal();
    let mut decoded = Decoded::new(bytes, decoder, Arc::default());
    let (mut text, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(n @ 1..) = decoded.read(&mut piece) {
        text.extend_from_slice(&piece[..n]);
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    (text, encoding.name())
}

/// What the bytes of a file say about its encoding.
#[derive(Debug, Default)]
struct Signs {
    head: Vec<u8>,
    /// Characters of several bytes that are good UTF-8, and places that are not.
    good: u64,
    bad: u64,
}

impl Signs {
    fn of(file: impl Read, limit: u64) -> io::Result<Self> {
        let mut file = file.take(limit);
        let mut signs = Self::default();
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut kept = 0;
        loop {
            let n = file.read(&mut buffer[kept..])?;
            let filled = kept + n;
            if signs.head.is_empty() {
                signs.head = buffer[..filled.min(4096)].to_vec();
            }
            kept = signs.count(&buffer[..filled], n == 0);
            if n == 0 {
                return Ok(signs);
            }
            buffer.copy_within(filled - kept..filled, 0);
        }
    }

    /// Counts; returns how many bytes at the end may be the beginning of a character.
    fn count(&mut self, mut bytes: &[u8], at_end: bool) -> usize {
        loop {
            let (valid, bad) = match std::str::from_utf8(bytes) {
                Ok(valid) => (valid, None),
                Err(error) => {
                    let (valid, rest) = bytes.split_at(error.valid_up_to());
                    match error.error_len() {
                        None if !at_end => {
                            self.good += wide(valid);
                            return rest.len();
                        }
                        length => (
                            std::str::from_utf8(valid).unwrap_or_default(),
                            Some(length.unwrap_or(rest.len())),
                        ),
                    }
                }
            };
            self.good += wide(valid.as_bytes());
            let Some(length) = bad else { return 0 };
            self.bad += 1;
            bytes = &bytes[valid.len() + length..];
        }
    }

    fn mark(&self) -> Option<&'static encoding_rs::Encoding> {
        encoding_rs::Encoding::for_bom(&self.head).map(|(encoding, _)| encoding)
    }

    fn encoding(&self) -> &'static encoding_rs::Encoding {
        if let Some(marked) = self.mark() {
            return marked;
        }
        let zeros =
            |from: usize| self.head.iter().skip(from).step_by(2).filter(|b| **b == 0).count();
        let (even, odd) = (zeros(0), zeros(1));
        if (even + odd) * 100 > self.head.len() * UTF16_ZERO_PERCENT {
            return if even > odd { UTF_16BE } else { UTF_16LE };
        }
        // A few broken places in much good UTF-8 are broken rows, not another encoding.
        if self.bad > self.good { WINDOWS_1256 } else { UTF_8 }
    }
}

/// Characters of several bytes: those that tell UTF-8 from other encodings.
fn wide(valid: &[u8]) -> u64 {
    valid.iter().filter(|byte| **byte >= 0xC0).count() as u64
}

/// Bytes of any encoding, read as UTF-8. A read must have room for a character, four bytes, or it
/// never ends.
pub struct Decoded<R> {
    input: R,
    decoder: Decoder,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    finished: bool,
    read: Arc<AtomicU64>,
}

impl<R: Read> Decoded<R> {
    fn new(input: R, decoder: Decoder, read: Arc<AtomicU64>) -> Self {
        let buffer = vec![0; BUFFER_BYTES];
        Self { input, decoder, buffer, start: 0, end: 0, at_end: false, finished: false, read }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.finished {
            if self.start == self.end && !self.at_end {
                self.start = 0;
                self.end = self.input.read(&mut self.buffer)?;
                self.at_end = self.end == 0;
                self.read.fetch_add(self.end as u64, Ordering::Relaxed);
            }
            let bytes = &self.buffer[self.start..self.end];
            let (result, read, written, _) = self.decoder.decode_to_utf8(bytes, out, self.at_end);
            self.start += read;
            self.finished = self.at_end && result == encoding_rs::CoderResult::InputEmpty;
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn told(bytes: &[u8]) -> &'static str {
        Signs::of(bytes, u64::MAX).unwrap().encoding().name()
    }

    #[test]
    fn the_encoding_is_told_from_mark_and_bytes() {
        let utf16: Vec<u8> =
            "name,email\nعلي,a@b.com\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let arabic = WINDOWS_1256.encode("الاسم\nمحمد بن راشد\n").0.into_owned();
        assert_eq!(told("\u{feff}name".as_bytes()), "UTF-8");
        assert_eq!(told("الاسم,محمد\n".as_bytes()), "UTF-8");
        assert_eq!(told(b""), "UTF-8");
        assert_eq!(told(&[b"\xFF\xFE".as_slice(), &utf16].concat()), "UTF-16LE");
        assert_eq!(told(&utf16), "UTF-16LE");
        assert_eq!(told(b"\xFE\xFF\0n\0a"), "UTF-16BE");
        assert_eq!(told(&arabic), "windows-1256");
        // One broken row among good ones.
        assert_eq!(told(&["محمد,علي\n".as_bytes(), b"\xC7\xE1,x\n"].concat()), "UTF-8");
    }

    #[test]
    fn a_character_on_the_edge_of_two_reads_is_one_character() {
        let text = format!("{}é and more", "a".repeat(BUFFER_BYTES - 1));
        let signs = Signs::of(text.as_bytes(), u64::MAX).unwrap();
        assert_eq!((signs.good, signs.bad), (1, 0));
    }
}
