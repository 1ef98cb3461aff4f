//! The page that shows a PDF without a button to save it. It leaves the showing to the browser, and the bytes, with the right to
//! them and their count, to `contents`.

use std::fmt::{self, Display, Write as _};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, StatusCode, Uri, header},
    response::Response,
};
use content::MediaType;
use library::Library;

use crate::{auth::Reader, error::Refused, segments::FileId};

/// The page has no script, loads nothing but the document, and sends its address, in which there may be a token, nowhere.
const POLICY: &str =
    "default-src 'none'; frame-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// What browsers' own viewers understand: no bar with buttons, nothing beside the page.
const BARE: &str = "#toolbar=0&navpanes=0";

/// A page with the document in it; what is no PDF is found at `contents`, by the same query. Contract 1.1.
pub(crate) async fn view_pdf(
    State(library): State<Library>,
    Reader(actor): Reader,
    FileId(id): FileId,
    uri: Uri,
) -> Result<Response, Refused> {
    let asset = library.asset(&actor, id).await?;
    let is_pdf = asset.version.as_ref().is_some_and(|version| version.media_type == MediaType::PDF);
    let contents = contents_beside(uri.path());
    let query = uri.query().unwrap_or_default();
    Ok(if is_pdf { page(&asset.name, &source(contents, query)) } else { elsewhere(contents, query) })
}

/// `contents` of the same file, from this address. It names no host and no prefix: those of a proxy are not ours to know.
fn contents_beside(path: &str) -> &'static str {
    if path.ends_with('/') { "../contents" } else { "contents" }
}

/// Where the document comes from: with the token, if the query has one, and nothing else of it.
fn source(contents: &str, query: &str) -> String {
    match query.split('&').find(|pair| pair.starts_with("auth_token=")) {
        Some(token) => format!("{contents}?{token}{BARE}"),
        None => format!("{contents}{BARE}"),
    }
}

fn page(name: &str, source: &str) -> Response {
    let (name, source) = (Escaped(name), Escaped(source));
    let page = format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{name}</title>\n\
         <style>html, body {{ height: 100%; margin: 0 }} iframe {{ display: block; width: 100%; height: 100%; border: 0 }}</style>\n\
         </head>\n<body>\n<iframe src=\"{source}\" title=\"{name}\"></iframe>\n</body>\n</html>\n"
    );
    let mut response = Response::new(Body::from(page));
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn elsewhere(contents: &str, query: &str) -> Response {
    let location = if query.is_empty() { contents.to_owned() } else { format!("{contents}?{query}") };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    // A query came in a request line, so it fits into a header.
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(header::LOCATION, location);
    }
    response
}

/// Text as it stands between tags and in quoted attributes.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_asked_for_with_the_token_as_it_came_and_nothing_else() {
        for (path, query, expected) in [
            ("/v1/media/files/5/pdf", "", "contents#toolbar=0&navpanes=0"),
            ("/v1/media/files/5/pdf/", "", "../contents#toolbar=0&navpanes=0"),
            ("/v1/media/files/5/pdf", "size=9&auth_token=a%2Db&x", "contents?auth_token=a%2Db#toolbar=0&navpanes=0"),
            ("/v1/media/files/5/pdf", "my_auth_token=a", "contents#toolbar=0&navpanes=0"),
            ("/v1/media/files/5/pdf", "auth_token=a&auth_token=b", "contents?auth_token=a#toolbar=0&navpanes=0"),
        ] {
            assert_eq!(source(contents_beside(path), query), expected, "{path}?{query}");
        }
    }

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(
            Escaped("<a href='x'>\"&\"</a> ü").to_string(),
            "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&quot;&lt;/a&gt; ü"
        );
    }
}
