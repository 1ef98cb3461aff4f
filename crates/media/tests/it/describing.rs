//! What an image tells about itself, and what of that its renditions carry on: whose it is, and nothing else.

mod hostile;

use media::{Details, Engine, Format, Limits, Resolved, probe, render};

use crate::{
    exif::{
        Exif, Fields,
        Value::{Fractions, Short, Text},
    },
    pictures::{CLEAR, Picture, RED, WHITE, decode, png, png_with_chunk},
};

fn jpeg_segment(source: &[u8], marker: u8, body: &[u8]) -> Vec<u8> {
    let len = (body.len() as u16 + 2).to_be_bytes();
    [&source[..2], &[0xFF, marker], &len, body, &source[2..]].concat()
}

fn jpeg_with(exif: &[u8]) -> Vec<u8> {
    jpeg_segment(&Picture::corners(32, 16).jpeg(), 0xE1, &[b"Exif\0\0", exif].concat())
}

/// A WebP in its extended form, with chunks before and behind the pixels.
fn webp_with(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let plain = made(&Picture::corners(32, 16).png(), Format::Webp);
    let mut body = b"WEBPVP8X\x0A\0\0\0\x0C\0\0\0\x1F\0\0\x0F\0\0".to_vec();
    body.extend(&plain[12..]);
    for (name, chunk) in chunks {
        body.extend([name.as_slice(), &(chunk.len() as u32).to_le_bytes(), chunk].concat());
        body.resize(body.len().next_multiple_of(2), 0);
    }
    [b"RIFF", (body.len() as u32).to_le_bytes().as_slice(), &body].concat()
}

fn made(source: &[u8], format: Format) -> Vec<u8> {
    render(source, &Resolved::of_size(32, 16, format), &Limits::default()).unwrap().bytes.to_vec()
}

#[track_caller]
fn details(source: &[u8]) -> Details {
    let made = Engine::default().make(source, &[], true, &Limits::default()).unwrap();
    assert!(made.renditions.is_empty());
    made.details.unwrap()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|found| found == part)
}

#[test]
fn facts_are_read_from_every_place_and_in_both_byte_orders() {
    for smaller_first in [false, true] {
        let block = Exif {
            smaller_first,
            main: &[(0x010F, Text(b"Canon\0")), (0x0110, Text(b"Canon EOS R5\0")), (0x0112, Short(6))],
            exif: &[(0x9003, Text(b"2024:02:29 23:59:58\0")), (0x9011, Text(b"+05:30\0"))],
            gps: &[
                (1, Text(b"S\0")),
                (2, Fractions(vec![(33, 1), (51, 1), (3564, 100)])),
                (3, Text(b"E\0")),
                (4, Fractions(vec![(151, 1), (12, 1), (40_000, 1000)])),
            ],
        }
        .block();
        let sources = [
            ("jpeg", jpeg_with(&block)),
            ("png", png_with_chunk(&Picture::corners(32, 16).png(), b"eXIf", &block)),
            ("webp", webp_with(&[(b"EXIF", &block)])),
            ("webp of other writers", webp_with(&[(b"EXIF", &[b"Exif\0\0", block.as_slice()].concat())])),
        ];
        for (name, source) in sources {
            let found = details(&source);
            assert_eq!(found.camera.as_deref(), Some("Canon EOS R5"), "{name}");
            assert_eq!(found.taken_at.as_deref(), Some("2024-02-29T23:59:58+05:30"), "{name}");
            assert_eq!((found.latitude_e7, found.longitude_e7), (Some(-338_599_000), Some(1_512_111_111)), "{name}");
            assert_eq!(probe(&source).unwrap().orientation, 6, "{name}");
        }
    }
}

