//! PDF: trees, streams and drawings that lead back to themselves, and much in little.

use super::{Files, named, zeros};

const CATALOG: &str = "<</Type/Catalog/Pages 2 0 R>>";
const PAGES: &str = "<</Type/Pages/Kids[3 0 R]/Count 1>>";
const PAGE: &str = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources 5 0 R>>";
const NOTHING: &str = "<<>>";

pub fn files() -> Files {
    [trees(), drawings(), streams()].concat()
}

fn trees() -> Files {
    let sized = |size: &str| pdf(&[CATALOG.into(), PAGES.into(), PAGE.replace("0 0 99 99", size).into()]);
    let deep = (0..100_000).map(|at| format!("<</Type/Pages/Kids[{} 0 R]/Count 1>>", at + 3).into());
    let nested = |open: &str, close: &str| {
        let all = format!("{CATALOG_HEAD}{}{}>>", open.repeat(500_000), close.repeat(500_000));
        pdf(&[all.into(), PAGES.into(), PAGE.into()])
    };
    named([
        ("pages-of-themselves.pdf", pdf(&[CATALOG.into(), "<</Type/Pages/Kids[2 0 R]/Count 1>>".into()])),
        (
            "pages-of-each-other.pdf",
            pdf(&[
                CATALOG.into(),
                "<</Type/Pages/Kids[3 0 R]/Count 1>>".into(),
                "<</Type/Pages/Kids[2 0 R]/Count 1>>".into(),
            ]),
        ),
        ("pages-in-pages.pdf", pdf(&[vec![CATALOG.into()], deep.collect()].concat())),
        ("pages-of-the-catalog.pdf", pdf(&["<</Type/Catalog/Pages 1 0 R/Kids[1 0 R]>>".into()])),
        ("page-its-own-parent.pdf", pdf(&[CATALOG.into(), PAGES.into(), "<</Type/Page/Parent 3 0 R>>".into()])),
        (
            "pages-a-million-million.pdf",
            pdf(&[CATALOG.into(), "<</Type/Pages/Kids[3 0 R]/Count 1000000000000>>".into(), PAGE.into()]),
        ),
        (
            "pages-twice-doubled.pdf",
            pdf(&[
                vec![CATALOG.into()],
                (0..25).map(|at| format!("<</Type/Pages/Kids[{0} 0 R {0} 0 R]/Count 2>>", at + 3).into()).collect(),
            ]
            .concat()),
        ),
        ("no-pages.pdf", pdf(&[CATALOG.into(), "<</Type/Pages/Kids[]/Count 0>>".into()])),
        ("page-beyond-all.pdf", sized("0 0 1000000000 1000000000")),
        ("page-of-nothing.pdf", sized("0 0 0 0")),
        ("page-of-no-number.pdf", sized("(a) /b null 1e400")),
        ("page-turned-over.pdf", sized("99 99 0 0")),
        ("arrays-in-arrays.pdf", nested("[", "]")),
        ("dictionaries-in-dictionaries.pdf", nested("<</A", ">>")),
        ("reference-to-itself.pdf", pdf(&[CATALOG.into(), "2 0 R".into()])),
        ("head-only.pdf", b"%PDF-1.7\n".to_vec()),
        (
            "table-that-leads-to-itself.pdf",
            b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 1/Root 1 0 R/Prev 9>>\nstartxref\n9\n%%EOF"
                .to_vec(),
        ),
        (
            "table-of-four-thousand-million.pdf",
            b"%PDF-1.7\nxref\n0 4294967295\ntrailer\n<</Size 4294967295/Root 1 0 R>>\nstartxref\n9\n%%EOF".to_vec(),
        ),
        ("no-table-and-a-million-ends.pdf", [&b"%PDF-1.7\n"[..], &b"1 0 obj<<>>endobj\n".repeat(300_000)].concat()),
        ("secret-that-is-none.pdf", {
            let file = pdf(&[CATALOG.into(), PAGES.into(), PAGE.into()]);
            let text = String::from_utf8(file).unwrap();
            text.replace("/Root", "/Encrypt<</Filter/Standard/V 5/R 6/O()/U()/P 0/Length 999999>>/Root").into_bytes()
        }),
    ])
}

