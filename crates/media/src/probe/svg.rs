//! The size that the root element of an SVG states, and the same document with a smaller one. It reads attributes of one element
//! and resolves nothing; where they tell no size, the renderer finds one.

use std::ops::Range;

use content::MediaType;

use super::Probe;
use crate::sniff::svg_element;

/// The element ends within so many bytes of its beginning, or is not read.
const MAX_ELEMENT_BYTES: usize = 64 * 1024;

/// Sizes beyond this are nobody's.
const MAX_SIDE: f64 = 1_000_000.0;

/// Reads the size of the document whose root element begins `element`.
pub(super) fn read(element: &[u8]) -> Option<Probe> {
    let element = str::from_utf8(whole(element)?).ok()?;
    let view_box = attribute(element, "viewBox").and_then(view_box);
    let stated = |name| attribute(element, name).map(length);
    let size = match (stated("width"), stated("height"), view_box) {
        (Some(Some(width)), Some(Some(height)), _) => (width, height),
        // The other side follows from the view.
        (Some(Some(width)), _, Some((across, down))) => (width, width * down / across),
        (_, Some(Some(height)), Some((across, down))) => (height * across / down, height),
        (_, _, Some(view)) => view,
        (_, _, None) => return None,
    };
    Some(of_size(size))
}

/// An SVG of this size in pixels, rounded.
pub(crate) fn of_size((width, height): (f64, f64)) -> Probe {
    let side = |side: f64| side.clamp(1.0, MAX_SIDE).round() as u32;
    Probe { media_type: MediaType::SVG, width: side(width), height: side(height), orientation: 1, animated: false }
}

/// The element up to its closing bracket, which may stand within quotes before that.
fn whole(element: &[u8]) -> Option<&[u8]> {
    let mut quote = None;
    let end = element.iter().take(MAX_ELEMENT_BYTES).position(|byte| match quote {
        Some(open) => {
            if *byte == open {
                quote = None;
            }
            false
        }
        None => {
            if matches!(byte, b'"' | b'\'') {
                quote = Some(*byte);
            }
            *byte == b'>'
        }
    })?;
    Some(&element[..end])
}

/// The document showing the same on a smaller canvas, neither side of which is longer; nothing where it states no size, or one that
/// is small enough, or its root element is not well formed.
#[must_use]
pub fn svg_within(document: &[u8], max_side: u32) -> Option<Vec<u8>> {
    let element = svg_element(document)?;
    let Probe { width, height, .. } = read(element)?;
    let longest = width.max(height);
    if longest <= max_side {
        return None;
    }
    let side =
        |side: u32| ((u64::from(side) * u64::from(max_side) + u64::from(longest) / 2) / u64::from(longest)).max(1);
    let root = str::from_utf8(whole(element)?).ok()?;
    let mut rewritten = String::with_capacity(root.len() + 64);
    let (mut from, mut read_to) = (0, 0);
    let mut has_view = false;
    for Attribute { name, value, place } in attributes(root) {
        // Who reads what is no XML may read it otherwise once something is taken out.
        if !is_name(name) || value.contains('<') {
            return None;
        }
        read_to = place.end;
        has_view |= name == "viewBox";
        if matches!(name, "width" | "height") {
            rewritten.push_str(&root[from..place.start]);
            from = place.end;
        }
    }
    // Behind what is no attribute, nobody would find the new size.
    if !matches!(root[read_to..].trim_ascii(), "" | "/") {
        return None;
    }
    let rest = root[from..].trim_ascii_end();
    let (rest, end) = rest.strip_suffix('/').map_or((rest, ""), |rest| (rest, "/"));
    rewritten.push_str(rest);
    rewritten.truncate(rewritten.trim_ascii_end().len());
    // What was drawn to the old size keeps its place.
    if !has_view {
        rewritten.push_str(&format!(" viewBox=\"0 0 {width} {height}\""));
    }
    rewritten.push_str(&format!(" width=\"{}\" height=\"{}\"{end}", side(width), side(height)));
    let start = document.len() - element.len();
    Some([&document[..start], rewritten.as_bytes(), &element[root.len()..]].concat())
}

/// Whether a text has nothing in it that no name of XML has, as far as ASCII goes.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':') || !c.is_ascii())
}

/// The value of an attribute of that very name.
fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    attributes(element).find(|attribute| attribute.name == name).map(|attribute| attribute.value)
}

/// One attribute, and where it stands in the element.
struct Attribute<'a> {
    name: &'a str,
    value: &'a str,
    place: Range<usize>,
}

/// The attributes in a row, up to what is none.
fn attributes(element: &str) -> impl Iterator<Item = Attribute<'_>> {
    let mut at = element.find(|c: char| c.is_ascii_whitespace()).unwrap_or(element.len());
    std::iter::from_fn(move || {
        let start = at + element[at..].find(|c: char| !c.is_ascii_whitespace())?;
        let (name, after) = element[start..].split_once('=')?;
        let after = after.trim_ascii_start();
        let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let (value, after) = after[1..].split_once(quote)?;
        at = element.len() - after.len();
        Some(Attribute { name: name.trim_ascii(), value: value.trim_ascii(), place: start..at })
    })
}

