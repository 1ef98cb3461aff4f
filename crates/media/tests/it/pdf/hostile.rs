//! Documents that are broken or meant to break: an answer before the deadline, and the next one is drawn as ever.

use std::time::{Duration, Instant};

use media::{Limits, RenderError};

use super::{
    CORNERS, made, renderer, to,
    writer::{deflated, document, in_streams, object, page, page_of, stream, with_trailer, zlib, zlib_of},
};
use crate::pictures::{Picture, decode};

/// What a worker has for one of these: time, and memory as for small pictures.
const DEADLINE: Duration = Duration::from_secs(3);
const LIMITS: Limits = Limits {
    max_pixels: 4_000_000,
    max_input_bytes: 64 * 1024 * 1024,
    max_output_bytes: 1024 * 1024,
    max_frames: 1,
    max_animation_pixels: 1,
};

const A_PAGE: &str = "<</Type/Page/Parent 2 0 R/Contents 4 0 R>>";

/// A document whose tree of pages is this.
fn tree(pages: &str, page: &str) -> Vec<u8> {
    let objects =
        [object("<</Type/Catalog/Pages 2 0 R>>"), object(pages), object(page), stream("", CORNERS.as_bytes())];
    document(&objects)
}

/// A page that draws the form 5, and forms.
fn with_forms(forms: &[(String, &str)]) -> Vec<u8> {
    let form = |(resources, content): &(String, &str)| {
        let about = format!("/Type/XObject/Subtype/Form/BBox[0 0 100 50]/Resources<<{resources}>>");
        stream(&about, content.as_bytes())
    };
    let forms: Vec<_> = forms.iter().map(form).collect();
    page("/Resources<</XObject<</F 5 0 R>>>>", "/F Do", &forms)
}

fn structures() -> Vec<(&'static str, Vec<u8>)> {
    let root = || object("<</Type/Catalog/Pages 2 0 R>>");
    let many = format!("<</Type/Pages/Kids[{}]>>", "<</Type/Page>>".repeat(1_000_000));
    let listed = format!("<</Type/Pages/Kids[{}]>>", "3 0 R ".repeat(1_000_000));
    let deep = |open: &str, close: &str| format!("/Deep{}1{}", open.repeat(1_000_000), close.repeat(1_000_000));
    let holder = |inside: &str| {
        let heads = "3 0 ";
        deflated(&format!("/Type/ObjStm/N 1/First {}/Extends 6 0 R", heads.len()), [heads, inside].concat().as_bytes())
    };
    let mut chain: Vec<_> = vec![root(), object("<</Type/Pages/Kids[3 0 R]>>")];
    chain.extend((3..100_000).map(|at| object(&format!("<</Type/Pages/Kids[{} 0 R]>>", at + 1))));
    vec![
        ("a head alone", b"%PDF-1.7\n".to_vec()),
        ("a table that is not there", b"%PDF-1.7\nstartxref\n99999999999\n%%EOF".to_vec()),
        ("no pages", tree("<</Type/Pages/Kids[]/Count 0>>", A_PAGE)),
        ("no tree", tree("null", A_PAGE)),
        ("a tree that is a page", tree(A_PAGE, A_PAGE)),
        ("a loop", tree("<</Type/Pages/Kids[2 0 R 3 0 R]>>", "<</Type/Pages/Kids[2 0 R 3 0 R]>>")),
        ("a long chain", document(&chain)),
        ("a million pages", tree(&many, A_PAGE)),
        ("one page a million times", tree(&listed, A_PAGE)),
        ("names itself", document(&[object("1 0 R"), object("2 0 R")])),
        ("a length that is its own", {
            let mut objects = vec![root(), object("<</Type/Pages/Kids[3 0 R]>>"), object(A_PAGE)];
            objects.push(object("<</Length 4 0 R>>\nstream\n1 0 0 rg\nendstream"));
            document(&objects)
        }),
        ("a previous table that is this one", {
            let objects = [root(), object("<</Type/Pages/Kids[3 0 R]>>"), object(A_PAGE), stream("", b"")];
            let at = document(&objects).windows(5).position(|word| word == b"xref\n").unwrap();
            with_trailer(&objects, &format!("/Prev {at}"))
        }),
        ("a stream of objects that holds itself", {
            in_streams(&[root(), object("<</Type/Pages/Kids[3 0 R]>>"), holder("6 0 R"), holder("<</Type/ObjStm>>")])
        }),
        ("nested arrays", page(&deep("[", "]"), CORNERS, &[])),
        ("nested dictionaries", page(&deep("<</A", ">>"), CORNERS, &[])),
        ("nested arrays that do not end", page(&deep("[", ""), CORNERS, &[])),
        ("a box beyond numbers", page(&format!("/MediaBox[0 0 1{} 5]", "0".repeat(400)), CORNERS, &[])),
        ("a box that is not a number", page("/MediaBox[0 0 NaN nan]", CORNERS, &[])),
        ("a box with exponents", page("/MediaBox[-1e400 0 1e400 1e400]", CORNERS, &[])),
    ]
}

