//! SVG: entities that multiply, what lies outside, sizes without end, parts that use themselves.

use std::io::Write as _;

use super::{Files, named, png};

pub fn files() -> Files {
    let image = |target: &str| plain(&format!("<image width='9' height='9' href='{target}'/>"));
    let mut files = [entities(), circles(), filters(), many(), nested()].concat();
    for (name, attributes) in [
        ("hundred-million-pixels", "width='10000' height='10000'"),
        ("million-million-pixels", "width='1000000' height='1000000'"),
        ("sides-beyond-numbers", "width='1e400' height='1e400'"),
        ("sides-of-nothing", "width='0' height='0'"),
        ("sides-below-nothing", "width='-9' height='-9'"),
        ("sides-that-are-none", "width='NaN' height='inf'"),
        ("view-of-nearly-nothing", "viewBox='0 0 1e-300 1e-300'"),
        ("view-of-everything", "viewBox='-1e38 -1e38 3e38 3e38'"),
        ("one-high-and-a-million-wide", "width='1000000' height='1'"),
    ] {
        let text = format!("<svg xmlns='http://www.w3.org/2000/svg' {attributes}><rect width='9' height='9'/></svg>");
        files.push((format!("{name}.svg"), text.into_bytes()));
    }
    files.extend(named([
        ("image-of-the-system.svg", image("/etc/passwd")),
        ("image-of-a-file.svg", image("file:///dev/zero")),
        ("image-of-a-host.svg", image("http://127.0.0.1:1/image.png")),
        ("image-of-no-end.svg", image("/dev/stdin")),
        ("image-of-nothing.svg", image("data:,")),
        ("image-that-is-none.svg", image("data:image/png;base64,AAAA")),
        (
            "style-of-a-host.svg",
            plain("<style>@import url('http://127.0.0.1:1/style.css'); rect { fill: red }</style>"),
        ),
        ("script.svg", plain("<script>for (;;) {}</script><rect width='9' height='9' onload='for (;;) {}'/>")),
        ("text-of-other-letters.svg", b"\xFF\xFE<\0s\0v\0g\0/\0>\0".to_vec()),
        ("text-that-is-none.svg", [&plain("")[..40], &[0xFF; 100]].concat()),
        ("cut.svg", plain("<rect/>")[..60].to_vec()),
        (
            "foreign.svg",
            plain("<foreignObject><html xmlns='http://www.w3.org/1999/xhtml'><iframe src='/'/></html></foreignObject>"),
        ),
    ]));
    files
}

fn plain(inside: &str) -> Vec<u8> {
    let head =
        "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='99' height='99'>";
    format!("{head}{inside}</svg>").into_bytes()
}

fn entities() -> Files {
    let with = |declared: &str, used: &str| {
        let document = String::from_utf8(plain(&format!("<desc>{used}</desc><text y='50'>x</text>"))).unwrap();
        format!("<!DOCTYPE svg [{declared}]>{document}").into_bytes()
    };
    let laughs = |times: usize| {
        let more =
            ('b'..='i').zip('a'..).map(|(name, of)| format!("<!ENTITY {name} '{}'>", format!("&{of};").repeat(times)));
        format!("<!ENTITY a 'aaaaaaaaaa'>{}", more.collect::<String>())
    };
    let long = format!("<!ENTITY a '{}'>", "a".repeat(100_000));
    named([
        ("entities-by-tens.svg", with(&laughs(10), "&i;")),
        ("entities-by-twos.svg", with(&laughs(2), "&i;")),
        ("entity-of-itself.svg", with("<!ENTITY a '&a;'>", "&a;")),
        ("entities-of-each-other.svg", with("<!ENTITY a '&b;'><!ENTITY b '&a;'>", "&a;")),
        ("entity-that-is-long-and-often-used.svg", with(&long, &"&a;".repeat(100))),
        ("entity-of-the-system.svg", with("<!ENTITY a SYSTEM 'file:///etc/passwd'>", "&a;")),
        ("entity-of-a-host.svg", with("<!ENTITY % a SYSTEM 'http://127.0.0.1:1/a.dtd'> %a;", "x")),
        (
            "entities-a-hundred-thousand.svg",
            with(&(0..100_000).map(|at| format!("<!ENTITY e{at} 'x'>")).collect::<String>(), "&e9;"),
        ),
    ])
}

