//! PDF: its first page, drawn as large as it is needed, beside what poppler makes of the same file.

mod hostile;
mod writer;

use std::{fs, path::PathBuf, process::Command, time::Duration};

use bytes::Bytes;
use content::MediaType;
use media::{
    Crop, Focus, Format, Limits, Made, Plan, Probe, RenderError, Renderer, RendererConfig, Resize, Resolution,
    Resolved, Source, Wanted, render,
};

use self::writer::{FIRST_MORE, deflated, document, in_streams, object, page, stream, with_trailer};
use crate::{
    pictures::{BLUE, GREEN, Picture, RED, WHITE, assert_close, decode},
    table::likeness,
    workers::WORKER,
};

/// Red, green, blue and nothing: the colours of [`Picture::corners`], on a page of 100 by 50 points.
const CORNERS: &str = "1 0 0 rg 0 25 50 25 re f 0 1 0 rg 50 25 50 25 re f 0 0 1 rg 0 0 50 25 re f";

fn renderer(deadline: Duration, limits: Limits) -> Renderer {
    Renderer::new(RendererConfig { worker: PathBuf::from(WORKER), workers: 1, queue: 0, deadline, limits })
}

async fn made(renderer: &Renderer, pdf: Vec<u8>, plans: &[Resolved]) -> Result<Made, RenderError> {
    renderer.render_many(Source::from(Bytes::from(pdf)).of_type(&MediaType::PDF), plans, true).await
}

fn to(width: u32, height: u32) -> Resolved {
    Resolved::of_size(width, height, Format::Png)
}

/// Through a confined worker: the size that the page is shown at, how many pages there are, and the page in that size.
async fn shown(pdf: Vec<u8>) -> ((u32, u32), u32, Picture) {
    let renderer = renderer(Duration::from_secs(60), Limits::default());
    let details = made(&renderer, pdf.clone(), &[]).await.unwrap().details.unwrap();
    let (width, height) = details.pixels;
    let rendered = made(&renderer, pdf, &[to(width, height)]).await.unwrap().renditions.remove(0);
    ((width, height), details.pages.unwrap(), decode(&rendered.bytes))
}

/// Drawn in this process, in this size.
fn drawn(pdf: &[u8], width: u32, height: u32) -> Picture {
    decode(&render(pdf, &to(width, height), &Limits::default()).unwrap().bytes)
}

fn probe_of((width, height): (u32, u32)) -> Probe {
    Probe { media_type: MediaType::PDF, width, height, orientation: 1, animated: false }
}

#[tokio::test]
async fn a_page_is_shown_at_two_pixels_to_the_point() {
    let (size, pages, picture) = shown(page("", CORNERS, &[])).await;
    assert_eq!((size, pages), ((200, 100), 1));
    assert_eq!(picture.quarter_colours(), [RED, GREEN, BLUE, WHITE]);
    // Edges lie where pixels end, and are sharp.
    assert_eq!(picture, Picture::corners(200, 100));
}

#[tokio::test]
async fn a_page_is_turned_as_it_says() {
    for (rotate, size, colours) in [
        (0, (200, 100), [RED, GREEN, BLUE, WHITE]),
        (90, (100, 200), [BLUE, RED, WHITE, GREEN]),
        (180, (200, 100), [WHITE, BLUE, GREEN, RED]),
        (270, (100, 200), [GREEN, WHITE, RED, BLUE]),
        (-90, (100, 200), [GREEN, WHITE, RED, BLUE]),
        (450, (100, 200), [BLUE, RED, WHITE, GREEN]),
        (45, (200, 100), [RED, GREEN, BLUE, WHITE]),
    ] {
        let (shown_size, _, picture) = shown(page(&format!("/Rotate {rotate}"), CORNERS, &[])).await;
        assert_eq!(shown_size, size, "{rotate}");
        assert_eq!(picture.quarter_colours(), colours, "{rotate}");
    }
}

