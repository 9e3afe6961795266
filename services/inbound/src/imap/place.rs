//! How far a mailbox has been read, in a file: UIDVALIDITY and the last UID.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::settings::Mailbox;

/// How far a mailbox has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The mailbox's UIDVALIDITY.
    pub validity: u32,
    /// The last message that was dealt with; 0 for none.
    pub last: u32,
}

/// The file that keeps it.
#[derive(Debug)]
pub(super) struct PlaceFile(PathBuf);

impl PlaceFile {
    /// The one of this mailbox in `dir`. Its name tells nobody whose mailbox it is.
    pub(super) fn of(dir: &Path, mailbox: &Mailbox) -> Self {
        let Mailbox { host, port, user, name, .. } = mailbox;
        let hash = Sha256::digest(format!("{user}\n{host}\n{port}\n{name}"));
        let id = domain::hex::encode(&hash[..8]);
        Self(dir.join(format!("mailbox-{id}.place")))
    }

    /// What it says. Under another UIDVALIDITY, and where there is no file yet or nothing readable in
    /// it, the mailbox begins anew: dealing with a message twice changes nothing.
    pub(super) fn read(&self, validity: u32) -> io::Result<Place> {
        let text = match std::fs::read_to_string(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text?,
        };
        let mut numbers = text.split_whitespace().map(str::parse);
        let place = match (numbers.next(), numbers.next()) {
            (Some(Ok(kept)), Some(Ok(last))) if kept == validity => Place { validity, last },
            _ => Place { validity, last: 0 },
        };
        Ok(place)
    }

    /// Keeps it; when it returns it survives a power cut.
    pub(super) fn write(&self, place: Place) -> io::Result<()> {
        let unfinished = self.0.with_extension("new");
        let mut file = File::create(&unfinished)?;
        writeln!(file, "{} {}", place.validity, place.last)?;
        file.sync_data()?;
        std::fs::rename(&unfinished, &self.0)?;
        File::open(self.0.parent().unwrap_or(&self.0))?.sync_all()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use secrecy::SecretString;

    use super::*;

    #[test]
    fn a_place_is_kept_per_mailbox_and_ends_with_its_uidvalidity() {
        let dir = tempfile::tempdir().unwrap();
        let file = |url: &str| {
            let every = Duration::from_secs(1);
            PlaceFile::of(dir.path(), &Mailbox::parse(url, SecretString::from(""), every).unwrap())
        };
        let one = file("imaps://me@host/INBOX");
        assert_eq!(one.read(7).unwrap(), Place { validity: 7, last: 0 });
        one.write(Place { validity: 7, last: 41 }).unwrap();
        one.write(Place { validity: 7, last: 42 }).unwrap();
        assert_eq!(one.read(7).unwrap(), Place { validity: 7, last: 42 });
        assert_eq!(one.read(8).unwrap(), Place { validity: 8, last: 0 });
        assert_eq!(file("imaps://me@host/Other").read(7).unwrap().last, 0);
        std::fs::write(&one.0, "7 x").unwrap();
        assert_eq!(one.read(7).unwrap().last, 0);
    }
}
