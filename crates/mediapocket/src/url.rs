//! Ids, dates and names as MediaPocket has them. Pure.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time, date},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// How an asset is named: by its key of 20 characters, or by its integer id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AssetRef<'a> {
    Key(&'a str),
    Id(i64),
}

/// The asset that a path or a body names; none: nothing is named so.
pub(crate) fn asset_ref(text: &str) -> Option<AssetRef<'_>> {
    let is_key = text.len() == 20 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    match number(text) {
        Some(id) if !is_key => Some(AssetRef::Id(id)),
        _ if is_key => Some(AssetRef::Key(text)),
        _ => None,
    }
}

/// A positive number in plain digits.
pub(crate) fn number(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten().filter(|number| *number > 0)
}

/// The first moment at which a link no longer works, in milliseconds since 1970: after the end of a day (UTC), or at an instant. None:
/// it is no date. Contract section 3.
pub(crate) fn expiry(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_millisecond());
    }
    // A date with more behind it is an instant without a zone: then it is one in UTC. So is what lies beyond the last instant: people
    // write the end of 9999 for never.
    if text.len() > 10 {
        return Some(in_utc(text.trim_end_matches('Z').replace(' ', "T").parse().ok()?));
    }
    let day = text.parse::<Date>().ok().filter(|_| text.len() == 10)?;
    Some(in_utc(day.to_datetime(Time::midnight())) + DAY_MS)
}

/// Milliseconds since 1970, for all years that can be written.
fn in_utc(time: DateTime) -> i64 {
    let since = time.duration_since(date(1970, 1, 1).to_datetime(Time::midnight()));
    since.as_secs() * 1_000 + i64::from(since.subsec_millis())
}

/// ISO 8601 in UTC with milliseconds, as all of the vendor's times are.
pub(crate) fn time(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The name under which bytes are saved: what the link says, and the extension of what is stored unless it ends in that.
pub(crate) fn saved_name(wished: &str, extension: &str) -> String {
    let forbidden = |c: char| c.is_control() || matches!(c, '"' | '/' | '\\');
    let name: String = wished.chars().filter(|c| !forbidden(*c)).collect();
    let name = if name.trim().is_empty() { "file".to_owned() } else { name };
    let has_it = name.rsplit_once('.').is_some_and(|(_, last)| last.eq_ignore_ascii_case(extension));
    if extension.is_empty() || has_it { name } else { format!("{name}.{extension}") }
}

/// `attachment; filename=…`: bare where the name is a token, as in the seed; else quoted, with the exact name beside it.
pub(crate) fn disposition(name: &str) -> String {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&b);
    if !name.is_empty() && name.bytes().all(is_token) {
        return format!("attachment; filename={name}");
    }
    let plain: String = name.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '_' }).collect();
    let plain = plain.replace(['"', '\\'], "_");
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", wire::extended_name(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn assets_are_named_by_key_or_id() {
        assert_eq!(asset_ref("b5Iix0ul_b2bTnT23Jo-"), Some(AssetRef::Key("b5Iix0ul_b2bTnT23Jo-")));
        assert_eq!(asset_ref("12"), Some(AssetRef::Id(12)));
        assert_eq!(asset_ref("12345678901234567890"), Some(AssetRef::Key("12345678901234567890")));
        for nothing in
            ["", "0", "-1", "+1", " 1", "1.0", "invalid_id", "b5Iix0ul_b2bTnT23Jo", "99999999999999999999999"]
        {
            assert_eq!(asset_ref(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_day_lasts_to_its_end() {
        let of = |text: &str| expiry(text).map(time);
        assert_eq!(of("2023-11-28").as_deref(), Some("2023-11-29T00:00:00.000Z"));
        assert_eq!(of(" 2023-12-31 ").as_deref(), Some("2024-01-01T00:00:00.000Z"));
        assert_eq!(of("2024-02-29").as_deref(), Some("2024-03-01T00:00:00.000Z"));
        assert_eq!(of("2023-11-28T10:20:30Z").as_deref(), Some("2023-11-28T10:20:30.000Z"));
        assert_eq!(of("2023-11-28T10:20:30.5+02:00").as_deref(), Some("2023-11-28T08:20:30.500Z"));
        assert_eq!(of("2023-11-28T10:20:30").as_deref(), Some("2023-11-28T10:20:30.000Z"));
        assert_eq!(of("2023-11-28 10:20:30").as_deref(), Some("2023-11-28T10:20:30.000Z"));
        for far in ["9999-12-30", "9999-12-31", "9999-12-31T23:59:59Z", "9999-12-31 23:59:59"] {
            assert!(expiry(far) > expiry("9999-12-29"), "{far}");
        }
        for bad in
            ["", "soon", "2023-02-30", "2023-1-1", "28.11.2023", "20231128", "2023-11", "9999-12-31T", "+2023-11-28"]
        {
            assert_eq!(of(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn names_are_saved_with_the_extension_of_what_is_stored() {
        assert_eq!(saved_name("test_file", "jpg"), "test_file.jpg");
        assert_eq!(saved_name("test.JPG", "jpg"), "test.JPG");
        assert_eq!(saved_name("Asset_file_name", "test_key"), "Asset_file_name.test_key");
        assert_eq!(saved_name("a.b", ""), "a.b");
        assert_eq!(saved_name("../\r\n\"x\"", "png"), "..x.png");
        assert_eq!(saved_name("\n", "png"), "file.png");
    }

    #[test]
    fn a_plain_name_stands_bare() {
        assert_eq!(disposition("Asset_file_name.test_key"), "attachment; filename=Asset_file_name.test_key");
        assert_eq!(
            disposition("Füße 1.jpg"),
            "attachment; filename=\"F__e 1.jpg\"; filename*=UTF-8''F%C3%BC%C3%9Fe%201.jpg"
        );
        // What turns the direction of writing would hide the real ending.
        assert_eq!(disposition("gpj.\u{202e}exe"), "attachment; filename=\"gpj._exe\"; filename*=UTF-8''gpj._exe");
        assert_eq!(disposition("a;b"), "attachment; filename=\"a;b\"; filename*=UTF-8''a%3Bb");
    }

    proptest! {
        #[test]
        fn nothing_panics_and_headers_hold(text in ".{0,40}", extension in "[a-z]{0,4}") {
            let _ = (expiry(&text), asset_ref(&text));
            let header = disposition(&saved_name(&text, &extension));
            prop_assert!(header.bytes().all(|b| (0x20..0x7f).contains(&b)), "{header:?}");
            prop_assert!(http::HeaderValue::from_str(&header).is_ok());
        }
    }
}