#[test]
fn cameras_are_named_once() {
    let long: &[u8] = &[b'x'; 300];
    let named = |make: Option<&'static [u8]>, model: Option<&'static [u8]>| {
        let fields: Vec<_> =
            [(0x010F, make), (0x0110, model)].into_iter().filter_map(|(tag, text)| Some((tag, Text(text?)))).collect();
        details(&jpeg_with(&Exif { main: &fields, ..Exif::EMPTY }.block())).camera
    };
    let cases: [(_, _, Option<&str>); 8] = [
        (Some(b"Apple\0".as_slice()), Some(b"iPhone 15 Pro\0".as_slice()), Some("Apple iPhone 15 Pro")),
        (Some(b"NIKON CORPORATION\0"), Some(b"NIKON D850\0"), Some("NIKON D850")),
        (Some(b"canon\0"), Some(b"Canon EOS 5D\0\0\0"), Some("Canon EOS 5D")),
        (Some(b"  Leica \x07Camera\0"), None, Some("Leica Camera")),
        (None, Some(b"X100\0"), Some("X100")),
        (Some(b"\0"), Some(b"   \0"), None),
        (Some(b"Caf\xE9\0"), None, Some("Café")),
        (None, None, None),
    ];
    for (make, model, expected) in cases {
        assert_eq!(named(make, model).as_deref(), expected);
    }
    assert_eq!(named(Some(b"A\0"), Some(Box::leak(long.to_vec().into_boxed_slice()))).unwrap().len(), 200);
}

#[test]
fn only_times_that_there_were_count() {
    const OUR: &[u8] = b"2001:02:03 04:05:06\0";
    let taken =
        |main: Fields<'_>, exif: Fields<'_>| details(&jpeg_with(&Exif { main, exif, ..Exif::EMPTY }.block())).taken_at;
    for wrong in [
        b"0000:00:00 00:00:00\0".as_slice(),
        b"2023:02:29 10:00:00\0",
        b"1900:02:29 10:00:00\0",
        b"2024:13:01 10:00:00\0",
        b"2024:04:31 10:00:00\0",
        b"2024:04:00 10:00:00\0",
        b"2024:04:01 24:00:00\0",
        b"2024:04:01 10:60:00\0",
        b"2024:04:01\0",
        b"2024:4:1 10:00:00\0",
        b"+024:04:01 10:00:00\0",
        b"2024:04:01 10:00:00:00\0",
        b"    :  :     :  :  \0",
        b"\xFF\xFF\0",
        b"",
    ] {
        let wrong = Text(Box::leak(wrong.to_vec().into_boxed_slice()));
        assert_eq!(taken(&[], &[(0x9003, wrong.clone())]), None);
        assert_eq!(taken(&[(0x0132, Text(OUR))], &[(0x9003, wrong)]).as_deref(), Some("2001-02-03T04:05:06"));
    }
    let in_turn =
        taken(&[(0x0132, Text(OUR))], &[(0x9004, Text(b"2000:02:29 00:00:00\0")), (0x9011, Text(b"+01:00\0"))]);
    assert_eq!(in_turn.as_deref(), Some("2000-02-29T00:00:00"), "the offset is another time's");
    for wrong in [b"+15:00\0".as_slice(), b"02:00\0", b"+2:00\0", b"+02:60\0", b"   :  \0"] {
        let wrong = Text(Box::leak(wrong.to_vec().into_boxed_slice()));
        assert_eq!(taken(&[], &[(0x9003, Text(OUR)), (0x9011, wrong)]).as_deref(), Some("2001-02-03T04:05:06"));
    }
}

