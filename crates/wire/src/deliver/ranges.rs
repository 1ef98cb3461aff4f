//! The `Range` header: from its text and the length of the bytes to the ranges that are sent (RFC 9110, section 14).
//! Where the RFC leaves it open this does as nginx does, but for overlapping ranges, which are merged.

use content::ByteRange;

/// Most ranges that one answer carries.
const MAX_RANGES: usize = 32;
/// Most ranges that are read at all, so that merging them stays cheap.
const MAX_RANGES_READ: usize = 256;

/// What a `Range` header comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ranges {
    /// Another unit, malformed, or absurd: too many ranges, or together more than the whole. The whole is sent.
    Ignored,
    /// Well formed, but nothing of it lies inside.
    Unsatisfiable,
    /// One range is left.
    One(ByteRange),
    /// Several ranges in the order asked for, none overlapping another.
    Many(Vec<ByteRange>),
}

/// Reads the value of a `Range` header for something of `len` bytes.
pub(super) fn parse(value: &[u8], len: u64) -> Ranges {
    let Some(list) = after_unit(value) else { return Ranges::Ignored };
    let mut seen = 0_usize;
    let mut sum = 0_u64;
    let mut ranges: Vec<ByteRange> = Vec::new();
    for spec in list.split(|&b| b == b',') {
        let spec = spec.trim_ascii();
        if spec.is_empty() {
            continue;
        }
        seen += 1;
        let Some(range) = parse_spec(spec, len) else { return Ranges::Ignored };
        if seen > MAX_RANGES_READ {
            return Ranges::Ignored;
        }
        if !range.is_empty() {
            sum = sum.saturating_add(range.len());
            merge(&mut ranges, range);
        }
    }
    if seen == 0 || sum > len || ranges.len() > MAX_RANGES {
        return Ranges::Ignored;
    }
    match ranges[..] {
        [] => Ranges::Unsatisfiable,
        [one] => Ranges::One(one),
        _ => Ranges::Many(ranges),
    }
}

/// What follows `bytes=`; the unit's case does not matter.
fn after_unit(value: &[u8]) -> Option<&[u8]> {
    let (unit, list) = value.trim_ascii().split_at_checked(6)?;
    unit.eq_ignore_ascii_case(b"bytes=").then_some(list)
}

/// One `first-last`, `first-` or `-suffix`, cut to what there is: empty when it lies outside. `None` when it is malformed.
fn parse_spec(spec: &[u8], len: u64) -> Option<ByteRange> {
    let dash = spec.iter().position(|&b| b == b'-')?;
    let (first, last) = (&spec[..dash], &spec[dash + 1..]);
    if first.is_empty() {
        let suffix = number(last)?;
        return Some(ByteRange { start: len.saturating_sub(suffix), end: len });
    }
    let start = number(first)?;
    let end = if last.is_empty() {
        len
    } else {
        let last = number(last)?;
        if last < start {
            return None;
        }
        last.saturating_add(1).min(len)
    };
    Some(ByteRange { start: start.min(end), end })
}

/// Digits only, at least one; what does not fit is as large as can be.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, &b| {
        b.is_ascii_digit().then(|| number.saturating_mul(10).saturating_add(u64::from(b - b'0')))
    })
}

