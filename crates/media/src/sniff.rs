//! What some bytes are, by the marks at their start. It opens no container and believes no name or header; a table of our
//! own, because the ready-made ones answer with retired type names and guess on two bytes.

use content::MediaType;

use crate::probe;

/// Fixed marks: where they are, what they are, what they mean. The first that fits wins.
const MARKS: &[(usize, &[u8], &str)] = &[
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"PK\x07\x08PK", "application/zip"),
    (0, b"\x1F\x8B\x08", "application/gzip"),
    (0, b"7z\xBC\xAF\x27\x1C", "application/x-7z-compressed"),
    (0, b"Rar!\x1A\x07", "application/vnd.rar"),
    (0, b"\xFD7zXZ\0", "application/x-xz"),
    (0, b"\x28\xB5\x2F\xFD", "application/zstd"),
    (257, b"ustar", "application/x-tar"),
    (0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "application/x-ole-storage"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\x7FELF", "application/x-executable"),
    (0, b"\x4C\0\0\0\x01\x14\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46", "application/x-ms-shortcut"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"II+\0\x08\0\0\0", "image/tiff"),
    (0, b"MM\0+\0\x08\0\0", "image/tiff"),
    (0, b"\0\0\x01\0", "image/vnd.microsoft.icon"),
    (0, b"8BPS\0\x01", "image/vnd.adobe.photoshop"),
    (0, b"\xFF\x0A", "image/jxl"),
    (0, b"\0\0\0\x0CJXL \r\n\x87\n", "image/jxl"),
    (0, b"\0\0\0\x0CjP  \r\n\x87\n", "image/jp2"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"OTTO\0", "font/otf"),
    (0, b"\0\x01\0\0\0", "font/ttf"),
    (0, b"true\0", "font/ttf"),
    (0, b"ttcf\0", "font/collection"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"MThd", "audio/midi"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"\0\0\x01\xBA", "video/mpeg"),
    (0, b"\0\0\x01\xB3", "video/mpeg"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", "video/x-ms-wmv"),
];

/// The major brands of files that begin with `ftyp`; any other brand is MP4.
const BRANDS: &[(&[u8], &str)] = &[
    (b"avif", "image/avif"),
    (b"avis", "image/avif"),
    (b"heic", "image/heic"),
    (b"heix", "image/heic"),
    (b"heim", "image/heic"),
    (b"heis", "image/heic"),
    (b"hevc", "image/heic-sequence"),
    (b"hevx", "image/heic-sequence"),
    (b"qt  ", "video/quicktime"),
    (b"M4A ", "audio/mp4"),
    (b"M4B ", "audio/mp4"),
    (b"M4P ", "audio/mp4"),
    (b"3gp", "video/3gpp"),
    (b"3g2", "video/3gpp2"),
];

/// What the first bytes ([`crate::PROBE_HEAD_BYTES`] are enough) show the whole to be; `None` when they show nothing.
/// Text that a browser would run as HTML is told as such whatever it is called.
#[must_use]
pub fn sniff(head: &[u8]) -> Option<MediaType> {
    if let Some(image) = image(head) {
        return Some(image);
    }
    let marked = MARKS.iter().find(|(at, mark, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(mark)));
    if let Some((_, _, essence)) = marked {
        return Some(MediaType::of(essence));
    }
    [portable_executable, riff, iso_media, matroska, ogg, bitmap, mpeg_audio, markup]
        .iter()
        .find_map(|try_one| try_one(head))
        .map(MediaType::of)
}

/// The formats of [`probe`], also where the rest of their header is damaged.
fn image(head: &[u8]) -> Option<MediaType> {
    if let Some(probe) = probe(head) {
        return Some(probe.media_type);
    }
    match head {
        [0xFF, 0xD8, 0xFF, ..] => Some(MediaType::JPEG),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(MediaType::PNG),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(MediaType::GIF),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(MediaType::WEBP),
        _ => None,
    }
}

/// A program for Windows: two letters are too little, the second header has to be where the first says.
fn portable_executable(head: &[u8]) -> Option<&'static str> {
    let at = head.strip_prefix(b"MZ")?.get(58..62)?;
    let at = usize::try_from(u32::from_le_bytes([at[0], at[1], at[2], at[3]])).ok()?;
    head.get(at..)?.starts_with(b"PE\0\0").then_some("application/vnd.microsoft.portable-executable")
}

fn riff(head: &[u8]) -> Option<&'static str> {
    match (head.get(..4)?, head.get(8..12)?) {
        (b"RIFF", b"WAVE") => Some("audio/wav"),
        (b"RIFF", b"AVI ") => Some("video/x-msvideo"),
        (b"FORM", b"AIFF" | b"AIFC") => Some("audio/aiff"),
        _ => None,
    }
}

