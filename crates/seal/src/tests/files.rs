//! What is sealed opens again, whole and in part, however it is cut.

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_file_in_any_pieces_gives_any_range(
        len in any_len(), sealing in any_pieces(), opening in any_pieces(), from in 0.0..=1.0, to in 0.0..=1.0,
    ) {
        let (key, plain) = (tenant_key(7), plaintext(len));
        let sealed = seal_split(Sealer::new(&key), &plain, &sealing);
        prop_assert_eq!(sealed.len() as u64, sealed_len(len as u64));
        prop_assert_eq!(plain_len(sealed.len() as u64), Some(len as u64));

        let (from, to) = ((len as f64 * from) as usize, (len as f64 * to) as usize);
        let (start, end) = (from.min(to), from.max(to));
        let window = file_key(&key, &sealed).unwrap().window(len as u64, range(start, end)).unwrap();
        let asked = window.sealed_range();
        prop_assert!(asked.end <= sealed.len() as u64);
        prop_assert!(asked.len() <= (end - start) as u64 + 2 * (CHUNK_BYTES + 16) + asked.len() / CHUNK_BYTES * 16);
        let (opened, result) = open_split(window, &sealed[asked.start as usize..asked.end as usize], &opening);
        prop_assert_eq!(result, Ok(()));
        prop_assert_eq!(&opened, &plain[start..end]);
    }

    #[test]
    fn pieces_leave_no_trace(len in any_len(), lens in any_pieces()) {
        let plain = plaintext(len);
        let sealer = || Sealer::with(&tenant_key(7), &Zeroizing::new([1; 16]), [2; 16], [3; 16]);
        prop_assert_eq!(seal_split(sealer(), &plain, &lens), seal_split(sealer(), &plain, &[]));
    }

    #[test]
    fn lengths_are_each_others_inverse(sealed in any::<u64>(), plain in 0..=i64::MAX as u64) {
        prop_assert_eq!(plain_len(sealed_len(plain)), Some(plain));
        if let Some(plain) = plain_len(sealed) && plain <= i64::MAX as u64 {
            prop_assert_eq!(sealed_len(plain), sealed);
        }
    }
}

#[test]
fn edges_open_byte_by_byte() {
    let key = tenant_key(7);
    for len in EDGES {
        let plain = plaintext(len);
        let sealed = seal(&key, &plain);
        let places: Vec<_> =
            EDGES.iter().flat_map(|edge| [edge.saturating_sub(1), *edge, edge + 1]).filter(|at| *at <= len).collect();
        for (start, end) in places.iter().flat_map(|start| places.iter().map(move |end| (*start, *end))) {
            if start <= end {
                assert_eq!(
                    read(&key, &sealed, len, range(start, end)),
                    (plain[start..end].to_vec(), Ok(())),
                    "{start}..{end} of {len}"
                );
            }
        }
    }
}

#[test]
fn an_empty_file_is_one_empty_chunk_that_is_looked_at() {
    let key = tenant_key(7);
    let sealed = seal(&key, b"");
    assert_eq!(sealed.len(), OWN_HEAD_BYTES + 16);
    let window = file_key(&key, &sealed).unwrap().whole(0).unwrap();
    assert_eq!(window.sealed_range(), range(OWN_HEAD_BYTES, OWN_HEAD_BYTES + 16));
    assert_eq!(read_whole(&key, &sealed, 0), (Vec::new(), Ok(())));
    assert_eq!(read_whole(&key, &sealed[..OWN_HEAD_BYTES], 0), (Vec::new(), Err(Error::Truncated)));
    assert_eq!(read_whole(&key, &sealed, 1), (Vec::new(), Err(Error::Truncated)));
}