/// A length in pixels, of which there are 96 to the inch; nothing where it depends on something else.
fn length(text: &str) -> Option<f64> {
    let digits = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-' | 'e' | 'E')).unwrap_or(text.len());
    // Of `1em` the number ends before the unit, not behind an exponent.
    let digits = text[..digits].find("em").or_else(|| text[..digits].find("ex")).unwrap_or(digits);
    let digits = if text[..digits].ends_with(['e', 'E']) { digits - 1 } else { digits };
    let number: f64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim_ascii() {
        "" | "px" => 1.0,
        "pt" => 96.0 / 72.0,
        "pc" => 16.0,
        "in" => 96.0,
        "cm" => 96.0 / 2.54,
        "mm" => 96.0 / 25.4,
        "Q" => 96.0 / 101.6,
        _ => return None,
    };
    Some(number * unit).filter(|pixels| pixels.is_finite() && *pixels > 0.0)
}

/// Width and height of the view.
fn view_box(text: &str) -> Option<(f64, f64)> {
    let mut numbers = text.split([',', ' ', '\t', '\r', '\n']).filter(|part| !part.is_empty()).map(str::parse::<f64>);
    let (Some(Ok(_)), Some(Ok(_)), Some(Ok(width)), Some(Ok(height)), None) =
        (numbers.next(), numbers.next(), numbers.next(), numbers.next(), numbers.next())
    else {
        return None;
    };
    let has_area = width.is_finite() && height.is_finite() && width > 0.0 && height > 0.0;
    has_area.then_some((width, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(element: &str) -> Option<(u32, u32)> {
        read(element.as_bytes()).map(|probe| (probe.width, probe.height))
    }

    #[test]
    fn a_smaller_canvas_shows_the_same() {
        let within = |document: &str| {
            svg_within(document.as_bytes(), 100).map(|document| String::from_utf8(document).expect("text"))
        };
        for (document, expected) in [
            (
                "<?xml version=\"1.0\"?>\n<svg width='400' x=\"y\" height=\"200px\" ><g/></svg>",
                "<?xml version=\"1.0\"?>\n<svg  x=\"y\" viewBox=\"0 0 400 200\" width=\"100\" height=\"50\"><g/></svg>",
            ),
            ("<svg viewBox='0 0 4 400'/>", "<svg viewBox='0 0 4 400' width=\"1\" height=\"100\"/>"),
            (
                "<svg viewBox='0 0 9 9' width='900'>ü</svg>",
                "<svg viewBox='0 0 9 9' width=\"100\" height=\"100\">ü</svg>",
            ),
        ] {
            assert_eq!(within(document).as_deref(), Some(expected));
            assert_eq!(within(expected), None);
        }
        assert_eq!(within("<svg width='100' height='2'/>"), None);
        assert_eq!(within("<svg><g/></svg>"), None);
        assert_eq!(within("<svg viewBox='0 0 900 900' width='900' a=b>"), None, "no XML");
        // Found by fuzzing: without its width, the rest is read with a height of its own.
        assert_eq!(within("<svg a b='' c\"='' viewBox='0 0 900 900' width='900'>"), None, "no XML either");
        assert_eq!(within("<svg viewBox='0 0 900 900' a='<' width='900'>"), None, "nor this");
        let closed = "<svg viewBox='0 0 900 900' width=\"100\" height=\"100\"/>";
        assert_eq!(within("<svg viewBox='0 0 900 900' width='900' /  >").as_deref(), Some(closed));
    }

    #[test]
    fn sizes_are_those_that_browsers_show() {
        for (element, expected) in [
            (r#"<svg width="30" height="20">"#, Some((30, 20))),
            (r#"<svg xmlns='http://www.w3.org/2000/svg' width = '1in' height='2.54cm'/>"#, Some((96, 96))),
            (r#"<svg viewBox="0 0 64 32">"#, Some((64, 32))),
            (r#"<svg viewBox="-1,-1 , 64.4,32" width="100%" height="100%">"#, Some((64, 32))),
            (r#"<svg viewBox="0 0 64 32" width="128">"#, Some((128, 64))),
            (r#"<svg viewBox="0 0 64 32" height="16px">"#, Some((32, 16))),
            (r#"<svg title="a > b" width="12pt" height="1pc">"#, Some((16, 16))),
            (r#"<svg:svg data-width="9" width="1e2" height="0.1">"#, Some((100, 1))),
            (r#"<svg width="1e30" height="5">"#, Some((1_000_000, 5))),
            (r#"<svg width="2em" height="3ex">"#, None),
            (r#"<svg width="30">"#, None),
            (r#"<svg width="0" height="-3">"#, None),
            (r#"<svg viewBox="0 0 0 5">"#, None),
            (r#"<svg viewBox="0 0 NaN 5">"#, None),
            ("<svg>", None),
            (r#"<svg width="30" height="20"#, None),
        ] {
            assert_eq!(size(element), expected, "{element}");
        }
    }
}
