//! SVGs that can be shown without harm: what could run in them is cut out, and nothing else is touched, not a blank. What is not known to
//! be harmless goes; what lies elsewhere stays, because whoever shows an SVG does so under a policy by which nothing is loaded.
//!
//! Our own, because the crates that do it (`svg-hush`) write the whole anew and lose what people draw with: local references, animations,
//! blanks in text. It runs where it is called, not in a worker: safe code that reads text, within bounds that are checked first.

use std::ops::Range;

use memchr::{memchr_iter, memmem};
use roxmltree::{Document, Node, NodeType, ParsingOptions};

/// Elements, texts and whatever else there is.
const MAX_NODES: u32 = 200_000;
/// Each declared namespace is kept with all elements below.
const MAX_NAMESPACES: usize = 64;
/// Attributes of one element are compared with each other.
const MAX_ATTRIBUTES: usize = 500;

const SVG: &str = "http://www.w3.org/2000/svg";
const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// What is drawn, and what tells how. No `script`, no `foreignObject`, no `font`, which HTML takes for its own.
const ELEMENTS: &[&str] = &[
    "a",
    "animate",
    "animateColor",
    "animateMotion",
    "animateTransform",
    "circle",
    "clipPath",
    "color-profile",
    "cursor",
    "defs",
    "desc",
    "ellipse",
    "feBlend",
    "feColorMatrix",
    "feComponentTransfer",
    "feComposite",
    "feConvolveMatrix",
    "feDiffuseLighting",
    "feDisplacementMap",
    "feDistantLight",
    "feDropShadow",
    "feFlood",
    "feFuncA",
    "feFuncB",
    "feFuncG",
    "feFuncR",
    "feGaussianBlur",
    "feImage",
    "feMerge",
    "feMergeNode",
    "feMorphology",
    "feOffset",
    "fePointLight",
    "feSpecularLighting",
    "feSpotLight",
    "feTile",
    "feTurbulence",
    "filter",
    "flowPara",
    "flowRegion",
    "flowRoot",
    "flowSpan",
    "g",
    "hatch",
    "hatchpath",
    "image",
    "line",
    "linearGradient",
    "marker",
    "mask",
    "mesh",
    "meshgradient",
    "meshpatch",
    "meshrow",
    "metadata",
    "mpath",
    "path",
    "pattern",
    "polygon",
    "polyline",
    "radialGradient",
    "rect",
    "set",
    "solidcolor",
    "stop",
    "style",
    "svg",
    "switch",
    "symbol",
    "text",
    "textPath",
    "title",
    "tref",
    "tspan",
    "use",
    "view",
];

/// An SVG that can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sanitized {
    /// There was nothing to cut out.
    AsItCame,
    /// Without what was cut out.
    Without(Vec<u8>),
}

/// The SVG is no XML that everybody reads alike, or no SVG, or holds more than one would read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no SVG that can be made harmless")]
pub struct NotSanitized;

/// Cuts out of an SVG what is not known to be harmless. Costs time by its length, and memory of some times that.
///
/// # Errors
/// [`NotSanitized`] for what can not be read as XML in UTF-8 without entities of its own, or is not drawn by SVG's elements.
pub fn sanitize_svg(bytes: &[u8]) -> Result<Sanitized, NotSanitized> {
    let text = std::str::from_utf8(bytes).map_err(|_| NotSanitized)?;
    if !is_bounded(bytes) || !is_read_as_utf_8(text) {
        return Err(NotSanitized);
    }
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|_| NotSanitized)?;
    let root = document.root_element();
    if root.tag_name().namespace() != Some(SVG) || root.tag_name().name() != "svg" {
        return Err(NotSanitized);
    }
    let cuts = cuts_of(&document);
    if cuts.is_empty() {
        return Ok(Sanitized::AsItCame);
    }
    let (mut rest, mut at) = (Vec::with_capacity(bytes.len()), 0);
    for cut in cuts {
        rest.extend_from_slice(&bytes[at..cut.start]);
        at = cut.end;
    }
    rest.extend_from_slice(&bytes[at..]);
    Ok(Sanitized::Without(rest))
}

