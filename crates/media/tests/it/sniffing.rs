//! What bytes are by their marks.

use media::sniff;

#[test]
fn marks_are_known() {
    let table: &[(&[u8], &str)] = &[
        (include_bytes!("fixtures/exif6.jpg"), "image/jpeg"),
        (include_bytes!("fixtures/palette.png"), "image/png"),
        (include_bytes!("fixtures/animated.png"), "image/apng"),
        (include_bytes!("fixtures/lossy.webp"), "image/webp"),
        (include_bytes!("fixtures/animated.gif"), "image/gif"),
        (b"\x89PNG\r\n\x1a\nbroken", "image/png"),
        (b"\xFF\xD8\xFF\xE0", "image/jpeg"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"PK\x03\x04\x14\0", "application/zip"),
        (b"PK\x05\x06", "application/zip"),
        (b"\x1F\x8B\x08\0", "application/gzip"),
        (b"\0\0\0\x18ftypisom\0\0\x02\0", "video/mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\x02\0", "video/quicktime"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "video/quicktime"),
        (b"\0\0\0\x18ftypM4A \0\0\0\0", "audio/mp4"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "image/heic"),
        (b"\0\0\0\x1Cftypavif\0\0\0\0", "image/avif"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1heicmiaf", "image/heic"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf", "image/avif"),
        (b"\0\0\0\x14ftypmif1\0\0\0\0mif1heic", "image/heif"),
        (b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x84webm", "video/webm"),
        (b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x88matroska", "video/matroska"),
        (b"ID3\x04\0\0", "audio/mpeg"),
        (b"\xFF\xFB\x90\x64", "audio/mpeg"),
        (b"\xFF\xF1\x50\x80", "audio/aac"),
        (b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x1E\x01vorbis", "audio/ogg"),
        (b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x2A\x80theora", "video/ogg"),
        (b"fLaC\0\0\0\x22", "audio/flac"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
        (b"RIFF\x24\0\0\0AVI LIST", "video/x-msvideo"),
        (b"wOFF\0\x01\0\0", "font/woff"),
        (b"wOF2\0\x01\0\0", "font/woff2"),
        (b"\0\x01\0\0\0\x12\x01\0", "font/ttf"),
        (b"OTTO\0\x0B\0\x80", "font/otf"),
        (b"II*\0\x08\0\0\0", "image/tiff"),
        (b"MM\0*\0\0\0\x08", "image/tiff"),
        (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "image/bmp"),
        (b"\0\0\x01\0\x01\0\x10\x10", "image/vnd.microsoft.icon"),
        (b"\0\0\x01\xBA\x44", "video/mpeg"),
    ];
    for (bytes, expected) in table {
        let found = sniff(bytes);
        assert_eq!(found.as_ref().map(content::MediaType::as_str), Some(*expected), "{:?}", bytes.escape_ascii());
    }
}

#[test]
fn markup_is_told_by_its_first_element() {
    let table = [
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", Some("image/svg+xml")),
        ("\u{FEFF}\n <?xml version='1.0'?>\n<!-- a > b --><svg>", Some("image/svg+xml")),
        ("<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'x' [ <!ENTITY a '>'> ]>\n<svg>", Some("image/svg+xml")),
        ("<svg:svg xmlns:svg='x'>", Some("image/svg+xml")),
        ("<?xml version='1.0'?><rss>", Some("application/xml")),
        ("  <!DOCTYPE HTML><p>", Some("text/html")),
        ("<!-- x --><HTML>", Some("text/html")),
        ("<script>alert(1)</script>", Some("text/html")),
        ("<?xml version='1.0'?><html>", Some("text/html")),
        ("<svgx>", None),
        ("<!-- never closed <svg>", None),
        ("plain text with <svg> in it", None),
        ("BMW is a car maker of Munich, Germany", None),
        ("free", None),
        ("", None),
    ];
    for (text, expected) in table {
        assert_eq!(sniff(text.as_bytes()).as_ref().map(content::MediaType::as_str), expected, "{text:?}");
    }
}
