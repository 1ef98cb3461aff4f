//! A urlencoded form as Django's `QueryDict` reads it.

use percent_encoding::percent_decode_str;

use super::{
    Bad, Json, MAX_FIELDS,
    charset::{Charset, latin1},
    multipart::too_many_fields,
};

/// The pairs of a form in their order.
///
/// # Errors
/// [`Bad::Malformed`] where there are too many.
pub(super) fn parse(bytes: &[u8], charset: Charset) -> Result<Vec<(String, Json)>, Bad> {
    // Some clients send bytes as they are.
    let text =
        charset.decode_strictly(bytes).ok().filter(|text| text.len() >= bytes.len()).unwrap_or_else(|| latin1(bytes));
    if text.split('&').count() > MAX_FIELDS {
        return Err(too_many_fields());
    }
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (unescaped(name, charset), Json::text(unescaped(value, charset)))
    });
    Ok(pairs.collect())
}

fn unescaped(text: &str, charset: Charset) -> String {
    let text = text.replace('+', " ");
    if !text.contains('%') {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    // What is no ASCII stands for itself; only the runs between are decoded.
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let ascii = rest.find(|c: char| !c.is_ascii()).unwrap_or(rest.len());
        let bytes: Vec<u8> = percent_decode_str(&rest[..ascii]).collect();
        out.push_str(&charset.decode(&bytes));
        rest = &rest[ascii..];
        let other = rest.find(|c: char| c.is_ascii()).unwrap_or(rest.len());
        out.push_str(&rest[..other]);
        rest = &rest[other..];
    }
    out
}