fn circles() -> Files {
    let doubled = |name: &str, last: usize| {
        let uses = (0..last).map(|at| format!("<g id='n{}'><use href='#n{at}'/><use href='#n{at}'/></g>", at + 1));
        format!(
            "<defs><rect id='n0' width='9' height='9'/>{}</defs><{name} href='#n{last}'/>",
            uses.collect::<String>()
        )
    };
    let patterns = (0..12).map(|at| {
        let (next, tile) = (at + 1, "width='1' height='1' patternUnits='userSpaceOnUse'");
        format!("<pattern id='p{at}' {tile}><rect width='99' height='99' fill='url(#p{next})'/><rect width='99' height='99' fill='url(#p{next})'/></pattern>")
    });
    let masks = (0..200).map(|at| {
        format!("<mask id='m{at}'><rect width='99' height='99' fill='white' mask='url(#m{})'/></mask>", at + 1)
    });
    let all = |what: &str, by: &str| format!("{what}<rect width='99' height='99' {by}/>");
    named([
        ("use-of-itself.svg", plain("<use id='a' href='#a'/>")),
        ("use-of-what-it-is-in.svg", plain("<g id='a'><use href='#a'/></g>")),
        ("uses-of-each-other.svg", plain("<g id='a'><use href='#b'/></g><g id='b'><use href='#a'/></g>")),
        ("uses-doubled-10-times.svg", plain(&doubled("use", 10))),
        ("uses-doubled-12-times.svg", plain(&doubled("use", 12))),
        ("uses-doubled-30-times.svg", plain(&doubled("use", 30))),
        (
            "pattern-of-itself.svg",
            plain(&all(
                "<pattern id='a' width='9' height='9'><rect fill='url(#a)' width='9' height='9'/></pattern>",
                "fill='url(#a)'",
            )),
        ),
        ("patterns-doubled-12-times.svg", plain(&all(&patterns.collect::<String>(), "fill='url(#p0)'"))),
        (
            "pattern-of-tiny-tiles.svg",
            plain(&all(
                "<pattern id='a' width='1e-6' height='1e-6' patternUnits='userSpaceOnUse'><rect width='1' height='1'/></pattern>",
                "fill='url(#a)'",
            )),
        ),
        (
            "pattern-of-a-huge-tile.svg",
            plain(&all(
                "<pattern id='a' width='1e9' height='1e9' patternUnits='userSpaceOnUse'><rect width='1e9' height='1e9'/></pattern>",
                "fill='url(#a)'",
            )),
        ),
        (
            "mask-of-itself.svg",
            plain(&all("<mask id='a'><rect width='9' height='9' mask='url(#a)'/></mask>", "mask='url(#a)'")),
        ),
        ("masks-in-a-chain.svg", plain(&all(&masks.collect::<String>(), "mask='url(#m0)'"))),
        (
            "clip-of-itself.svg",
            plain(&all(
                "<clipPath id='a' clip-path='url(#a)'><rect width='9' height='9'/></clipPath>",
                "clip-path='url(#a)'",
            )),
        ),
        (
            "gradient-of-itself.svg",
            plain(&all("<linearGradient id='a' href='#b'/><linearGradient id='b' href='#a'/>", "fill='url(#a)'")),
        ),
        (
            "marker-of-itself.svg",
            plain(
                "<marker id='a'><path d='M0 0L9 9' marker-mid='url(#a)'/></marker><path d='M0 0L9 9L9 0' marker-mid='url(#a)'/>",
            ),
        ),
        ("text-along-itself.svg", plain("<text><textPath href='#a' id='a'>x</textPath></text>")),
    ])
}

fn filters() -> Files {
    let filtered = |inside: &str, region: &str| {
        plain(&format!("<filter id='a' {region}>{inside}</filter><rect width='99' height='99' filter='url(#a)'/>"))
    };
    let large = "x='-1e6' y='-1e6' width='1e7' height='1e7' filterUnits='userSpaceOnUse'";
    let order = "9999";
    named([
        ("blur-beyond-all.svg", filtered("<feGaussianBlur stdDeviation='1e9'/>", "")),
        ("blur-of-no-number.svg", filtered("<feGaussianBlur stdDeviation='-1 NaN'/>", "")),
        ("noise-of-many-octaves.svg", filtered("<feTurbulence baseFrequency='.1' numOctaves='2000000000'/>", "")),
        ("morphology-beyond-all.svg", filtered("<feMorphology operator='dilate' radius='1e9'/>", "")),
        ("morphology-of-nine.svg", filtered("<feMorphology operator='dilate' radius='9'/>", "")),
        (
            "matrix-of-ten-thousand.svg",
            filtered(&format!("<feConvolveMatrix order='{order}' kernelMatrix='{}'/>", "1 ".repeat(9_999)), ""),
        ),
        (
            "matrix-of-thirty.svg",
            filtered(&format!("<feConvolveMatrix order='30' kernelMatrix='{}'/>", "1 ".repeat(900)), ""),
        ),
        ("region-beyond-all.svg", filtered("<feFlood/><feTile/>", large)),
        ("thirty-blurs.svg", filtered(&"<feGaussianBlur stdDeviation='9'/>".repeat(30), "")),
        ("filter-of-itself.svg", filtered("<feImage href='#a'/>", "")),
        (
            "image-of-the-filtered.svg",
            plain(
                "<filter id='a'><feImage href='#b'/></filter><g id='b' filter='url(#a)'><rect width='9' height='9'/></g>",
            ),
        ),
        (
            "table-of-a-million.svg",
            filtered(
                &format!(
                    "<feComponentTransfer><feFuncR type='table' tableValues='{}'/></feComponentTransfer>",
                    "0 1 ".repeat(500_000)
                ),
                "",
            ),
        ),
    ])
}