fn contents() -> Vec<(&'static str, Vec<u8>)> {
    let in_page = |content: &str| page("", content, &[]);
    let itself = ("/XObject<</F 5 0 R>>".to_owned(), "/F Do /F Do");
    let doubled: Vec<_> = (6..46).map(|at| (format!("/XObject<</F {at} 0 R>>"), "/F Do /F Do")).collect();
    let image = |width: u32, height: u32, more: &str, filter: &str, bytes: &[u8]| {
        let about = format!(
            "/Type/XObject/Subtype/Image/Width {width}/Height {height}/BitsPerComponent 8{more}/Filter{filter}"
        );
        page("/Resources<</XObject<</F 5 0 R>>>>", "100 0 0 50 0 0 cm /F Do", &[stream(&about, bytes)])
    };
    // Two thousand million bytes.
    let bomb = zlib(&zlib_of(&[b' '; 1024 * 1024], 2048));
    let lines = "0 0 m 100 50 l S 0 50 m 100 0 l S ".repeat(2_000_000);
    let pattern = "/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]/XStep 0.00001/YStep 0.00001\
                   /Resources<</Pattern<</P 5 0 R>>>>";
    let glyphs = "<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/CharProcs<</a 6 0 R>>\
                  /Encoding<</Differences[97/a]>>/FirstChar 97/LastChar 97/Widths[1]/Resources<</Font<</F 5 0 R>>>>>>";
    let mask = "/Resources<</ExtGState<</G<</SMask<</S/Luminosity/G 5 0 R>>>>>>>>";
    let mask_form = format!("/Type/XObject/Subtype/Form/BBox[0 0 100 50]/Group<</S/Transparency/CS/DeviceGray>>{mask}");
    vec![
        ("a form that draws itself", with_forms(&[itself])),
        ("forms that each draw the next twice", with_forms(&doubled)),
        ("a pattern of itself", {
            let attributes = "/Resources<</Pattern<</P 5 0 R>>>>";
            let content = "/Pattern cs /P scn 0 0 100 50 re f";
            page(attributes, content, &[stream(pattern, content.as_bytes())])
        }),
        ("a letter that writes itself", {
            let content = "BT /F 9 Tf (a) Tj ET";
            page("/Resources<</Font<</F 5 0 R>>>>", content, &[object(glyphs), stream("", content.as_bytes())])
        }),
        ("a mask of itself", {
            let content = "/G gs 1 0 0 rg 0 0 100 50 re f";
            page(mask, content, &[stream(&mask_form, content.as_bytes())])
        }),
        ("states that are never restored", in_page(&"q ".repeat(2_000_000))),
        ("clips in clips", in_page(&"q 0 0 m 99 1 l 50 50 l h W n ".repeat(200_000))),
        ("arrays in a content", in_page(&"[".repeat(2_000_000))),
        ("a dash of nothing", in_page("[0.0000001] 0 d 0 0 m 100 50 l S [0 0] 0 d 0 0 m 100 50 l S")),
        (
            "a line of infinite width",
            in_page("1e30 w 0 0 m 1e38 1e38 l -1e38 1e38 l S 1e38 0 0 1e38 0 0 cm 0 0 1 1 re f"),
        ),
        ("four million lines", page_of("", deflated("", lines.as_bytes()), &[])),
        ("a content that swells", page_of("", stream("/Filter[/FlateDecode/FlateDecode]", &bomb), &[])),
        (
            "a picture of 4 thousand million pixels",
            image(65_535, 65_535, "/ColorSpace/DeviceRGB", "[/FlateDecode/FlateDecode]", &bomb),
        ),
        (
            "a picture wider than numbers",
            image(u32::MAX, u32::MAX, "/ColorSpace/DeviceRGB", "/FlateDecode", &zlib(b"")),
        ),
        ("a picture of inks that is not there", image(60_000, 60_000, "/ColorSpace/DeviceCMYK", "/FlateDecode", b"")),
        ("a JPEG of 4 thousand million pixels", {
            let mut jpeg = Picture::corners(8, 8).jpeg();
            let header = jpeg.windows(2).position(|marker| marker == b"\xFF\xC0").unwrap();
            jpeg[header + 5..header + 9].fill(0xFF);
            image(65_535, 65_535, "/ColorSpace/DeviceRGB", "/DCTDecode", &jpeg)
        }),
        ("a fax without an end", image(60_000, 60_000, "/ImageMask true", "/CCITTFaxDecode", &[0; 100_000])),
    ]
}

/// What came of it, in a word.
async fn outcome(pdf: Vec<u8>, renderer: &media::Renderer) -> &'static str {
    match made(renderer, pdf, &[to(40, 20)]).await {
        Ok(made) => {
            let picture = decode(&made.renditions[0].bytes);
            assert_eq!((picture.width, picture.height), (40, 20));
            "drawn"
        }
        Err(RenderError::Corrupt(_)) => "corrupt",
        Err(RenderError::Crashed) => "crashed",
        Err(RenderError::TimedOut) => "timed out",
        Err(error) => panic!("{error} is no finding about a document"),
    }
}

async fn answers(documents: Vec<(&str, Vec<u8>)>) {
    let renderer = renderer(DEADLINE, LIMITS);
    for (name, pdf) in documents {
        let (len, started) = (pdf.len(), Instant::now());
        let found = outcome(pdf, &renderer).await;
        let took = started.elapsed();
        eprintln!("{name}: {len} bytes, {found}, {} ms", took.as_millis());
        // A worker that dies is tried once more.
        assert!(took < 2 * DEADLINE + Duration::from_secs(5), "{name}: {found} after {took:?}");
        let whole = made(&renderer, page("", CORNERS, &[]), &[to(200, 100)]).await.unwrap();
        assert_eq!(decode(&whole.renditions[0].bytes), Picture::corners(200, 100), "after {name}");
    }
}

#[tokio::test]
async fn broken_structures_are_answered() {
    answers(structures()).await;
}

#[tokio::test]
async fn contents_without_an_end_are_answered() {
    answers(contents()).await;
}
