//! Keys: how they are read, wrapped, and not shown.

use super::*;

fn master(byte: u8) -> MasterKey {
    MasterKey::new(Zeroizing::new([byte; 32]))
}

#[test]
fn a_wrapped_key_comes_back_and_opens_what_it_sealed() {
    let (master, key) = (MasterKey::generate(), TenantKey::generate(3));
    let (wrapped, again) = (master.wrap(1, &key), master.wrap(1, &key));
    assert_eq!(wrapped.len(), WRAPPED_BYTES);
    assert_ne!(wrapped, again);
    assert_eq!(Fingerprint::of_wrapped(&wrapped), Ok(master.fingerprint()));
    let unwrapped = master.unwrap(1, 3, &wrapped).unwrap();
    assert_eq!(unwrapped.id(), 3);
    assert_eq!(read_whole(&unwrapped, &seal(&key, b"hello"), 5), (b"hello".to_vec(), Ok(())));
}

#[test]
fn another_master_key_is_called_by_its_name() {
    let wrapped = master(1).wrap(1, &tenant_key(3));
    let error = master(2).unwrap(1, 3, &wrapped).unwrap_err();
    assert_eq!(
        error,
        WrapError::OtherMasterKey { wrapped_by: master(1).fingerprint(), given: master(2).fingerprint() }
    );
    let [one, two] = [1, 2].map(|byte| master(byte).fingerprint().to_string());
    assert_eq!(error.to_string(), format!("the key was wrapped by master key {one}, not by {two}"));
    assert!(one.len() == 16 && one != two);
}

#[test]
fn a_wrapped_key_is_bound_to_its_tenant_and_id() {
    let wrapped = master(1).wrap(1, &tenant_key(3));
    for (tenant_id, key_id) in [(2, 3), (1, 4), (3, 1)] {
        assert_eq!(master(1).unwrap(tenant_id, key_id, &wrapped).unwrap_err(), WrapError::Altered);
    }
}

#[test]
fn a_wrapped_key_can_not_be_altered() {
    let wrapped = master(1).wrap(1, &tenant_key(3));
    for at in 0..wrapped.len() {
        let mut altered = wrapped.clone();
        altered[at] ^= 1;
        let error = master(1).unwrap(1, 3, &altered).unwrap_err();
        let expected = match at {
            0 => matches!(error, WrapError::Malformed),
            1..=8 => matches!(error, WrapError::OtherMasterKey { .. }),
            _ => matches!(error, WrapError::Altered),
        };
        assert!(expected, "byte {at}: {error}");
        assert_eq!(master(1).unwrap(1, 3, &wrapped[..at]).unwrap_err(), WrapError::Malformed);
    }
    assert_eq!(master(1).unwrap(1, 3, &[&wrapped[..], b"x"].concat()).unwrap_err(), WrapError::Malformed);
}

#[test]
fn a_master_key_is_read_from_hexadecimal_and_base64() {
    let key = MasterKey::new(Zeroizing::new(std::array::from_fn(|at| 0xf8 | at as u8)));
    let hex = key.reveal().to_string();
    let base64 = "+Pn6+/z9/v/4+fr7/P3+//j5+vv8/f7/+Pn6+/z9/v8";
    for text in [
        hex.clone(),
        hex.to_uppercase(),
        format!("  {hex}\r\n"),
        base64.to_owned(),
        format!("{base64}="),
        base64.replace('+', "-").replace('/', "_"),
    ] {
        assert_eq!(MasterKey::parse(&text).unwrap().reveal(), key.reveal(), "{text}");
    }
}

#[test]
fn what_is_no_master_key_is_told_without_repeating_it() {
    let error = |text: &str| MasterKey::parse(text).unwrap_err();
    assert_eq!(error(" \n"), BadMasterKey::Empty);
    assert_eq!(error(&"ab".repeat(31)), BadMasterKey::Length(31));
    assert_eq!(error(&"ab".repeat(33)), BadMasterKey::Length(33));
    assert_eq!(error(&"a".repeat(63)), BadMasterKey::Encoding);
    assert_eq!(error("correct horse battery staple"), BadMasterKey::Encoding);
    assert_eq!(error("c2hvcnQ="), BadMasterKey::Length(5));
    assert_eq!(error("ключ"), BadMasterKey::Encoding);
    // 43 digits that could be half of something are base64, as 32 bytes are in it.
    assert!(MasterKey::parse(&format!("{}A", "ab".repeat(21))).is_ok());
}

#[test]
fn nothing_shows_a_secret() {
    let secret = "a7".repeat(32);
    let key = MasterKey::parse(&secret).unwrap();
    let tenant = TenantKey::new(5, Zeroizing::new([0xa7; 32]));
    let mut sealer = Sealer::new(&tenant);
    assert_eq!(sealer.push(&mut &b"167, 167 a7a7"[..]), None);
    let window = sealer.file_key().whole(1).unwrap();
    assert_eq!(format!("{tenant:?} {:?}", sealer.file_key()), "TenantKey(5) FileKey");
    assert_eq!(format!("{key:?}"), format!("MasterKey({})", key.fingerprint()));
    let shown = format!("{key:?} {tenant:?} {sealer:?} {window:?} {:?}", window.clone().opener());
    assert!(!shown.contains("167, 167") && !shown.contains("a7a7"), "{shown}");
    assert_ne!(key.fingerprint().to_string(), secret[..16]);
}

#[test]
fn keys_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<FileKey>();
    shared::<TenantKey>();
    shared::<MasterKey>();
    shared::<Window>();
}