fn many() -> Files {
    let rules = (0..200).map(|at| format!("g.c{at} > g rect, .d{at} {{ fill: red }}"));
    let rects = "<g class='c1'><g><rect class='d4' width='1' height='1'/></g></g>".repeat(200);
    let stops = (0..2_000).map(|at| format!("<stop offset='{}' stop-color='red'/>", f64::from(at) / 2e3));
    let gradient = format!("<linearGradient id='a'>{}</linearGradient>", stops.collect::<String>());
    named([
        ("groups-in-groups.svg", plain(&"<g>".repeat(200_000))),
        ("groups-in-groups-closed.svg", plain(&["<g>".repeat(5_000), "</g>".repeat(5_000)].concat())),
        (
            "clear-groups-in-groups.svg",
            plain(
                &["<g opacity='.9'>".repeat(500), "<rect width='9' height='9'/>".to_owned(), "</g>".repeat(500)]
                    .concat(),
            ),
        ),
        ("thousands-of-lines.svg", plain(&format!("<path stroke='red' d='M0 0{}'/>", "L99 0L0 99".repeat(1_000)))),
        ("dashes-of-nearly-nothing.svg", plain("<path stroke='red' stroke-dasharray='1e-5' d='M0 0H1000000'/>")),
        ("stroke-beyond-all.svg", plain("<path stroke='red' stroke-width='1e38' d='M0 0L9 9'/>")),
        ("thousand-letters.svg", plain(&format!("<text>{}</text>", "x".repeat(1_000)))),
        ("letters-beyond-all.svg", plain("<text font-size='1e30'>x</text><text font-size='1e-30'>x</text>")),
        ("rules-for-all.svg", plain(&format!("<style>{}</style>{rects}", rules.collect::<String>()))),
        ("stops-two-thousand.svg", plain(&format!("{gradient}<rect width='99' height='99' fill='url(#a)'/>"))),
        (
            "attributes-two-thousand.svg",
            plain(&format!("<g {}/>", (0..2_000).map(|at| format!("a{at}='' ")).collect::<String>())),
        ),
        (
            "transform-of-no-number.svg",
            plain("<g transform='scale(NaN) rotate(1e400) matrix(0 0 0 0 0 0)'><rect width='9' height='9'/></g>"),
        ),
        ("coordinates-beyond-all.svg", plain("<path d='M-1e38 -1e38L1e38 1e38A1e38 1e38 0 0 0 -1e38 1e38Z'/>")),
    ])
}

fn nested() -> Files {
    let of = |media_type: &str, bytes: &[u8]| {
        format!("<image width='99' height='99' href='data:{media_type};base64,{}'/>", base64(bytes))
    };
    let inner = (0..6).fold(plain("<rect width='9' height='9'/>"), |within, _| plain(&of("image/svg+xml", &within)));
    let bomb = png::png(&png::header(2_000, 2_000, 8, 6), &[png::idat(2_000 * 8_001)]);
    let larger = png::png(&png::header(60_000, 60_000, 8, 6), &[png::idat(1_000)]);
    let packed = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let spaces = vec![b' '; 1 << 20];
        (0..300).for_each(|_| encoder.write_all(&spaces).unwrap());
        encoder.finish().unwrap()
    };
    named([
        ("drawings-in-drawings.svg", plain(&inner.iter().map(|byte| char::from(*byte)).collect::<String>())),
        ("drawing-in-an-image.svg", plain(&of("image/svg+xml", &inner))),
        ("picture-of-four-million.svg", plain(&of("image/png", &bomb))),
        ("picture-of-thousands-of-millions.svg", plain(&of("image/png", &larger))),
        ("pictures-of-four-million-ten-times.svg", plain(&of("image/png", &bomb).repeat(10))),
        ("packed-drawing-of-300-mebibytes.svg", plain(&of("image/svg+xml", &packed))),
        ("packed-by-itself.svgz", packed),
        (
            "hundreds-of-pictures.svg",
            plain(&of("image/png", &png::png(&png::header(1, 1, 8, 0), &[png::idat(2)])).repeat(300)),
        ),
    ])
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len() / 3 * 4 + 4);
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let letter = |at: usize| char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize]);
        text.extend((0..4).map(|at| if at > three.len() { '=' } else { letter(at) }));
    }
    text
}
