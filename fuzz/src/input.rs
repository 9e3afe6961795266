//! Taking an input apart.

/// The keys of a deployment that no input knows: nothing in the corpus is signed with them.
pub(crate) fn keys() -> domain::token::TokenKeys {
    domain::token::TokenKeys::new("k2", b"signs in fuzz targets").with_old(b"signed there before")
}

/// The key of an address, of whatever bytes.
pub(crate) fn address_key(bytes: &[u8]) -> domain::AddressKey {
    let keyer = domain::AddressKeyer::new(b"fuzz targets");
    keyer.key(domain::AddressKind::Email, &String::from_utf8_lossy(bytes))
}

/// The input up to the first line break, and what follows it.
pub(crate) fn first_line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[]),
    }
}

/// The first byte, 0 where there is none, and what follows it.
pub(crate) fn first_byte(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (*first, rest))
}

/// The first 16 bytes, zeros where there are fewer, and what follows them.
pub(crate) fn id(data: &[u8]) -> (uuid::Uuid, &[u8]) {
    let (id, rest) = data.split_at(data.len().min(16));
    let mut bytes = [0; 16];
    bytes[..id.len()].copy_from_slice(id);
    (uuid::Uuid::from_bytes(bytes), rest)
}
