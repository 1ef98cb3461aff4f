//! Files are sealed and opened, by us and by others, whole and in parts, as they are and tampered with.

#![expect(clippy::unwrap_used, reason = "tests")]

mod age;
mod files;
mod keys;
mod streams;
mod tampering;
mod testkit;

use bytes::Bytes;
use content::ByteRange;
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;

const CHUNK: usize = CHUNK_BYTES as usize;

/// Lengths at which something changes.
const EDGES: [usize; 9] = [0, 1, 15, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1, 3 * CHUNK];

fn tenant_key(id: i64) -> TenantKey {
    let low = id.to_be_bytes()[7];
    TenantKey::new(id, Zeroizing::new([low; 32]))
}

/// Bytes in which no two places look alike.
fn plaintext(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ len as u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut bytes: Vec<u8> = (0..len.div_ceil(8)).flat_map(|_| next()).collect();
    bytes.truncate(len);
    bytes
}

fn seal(key: &TenantKey, plain: &[u8]) -> Vec<u8> {
    seal_split(Sealer::new(key), plain, &[])
}

/// Seals `plain` in pieces as long as `lens` say, what is left in one.
fn seal_split(mut sealer: Sealer, plain: &[u8], lens: &[usize]) -> Vec<u8> {
    let mut sealed = Vec::new();
    for mut piece in pieces(plain, lens) {
        while let Some(some) = sealer.push(&mut piece) {
            sealed.extend_from_slice(&some);
        }
        assert!(piece.is_empty());
    }
    sealed.extend_from_slice(&sealer.finish());
    sealed
}

fn pieces<'a>(mut bytes: &'a [u8], lens: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for len in lens {
        let (piece, rest) = bytes.split_at((*len).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces.push(bytes);
    pieces
}

fn file_key(key: &TenantKey, sealed: &[u8]) -> Result<FileKey, Error> {
    Head::read(sealed)?.open(key)
}

/// What was given out, and how it ended.
type Opened = (Vec<u8>, Result<(), Error>);

fn open_split(window: Window, sealed: &[u8], lens: &[usize]) -> Opened {
    let mut opener = window.opener();
    let mut plain = Vec::new();
    for mut piece in pieces(sealed, lens) {
        loop {
            match opener.push(&mut piece) {
                Ok(Some(some)) => plain.extend_from_slice(&some),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(
                        opener.push(&mut &b"more"[..]),
                        Err(error.clone()),
                        "an opener that failed goes on failing"
                    );
                    assert_eq!(opener.finish(), Err(error.clone()));
                    return (plain, Err(error));
                }
            }
        }
        assert!(piece.is_empty());
    }
    let end = opener.finish();
    (plain, end)
}

/// Reads `range` of a sealed file as a store would: the head, then the window, as much of it as there is.
fn read(key: &TenantKey, sealed: &[u8], plain_len: usize, range: ByteRange) -> Opened {
    let window = match file_key(key, sealed).and_then(|key| key.window(plain_len as u64, range)) {
        Ok(window) => window,
        Err(error) => return (Vec::new(), Err(error)),
    };
    let ByteRange { start, end } = window.sealed_range();
    let (start, end) = (sealed.len().min(start as usize), sealed.len().min(end as usize));
    open_split(window, &sealed[start..end], &[])
}

/// Reads a sealed file to its end, whatever is there.
fn read_whole(key: &TenantKey, sealed: &[u8], plain_len: usize) -> Opened {
    let window = match file_key(key, sealed).and_then(|key| key.whole(plain_len as u64)) {
        Ok(window) => window,
        Err(error) => return (Vec::new(), Err(error)),
    };
    let start = sealed.len().min(window.sealed_range().start as usize);
    open_split(window, &sealed[start..], &[])
}

fn range(start: usize, end: usize) -> ByteRange {
    ByteRange { start: start as u64, end: end as u64 }
}

/// Lengths of files, often close to where something changes.
fn any_len() -> impl Strategy<Value = usize> {
    prop_oneof![
        0..3 * CHUNK + 100,
        prop::sample::select(&EDGES[..]),
        (1_usize..4, 0_usize..40).prop_map(|(n, less)| n * CHUNK - less)
    ]
}

fn any_pieces() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![0_usize..20, 0..2 * CHUNK, Just(CHUNK), Just(CHUNK + 16)], 0..12)
}
