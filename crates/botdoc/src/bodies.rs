//! What a request carries in its body, read as Django REST framework reads it: JSON, a urlencoded form or a multipart form, each with
//! that framework's words where it cannot be read. It does not know which fields there are.

mod charset;
mod header;
mod json;
mod multipart;
mod scanner;
mod urlencoded;

use axum::body::Body;
use http::{HeaderMap, header::CONTENT_TYPE};
use wire::{BadBody, read_small_body};

use charset::Charset;
use header::HeaderValue;
pub(crate) use json::{FilePart, Json};
pub(crate) use multipart::MAX_FIELDS;

/// What a body held.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    /// JSON of any kind; an empty object where there was no body at all.
    Json(Json),
    /// The fields of a form in their order: texts first, then files. A name may come more than once.
    Form(Vec<(String, Json)>),
}

/// Why a body was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bad {
    /// Its type is not read: 415. The type as it was sent.
    Unsupported(String),
    /// It is not what its type says: 400, with these words under `detail`.
    Malformed(String),
    /// It is longer than such bodies are.
    TooLarge,
    /// It ended before its end.
    Interrupted,
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Form,
    Multipart,
}

impl Data {
    /// The data of a form that somebody else read: texts in their order.
    pub(crate) fn form(texts: impl IntoIterator<Item = (String, String)>) -> Self {
        Self::Form(texts.into_iter().map(|(name, text)| (name, Json::text(text))).collect())
    }

    /// Puts a file into a form: it comes after the texts, so that under one name the file counts.
    pub(crate) fn add_file(&mut self, name: &str, file: FilePart) {
        if let Self::Form(fields) = self {
            fields.push((name.to_owned(), Json::File(file)));
        }
    }
}

impl Bad {
    fn json(words: &str) -> Self {
        Self::Malformed(format!("JSON parse error - {words}"))
    }

    /// What is said under `detail`; `None` for what the framework has no words for.
    pub(crate) fn detail(&self) -> Option<String> {
        match self {
            Self::Unsupported(media_type) => Some(format!("Unsupported media type \"{media_type}\" in request.")),
            Self::Malformed(words) => Some(words.clone()),
            Self::TooLarge | Self::Interrupted => None,
        }
    }
}

impl From<BadBody> for Bad {
    fn from(bad: BadBody) -> Self {
        match bad {
            BadBody::TooLarge => Self::TooLarge,
            BadBody::Interrupted => Self::Interrupted,
        }
    }
}

/// Reads a body of which no file is wanted: of files only the names are kept, and the whole has to be small.
///
/// # Errors
/// [`Bad`].
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Data, Bad> {
    let bytes = read_small_body(body).await?;
    parse(content_type(headers).as_deref().unwrap_or_default(), &bytes)
}

/// The header as WSGI hands it on: each byte a character.
fn content_type(headers: &HeaderMap) -> Option<String> {
    Some(charset::latin1(headers.get(CONTENT_TYPE)?.as_bytes()))
}

fn parse(content_type: &str, bytes: &[u8]) -> Result<Data, Bad> {
    let header = HeaderValue::parse(content_type).unwrap_or_default();
    if bytes.is_empty() {
        let is_form = matches!(header.value.as_str(), Format::FORM_TYPE | Format::MULTIPART_TYPE);
        return Ok(if is_form { Data::Form(Vec::new()) } else { Data::Json(Json::Object(Vec::new())) });
    }
    let format = Format::of(&header.value).ok_or_else(|| Bad::Unsupported(content_type.to_owned()))?;
    let charset = Charset::of(header.parameter("charset")).map_err(Bad::Malformed)?;
    match format {
        Format::Json => {
            let text = charset.decode_strictly(bytes).map_err(|words| Bad::json(&words))?;
            scanner::parse(&text).map(Data::Json).map_err(|words| Bad::json(&words))
        }
        Format::Form => urlencoded::parse(bytes, charset).map(Data::Form),
        Format::Multipart => multipart::parse(content_type, &header, bytes, charset).map(Data::Form),
    }
}

impl Format {
    const JSON_TYPE: &str = "application/json";
    const FORM_TYPE: &str = "application/x-www-form-urlencoded";
    const MULTIPART_TYPE: &str = "multipart/form-data";

    /// The first format that fits a type in lower case, which may hold stars.
    fn of(media_type: &str) -> Option<Self> {
        let (main, sub) = media_type.split_once('/').unwrap_or((media_type, ""));
        let formats =
            [(Self::JSON_TYPE, Self::Json), (Self::FORM_TYPE, Self::Form), (Self::MULTIPART_TYPE, Self::Multipart)];
        let fits = |known: &str, said: &str| said == "*" || said == known;
        let found = formats.into_iter().find(|(known, _)| {
            known.split_once('/').is_some_and(|(known_main, known_sub)| fits(known_main, main) && fits(known_sub, sub))
        });
        found.map(|(_, format)| format)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[tokio::test]
    async fn keeps_what_is_too_large_apart_from_what_broke_off() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, "application/json".parse().unwrap());
        let large = vec![b' '; 2 * 1024 * 1024];
        assert_eq!(read(&headers, Body::from(large)).await, Err(Bad::TooLarge));
        let broken = futures_util::stream::iter([Ok("{"), Err(std::io::Error::other("gone"))]);
        assert_eq!(read(&headers, Body::from_stream(broken)).await, Err(Bad::Interrupted));
        assert_eq!(read(&HeaderMap::new(), Body::empty()).await, Ok(Data::Json(Json::Object(vec![]))));
    }

    #[test]
    fn deep_nesting_is_refused_with_words() {
        let deep = "[".repeat(500_000);
        let Err(Bad::Malformed(words)) = parse("application/json", deep.as_bytes()) else { panic!("it was read") };
        assert!(words.starts_with("JSON parse error - maximum recursion depth exceeded"), "{words}");
        let deep = "{\"a\":".repeat(100_000);
        assert!(parse("application/json", deep.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(kind in 0_usize..4, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let kinds = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=B", "*/*;charset=latin1"];
            parse(kinds[kind], &bytes).ok();
        }

        #[test]
        fn never_panics_near_the_grammars(
            content_type in "(multipart/form-data|application/json)[; a-z*'\"\\\\=%é]{0,30}",
            body in "(--B|\r\n|Content-Disposition: form-data; |name|filename|[*=\"';%a-z0-9éè{}\\[\\]:,. \\\\]){0,40}",
        ) {
            parse(&content_type, body.as_bytes()).ok();
            parse("multipart/form-data; boundary=B", body.as_bytes()).ok();
            parse("application/json", body.as_bytes()).ok();
        }
    }
}
