//! Dates as clients write them. Knows no time zone but UTC.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

const DAY_S: i64 = 86_400;

/// A date or a time as `strtotime` reads it, in Unix seconds; UTC where no zone is named. Digits alone are Unix seconds.
pub fn moment(text: &str, now_s: i64) -> Option<i64> {
    let text = text.trim();
    let today_s = now_s.saturating_sub(now_s.rem_euclid(DAY_S));
    match text.to_ascii_lowercase().as_str() {
        "now" => return Some(now_s),
        "today" => return Some(today_s),
        "yesterday" => return Some(today_s.saturating_sub(DAY_S)),
        "tomorrow" => return Some(today_s.saturating_add(DAY_S)),
        _ => {}
    }
    let seconds = text.strip_prefix('@').unwrap_or(text);
    if let Ok(seconds) = seconds.parse::<i64>() {
        return Some(seconds);
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_second());
    }
    let time = civil_time(text).or_else(|| civil_date(text).map(|date| date.at(0, 0, 0, 0)))?;
    time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp().as_second())
}

/// `2021-01-02`, `2021/01/02`, with or without a time behind it.
fn civil_time(text: &str) -> Option<DateTime> {
    text.parse().or_else(|_| text.replacen('/', "-", 2).parse()).ok()
}

/// `2 January 2021`, `January 2, 2021`, the months also cut short.
fn civil_date(text: &str) -> Option<Date> {
    const FORMS: &[&str] = &["%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%b %d %Y"];
    FORMS.iter().find_map(|form| Date::strptime(form, text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: i64 = 1_610_629_200; // 2021-01-14 13:00:00

    #[test]
    fn moments_are_read_in_the_usual_forms() {
        for (text, expected) in [
            ("1596107422", Some(1_596_107_422)),
            ("@1596107422", Some(1_596_107_422)),
            ("@-1", Some(-1)),
            ("2021-01-14", Some(1_610_582_400)),
            ("2021/01/14", Some(1_610_582_400)),
            ("2021-01-14 13:00", Some(NOW_S)),
            (" 2021-01-14 13:00:00 ", Some(NOW_S)),
            ("2021/01/14 13:00", Some(NOW_S)),
            ("2021-01-14T13:00:00", Some(NOW_S)),
            ("2021-01-14T13:00:00Z", Some(NOW_S)),
            ("2021-01-14T14:00:00+01:00", Some(NOW_S)),
            ("14 January 2021", Some(1_610_582_400)),
            ("4 jan 2021", Some(1_609_718_400)),
            ("January 14, 2021", Some(1_610_582_400)),
            ("Jan 14 2021", Some(1_610_582_400)),
            ("Now", Some(NOW_S)),
            ("today", Some(1_610_582_400)),
            ("yesterday", Some(1_610_496_000)),
            ("tomorrow", Some(1_610_668_800)),
            ("2021-02-30", None),
            ("99999999999999999999", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(moment(text, NOW_S), expected, "{text}");
        }
    }
}
