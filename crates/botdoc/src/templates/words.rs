//! Sizes, times and users' text as a page or a mail shows them. Pure.

use jiff::{Timestamp, tz::TimeZone};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays as it is in a link (RFC 3986, unreserved).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Signs that turn the direction of what follows. In a name they make `gpj.exe` read as `exe.jpg`.
const TURNING: &[char] = &[
    '\u{061c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}',
    '\u{2067}', '\u{2068}', '\u{2069}',
];

/// One line of a user's text: no line breaks, so that a name can not add lines to a mail, and nothing that turns its direction.
pub(super) fn line(text: &str) -> String {
    let kept: String = text
        .chars()
        .map(|sign| match sign {
            '\u{2028}' | '\u{2029}' => ' ',
            sign if sign.is_control() => ' ',
            sign if TURNING.contains(&sign) => '\u{fffd}',
            sign => sign,
        })
        .collect();
    kept.trim().to_owned()
}

/// A user's text in paragraphs of lines. Empty lines part paragraphs; other control characters are left out.
pub(super) fn paragraphs(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| line.chars().filter(|sign| *sign == '\t' || !sign.is_control()).collect())
        .collect();
    lines.split(|line| line.trim().is_empty()).filter(|lines| !lines.is_empty()).map(<[String]>::to_vec).collect()
}

/// `4.2 MB`, in steps of a thousand, as phones and the sellers of disks count.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") };
    }
    let mut amount = bytes as f64 / 1000.0;
    let mut unit = 0;
    // From here on it would be rounded to a thousand.
    while amount >= 999.5 && unit + 1 < UNITS.len() {
        amount /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(amount < 9.95);
    let amount = format!("{amount:.digits$}");
    format!("{} {}", amount.strip_suffix(".0").unwrap_or(&amount), UNITS[unit])
}

/// `3 July 2026, 14:05 UTC`.
pub(super) fn moment(at_ms: i64) -> String {
    let Ok(time) = Timestamp::from_millisecond(at_ms) else { return "never".to_owned() };
    time.to_zoned(TimeZone::UTC).strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// `2026-07-03T14:05:00Z`, for machines.
pub(super) fn iso(at_ms: i64) -> String {
    let Ok(time) = Timestamp::from_millisecond(at_ms) else { return String::new() };
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A name as the last segment of a link. Browsers take `.` and `..` as steps, encoded or not.
pub(super) fn segment(name: &str) -> String {
    match name {
        "" | "." | ".." => "file".to_owned(),
        name => utf8_percent_encode(name, ENCODED).to_string(),
    }
}

/// `1 file`, `3 files`.
pub(super) fn files(count: u64) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

/// `PDF, JPG and PNG`.
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// With a capital at its start and a full stop; nothing stays nothing.
pub(super) fn sentence(text: &str) -> String {
    let mut rest = text.chars();
    let Some(first) = rest.next() else { return String::new() };
    format!("{}{}.", first.to_uppercase(), rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_digits_or_three() {
        let cases = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1000, "1 kB"),
            (1550, "1.6 kB"),
            (9_949, "9.9 kB"),
            (9_951, "10 kB"),
            (999_499, "999 kB"),
            (999_501, "1 MB"),
            (4_200_000, "4.2 MB"),
            (26_214_400, "26 MB"),
            (5_000_000_000, "5 GB"),
            (u64::MAX, "18447 PB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn times_are_readable_and_exact() {
        assert_eq!(moment(1_783_087_500_000), "3 July 2026, 14:05 UTC");
        assert_eq!(iso(1_783_087_500_123), "2026-07-03T14:05:00Z");
        assert_eq!(moment(i64::MAX), "never");
        assert_eq!(iso(i64::MIN), "");
    }

    #[test]
    fn a_line_is_one_line_and_reads_from_left_to_right() {
        assert_eq!(line(" Anna\r\nBcc: x\u{2028}y\u{0007} "), "Anna  Bcc: x y");
        assert_eq!(line("invoice\u{202e}gpj.exe"), "invoice\u{fffd}gpj.exe");
        assert_eq!(line("דוח.pdf"), "דוח.pdf");
    }

    #[test]
    fn paragraphs_are_parted_by_empty_lines() {
        let text = "\n\none\r\ntwo\r\n \t\r\n\n\nthree\u{0008}\rfour\n";
        assert_eq!(paragraphs(text), [vec!["one", "two"], vec!["three", "four"]]);
        assert!(paragraphs(" \n\n").is_empty());
    }

    #[test]
    fn a_name_is_one_segment() {
        assert_eq!(segment("a b/ü?.pdf"), "a%20b%2F%C3%BC%3F.pdf");
        assert_eq!(segment(".."), "file");
        assert_eq!(segment("\"><script>"), "%22%3E%3Cscript%3E");
    }

    #[test]
    fn lists_read_as_one_says_them() {
        let items = ["PDF".to_owned(), "JPG".to_owned(), "PNG".to_owned()];
        assert_eq!(
            [list(&items), list(&items[..2]), list(&items[..1]), list(&[])],
            ["PDF, JPG and PNG", "PDF and JPG", "PDF", ""]
        );
        assert_eq!([sentence("up to 3 files"), sentence("")], ["Up to 3 files.", ""]);
    }
}