const CATALOG_HEAD: &str = "<</Type/Catalog/Pages 2 0 R/A ";

fn drawings() -> Files {
    let drawn = |contents: &[u8], resources: &str, more: &[Vec<u8>]| {
        let page = [CATALOG.into(), PAGES.into(), PAGE.into(), stream("", contents), resources.into()];
        pdf(&[&page[..], more].concat())
    };
    let form = |resources: &str, contents: &str| {
        stream(&format!("/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Resources<<{resources}>>"), contents.as_bytes())
    };
    let doubled = (0..30).map(|at| form(&format!("/XObject<</F {} 0 R>>", at + 7), "/F Do /F Do"));
    let image = |words: &str, data: &[u8]| {
        let image =
            stream(&format!("/Type/XObject/Subtype/Image/ColorSpace/DeviceGray/BitsPerComponent 8{words}"), data);
        drawn(b"99 0 0 99 0 0 cm /I Do", "<</XObject<</I 6 0 R>>>>", &[image])
    };
    let pattern = |step: &str| {
        let words = format!(
            "/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]/XStep {step}/YStep {step}/Resources<</Pattern<</P 6 0 R>>>>"
        );
        let tile = stream(&words, b"/Pattern cs /P scn 0 0 9 9 re f");
        drawn(b"/Pattern cs /P scn 0 0 99 99 re f", "<</Pattern<</P 6 0 R>>>>", &[tile])
    };
    let shading = |words: &str, domain: &str| {
        let more = [
            format!("<</ShadingType {words}/ColorSpace/DeviceGray/Function 7 0 R>>").into(),
            format!("<</FunctionType 2/Domain[{domain}]/N 1e9>>").into(),
        ];
        drawn(b"/S sh", "<</Shading<</S 6 0 R>>>>", &more)
    };
    named([
        ("form-of-itself.pdf", drawn(b"/F Do", "<</XObject<</F 6 0 R>>>>", &[form("/XObject<</F 6 0 R>>", "/F Do")])),
        ("forms-doubled-30-times.pdf", drawn(b"/F Do", "<</XObject<</F 6 0 R>>>>", &doubled.collect::<Vec<_>>())),
        ("pattern-of-itself.pdf", pattern("1")),
        ("pattern-of-tiny-steps.pdf", pattern("0.0000001")),
        ("pattern-of-no-steps.pdf", pattern("0")),
        ("letter-of-itself.pdf", {
            let font = "<</Type/Font/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[1 0 0 1 0 0]/FirstChar 97/LastChar 97/Widths[9]/Encoding<</Differences[97/a]>>/CharProcs<</a 7 0 R>>/Resources<</Font<</F 6 0 R>>>>>>";
            drawn(
                b"BT /F 9 Tf (a) Tj ET",
                "<</Font<</F 6 0 R>>>>",
                &[font.into(), stream("", b"9 0 d0 BT /F 9 Tf (aa) Tj ET")],
            )
        }),
        (
            "image-of-hundred-million.pdf",
            image("/Width 10000/Height 10000/Filter/FlateDecode", &zeros::zlib(100_000_000)),
        ),
        ("image-beyond-all.pdf", image("/Width 2147483647/Height 2147483647/Filter/FlateDecode", &zeros::zlib(1_000))),
        (
            "image-of-ten-thousand-million.pdf",
            image("/Width 100000/Height 100000/Filter/FlateDecode", &zeros::zlib(1 << 30)),
        ),
        ("image-its-own-mask.pdf", image("/Width 1/Height 1/SMask 6 0 R", b"x")),
        ("image-of-noise.pdf", image("/Width 99/Height 99/Filter/JBIG2Decode", &[0x5A; 500])),
        ("image-of-other-noise.pdf", image("/Width 99/Height 99/Filter/JPXDecode", &[0x5A; 500])),
        (
            "image-faxed-without-end.pdf",
            image(
                "/Width 60000/Height 60000/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 60000/Rows 60000>>",
                &[0xFF; 9_000],
            ),
        ),
        ("saved-a-million-times.pdf", drawn(&b"q ".repeat(1_000_000), NOTHING, &[])),
        (
            "million-lines.pdf",
            drawn(&[&b"0 0 m "[..], &b"99 0 l 0 99 l ".repeat(300_000), b"S"].concat(), NOTHING, &[]),
        ),
        ("dashes-of-nearly-nothing.pdf", drawn(b"[.000001] 0 d 0 0 m 1000000 0 l S", NOTHING, &[])),
        (
            "numbers-beyond-all.pdf",
            drawn(b"1e38 0 0 1e38 0 0 cm -1e38 -1e38 1e38 1e38 re f 0 0 m 1e400 NaN l S", NOTHING, &[]),
        ),
        ("clear-groups-in-groups.pdf", {
            let group = (0..500).map(|at| stream(&format!("/Type/XObject/Subtype/Form/BBox[0 0 99 99]/Group<</S/Transparency>>/Resources<</XObject<</F {} 0 R>>>>", at + 7), b"/F Do"));
            drawn(b"/F Do", "<</XObject<</F 6 0 R>>>>", &group.collect::<Vec<_>>())
        }),
        ("shading-of-circles.pdf", shading("3/Coords[0 0 0 0 0 1e30]/Extend[true true]", "0 1")),
        ("shading-of-no-range.pdf", shading("2/Coords[0 0 0 0]/Extend[true true]", "1 0")),
    ])
}

