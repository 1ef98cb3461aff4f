//! The vectors of the age specification's test suite (`testkit/`), which other programs made: headers and payloads, good and bad. They
//! name the file key, so that it does not matter whose stanza wraps it.

use std::{collections::HashMap, fs, io::Read, path::Path};

use aws_lc_rs::digest;
use flate2::read::ZlibDecoder;

use super::*;
use crate::{head::payload_key, header::Header};

/// What became of a file, in the test suite's words, and what was given out: of a bad one, for each
/// length that one might say it has.
fn outcome(bytes: &[u8], file_key: &[u8]) -> (&'static str, Vec<Vec<u8>>) {
    let Ok(header) = Header::read(bytes) else { return ("header failure", Vec::new()) };
    let (payload, file_key) = (&bytes[header.len..], Zeroizing::new(file_key.try_into().unwrap()));
    let Some((nonce, chunks)) = payload.split_first_chunk() else { return ("header failure", Vec::new()) };
    let key = match payload_key(&header, &file_key, nonce) {
        Ok(key) => key,
        Err(Error::HeaderAltered) => return ("HMAC failure", Vec::new()),
        Err(other) => panic!("{other}"),
    };
    let tags = chunks.len().div_ceil(CHUNK + 16) * 16;
    let len = chunks.len().saturating_sub(tags);
    let (plain, result) = open_split(key.whole(len as u64).unwrap(), chunks, &[]);
    if result.is_ok() {
        return ("success", vec![plain]);
    }
    let lens = (len.saturating_sub(40)..len + 40).chain((CHUNK..len + CHUNK).step_by(CHUNK));
    let given = lens.map(|len| {
        let (plain, result) = open_split(key.whole(len as u64).unwrap(), chunks, &[]);
        assert!(result.is_err(), "whatever is said of it, it does not pass");
        plain
    });
    ("payload failure", given.collect())
}

#[test]
fn every_vector_ends_as_it_should() {
    let mut seen = HashMap::new();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("testkit")).unwrap() {
        let (name, bytes) =
            file.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).unwrap();
        let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap();
        let about: HashMap<_, _> =
            str::from_utf8(&bytes[..end]).unwrap().lines().filter_map(|line| line.split_once(": ")).collect();
        let mut sealed = bytes[end + 2..].to_vec();
        if about.get("compressed") == Some(&"zlib") {
            let packed = std::mem::take(&mut sealed);
            ZlibDecoder::new(&packed[..]).read_to_end(&mut sealed).unwrap();
        }
        let file_key = hex::decode(about.get("file key").unwrap_or(&"59454c4c4f57205355424d4152494e45")).unwrap();
        let (outcome, given) = outcome(&sealed, &file_key);
        assert_eq!(outcome, about["expect"], "{name}");
        if let Some(sha256) = about.get("payload") {
            let sha256_of = |plain: &Vec<u8>| hex::encode(digest::digest(&digest::SHA256, plain));
            assert!(given.iter().any(|plain| sha256_of(plain) == *sha256), "{name}");
        }
        *seen.entry(outcome).or_insert(0) += 1;
    }
    assert_eq!(seen.values().sum::<i32>(), 53, "{seen:?}");
}
