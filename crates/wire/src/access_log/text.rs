//! Writing JSON text without going through formatters. It knows no log.

use std::{io::Write, net::IpAddr};

/// The inside of a JSON string for any bytes: what is not UTF-8 becomes the replacement character.
pub(super) fn push_json(out: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.iter().all(|&b| (b' '..0x7f).contains(&b) && b != b'"' && b != b'\\') {
        out.extend_from_slice(bytes);
        return;
    }
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_json_char(out, c);
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

fn push_json_char(out: &mut Vec<u8>, c: char) {
    match c {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        // Beyond what JSON asks for: the two separators that end a line for some readers, and DEL.
        '\0'..=' ' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' if c != ' ' => {
            push_display(out, &format_args!("\\u{:04x}", u32::from(c)));
        }
        _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

fn push_display(out: &mut Vec<u8>, value: &dyn std::fmt::Display) {
    write!(out, "{value}").expect("writing to memory cannot fail");
}

pub(super) fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = digit(number);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Milliseconds since 1970 as `2023-11-14T22:13:20.123Z`. Times outside of the years 0 to 9999 are cut to them.
pub(super) fn push_time(out: &mut Vec<u8>, ms: i64) {
    let ms = ms.clamp(-62_167_219_200_000, 253_402_300_799_999);
    let (days, rest) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000).unsigned_abs());
    let (year, month, day) = civil(days);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    put_two(&mut text, 0, year / 100);
    put_two(&mut text, 2, year);
    put_two(&mut text, 5, month);
    put_two(&mut text, 8, day);
    put_two(&mut text, 11, rest / 3_600_000);
    put_two(&mut text, 14, rest / 60_000 % 60);
    put_two(&mut text, 17, rest / 1000 % 60);
    put_two(&mut text, 20, rest % 1000 / 10);
    text[22] = digit(rest);
    out.extend_from_slice(&text);
}

/// The last two digits of a number.
fn put_two(text: &mut [u8; 24], at: usize, number: u64) {
    text[at] = digit(number / 10);
    text[at + 1] = digit(number);
}

/// An address as it is written everywhere; the commonest kind without a formatter.
pub(super) fn push_address(out: &mut Vec<u8>, address: IpAddr) {
    let IpAddr::V4(address) = address else { return push_display(out, &address) };
    for (at, part) in address.octets().into_iter().enumerate() {
        if at > 0 {
            out.push(b'.');
        }
        push_number(out, u64::from(part));
    }
}

fn digit(number: u64) -> u8 {
    b"0123456789"[usize::try_from(number % 10).unwrap_or(0)]
}

/// Days since 1970 as year, month and day, by counting 400-year eras from 1 March of year 0.
fn civil(days: i64) -> (u64, u64, u64) {
    let shifted = (days + 719_468).unsigned_abs();
    let (shifted, before_era) = if days < -719_468 { (146_097 - shifted, 1) } else { (shifted, 0) };
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = (year_of_era + era * 400 + u64::from(month <= 2)).saturating_sub(400 * before_era);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use proptest::prelude::*;

    fn text(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn writes_times() {
        for (ms, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_001, "2000-02-29T00:00:00.001Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (i64::MAX, "9999-12-31T23:59:59.999Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (i64::MIN, "0000-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(text(|out| push_time(out, ms)), expected);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_make_a_json_string(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let json = format!("\"{}\"", text(|out| push_json(out, &bytes)));
            let back: String = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(back, String::from_utf8_lossy(&bytes));
            prop_assert!(!json.contains('\n'));
        }

        #[test]
        fn numbers_are_decimal(number: u64) {
            prop_assert_eq!(text(|out| push_number(out, number)), number.to_string());
        }

        #[test]
        fn addresses_are_written_as_everywhere(four: [u8; 4], sixteen: [u8; 16], short: bool) {
            let address = if short { IpAddr::from(four) } else { IpAddr::from(sixteen) };
            prop_assert_eq!(text(|out| push_address(out, address)), address.to_string());
        }

        /// The dates of headers come from another implementation.
        #[test]
        fn days_agree_with_http_dates(seconds in 0_u64..253_402_300_800) {
            let header = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
            let ours = text(|out| push_time(out, i64::try_from(seconds * 1000).unwrap()));
            prop_assert_eq!(&ours[11..19], &header[17..25]);
            prop_assert_eq!(&ours[8..10], &header[5..7]);
            prop_assert_eq!(&ours[..4], &header[12..16]);
            let month = "JanFebMarAprMayJunJulAugSepOctNovDec".find(&header[8..11]).unwrap() / 3 + 1;
            prop_assert_eq!(ours[5..7].parse::<usize>().unwrap(), month);
        }
    }
}