fn streams() -> Files {
    let with = |words: &str, contents: &[u8]| {
        pdf(&[CATALOG.into(), PAGES.into(), PAGE.into(), stream(words, contents), NOTHING.into()])
    };
    let bomb = zeros::zlib(1 << 30);
    let packed = |words: &str| {
        let stream = stream(&format!("/Type/ObjStm/N 1/First 4{words}"), b"1 0 <</Type/Catalog/Pages 2 0 R>>");
        [&b"%PDF-1.7\n1 0 obj\n"[..], &stream, b"\nendobj\ntrailer\n<</Root 1 0 R>>\nstartxref\n0\n%%EOF"].concat()
    };
    named([
        ("contents-of-a-gibibyte.pdf", with("/Filter/FlateDecode", &bomb)),
        ("contents-packed-twice.pdf", with("/Filter[/FlateDecode/FlateDecode]", &super::png::stored(&bomb[..60_000]))),
        (
            "contents-packed-a-thousand-times.pdf",
            with(&format!("/Filter[{}]", "/ASCIIHexDecode".repeat(1_000)), b"30>"),
        ),
        ("contents-in-runs.pdf", with("/Filter/RunLengthDecode", &b"\x81 ".repeat(1_000_000))),
        ("length-of-itself.pdf", with("/Length 4 0 R", b"q Q")),
        ("length-beyond-all.pdf", with("/Length 99999999999", b"q Q")),
        ("length-below-nothing.pdf", with("/Length -1", b"q Q")),
        (
            "rows-beyond-all.pdf",
            with(
                "/Filter/FlateDecode/DecodeParms<</Predictor 15/Columns 2147483647/Colors 99/BitsPerComponent 16>>",
                &zeros::zlib(1_000),
            ),
        ),
        ("objects-in-themselves.pdf", packed("")),
        ("objects-that-extend-themselves.pdf", packed("/Extends 1 0 R")),
    ])
}

/// Words come before the length, so that one of their own counts.
fn stream(words: &str, contents: &[u8]) -> Vec<u8> {
    let len = if words.contains("/Length") { String::new() } else { format!("/Length {}", contents.len()) };
    [format!("<<{words}{len}>>stream\n").as_bytes(), contents, b"\nendstream"].concat()
}

/// A whole file of these objects, the first of which is the catalog.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", file.len());
        file.extend(format!("{} 0 obj\n", number + 1).bytes());
        file.extend([object, &b"\nendobj\n"[..]].concat());
    }
    let table_at = file.len();
    let trailer = format!("trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{table_at}\n%%EOF\n", objects.len() + 1);
    [&file[..], table.as_bytes(), trailer.as_bytes()].concat()
}
