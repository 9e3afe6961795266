//! What a mail server says: its commands (RFC 2033, RFC 5321 §4.1.1), and the message after DATA.

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// A greeting.
    Lhlo,
    /// The beginning of a message; whom it is from does not matter here.
    Mail,
    /// A recipient: what stands between the angle brackets, if anything does.
    Rcpt(Option<String>),
    /// The message follows.
    Data,
    /// Everything since the greeting is forgotten.
    Rset,
    /// Nothing.
    Noop,
    /// The end.
    Quit,
    /// Something else.
    Unknown,
}

impl Command {
    /// The command in a line, which may be any bytes.
    pub(crate) fn read(line: &[u8]) -> Self {
        let line = String::from_utf8_lossy(line);
        let line = line.trim();
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "LHLO" => Self::Lhlo,
            "MAIL" => Self::Mail,
            "RCPT" => Self::Rcpt(path(line).map(str::to_owned)),
            "DATA" => Self::Data,
            "RSET" => Self::Rset,
            "NOOP" => Self::Noop,
            "QUIT" => Self::Quit,
            _ => Self::Unknown,
        }
    }
}

/// What stands between the angle brackets of a command.
fn path(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once('<')?;
    rest.rsplit_once('>').map(|(path, _)| path)
}

/// A message on its way in, line by line.
#[derive(Debug)]
pub(crate) struct Incoming {
    message: Vec<u8>,
    limit: usize,
    begins_line: bool,
    is_too_long: bool,
}

impl Incoming {
    /// A message of at most `limit` bytes.
    pub(crate) const fn new(limit: usize) -> Self {
        Self { message: Vec::new(), limit, begins_line: true, is_too_long: false }
    }

    /// Takes a line or a part of one; returns whether it was the final dot. Dots that were put in
    /// front of others are taken away (RFC 5321 §4.5.2).
    pub(crate) fn take(&mut self, line: &[u8]) -> bool {
        if self.begins_line && (line == b".\r\n" || line == b".\n") {
            return true;
        }
        let stuffed = self.begins_line && line.starts_with(b".");
        self.begins_line = line.ends_with(b"\n");
        self.is_too_long |= self.message.len() + line.len() > self.limit;
        if !self.is_too_long {
            self.message.extend_from_slice(&line[usize::from(stuffed)..]);
        }
        false
    }

    /// The message; `None` when it is too long.
    pub(crate) fn finish(self) -> Option<Vec<u8>> {
        (!self.is_too_long).then_some(self.message)
    }
}