/// Whether reading it costs no more than by its length. An attribute holds no `<`, so that between two of those is one element's.
fn is_bounded(bytes: &[u8]) -> bool {
    let namespaces = memmem::find_iter(bytes, b"xmlns").take(MAX_NAMESPACES + 1).count();
    let mut start = 0;
    let few_attributes = memchr_iter(b'<', bytes).chain([bytes.len()]).all(|end| {
        let within = &bytes[start..end];
        start = end;
        memchr_iter(b'=', within).take(MAX_ATTRIBUTES + 1).count() <= MAX_ATTRIBUTES
    });
    namespaces <= MAX_NAMESPACES && few_attributes && memmem::find(bytes, b"<!ENTITY").is_none()
}

/// Whether browsers take it for UTF-8, as it is read here: by another encoding it could say something else.
fn is_read_as_utf_8(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    let Some(declaration) = text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")) else { return true };
    let Some((_, encoding)) = declaration.0.split_once("encoding") else { return true };
    let encoding = encoding.trim_start().trim_start_matches('=').trim_start().trim_start_matches(['"', '\'']);
    let ends = |name: &str| encoding[name.len()..].starts_with(['"', '\'']);
    ["utf-8", "us-ascii"]
        .iter()
        .any(|name| encoding.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) && ends(name))
}

/// In order, none within another.
fn cuts_of(document: &Document<'_>) -> Vec<Range<usize>> {
    let (mut cuts, mut cut_until) = (Vec::new(), 0);
    for node in document.descendants() {
        let range = node.range();
        if range.start < cut_until {
            continue;
        }
        let goes = match node.node_type() {
            NodeType::Element => !is_harmless(node),
            // HTML ends a comment where XML does not.
            NodeType::Comment | NodeType::PI => true,
            NodeType::Root | NodeType::Text => false,
        };
        if goes {
            cut_until = range.end;
            cuts.push(range);
        } else if node.is_element() {
            cuts.extend(
                node.attributes().filter(|attribute| !is_harmless_attribute(node, attribute)).map(|of| of.range()),
            );
        }
    }
    cuts
}

/// Whether an element may stay, whatever becomes of its attributes and of what it holds.
fn is_harmless(node: Node<'_, '_>) -> bool {
    let within_words = node.parent().is_some_and(are_words);
    match node.tag_name().namespace() {
        _ if within_words => false,
        Some(SVG) => {
            ELEMENTS.contains(&node.tag_name().name()) && !sets_what_could_run(node) && !holds_words_as_cdata(node)
        }
        Some(XHTML) | None => false,
        // What editors note for themselves. Without a prefix HTML would take it for an element of SVG.
        Some(_) => node.document().input_text()[node.range()]
            .split(['>', '/', ' ', '\n', '\t', '\r'])
            .next()
            .is_some_and(|name| name.contains(':')),
    }
}

/// Whether it is one of those whose content HTML reads as its own.
fn are_words(node: Node<'_, '_>) -> bool {
    node.tag_name().namespace() == Some(SVG) && matches!(node.tag_name().name(), "title" | "desc")
}

/// Whether it says in a way that HTML does not know there what is text: it would read elements in it.
fn holds_words_as_cdata(node: Node<'_, '_>) -> bool {
    are_words(node) && node.document().input_text()[node.range()].contains("<![CDATA[")
}

/// Whether it is an animation of what leads elsewhere, or of a handler.
fn sets_what_could_run(node: Node<'_, '_>) -> bool {
    let set = node.attributes().filter(|attribute| attribute.name().eq_ignore_ascii_case("attributeName"));
    set.map(|attribute| attribute.value().trim().to_ascii_lowercase())
        .any(|name| name.ends_with("href") || name.starts_with("on") || name.ends_with("base"))
}

fn is_harmless_attribute(node: Node<'_, '_>, attribute: &roxmltree::Attribute<'_, '_>) -> bool {
    let name = attribute.name().to_ascii_lowercase();
    match name.as_str() {
        "href" | "src" => is_harmless_address(node.tag_name().name(), attribute.value()),
        // By these the same addresses would lead elsewhere, or words be elements.
        "base" | "srcdoc" | "formaction" | "action" | "data" => false,
        _ => !name.starts_with("on"),
    }
}

