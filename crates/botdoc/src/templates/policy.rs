//! What a browser may do on the recipient's page: run our one script, use our one style, talk to us, nothing else. Should a
//! user's text ever get out of its place, it stays text.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use super::{SCRIPT, STYLE};

/// The value of the header `Content-Security-Policy` for every page of [`super::page`].
pub(crate) fn content_security_policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        format!(
            "default-src 'none'; style-src '{}'; script-src '{}'; connect-src 'self'; form-action 'self'; \
             img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
            source(STYLE),
            source(SCRIPT)
        )
    });
    &POLICY
}

/// How a policy names what stands between two tags.
fn source(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::{page, samples};

    /// What stands between the only two such tags, as a browser sees it.
    fn between<'a>(html: &'a str, tag: &str) -> &'a str {
        assert_eq!(html.matches(&format!("<{tag}")).count(), 1, "one <{tag}> and no other");
        let (_, rest) = html.split_once(&format!("<{tag}>")).expect("without attributes");
        rest.split_once(&format!("</{tag}>")).expect("closed").0
    }

    #[test]
    fn the_policy_names_exactly_what_is_in_every_page() {
        for (name, view) in samples::pages() {
            let html = page(&view);
            for (tag, directive) in [("style", "style-src"), ("script", "script-src")] {
                let expected = format!("{directive} '{}';", source(between(&html, tag)));
                assert!(content_security_policy().contains(&expected), "{name}: {tag}");
            }
        }
    }

    #[test]
    fn what_is_hashed_is_what_a_browser_hashes() {
        // Browsers turn carriage returns into line feeds before they hash, and end at the first closing tag.
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains('\r') && !text.contains("</") && !text.contains("<!--"));
        }
    }

    #[test]
    fn nothing_in_a_page_needs_more_than_the_policy_allows() {
        for (name, view) in samples::pages() {
            let html = page(&view);
            for forbidden in [" style=", " onclick=", " onload=", "javascript:", "http://", "https://", "//cdn"] {
                // The name space of the drawings is a name and is not fetched.
                let html = html.replace("http://www.w3.org/2000/svg", "");
                assert!(!html.contains(forbidden), "{name}: {forbidden}");
            }
        }
    }
}
