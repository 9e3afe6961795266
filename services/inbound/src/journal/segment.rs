//! One file of the journal.
//!
//! A line is 16 hexadecimal digits of a SHA-256, a space, and one arrival as JSON. Whoever has the
//! file holds a kernel lock on it, which a killed process cannot leave behind.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::arrival::Arrival;

/// How files of the journal are called: prefix, an id that sorts by time, suffix.
const PREFIX: &str = "opt-outs-";
const SUFFIX: &str = ".journal";

/// Hexadecimal digits of the checksum.
const CHECKSUM_DIGITS: usize = 16;

/// A file of the journal that belongs to this process.
#[derive(Debug)]
pub(crate) struct Segment {
    path: PathBuf,
    file: File,
}

/// What a file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// The arrivals in the order they were accepted.
    pub arrivals: Vec<Arrival>,
    /// Whole lines that cannot be read. The last one, where it was cut off by a crash, is not
    /// among them: nobody was told that it had been accepted.
    pub damaged: usize,
}

impl Segment {
    /// Makes a new file in `dir`.
    pub(crate) fn create(dir: &Path) -> io::Result<Self> {
        let path = dir.join(format!("{PREFIX}{}{SUFFIX}", uuid::Uuid::now_v7()));
        let unlocked = path.with_extension("new");
        let mut options = OpenOptions::new();
        let file = options.append(true).read(true).create_new(true).mode(0o600).open(&unlocked)?;
        // Named only when locked, so that nobody takes it for a dead process's.
        file.try_lock().map_err(io::Error::from)?;
        std::fs::rename(&unlocked, &path)?;
        // The file's name must survive a power cut as well.
        File::open(dir)?.sync_all()?;
        Ok(Self { path, file })
    }

    /// Takes over what dead processes have left in `dir`, oldest first.
    pub(crate) fn adopt_all(dir: &Path) -> io::Result<Vec<Self>> {
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(dir)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
                paths.push(path);
            }
        }
        paths.sort();
        let mut adopted = Vec::new();
        for path in paths {
            let file = match OpenOptions::new().append(true).read(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                file => file?,
            };
            match file.try_lock() {
                // Its owner may have applied and removed it in the meantime.
                Ok(()) if path.exists() => adopted.push(Self { path, file }),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(adopted)
    }

    /// Adds arrivals; when it returns they survive a power cut. Returns the bytes written.
    pub(crate) fn append<'a>(
        &mut self,
        arrivals: impl Iterator<Item = &'a Arrival>,
    ) -> io::Result<usize> {
        let lines: String = arrivals.map(line).collect();
        self.file.write_all(lines.as_bytes())?;
        self.file.sync_data()?;
        Ok(lines.len())
    }

    /// What it says.
    pub(crate) fn read(&self) -> io::Result<Contents> {
        std::fs::read(&self.path).map(|bytes| parse(&bytes))
    }

    /// Removes the file.
    pub(crate) fn remove(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }

    /// Puts the file aside for people to look at.
    pub(crate) fn set_aside(self) -> io::Result<PathBuf> {
        let aside = self.path.with_extension("damaged");
        std::fs::rename(&self.path, &aside)?;
        Ok(aside)
    }
}

/// The line of an arrival, checksum and all.
pub(crate) fn line(arrival: &Arrival) -> String {
    let json = arrival.to_json();
    format!("{} {json}\n", checksum(&json))
}

fn checksum(json: &str) -> String {
    let hash = Sha256::digest(json.as_bytes());
    domain::hex::encode(&hash[..CHECKSUM_DIGITS / 2])
}

/// What the bytes of a file say.
pub(crate) fn parse(bytes: &[u8]) -> Contents {
    let mut contents = Contents::default();
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    for line in bytes[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let arrival = std::str::from_utf8(line).ok().and_then(|line| {
            let (sum, json) = line.split_once(' ')?;
            (checksum(json) == sum).then(|| Arrival::from_json(json))?
        });
        match arrival {
            Some(arrival) => contents.arrivals.push(arrival),
            None => contents.damaged += 1,
        }
    }
    contents
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use chrono::DateTime;
    use domain::suppression::SuppressionReason;
    use domain::{AddressKeyer, AddressKind, ContactChannel};

    use super::*;
    use crate::arrival::{Notice, OptOut, Source};

    fn arrivals(count: usize) -> Vec<Arrival> {
        let keyer = AddressKeyer::new(b"k");
        let one = |n| {
            let key = keyer.key(AddressKind::Email, &format!("p{n}@example.com"));
            let notice = Notice::new(Source::Link, &format!("click {n}"), DateTime::UNIX_EPOCH);
            let reason = SuppressionReason::OneClick;
            Arrival::new(notice, OptOut::new(key, ContactChannel::Email, reason))
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn a_file_cut_off_anywhere_keeps_every_whole_line() {
        let three = arrivals(3);
        let bytes: String = three.iter().map(line).collect();
        let ends: Vec<usize> = bytes.match_indices('\n').map(|(at, _)| at + 1).collect();
        for length in 0..=bytes.len() {
            let contents = parse(&bytes.as_bytes()[..length]);
            let whole = ends.iter().filter(|end| **end <= length).count();
            assert_eq!(contents.arrivals, three[..whole], "cut after {length} bytes");
            assert_eq!(contents.damaged, 0, "cut after {length} bytes");
        }
    }

    #[test]
    fn a_changed_line_is_counted_and_the_others_are_read() {
        let three = arrivals(3);
        let bytes: String = three.iter().map(line).collect();
        let changed = bytes.replacen("one_click", "complaint", 1);
        let expected = Contents { arrivals: three[1..].to_vec(), damaged: 1 };
        assert_eq!(parse(changed.as_bytes()), expected);
    }

    #[test]
    fn files_of_the_living_are_left_alone_and_those_of_the_dead_are_taken_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let two = arrivals(2);
        let mut first = Segment::create(dir.path()).unwrap();
        first.append(two[..1].iter()).unwrap();
        let mut second = Segment::create(dir.path()).unwrap();
        second.append(two[1..].iter()).unwrap();
        assert!(Segment::adopt_all(dir.path()).unwrap().is_empty());
        drop((first, second));
        let adopted = Segment::adopt_all(dir.path()).unwrap();
        let read: Vec<Arrival> =
            adopted.iter().flat_map(|it| it.read().unwrap().arrivals).collect();
        assert_eq!(read, two);
        for segment in adopted {
            segment.remove().unwrap();
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