#[test]
fn a_page_is_cut_to_its_crop_box() {
    for (attributes, size, colours) in [
        ("/CropBox[50 25 100 50]", (100, 50), [GREEN; 4]),
        ("/CropBox[100 50 50 25]", (100, 50), [GREEN; 4]),
        ("/CropBox[25 0 75 50]", (100, 100), [RED, GREEN, BLUE, WHITE]),
        ("/CropBox[25 0 75 25]/Rotate 90", (50, 100), [BLUE, BLUE, WHITE, WHITE]),
        // It does not reach beyond the paper.
        ("/CropBox[-500 25 50 5000]", (100, 50), [RED; 4]),
        ("/MediaBox[0 0 50 25]", (100, 50), [BLUE; 4]),
        ("/MediaBox[50 25 100 50]", (100, 50), [GREEN; 4]),
        ("/MediaBox[-100 -50 100 50]", (400, 200), [WHITE, WHITE, WHITE, WHITE]),
    ] {
        let pdf = page(attributes, CORNERS, &[]);
        let made = media::Engine::default().make(&pdf, &[to(size.0, size.1)], true, &Limits::default()).unwrap();
        assert_eq!(made.details.unwrap().pixels, size, "{attributes}");
        let mut found = decode(&made.renditions[0].bytes).quarter_colours();
        if attributes.starts_with("/MediaBox[-") {
            // Only the upper right quarter is drawn on.
            let middle = drawn(&pdf, 400, 200).pixels[25 * 400 + 250];
            assert_eq!(middle, RED);
            found = [WHITE; 4];
        }
        assert_eq!(found, colours, "{attributes}");
    }
}

#[tokio::test]
async fn the_first_of_the_pages_is_drawn_and_all_are_counted() {
    let two = document(&[
        object("<</Type/Catalog/Pages 2 0 R>>"),
        object("<</Type/Pages/Kids[3 0 R 6 0 R]/Count 900/MediaBox[0 0 100 50]>>"),
        object("<</Type/Pages/Parent 2 0 R/Kids[4 0 R]/Count 1>>"),
        object("<</Type/Page/Parent 3 0 R/Contents[5 0 R]>>"),
        stream("", CORNERS.as_bytes()),
        object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 7 7]>>"),
    ]);
    let (size, pages, picture) = shown(two).await;
    assert_eq!((size, pages), ((200, 100), 2), "they are counted, whatever the document says");
    assert_eq!(picture, Picture::corners(200, 100));
}

#[tokio::test]
async fn the_newer_kind_of_document_is_read() {
    let objects = [
        object("<</Type/Catalog/Pages 2 0 R>>"),
        object("<</Type/Pages/Kids[3 0 R 5 0 R 5 0 R]/Count 3/MediaBox[0 0 100 50]>>"),
        object("<</Type/Page/Parent 2 0 R/Contents 4 0 R>>"),
        deflated("", CORNERS.as_bytes()),
        object("<</Type/Page/Parent 2 0 R>>"),
    ];
    let (size, pages, picture) = shown(in_streams(&objects)).await;
    assert_eq!((size, pages), ((200, 100), 2));
    assert_eq!(picture, Picture::corners(200, 100));
    // One whose table is lost is read by looking for what is there.
    let mut lost = document(&objects);
    let at = lost.windows(4).rposition(|word| word == b"xref").unwrap();
    lost[at..at + 4].copy_from_slice(b"lost");
    assert_eq!(drawn(&lost, 200, 100), Picture::corners(200, 100));
}

#[tokio::test]
async fn writing_needs_no_fonts_in_the_document() {
    for font in ["Helvetica", "Times-Bold", "Courier", "ZapfDingbats", "NoSuchFont"] {
        let attributes = "/Resources<</Font<</F 5 0 R>>>>";
        let more = object(&format!("<</Type/Font/Subtype/Type1/BaseFont/{font}>>"));
        let (_, _, picture) = shown(page(attributes, "BT /F 40 Tf 10 10 Td (H) Tj ET", &[more])).await;
        let black = |x: std::ops::Range<u32>, y: std::ops::Range<u32>| {
            let inside = |at: usize| x.contains(&(at as u32 % 200)) && y.contains(&(at as u32 / 200));
            picture.pixels.iter().enumerate().filter(|(at, pixel)| inside(*at) && pixel[0] < 60).count()
        };
        // The letter stands on a line 10 points above the edge, and is some 30 points high.
        assert!(black(20..100, 20..82) > 400, "{font}: {}", black(20..100, 20..82));
        assert_eq!(black(120..200, 0..100) + black(0..18, 0..100), 0, "{font}");
    }
}

#[tokio::test]
async fn pictures_in_a_page_are_drawn() {
    let picture = Picture::corners(60, 30);
    let about = "/Type/XObject/Subtype/Image/Width 60/Height 30/BitsPerComponent 8/ColorSpace/DeviceRGB";
    for (name, image) in [
        ("flate", deflated(about, &picture.bytes(3))),
        ("dct", stream(&format!("{about}/Filter/DCTDecode"), &picture.jpeg())),
    ] {
        let pdf = page("/Resources<</XObject<</I 5 0 R>>>>", "100 0 0 50 0 0 cm /I Do", &[image]);
        assert_close(shown(pdf).await.2.quarter_colours(), [RED, GREEN, BLUE, WHITE], name);
    }
}

