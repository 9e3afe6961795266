//! The audit log: its words, and the end of a chain as it is written down elsewhere.

use std::fmt;
use std::str::FromStr;

use crate::hex;

crate::words! {
    /// What a link of the chain speaks of (compliance.md AUD-01).
    Operation, "operation of the audit log", {
        /// From here on a table is in the chain.
        Join = "join",
        /// Rows that were added.
        Insert = "insert",
        /// A row that was changed where a table allows it.
        Update = "update",
        /// A row that was deleted where a table allows it.
        Delete = "delete",
        /// A closed range of the gate's decisions.
        Seal = "seal",
    }
}

crate::words! {
    /// What is wrong with a link, or with the rows it speaks of.
    Fault, "fault of the audit log", {
        /// It is not what it was.
        Changed = "changed",
        /// It is not there any more.
        Removed = "removed",
        /// It is there, and no link speaks of it.
        Inserted = "inserted",
        /// The triggers that write the log are missing or switched off.
        Unguarded = "unguarded",
    }
}

/// The end of a chain: kept elsewhere, it shows whether the chain was cut off later (AUD-03).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// The number of the last link; 0 is the empty chain.
    pub seq: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl fmt::Display for ChainHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, hex::encode(&self.hash))
    }
}

/// A text that is no end of a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not SEQ:HASH as `touchline audit head` prints it, HASH being 64 hexadecimal digits")]
pub struct NoChainHead;

impl FromStr for ChainHead {
    type Err = NoChainHead;

    fn from_str(text: &str) -> Result<Self, NoChainHead> {
        let (seq, digits) = text.trim().split_once(':').ok_or(NoChainHead)?;
        let hash = hex::decode(&digits.to_ascii_lowercase())
            .and_then(|hash| hash.try_into().ok())
            .ok_or(NoChainHead)?;
        Ok(Self { seq: seq.parse().map_err(|_| NoChainHead)?, hash })
    }
}

impl serde::Serialize for ChainHead {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_head_reads_back_as_it_was_printed() {
        let head = ChainHead { seq: 7, hash: [0xa5; 32] };
        assert_eq!(head.to_string().parse::<ChainHead>().unwrap(), head);
        for bad in ["", "7", "7:ab", "x:", &head.to_string().replace("a5", "é")] {
            assert_eq!(bad.parse::<ChainHead>(), Err(NoChainHead), "{bad}");
        }
    }
}