#[test]
fn only_places_that_there_are_count() {
    let place = |north: &'static [u8], latitude: Vec<(u32, u32)>, east: &'static [u8], longitude: Vec<(u32, u32)>| {
        let gps = [(1, Text(north)), (2, Fractions(latitude)), (3, Text(east)), (4, Fractions(longitude))];
        let found = details(&jpeg_with(&Exif { gps: &gps, ..Exif::EMPTY }.block()));
        (found.latitude_e7, found.longitude_e7)
    };
    let whole = |degrees| vec![(degrees, 1), (0, 1), (0, 1)];
    assert_eq!(place(b"N\0", whole(90), b"W\0", whole(180)), (Some(900_000_000), Some(-1_800_000_000)));
    assert_eq!(place(b"N\0", vec![(5, 10), (0, 1), (0, 1)], b"E\0", whole(0)), (Some(5_000_000), Some(0)));
    for nowhere in [
        place(b"N\0", whole(91), b"E\0", whole(0)),
        place(b"N\0", whole(1), b"E\0", whole(181)),
        place(b"N\0", vec![(0, 0), (0, 0), (0, 0)], b"E\0", whole(1)),
        place(b"N\0", whole(1), b"E\0", vec![(1, 1), (2, 1), (0, 0)]),
        place(b"X\0", whole(1), b"E\0", whole(1)),
        place(b"\0", whole(1), b"E\0", whole(1)),
        place(b"N\0", vec![(1, 1)], b"E\0", whole(1)),
        place(b"N\0", vec![(u32::MAX, 1), (0, 1), (0, 1)], b"E\0", whole(1)),
    ] {
        assert_eq!(nowhere, (None, None));
    }
}

#[test]
fn the_look_is_that_of_the_upright_picture() {
    let picture = Picture::quarters(400, 200, [RED, RED, RED, WHITE]);
    let found = details(&picture.png());
    assert_eq!(found.dominant, [255, 0, 0]);
    let (width, height, pixels) = thumbhash::thumb_hash_to_rgba(&found.thumbhash).unwrap();
    assert_eq!((width, height), (32, 18));
    let at = |x: usize, y: usize| pixels[4 * (y * width + x)..][..3].to_vec();
    assert!(at(8, 4)[0] > 200 && at(8, 4)[1] < 60, "{:?}", at(8, 4));
    assert!(at(24, 13).iter().all(|part| *part > 180), "{:?}", at(24, 13));
    // Stored lying, displayed standing.
    let turned = details(&crate::pictures::with_orientation(&picture.jpeg(), 6));
    let (width, height, _) = thumbhash::thumb_hash_to_rgba(&turned.thumbhash).unwrap();
    assert_eq!((width, height), (18, 32));
}

#[test]
fn the_dominant_colour_is_one_that_is_there() {
    let grays = [0, 128, 255].map(|gray| [gray, gray, gray, 255]);
    // Two fifths dark, each a little different; the rest of many colours. The average would be some grey.
    let picture = Picture::of(100, 50, |x, y| {
        if x < 40 { [18 + (x % 4) as u8, 33, 50, 255] } else { grays[((x / 20 + y / 25) % 3) as usize] }
    });
    let [red, green, blue] = details(&picture.png()).dominant;
    assert!(
        (17..=22).contains(&red) && (32..=34).contains(&green) && (49..=51).contains(&blue),
        "{red} {green} {blue}"
    );
    let hidden = Picture::of(90, 90, |x, _| if x < 60 { [0, 255, 0, 3] } else { [0, 0, 200, 255] });
    assert_eq!(details(&hidden.png()).dominant, [0, 0, 200]);
    assert_eq!(details(&Picture::of(9, 9, |_, _| CLEAR).png()).dominant, [255; 3]);
    let gray = png(4, 2, png::ColorType::Grayscale, png::BitDepth::Eight, &[77; 8]);
    assert_eq!(details(&gray).dominant, [77; 3]);
    // Every size has a look, and with renditions beside it the same one.
    for (width, height) in [(1, 1), (1, 5000), (5000, 1), (101, 100), (99, 3)] {
        let source = Picture::of(width, height, |_, _| RED).png();
        let alone = details(&source);
        assert!((5..40).contains(&alone.thumbhash.len()) && alone.dominant == [255, 0, 0]);
        let plans = [Resolved::of_size(1, 1, Format::Jpeg)];
        let beside = Engine::default().make(&source, &plans, true, &Limits::default()).unwrap();
        assert_eq!((beside.renditions.len(), beside.details), (1, Some(alone)));
    }
}

const COPYRIGHT: &[u8] = "© 2024 Zoë & Söhne".as_bytes();
const ARTIST: &[u8] = b"Jo\0";