#[test]
fn a_range_asks_for_its_chunks_and_no_more() {
    let key = Sealer::new(&tenant_key(7)).file_key();
    let asked = |start, end| key.window(1 << 40, ByteRange { start, end }).unwrap().sealed_range();
    let (head, chunk) = (OWN_HEAD_BYTES as u64, CHUNK_BYTES + 16);
    assert_eq!(asked(0, 1), ByteRange { start: head, end: head + chunk });
    assert_eq!(asked(CHUNK_BYTES - 1, CHUNK_BYTES + 1), ByteRange { start: head, end: head + 2 * chunk });
    assert_eq!(asked(5 * CHUNK_BYTES, 6 * CHUNK_BYTES), ByteRange { start: head + 5 * chunk, end: head + 6 * chunk });
    assert!(asked(5, 5).is_empty());
    assert_eq!(asked(0, 1 << 40).end, sealed_len(1 << 40));
    for (len, start, end) in [(10, 0, 11), (10, 6, 5), (u64::MAX, 0, 1)] {
        assert_eq!(key.window(len, ByteRange { start, end }).err(), Some(Error::OutOfRange));
    }
}

#[test]
fn lengths_that_nothing_has_are_none() {
    let none = |payload: u64| plain_len(OWN_HEAD_BYTES as u64 + payload).is_none();
    assert_eq!(plain_len(0), None);
    assert!(none(0) && none(15), "there is always one tag");
    assert_eq!(plain_len(OWN_HEAD_BYTES as u64 + 16), Some(0));
    assert!((1..=16).all(|more| none(CHUNK_BYTES + 16 + more)), "a second chunk is not empty");
    assert_eq!(plain_len(OWN_HEAD_BYTES as u64 + CHUNK_BYTES + 16 + 17), Some(CHUNK_BYTES + 1));
    assert_eq!(sealed_len(u64::MAX), sealed_len(i64::MAX as u64));
}

/// Files outlive the programs that wrote them: these bytes must open for ever.
#[test]
fn the_format_does_not_change() {
    let key = TenantKey::new(42, Zeroizing::new(std::array::from_fn(|at| at as u8)));
    let sealer = Sealer::with(&key, &Zeroizing::new(*b"YELLOW SUBMARINE"), [0xaa; 16], [0xbb; 16]);
    let sealed = seal_split(sealer, b"hello, world", &[]);
    let (header, payload) = sealed.split_at(OWN_HEAD_BYTES - 16);
    assert_eq!(str::from_utf8(header).unwrap(), include_str!("pinned_header.txt"));
    assert_eq!(hex::encode(payload), include_str!("pinned_payload.txt").trim());
    assert_eq!(Head::read(&sealed).unwrap().key_id(), 42);
    assert_eq!(read_whole(&key, &sealed, 12), (b"hello, world".to_vec(), Ok(())));
}

#[test]
fn every_id_has_room_in_the_header() {
    for id in [0, 1, -1, i64::MAX, i64::MIN] {
        let key = TenantKey::generate(id);
        let sealed = seal(&key, b"x");
        assert_eq!(sealed.len() as u64, sealed_len(1));
        assert_eq!(Head::read(&sealed[..OWN_HEAD_BYTES]).unwrap().key_id(), id);
        assert_eq!(read_whole(&key, &sealed, 1), (b"x".to_vec(), Ok(())));
    }
}

#[test]
fn the_sealers_own_key_opens_its_file() {
    let mut sealer = Sealer::new(&tenant_key(7));
    let key = sealer.file_key();
    assert_eq!(sealer.push(&mut &b"hello"[..]), None);
    let sealed = sealer.finish();
    let window = key.whole(5).unwrap();
    assert_eq!(open_split(window, &sealed[OWN_HEAD_BYTES..], &[]), (b"hello".to_vec(), Ok(())));
}

#[test]
fn a_buffer_comes_back_when_its_bytes_are_gone() {
    let key = tenant_key(7);
    let sealed = seal(&key, &plaintext(4 * CHUNK));
    let mut opener = file_key(&key, &sealed).unwrap().whole(4 * CHUNK_BYTES).unwrap().opener();
    let mut rest = &sealed[OWN_HEAD_BYTES..];
    let mut places = Vec::new();
    while let Some(plain) = opener.push(&mut rest).unwrap() {
        places.push(plain.as_ptr());
    }
    assert!(places.windows(2).all(|two| two[0] == two[1]), "{places:?}");
}