#[tokio::test]
async fn what_is_half_clear_lets_through() {
    let attributes = "/Resources<</ExtGState<</H<</ca 0.5>>/M<</BM/Multiply>>>>>>";
    let content = "/H gs 1 0 0 rg 0 25 50 25 re f q /M gs 0 0 1 rg 50 0 50 50 re f Q 0 1 0 rg 50 25 50 25 re f";
    let (_, _, picture) = shown(page(attributes, content, &[])).await;
    let expected = [[255, 128, 128, 255], [64, 191, 128, 255], WHITE, [128, 128, 255, 255]];
    assert_close(picture.quarter_colours(), expected, "on white");
}

#[tokio::test]
async fn plans_are_drawn_in_their_size_and_not_made_larger() {
    let renderer = renderer(Duration::from_secs(60), Limits::default());
    let probe = probe_of((200, 100));
    let png = |resize| Plan { resize, format: Wanted::As(Format::Png), enlarge: true, ..Plan::ORIGINAL };
    let plans = [
        (png(Resize::Original), (200, 100)),
        (png(Resize::Within { width: 20, height: 20 }), (20, 10)),
        (png(Resize::Width(1000)), (1000, 500)),
        (png(Resize::Exact { width: 300, height: 400 }), (300, 400)),
        (Plan { focus: Focus { x: 0, y: 500 }, ..png(Resize::Cover { width: 80, height: 80 }) }, (80, 80)),
        (Plan { crop: Some(Crop { x: 50, y: 25, width: 100, height: 50 }), ..png(Resize::Width(400)) }, (400, 200)),
    ];
    let resolved: Vec<Resolved> = plans
        .iter()
        .map(|(plan, _)| match plan.resolve(&probe) {
            Resolution::Render(resolved) => resolved,
            Resolution::Unchanged => panic!("{plan:?} is to be drawn"),
        })
        .collect();
    let made = made(&renderer, page("", CORNERS, &[]), &resolved).await.unwrap();
    for (rendered, (plan, size)) in made.renditions.iter().zip(&plans) {
        let picture = decode(&rendered.bytes);
        assert_eq!((picture.width, picture.height), *size, "{plan:?}");
        let focused = matches!(plan.resize, Resize::Cover { .. });
        let expected = if focused { [RED, RED, BLUE, BLUE] } else { [RED, GREEN, BLUE, WHITE] };
        assert_close(picture.quarter_colours(), expected, &format!("{plan:?}"));
    }
    // Kept is what it is.
    assert_eq!(Plan::ORIGINAL.resolve(&probe), Resolution::Unchanged);
    // A larger one is drawn, not blown up: edges are as sharp.
    assert_eq!(drawn(&page("", CORNERS, &[]), 1000, 500), Picture::corners(1000, 500));
}

#[test]
fn pages_of_any_size_are_shown_at_one_that_can_be() {
    for (attributes, size) in [
        ("/MediaBox[0 0 595.28 841.89]", (1191, 1684)),
        ("/MediaBox[0 0 2048 1024]", (4096, 2048)),
        ("/MediaBox[0 0 14400 7200]", (4096, 2048)),
        ("/MediaBox[0 0 1000000000 1000000000]", (4096, 4096)),
        ("/MediaBox[0 0 1000000000 10]", (4096, 1)),
        ("/MediaBox[0 0 0.1 0.1]", (2, 2)),
        // What says nothing is the usual paper.
        ("/MediaBox[0 0 0 0]", (1191, 1684)),
        ("/MediaBox[5 5 5 500]", (1191, 1684)),
        ("/CropBox[900 900 990 990]", (1191, 1684)),
        // What can not be read is what all pages have.
        ("/MediaBox[0 0 10]", (200, 100)),
        ("/MediaBox(none)", (200, 100)),
        // Either corner may come first.
        ("/MediaBox[100 50 0 0]", (200, 100)),
        ("/MediaBox[-100 -50 -1 -1]", (198, 98)),
    ] {
        let pdf = page(attributes, CORNERS, &[]);
        let made = media::Engine::default().make(&pdf, &[to(8, 8)], true, &Limits::default());
        assert_eq!(made.map(|made| made.details.unwrap().pixels), Ok(size), "{attributes}");
    }
}