/// Adds a range, joined with all those it overlaps, at the place of the first of them.
fn merge(ranges: &mut Vec<ByteRange>, mut range: ByteRange) {
    let mut place = ranges.len();
    while let Some(found) = ranges.iter().position(|other| other.overlap(range).is_some()) {
        let other = ranges.remove(found);
        range = ByteRange { start: range.start.min(other.start), end: range.end.max(other.end) };
        place = place.min(found);
    }
    ranges.insert(place.min(ranges.len()), range);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    fn one(start: u64, end: u64) -> Ranges {
        Ranges::One(ByteRange { start, end })
    }

    fn many(pairs: &[(u64, u64)]) -> Ranges {
        Ranges::Many(pairs.iter().map(|&(start, end)| ByteRange { start, end }).collect())
    }

    #[test]
    fn reads_what_clients_send() {
        for (text, expected) in [
            ("bytes=0-3", one(0, 4)),
            ("Bytes= 2-3", one(2, 4)),
            ("bytes=9-", one(9, 10)),
            ("bytes=0-", one(0, 10)),
            ("bytes=-3", one(7, 10)),
            ("bytes=-99", one(0, 10)),
            ("bytes=8-99999999999999999999999", one(8, 10)),
            ("bytes=0-0,-1", many(&[(0, 1), (9, 10)])),
            ("bytes=5-6, 1-2", many(&[(5, 7), (1, 3)])),
            ("bytes=0-1,2-3", many(&[(0, 2), (2, 4)])),
            ("bytes=,0-1,,99-", one(0, 2)),
            ("bytes=0-3,2-5", one(0, 6)),
            ("bytes=8-8,0-2,1-3,2-4", many(&[(8, 9), (0, 5)])),
            ("bytes=6-6,0-0,1-2,2-3", many(&[(6, 7), (0, 1), (1, 4)])),
        ] {
            assert_eq!(parse(text.as_bytes(), 10), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_lies_outside_and_ignores_nonsense() {
        for text in ["bytes=10-", "bytes=10-11", "bytes=-0", "bytes=99-,-0", "bytes=99999999999999999999999-"] {
            assert_eq!(parse(text.as_bytes(), 10), Ranges::Unsatisfiable, "{text}");
        }
        for text in ["bytes=0-", "bytes=-5", "bytes=0-0"] {
            assert_eq!(parse(text.as_bytes(), 0), Ranges::Unsatisfiable, "{text}");
        }
        for text in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=5-3",
            "bytes=a-b",
            "bytes=1",
            "bytes=1-2x",
            "bytes=--1",
            "bytes=1 -2",
            "bytes=+1-2",
            "items=0-1",
            "bytes:0-1",
            "bytes=0-1;2-3",
            "bytes=0-,0-",
            "bytes=0-1,x",
        ] {
            assert_eq!(parse(text.as_bytes(), 10), Ranges::Ignored, "{text}");
        }
    }

    #[test]
    fn carries_thirty_two_ranges_and_no_more() {
        let list = |count: u64| {
            let specs: Vec<String> = (0..count).map(|i| format!("{0}-{0}", i * 2)).collect();
            format!("bytes={}", specs.join(","))
        };
        assert!(matches!(parse(list(32).as_bytes(), 1000), Ranges::Many(ranges) if ranges.len() == 32));
        assert_eq!(parse(list(33).as_bytes(), 1000), Ranges::Ignored);
        assert_eq!(parse(list(100_000).as_bytes(), 10_000_000), Ranges::Ignored);
        let outside = format!("bytes=0-0{}", ",99999-".repeat(300));
        assert_eq!(parse(outside.as_bytes(), 10), Ranges::Ignored);
    }

    fn spec() -> impl Strategy<Value = (Option<u64>, Option<u64>)> {
        prop_oneof![
            (0_u64..40, 0_u64..40).prop_map(|(first, more)| (Some(first), Some(first + more))),
            (0_u64..40).prop_map(|first| (Some(first), None)),
            (0_u64..40).prop_map(|suffix| (None, Some(suffix))),
        ]
    }

    proptest! {
        /// The model works on sets of positions instead of on ends.
        #[test]
        fn sends_just_the_positions_asked_for(len in 0_u64..30, specs in prop::collection::vec(spec(), 1..6)) {
            let text: Vec<String> = specs.iter().map(|(first, last)| {
                let show = |n: &Option<u64>| n.map_or(String::new(), |n| n.to_string());
                format!("{}-{}", show(first), show(last))
            }).collect();
            let mut total = 0;
            let mut wanted = BTreeSet::new();
            for spec in &specs {
                let positions = (0..len).filter(|&at| match *spec {
                    (Some(first), Some(last)) => (first..=last).contains(&at),
                    (Some(first), None) => at >= first,
                    (None, suffix) => at + suffix.unwrap_or(0) >= len,
                });
                for at in positions {
                    total += 1;
                    wanted.insert(at);
                }
            }
            let result = parse(format!("bytes={}", text.join(", ")).as_bytes(), len);
            let sent = match result.clone() {
                Ranges::Ignored => { prop_assert!(total > len); return Ok(()) }
                Ranges::Unsatisfiable => vec![],
                Ranges::One(range) => vec![range],
                Ranges::Many(ranges) => { prop_assert!(ranges.len() > 1); ranges }
            };
            prop_assert!(total <= len);
            let positions: Vec<u64> = sent.iter().flat_map(|range| range.start..range.end).collect();
            prop_assert_eq!(positions.len(), wanted.len(), "overlap in {:?}", result);
            prop_assert_eq!(positions.into_iter().collect::<BTreeSet<_>>(), wanted);
        }

        #[test]
        fn never_panics(value in prop::collection::vec(any::<u8>(), 0..60), len: u64) {
            parse(&value, len);
            parse(&[b"bytes=", &value[..]].concat(), len);
        }

        #[test]
        fn never_panics_near_the_grammar(value in "bytes=[0-9,\\- ]{0,40}", len: u64) {
            parse(value.as_bytes(), len);
        }
    }
}
