//! SVG: as large as it is wanted, with writing, without anything from outside; and some that mean harm.

use std::fs;

use bytes::Bytes;
use content::MediaType;
use media::{Engine, Format, Limits, RenderError, Renderer, RendererConfig, Resolved, Source};

use super::{assert_corners, corners, details, png_of};
use crate::pictures::{Picture, decode};

/// The four corners, drawn.
pub fn svg(size: &str) -> String {
    let mut text = format!(r#"<svg xmlns="http://www.w3.org/2000/svg" {size}>"#);
    for ([red, green, blue, _], (x, y)) in
        corners().quarter_colours().into_iter().zip([(0, 0), (48, 0), (0, 32), (48, 32)])
    {
        text += &format!(r#"<rect x="{x}" y="{y}" width="48" height="32" fill="rgb({red},{green},{blue})"/>"#);
    }
    text + "</svg>"
}

#[test]
fn a_drawing_is_drawn_as_large_as_it_is_wanted() {
    let mut engine = Engine::outfitted();
    for (size, pixels) in [
        (r#"width="96" height="64""#, (96, 64)),
        (r#"viewBox="0 0 96 64""#, (96, 64)),
        (r#"viewBox="0 0 96 64" width="1in""#, (96, 64)),
        // Without any size it is as large as what is in it.
        ("", (96, 64)),
    ] {
        let file = svg(size);
        assert_eq!(details(&mut engine, file.as_bytes()).unwrap().pixels, pixels, "{size}");
        for (width, height) in [(96, 64), (960, 640), (48, 32)] {
            assert_corners(&png_of(&mut engine, file.as_bytes(), width, height).unwrap(), size);
        }
    }
    // Sharp at any size: an edge is one pixel wide.
    let large = png_of(&mut engine, svg(r#"width="96" height="64""#).as_bytes(), 1920, 1280).unwrap();
    let row = &large.pixels[100 * 1920..101 * 1920];
    assert!(row.windows(2).filter(|pair| pair[0] != pair[1]).count() <= 2);
    // What is not painted is clear.
    let hole = r#"<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="4" height="8"/></svg>"#;
    let drawn = png_of(&mut engine, hole.as_bytes(), 8, 8).unwrap();
    assert_eq!((drawn.pixels[0], drawn.pixels[7][3]), ([0, 0, 0, 255], 0));
}

#[test]
fn writing_is_drawn_in_a_confined_worker_and_nothing_outside_is_read() {
    let ink = |picture: &Picture| picture.pixels.iter().filter(|pixel| pixel[3] > 0).count();
    let of = |inside: &str| {
        let text = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="96" height="64">{inside}</svg>"#
        );
        let outcome = rendered(text.into_bytes(), &MediaType::SVG, &Resolved::of_size(96, 64, Format::Png));
        ink(&decode(&outcome.unwrap()))
    };
    assert!(of(r#"<text x="5" y="40" font-size="30">Text</text>"#) > 200);
    assert!(of(r#"<text x="5" y="40" font-size="30" font-family="No Such Font">Text</text>"#) > 200);
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("outside.png");
    fs::write(&outside, corners().png()).unwrap();
    let name = outside.display();
    for reference in [
        format!(r#"<image width="96" height="64" href="{name}"/>"#),
        format!(r#"<image width="96" height="64" xlink:href="file://{name}"/>"#),
        r#"<image width="96" height="64" href="http://127.0.0.1:1/x.png"/>"#.to_owned(),
        r#"<script>document.documentElement.innerHTML = "x"</script>"#.to_owned(),
        format!(r#"<style>@import url("{name}"); rect {{ fill: url({name}) }}</style>"#),
    ] {
        assert_eq!(of(&reference), 0, "{reference}");
    }
    let inside =
        format!(r#"<image width="96" height="64" href="data:image/png;base64,{}"/>"#, base64(&corners().png()));
    assert_eq!(of(&inside), 96 * 64, "a picture within is part of the drawing");
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = three.iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        (0..4)
            .map(move |at| if at > three.len() { '=' } else { LETTERS[(bits >> (18 - 6 * at) & 63) as usize] as char })
            .collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

/// By a confined worker.
fn rendered(source: Vec<u8>, media_type: &MediaType, resolved: &Resolved) -> Result<Bytes, RenderError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let renderer = Renderer::new(RendererConfig {
        worker: env!("CARGO_BIN_EXE_media-worker").into(),
        workers: 1,
        queue: 0,
        deadline: std::time::Duration::from_secs(60),
        limits: Limits::default(),
    });
    let source = Source::from(Bytes::from(source)).of_type(media_type);
    runtime.block_on(renderer.render(source, resolved)).map(|rendered| rendered.bytes)
}

#[test]
fn entities_that_multiply_and_drawings_without_end_are_refused_or_drawn() {
    let mut laughs = "<!DOCTYPE svg [<!ENTITY a \"aaaaaaaaaa\">".to_owned();
    for (name, of) in ('b'..'k').zip('a'..'j') {
        laughs += &format!("<!ENTITY {name} \"{}\">", format!("&{of};").repeat(10));
    }
    laughs += "]><svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><text>&j;</text></svg>";
    let small = Resolved::of_size(9, 9, Format::Png);
    let outcome = rendered(laughs.into_bytes(), &MediaType::SVG, &small);
    assert!(matches!(outcome, Err(RenderError::Corrupt(_))), "{outcome:?}");
    let deep = format!("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{}", "<g>".repeat(200_000));
    let outcome = rendered(deep.into_bytes(), &MediaType::SVG, &small);
    assert!(matches!(outcome, Err(RenderError::Corrupt(_) | RenderError::Crashed)), "{outcome:?}");
    // Ten to the eighth pixels if it were drawn at its size; it is not.
    let huge = svg(r#"viewBox="0 0 96 64" width="15000" height="10000""#);
    let drawn = rendered(huge.into_bytes(), &MediaType::SVG, &Resolved::of_size(96, 64, Format::Png)).unwrap();
    assert_corners(&decode(&drawn), "huge");
    let uses = (0..30).map(|n| format!("<g id='n{}'><use href='#n{n}'/><use href='#n{n}'/></g>", n + 1));
    let bomb = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect id='n0' width='9' height='9'/>{}</svg>",
        uses.collect::<String>()
    );
    let outcome = rendered(bomb.into_bytes(), &MediaType::SVG, &small);
    assert!(!matches!(outcome, Err(RenderError::Unavailable(_))), "{outcome:?}");
}
