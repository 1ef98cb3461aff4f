//! Whatever happens to a sealed file, nobody is given a byte that was not sealed at that place.

use super::*;

/// Either the right bytes, or right bytes and then an error.
fn check(opened: Opened, expected: &[u8], what: &str) -> Result<(), Error> {
    let (plain, result) = opened;
    assert!(expected.starts_with(&plain), "{what}: wrong bytes");
    assert!(result.is_err() || plain == expected, "{what}: too few bytes without an error");
    result
}

#[test]
fn no_byte_of_a_small_file_can_be_flipped() {
    let (key, plain) = (tenant_key(7), plaintext(100));
    let sealed = seal(&key, &plain);
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut altered = sealed.clone();
            altered[at] ^= 1 << bit;
            let (opened, result) = read_whole(&key, &altered, plain.len());
            assert!(result.is_err() && opened.is_empty(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn a_small_file_can_be_cut_nowhere_and_has_nothing_behind_it() {
    let (key, plain) = (tenant_key(7), plaintext(100));
    let sealed = seal(&key, &plain);
    for len in 0..sealed.len() {
        assert_eq!(read_whole(&key, &sealed[..len], plain.len()), (Vec::new(), Err(Error::Truncated)), "cut to {len}");
    }
    let longer = [&sealed[..], b"x"].concat();
    assert_eq!(read_whole(&key, &longer, plain.len()), (plain, Err(Error::TooLong)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_flipped_byte_costs_its_own_chunk_only(len in any_len(), at in any::<prop::sample::Index>(), bit in 0_u32..8, from in 0.0..=1.0, to in 0.0..=1.0) {
        let (key, plain) = (tenant_key(7), plaintext(len));
        let mut sealed = seal(&key, &plain);
        let at = at.index(sealed.len());
        sealed[at] ^= 1_u8 << bit;
        prop_assert!(check(read_whole(&key, &sealed, len), &plain, "whole").is_err());

        let (from, to) = ((len as f64 * from) as usize, (len as f64 * to) as usize);
        let (start, end) = (from.min(to), from.max(to));
        let result = check(read(&key, &sealed, len, range(start, end)), &plain[start..end], "range");
        if at >= OWN_HEAD_BYTES {
            let chunk = (at - OWN_HEAD_BYTES) / (CHUNK + 16);
            let needed = if len == 0 { true } else { start < end && (start / CHUNK..end.div_ceil(CHUNK)).contains(&chunk) };
            prop_assert_eq!(result, if needed { Err(Error::ChunkAltered { chunk: chunk as u64 }) } else { Ok(()) });
        }
    }

    #[test]
    fn a_cut_is_found(len in any_len(), at in any::<prop::sample::Index>()) {
        let (key, plain) = (tenant_key(7), plaintext(len));
        let sealed = seal(&key, &plain);
        let cut = &sealed[..at.index(sealed.len())];
        prop_assert_eq!(check(read_whole(&key, cut, len), &plain, "whole"), Err(Error::Truncated));
    }

    #[test]
    fn another_length_never_passes(len in any_len(), other in any_len()) {
        let (key, plain) = (tenant_key(7), plaintext(len));
        let sealed = seal(&key, &plain);
        let (opened, result) = read_whole(&key, &sealed, other);
        prop_assert!(plain.starts_with(&opened));
        prop_assert_eq!(result.is_ok(), len == other);
        if other < len {
            // Whoever has the wrong length asks for a part of the file that looks complete.
            let (opened, result) = read(&key, &sealed, other, range(0, other));
            prop_assert!(plain.starts_with(&opened));
            prop_assert!(result.is_err());
        }
    }

    #[test]
    fn any_bytes_are_no_head(bytes in prop::collection::vec(any::<u8>(), 0..400), keep in 0..OWN_HEAD_BYTES) {
        let mut head = seal(&tenant_key(7), b"")[..keep].to_vec();
        head.extend(&bytes);
        if let Ok(head) = Head::read(&head) {
            prop_assert!(head.open(&tenant_key(7)).is_err() || keep + 16 >= OWN_HEAD_BYTES);
        }
    }
}

/// The chunks of a sealed file, without its head.
fn chunks(sealed: &[u8]) -> Vec<&[u8]> {
    sealed[OWN_HEAD_BYTES..].chunks(CHUNK + 16).collect()
}

#[test]
fn chunks_stay_where_they_were_sealed() {
    let (key, plain) = (tenant_key(7), plaintext(3 * CHUNK));
    let (sealed, other) = (seal(&key, &plain), seal(&key, &plain));
    let ([a, b, c], head) = (chunks(&sealed)[..].try_into().unwrap(), &sealed[..OWN_HEAD_BYTES]);
    let theirs: [&[u8]; 3] = chunks(&other).try_into().unwrap();
    for (parts, bad) in
        [([b, a, c], 0), ([a, a, c], 1), ([a, c, b], 1), ([a, b, a], 2), ([theirs[0], b, c], 0), ([a, b, theirs[2]], 2)]
    {
        let opened = read_whole(&key, &[head, &parts.concat()].concat(), plain.len());
        assert_eq!(check(opened, &plain, "moved"), Err(Error::ChunkAltered { chunk: bad }));
    }
    let cut = [head, a, b].concat();
    assert_eq!(check(read_whole(&key, &cut, plain.len()), &plain, "cut"), Err(Error::Truncated));
    assert_eq!(
        check(read_whole(&key, &cut, 2 * CHUNK), &plain[..2 * CHUNK], "cut, and the length with it"),
        Err(Error::ChunkAltered { chunk: 1 }),
    );
    let grown = [&sealed[..], &chunks(&seal(&key, b"more"))[..].concat()].concat();
    assert_eq!(check(read_whole(&key, &grown, plain.len()), &plain, "grown"), Err(Error::TooLong));
    assert_eq!(
        check(read_whole(&key, &grown, plain.len() + 4), &plain, "grown, and the length with it"),
        Err(Error::ChunkAltered { chunk: 2 }),
    );
}

#[test]
fn a_head_opens_no_other_file() {
    let (key, plain) = (tenant_key(7), plaintext(100));
    let (one, two) = (seal(&key, &plain), seal(&key, &plain));
    let header = OWN_HEAD_BYTES - 16;
    for at in [header, OWN_HEAD_BYTES] {
        let mixed = [&one[..at], &two[at..]].concat();
        assert_eq!(read_whole(&key, &mixed, plain.len()), (Vec::new(), Err(Error::ChunkAltered { chunk: 0 })));
    }
    // The MAC of another, and the stanza of another under a MAC of one's own.
    for (start, end) in [(header - 44, header), (22, header - 48)] {
        let mut mixed = one.clone();
        mixed[start..end].copy_from_slice(&two[start..end]);
        assert_eq!(file_key(&key, &mixed).err(), Some(Error::HeaderAltered));
    }
}

#[test]
fn another_key_says_so() {
    let sealed = seal(&tenant_key(7), b"secret");
    assert_eq!(file_key(&tenant_key(8), &sealed).err(), Some(Error::OtherKey { sealed_to: 7, given: 8 }));
    assert_eq!(file_key(&TenantKey::generate(7), &sealed).err(), Some(Error::WrongKey));
    // Relabelled as a file of the other key's, it is not that key's either.
    let text = String::from_utf8(sealed[..OWN_HEAD_BYTES - 16].to_vec()).unwrap().replace("0007 ", "0008 ");
    let relabelled = [text.as_bytes(), &sealed[OWN_HEAD_BYTES - 16..]].concat();
    assert_eq!(file_key(&tenant_key(8), &relabelled).err(), Some(Error::WrongKey));
}

#[test]
fn what_is_no_file_of_ours_says_what_it_is() {
    let no_file = |bytes: &[u8]| Head::read(bytes).err().unwrap();
    assert_eq!(no_file(b"\x89PNG\r\n\x1a\n"), Error::NotSealed);
    assert_eq!(no_file(b"age-encryption.org/v2\n"), Error::NotSealed);
    assert_eq!(no_file(b""), Error::Truncated);
    let endless = [b"age-encryption.org/v1\n-> ".to_vec(), vec![b'a'; MAX_HEAD_BYTES]].concat();
    assert_eq!(no_file(&endless), Error::Malformed("it is too long"));
    let bare = |stanza: &str| no_file([header::write(stanza, &[1; 16]).as_bytes(), &[0; 16]].concat().as_slice());
    assert_eq!(bare("-> X25519 abc\nAAAA"), Error::NoTenantKey);
    let ours = tenant_key(7).stanza(&Zeroizing::new([1; 16]), [0; 16]);
    assert_eq!(bare(&format!("{ours}\n{ours}")), Error::NoTenantKey);
    for (from, to) in [
        ("000007 ", "00007 "),
        ("000007 ", "00000x "),
        ("000007 ", "+00007 "),
        ("000007 A", "000007 AA"),
        ("000007 ", "000007 7 "),
    ] {
        assert!(matches!(bare(&ours.replace(from, to)), Error::Malformed(_)), "{from} {to}");
    }
    assert!(matches!(bare(&format!("{ours}AAAA")), Error::Malformed(_)));
}