/// All that a camera writes, of which two fields may be kept.
fn rich_block() -> Vec<u8> {
    Exif {
        main: &[
            (0x010E, Text(b"a private description\0")),
            (0x010F, Text(b"SecretCam\0")),
            (0x0112, Short(3)),
            (0x013B, Text(ARTIST)),
            (0x8298, Text(COPYRIGHT)),
        ],
        exif: &[(0x9003, Text(b"2024:02:29 23:59:58\0")), (0xA431, Text(b"serial-12345\0"))],
        gps: &[(1, Text(b"N\0")), (2, Fractions(vec![(48, 1), (8, 1), (0, 1)]))],
        ..Exif::EMPTY
    }
    .block()
}

/// The two notes in a rendition, as the next rendition of it would find them, by way of each format that has EXIF.
fn notes(rendition: &[u8]) -> (bool, bool) {
    let comment = made(rendition, Format::Gif);
    (holds(&comment, &[b"Copyright: ", COPYRIGHT].concat()), holds(&comment, b"Artist: Jo"))
}

#[test]
fn whose_it_is_survives_in_every_format_and_nothing_else_does() {
    let sources = [
        ("jpeg", jpeg_with(&rich_block())),
        ("png", png_with_chunk(&Picture::corners(32, 16).png(), b"eXIf", &rich_block())),
        ("webp", webp_with(&[(b"ANY ", b"odd"), (b"EXIF", &rich_block())])),
    ];
    for (name, source) in sources {
        for format in Format::ALL {
            let rendition = made(&source, format);
            assert!(holds(&rendition, COPYRIGHT), "{name} to {format:?}");
            for private in [b"private".as_slice(), b"SecretCam", b"2024:02", b"serial", b"\x01\x12\0\x03"] {
                assert!(!holds(&rendition, private), "{name} to {format:?}");
            }
            let found = probe(&rendition).unwrap();
            assert_eq!((found.width, found.height, found.orientation), (32, 16, 1));
            let facts = details(&rendition);
            assert_eq!((facts.camera, facts.taken_at, facts.latitude_e7), (None, None, None));
            assert_eq!(notes(&rendition), (true, true), "{name} to {format:?} and on");
            // The pixels are those of a rendition without notes.
            let bare = made(&crate::pictures::with_orientation(&Picture::corners(32, 16).jpeg(), 3), format);
            if name == "jpeg" {
                assert_eq!(decode(&rendition), decode(&bare));
                assert!(
                    !holds(&bare, b"Exif")
                        && !holds(&bare, b"EXIF")
                        && !holds(&bare, b"eXIf")
                        && !holds(&bare, b"VP8X")
                );
            }
        }
    }
}

#[test]
fn opacity_and_frames_stay_beside_the_notes() {
    // The block says that it is upside down.
    let clear = Picture::quarters(32, 16, [RED, RED, CLEAR, RED]);
    let source = png_with_chunk(&clear.png(), b"eXIf", &rich_block());
    let webp = made(&source, Format::Webp);
    assert!(holds(&webp, COPYRIGHT) && holds(&webp[..24], b"VP8X"));
    // Both are announced: EXIF and opacity.
    assert_eq!(webp[20] & 0x18, 0x18);
    assert_eq!(decode(&webp).quarter_colours()[1][3], 0);
    assert_eq!(u32::from_le_bytes(*webp[4..].first_chunk().unwrap()) as usize, webp.len() - 8);
    let gif = made(&source, Format::Gif);
    assert_eq!(decode(&gif).quarter_colours()[1][3], 0);
}