fn is_harmless_address(element: &str, value: &str) -> bool {
    // Browsers pass over these wherever they are.
    let value: String = value.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let value = value.to_ascii_lowercase();
    let is_image = || {
        ["png", "jpeg", "jpg", "gif", "webp", "avif"].iter().any(|of| {
            value
                .strip_prefix("data:image/")
                .and_then(|rest| rest.strip_prefix(of))
                .is_some_and(|rest| rest.starts_with([';', ',']))
        })
    };
    let has_scheme = value.split(['/', '?', '#']).next().is_some_and(|start| start.contains(':'));
    match element {
        _ if value.starts_with('#') => true,
        // What is used becomes a part of the drawing.
        "use" | "tref" | "mpath" | "textPath" => false,
        "image" | "feImage" => is_image() || !has_scheme || value.starts_with("http:") || value.starts_with("https:"),
        _ => !has_scheme || ["http:", "https:", "mailto:"].iter().any(|scheme| value.starts_with(scheme)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str =
        "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' viewBox='0 0 9 9'>";

    fn sanitized(inside: &str) -> Result<Sanitized, NotSanitized> {
        sanitize_svg(format!("{OPEN}{inside}</svg>").as_bytes())
    }

    #[test]
    fn what_is_harmless_stays_as_it_came() {
        for inside in [
            "",
            "<rect width='9' height='9' fill='#f00' paint-order='stroke'/>",
            "\n  <g id='a' transform='scale(2)'>\n    <path d='M0 0L9 9'/>\n  </g>\n",
            "<linearGradient id='g'><stop offset='0'/></linearGradient><linearGradient id='h' xlink:href='#g'/><rect fill='url(#h)'/>",
            "<title>Größe &amp; mehr</title><text x='1' xml:space='preserve'>a  &lt; <tspan>b</tspan><tspan>c</tspan></text>",
            "<path id='p'/><text><textPath href='#p'>on a path</textPath></text><use xlink:href='#p'/>",
            "<style><![CDATA[@import url(//fonts.test/a.css); .a{fill:red}]]></style><circle class='a' r='3'/>",
            "<image href='data:image/png;base64,AAAA'/><image xlink:href='data:image/webp;base64,AAAA'/><image href='a.png'/>",
            "<circle><set attributeName='fill' to='green'/><animate attributeName='x' values='1;2' begin='click'/></circle>",
            "<i:view xmlns:i='urn:inkscape' i:zoom='1'><i:grid/></i:view><g i:label='x' xmlns:i='urn:inkscape'/>",
            "<a href='https://example.com/?a=b'><text>link</text></a><a xlink:href='page.html#x'/>",
        ] {
            assert_eq!(sanitized(inside), Ok(Sanitized::AsItCame), "{inside}");
        }
        let declared = "\u{feff}<?xml version=\"1.0\" encoding='UTF-8'?>\n<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'x.dtd'>\n\
             <svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\"/>\n";
        assert_eq!(sanitize_svg(declared.as_bytes()), Ok(Sanitized::AsItCame));
    }

    #[test]
    fn what_could_run_is_cut_out_and_nothing_else() {
        for (inside, rest) in [
            ("<g>a<script>alert(1)</script>b</g>", "<g>ab</g>"),
            ("<script href='//evil/x.js'/>", ""),
            ("<rect  onclick='alert(1)'\n width='9' ONLOAD=\"x\"/>", "<rect  \n width='9' />"),
            ("<a href='javascript:alert(1)'><text>x</text></a>", "<a ><text>x</text></a>"),
            ("<a xlink:href=' java\nscript:alert(1)'/>", "<a />"),
            ("<a href='&#106;avascript:alert(1)'/>", "<a />"),
            ("<a HREF='javascript:alert(1)'/>", "<a />"),
            ("<a href='data:text/html,x'/><a href='vbscript:x'/>", "<a /><a />"),
            (
                "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'><img src='x' onerror='alert(1)'/></body></foreignObject>",
                "",
            ),
            ("<use href='data:image/svg+xml;base64,AAAA#x'/><use href='other.svg#x'/>", "<use /><use />"),
            ("<image href='data:text/html;base64,AAAA'/><image href='data:image/svg+xml,x'/>", "<image /><image />"),
            ("<animate attributeName='href' values='javascript:alert(1)'/>", ""),
            (
                "<set attributeName=' xlink:href' to='javascript:alert(1)'/><set attributeName='onclick' to='alert(1)'/>",
                "",
            ),
            ("<g xml:base='javascript:x'/>", "<g />"),
            ("<!--><img src=x onerror=alert(1)>-->", ""),
            ("<?xml-stylesheet href='x.xsl' type='text/xsl'?>", ""),
            ("<x:script xmlns:x='http://www.w3.org/2000/svg'>alert(1)</x:script>", ""),
            ("<h:script xmlns:h='http://www.w3.org/1999/xhtml'>alert(1)</h:script>", ""),
            ("<x xmlns='urn:x'><script>alert(1)</script></x>", ""),
            ("<i:x xmlns:i='urn:x'><script>alert(1)</script></i:x>", "<i:x xmlns:i='urn:x'></i:x>"),
            ("<handler xmlns='http://www.w3.org/2001/xml-events'>alert(1)</handler>", ""),
            ("<SCRIPT>alert(1)</SCRIPT><iframe src='//evil.test'/><font color='x'/>", ""),
            ("<title><g>u</g>t</title>", "<title>t</title>"),
            ("<title><![CDATA[ ><img src=x onerror=alert(1)>]]></title>", ""),
            ("<g><desc>a<![CDATA[<img src=x onerror=alert(1)>]]>b</desc></g>", "<g></g>"),
            ("<title><g><![CDATA[<img src=x onerror=alert(1)>]]></g>t</title>", ""),
        ] {
            let expected = format!("{OPEN}{rest}</svg>").into_bytes();
            assert_eq!(sanitized(inside), Ok(Sanitized::Without(expected.clone())), "{inside}");
            // What is left is harmless.
            assert_eq!(sanitize_svg(&expected), Ok(Sanitized::AsItCame), "{rest}");
        }
        let root = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
        assert_eq!(
            sanitize_svg(root.as_bytes()),
            Ok(Sanitized::Without(root.replace("onload='alert(1)'", "").into_bytes()))
        );
    }

    #[test]
    fn what_is_not_read_by_everybody_alike_can_not_be_made_harmless() {
        let laughs = format!("<!DOCTYPE svg [<!ENTITY a 'ha'>]>{OPEN}<title>&a;</title></svg>");
        let namespaces: String = (0..100).map(|at| format!("<g xmlns:n{at}='urn:{at}'>")).collect();
        let namespaces = format!("{OPEN}{namespaces}{}</svg>", "</g>".repeat(100));
        let attributes: String = (0..1_000).map(|at| format!(" a{at}='x'")).collect();
        let attributes = format!("{OPEN}<g{attributes}/></svg>");
        let many = format!("{OPEN}{}</svg>", "<g/>".repeat(MAX_NODES as usize));
        let other = |encoding: &str| format!("<?xml version='1.0' encoding='{encoding}'?>{OPEN}</svg>");
        for none in [
            "",
            "<svg",
            "<html><body/></html>",
            "<svg/>",
            "\0",
            "<svg xmlns='http://www.w3.org/2000/svg'>",
            "<g xmlns='http://www.w3.org/2000/svg'/>",
            &laughs,
            &namespaces,
            &attributes,
            &many,
            &other("ISO-2022-JP"),
            &other("utf-16"),
            &other("UTF-81"),
        ] {
            assert_eq!(sanitize_svg(none.as_bytes()), Err(NotSanitized), "{}", &none[..none.len().min(200)]);
        }
        assert_eq!(sanitize_svg(b"<svg xmlns='http://www.w3.org/2000/svg'>\xFF</svg>"), Err(NotSanitized));
    }

    #[test]
    fn what_is_nested_costs_no_more_than_it_is_long() {
        let deep = format!("{OPEN}{}<script/>{}</svg>", "<g>".repeat(90_000), "</g>".repeat(90_000));
        assert!(matches!(sanitize_svg(deep.as_bytes()), Ok(Sanitized::Without(rest)) if rest.len() == deep.len() - 9));
    }
}