/// A font and what it consists of, numbered from this one. It comes in the document: each takes its own for one that is only named.
fn own_font(first: usize) -> [Vec<u8>; 3] {
    let bytes = fs::read("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf").expect("Debian's fonts-dejavu-core");
    let widths = "602 ".repeat(0x7f - 0x20);
    let font = format!(
        "<</Type/Font/Subtype/TrueType/BaseFont/DejaVuSansMono/Encoding/WinAnsiEncoding/FirstChar 32/LastChar 126\
         /Widths[{widths}]/FontDescriptor {} 0 R>>",
        first + 1
    );
    let descriptor = format!(
        "<</Type/FontDescriptor/FontName/DejaVuSansMono/Flags 33/FontBBox[-558 -375 718 1028]/ItalicAngle 0/Ascent 928\
         /Descent -236/CapHeight 729/StemV 80/FontFile2 {} 0 R>>",
        first + 2
    );
    [object(&font), object(&descriptor), deflated(&format!("/Length1 {}", bytes.len()), &bytes)]
}

#[test]
fn a_page_looks_as_poppler_draws_it() {
    let folder = tempfile::tempdir().unwrap();
    let picture = Picture::of(90, 60, |x, y| [(x * 2) as u8, (y * 4) as u8, 255 - (x + y) as u8, 255]);
    let image = deflated(
        "/Type/XObject/Subtype/Image/Width 90/Height 60/BitsPerComponent 8/ColorSpace/DeviceRGB/Interpolate true",
        &picture.bytes(3),
    );
    let attributes = format!(
        "/MediaBox[0 0 300 200]/Resources<</XObject<</I {FIRST_MORE} 0 R>>/Font<</F {} 0 R>>/ExtGState<</H<</ca 0.4/CA 0.6>>>>\
         /Shading<</S<</ShadingType 2/ColorSpace/DeviceRGB/Coords[0 0 300 0]/Function<</FunctionType 2/Domain[0 1]/N 1/C0[1 0.8 0.2]/C1[0.1 0.3 0.7]>>>>>>>>",
        FIRST_MORE + 1
    );
    let content = "q 0 150 300 50 re W n /S sh Q \
        q 120 0 0 80 20 20 cm /I Do Q \
        BT /F 22 Tf 20 115 Td (Mediary draws pages) Tj ET \
        0.8 0.1 0.1 rg 180 20 m 290 40 l 230 100 l h f \
        /H gs 0 0 1 rg 0.2 0.6 0.2 RG 6 w 200 30 m 260 30 290 60 250 110 c B";
    let pdf = page(&attributes, content, &[&[image], &own_font(FIRST_MORE + 1)[..]].concat());
    fs::write(folder.path().join("page.pdf"), &pdf).unwrap();
    let output = Command::new("pdftoppm")
        .args(["-r", "144", "-png", "-singlefile", "page.pdf", "page"])
        .current_dir(folder.path())
        .output()
        .expect("pdftoppm, from Debian's poppler-utils");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (ours, theirs) = (drawn(&pdf, 600, 400).png(), fs::read(folder.path().join("page.png")).unwrap());
    // Letters are fitted to pixels by each in its way, so that edges differ; from a little farther away nothing does.
    for ((width, height), least) in [((600, 400), 23.0), ((150, 100), 29.0)] {
        let seen = |png: &[u8]| drawn(png, width, height);
        let like = likeness(&seen(&ours), &seen(&theirs));
        assert!(like > least, "{width}x{height}: {like:.1} dB");
    }
}

#[tokio::test]
async fn what_needs_a_password_is_not_drawn() {
    let objects = [
        object("<</Type/Catalog/Pages 2 0 R>>"),
        object("<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 100 50]>>"),
        object("<</Type/Page/Parent 2 0 R/Contents 4 0 R>>"),
        stream("", CORNERS.as_bytes()),
    ];
    let (owner, user) = ("4".repeat(64), "5".repeat(64));
    let locked = |more: &str| {
        let lock = format!("/Filter/{more}/O<{owner}>/U<{user}>/P -4");
        with_trailer(&objects, &format!("/ID[<00><00>]/Encrypt<<{lock}>>"))
    };
    let renderer = renderer(Duration::from_secs(60), Limits::default());
    for kind in ["Standard/V 1/R 2", "Standard/V 2/R 3/Length 128", "Other/V 1/R 2"] {
        assert_eq!(made(&renderer, locked(kind), &[to(8, 8)]).await, Err(RenderError::Unsupported), "{kind}");
    }
    let found = made(&renderer, locked("Standard"), &[to(8, 8)]).await;
    assert_eq!(found, Err(RenderError::Corrupt("the document can not be decrypted".to_owned())));
}