#[test]
fn notes_of_other_kinds_count_where_exif_has_none() {
    let jpeg = Picture::corners(32, 16).jpeg();
    let record =
        |dataset: u8, text: &[u8]| [&[0x1C, 2, dataset], (text.len() as u16).to_be_bytes().as_slice(), text].concat();
    let iptc = [record(5, b"a title"), record(80, b"Jo"), record(116, COPYRIGHT)].concat();
    let resource = |id: [u8; 2], body: &[u8]| {
        [b"8BIM", id.as_slice(), b"\x03abc", &(body.len() as u32).to_be_bytes(), body, &vec![0; body.len() % 2]]
            .concat()
    };
    let resources = [b"Photoshop 3.0\0".to_vec(), resource([3, 0xED], b"odd"), resource([4, 4], &iptc)].concat();
    let escaped = str::from_utf8(COPYRIGHT).unwrap().replace('&', "&amp;");
    let xmp = format!(
        "<x:xmpmeta><rdf:Description><dc:creator><rdf:Seq><rdf:li>Jo</rdf:li></rdf:Seq></dc:creator><dc:rights><rdf:Alt>\
         <rdf:li xml:lang=\"x-default\">{escaped}</rdf:li></rdf:Alt></dc:rights></rdf:Description></x:xmpmeta>"
    );
    let plain = Picture::corners(32, 16).png();
    let latin: Vec<u8> = str::from_utf8(COPYRIGHT).unwrap().chars().map(|char| char as u8).collect();
    let texts = png_with_chunk(
        &png_with_chunk(&plain, b"tEXt", &[b"Copyright\0", latin.as_slice()].concat()),
        b"tEXt",
        b"Author\0Jo",
    );
    let unicode = png_with_chunk(
        &png_with_chunk(&plain, b"iTXt", &[b"Copyright\0\0\0en\0Rechte\0", COPYRIGHT].concat()),
        b"iTXt",
        b"Author\0\0\0\0\0Jo",
    );
    let sources = [
        ("IPTC", jpeg_segment(&jpeg, 0xED, &resources)),
        ("XMP in JPEG", jpeg_segment(&jpeg, 0xE1, &[b"http://ns.adobe.com/xap/1.0/\0", xmp.as_bytes()].concat())),
        ("XMP in PNG", png_with_chunk(&plain, b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", xmp.as_bytes()].concat())),
        ("XMP in WebP", webp_with(&[(b"XMP ", xmp.as_bytes())])),
        ("texts in PNG", texts),
        ("texts in Unicode in PNG", unicode),
    ];
    for (name, source) in sources {
        assert_eq!(notes(&source), (true, true), "{name}");
        // What EXIF says comes first.
        let exif = Exif { main: &[(0x8298, Text(b"EXIF's\0"))], ..Exif::EMPTY }.block();
        let both = match &source[..2] {
            [0xFF, 0xD8] => jpeg_segment(&source, 0xE1, &[b"Exif\0\0".as_slice(), &exif].concat()),
            [0x89, b'P'] => png_with_chunk(&source, b"eXIf", &exif),
            _ => webp_with(&[(b"XMP ", xmp.as_bytes()), (b"EXIF", &exif)]),
        };
        assert!(holds(&made(&both, Format::Gif), b"Copyright: EXIF's\nArtist: Jo"), "{name}");
    }
}

#[test]
fn notes_are_cleaned_and_bounded() {
    let noted = |copyright: &'static [u8]| {
        made(&jpeg_with(&Exif { main: &[(0x8298, Text(copyright))], ..Exif::EMPTY }.block()), Format::Gif)
    };
    assert!(holds(&noted(b" \x1B[31mPhotographer \0 Editor\0"), b"Copyright: [31mPhotographer, Editor\0;"));
    assert!(!holds(&noted(b"      \0"), b"Copyright"));
    let long = noted(Box::leak("é".repeat(5000).into_bytes().into_boxed_slice()));
    let marks = long.iter().filter(|byte| **byte == 0xC3).count();
    assert!((500..530).contains(&marks), "{marks}");
    for format in Format::ALL {
        let source = jpeg_with(&Exif { main: &[(0x8298, Text(&[b'x'; 3000]))], ..Exif::EMPTY }.block());
        // An AVIF says in three places that there is a block.
        let around = if format == Format::Avif { 250 } else { 100 };
        assert!(made(&source, format).len() < made(&Picture::corners(32, 16).png(), format).len() + 1024 + around);
    }
}