/// MP4, QuickTime, HEIC, AVIF and kin.
fn iso_media(head: &[u8]) -> Option<&'static str> {
    match head.get(4..8)? {
        b"ftyp" => {}
        // QuickTime before brands: a lone atom of plausible size at the start.
        b"moov" | b"mdat" | b"wide" | b"free" if head[0] < 0x10 => return Some("video/quicktime"),
        _ => return None,
    }
    let brand = head.get(8..12)?;
    let known = |brand: &[u8]| BRANDS.iter().find(|(name, _)| brand.starts_with(name)).map(|(_, essence)| *essence);
    // A still image of the general brand names its codec among the compatible ones.
    if matches!(brand, b"mif1" | b"msf1" | b"miaf") {
        let end = usize::try_from(u32::from_be_bytes([head[0], head[1], head[2], head[3]])).unwrap_or(usize::MAX);
        let compatible = head.get(16..end.min(head.len()).min(256)).unwrap_or_default();
        return Some(compatible.chunks_exact(4).find_map(known).unwrap_or("image/heif"));
    }
    Some(known(brand).unwrap_or("video/mp4"))
}

/// WebM says so in the first element; everything else of the kind is Matroska.
fn matroska(head: &[u8]) -> Option<&'static str> {
    let start = head.strip_prefix(b"\x1A\x45\xDF\xA3")?;
    let start = &start[..start.len().min(64)];
    Some(if start.windows(4).any(|name| name == b"webm") { "video/webm" } else { "video/matroska" })
}

/// The codec is named at the start of the first page's data.
fn ogg(head: &[u8]) -> Option<&'static str> {
    let start = head.strip_prefix(b"OggS")?;
    let start = &start[..start.len().min(64)];
    Some(if start.windows(6).any(|name| name == b"theora") { "video/ogg" } else { "audio/ogg" })
}

/// Two letters are too little: the size of the second header must be one that exists.
fn bitmap(head: &[u8]) -> Option<&'static str> {
    let header_len = head.strip_prefix(b"BM")?.get(12..16)?;
    matches!(header_len, [12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]).then_some("image/bmp")
}

/// A frame of MPEG audio without a tag before it, or of AAC in its own framing.
fn mpeg_audio(head: &[u8]) -> Option<&'static str> {
    let [0xFF, second, third, ..] = head else { return None };
    // Layer 0 marks AAC's framing.
    if second & 0xF6 == 0xF0 {
        return Some("audio/aac");
    }
    // Two bytes that text in UTF-16 begins with; of audio they would be a kind that nobody makes.
    let sync = second & 0xE0 == 0xE0 && *second != 0xFE;
    let version_and_layer = second & 0x18 != 0x08 && second & 0x06 != 0;
    let rates = third & 0xF0 != 0xF0 && third & 0x0C != 0x0C;
    (sync && version_and_layer && rates).then_some("audio/mpeg")
}

/// HTML, SVG or other XML, by the first element.
fn markup(head: &[u8]) -> Option<&'static str> {
    const RUN_AS_HTML: &[&[u8]] =
        &[b"<!doctype html", b"<html", b"<script", b"<head", b"<body", b"<iframe", b"<title", b"<style", b"<meta"];
    let (text, xml) = first_element(head)?;
    if is_svg(text) {
        Some("image/svg+xml")
    } else if RUN_AS_HTML.iter().any(|name| is_element(text, name)) {
        Some("text/html")
    } else {
        xml.then_some("application/xml")
    }
}

/// The text from its root element on, if that is one of SVG's.
pub(crate) fn svg_element(head: &[u8]) -> Option<&[u8]> {
    first_element(head).map(|(text, _)| text).filter(|text| is_svg(text))
}

/// The text from its first element on, and whether it says that it is XML.
fn first_element(head: &[u8]) -> Option<(&[u8], bool)> {
    let mut text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let mut xml = false;
    loop {
        if starts_with(text, b"<?xml") {
            xml = true;
            text = after(text, b"?>")?;
        } else if starts_with(text, b"<?") {
            text = after(text, b"?>")?;
        } else if text.starts_with(b"<!--") {
            text = after(text, b"-->")?;
        } else if starts_with(text, b"<!doctype svg") {
            text = after_doctype(text)?;
        } else {
            return Some((text, xml));
        }
        text = text.trim_ascii_start();
    }
}

fn is_svg(text: &[u8]) -> bool {
    is_element(text, b"<svg") || is_element(text, b"<svg:svg")
}

fn is_element(text: &[u8], name: &[u8]) -> bool {
    starts_with(text, name) && !text.get(name.len()).is_some_and(u8::is_ascii_alphanumeric)
}

fn starts_with(text: &[u8], lower_case: &[u8]) -> bool {
    text.get(..lower_case.len()).is_some_and(|start| start.eq_ignore_ascii_case(lower_case))
}

/// What follows the first `end`.
fn after<'a>(text: &'a [u8], end: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(end.len()).position(|window| window == end)?;
    text.get(at + end.len()..)
}

/// What follows a doctype, whose internal subset may hold `>` between brackets.
fn after_doctype(text: &[u8]) -> Option<&[u8]> {
    let mut depth = 0_usize;
    let at = text.iter().position(|byte| {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        *byte == b'>' && depth == 0
    })?;
    text.get(at + 1..)
}
