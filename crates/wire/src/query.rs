//! The query of a request as pairs, decoded as forms are. It does not know which pairs mean anything.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

/// The pairs of a query, in their order. An extractor that refuses nothing: bytes that are no UTF-8 become U+FFFD.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the text after the `?`.
    #[must_use]
    pub fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// All pairs.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first value under a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.uri.query().map(Self::parse).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_pairs_and_finds_the_first() {
        let query = Query::parse("size=640%3E?&a=1&a=2&name=b+c&flag&=x&bad=%ff%zz");
        let pairs: Vec<_> = query.pairs().collect();
        let expected = [
            ("size", "640>?"),
            ("a", "1"),
            ("a", "2"),
            ("name", "b c"),
            ("flag", ""),
            ("", "x"),
            ("bad", "\u{fffd}%zz"),
        ];
        assert_eq!(pairs, expected);
        assert_eq!((query.get("a"), query.get("b")), (Some("1"), None));
    }
}
