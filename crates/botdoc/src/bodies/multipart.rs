//! A small multipart form as Django's parser takes it apart: it finds fault with little, and takes what is there. Uploads are read by
//! `wire`, part by part, which is stricter: half a file is no file.

use super::{Bad, FilePart, Json, charset::Charset, header::HeaderValue};

/// Most fields in a form.
pub(crate) const MAX_FIELDS: usize = 1000;
/// Longest head of a part, in bytes.
const MAX_HEAD_BYTES: usize = 1024;
/// Longest boundary, in bytes.
const MAX_BOUNDARY_BYTES: usize = 201;

/// What a part is.
enum Part<'a> {
    Field(&'a [u8]),
    File(FilePart),
}

/// The texts of a form, then its files.
///
/// # Errors
/// [`Bad::Malformed`].
pub(super) fn parse(
    content_type: &str,
    header: &HeaderValue,
    bytes: &[u8],
    charset: Charset,
) -> Result<Vec<(String, Json)>, Bad> {
    let separator = [b"--", boundary(content_type, header)?.as_bytes()].concat();
    let (mut fields, mut files) = (Vec::new(), Vec::new());
    let mut rest = bytes;
    while !rest.is_empty() {
        let part;
        (part, rest) = cut(rest, &separator);
        match read_part(part, charset)? {
            Some((name, Part::Field(value))) => fields.push((name, Json::text(charset.decode(value)))),
            // A file that no separator ends is none; a text is one.
            Some((_, Part::File(_))) if rest.is_empty() => {}
            Some((name, Part::File(file))) => files.push((name, Json::File(file))),
            None => {}
        }
        if fields.len() > MAX_FIELDS {
            return Err(too_many_fields());
        }
    }
    fields.append(&mut files);
    Ok(fields)
}

/// Django says this as a page.
pub(super) fn too_many_fields() -> Bad {
    Bad::Malformed("The number of GET/POST parameters exceeded settings.DATA_UPLOAD_MAX_NUMBER_FIELDS.".to_owned())
}

fn malformed(words: &str) -> Bad {
    Bad::Malformed(format!("Multipart form parse error - {words}"))
}

fn boundary<'a>(content_type: &str, header: &'a HeaderValue) -> Result<&'a str, Bad> {
    if !content_type.starts_with("multipart/") {
        return Err(malformed(&format!("Invalid Content-Type: {content_type}")));
    }
    if !content_type.is_ascii() {
        return Err(malformed(&format!("Invalid non-ASCII Content-Type in multipart: {content_type}")));
    }
    let said = header.parameter("boundary");
    let fits = |boundary: &&str| {
        (1..=MAX_BOUNDARY_BYTES).contains(&boundary.len())
            && boundary.bytes().all(|byte| matches!(byte, b' '..=b'~'))
            && !boundary.ends_with(' ')
    };
    said.filter(fits).ok_or_else(|| malformed(&format!("Invalid boundary in multipart: {}", said.unwrap_or("None"))))
}

/// What stands before the next separator, without the line break there, and what stands behind it.
fn cut<'a>(bytes: &'a [u8], separator: &[u8]) -> (&'a [u8], &'a [u8]) {
    let Some(at) = find(bytes, separator) else { return (bytes, &[]) };
    let before = &bytes[..at];
    let before = before.strip_suffix(b"\n").unwrap_or(before);
    let before = before.strip_suffix(b"\r").unwrap_or(before);
    (before, &bytes[at + separator.len()..])
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// `None` for what is no part, or one without a name, or a file without one.
fn read_part(part: &[u8], charset: Charset) -> Result<Option<(String, Part<'_>)>, Bad> {
    const END: &[u8] = b"\r\n\r\n";
    let near = &part[..part.len().min(MAX_HEAD_BYTES)];
    let Some(end) = find(near, END) else {
        return if near.len() < MAX_HEAD_BYTES {
            Ok(None)
        } else {
            Err(malformed("Request max total header size exceeded."))
        };
    };
    let value = &part[end + END.len()..];
    let disposition = lines(&part[..end]).into_iter().filter_map(disposition).next_back();
    let Some(disposition) = disposition else { return Ok(None) };
    let Some(name) = disposition.parameter("name") else { return Ok(None) };
    let name = charset.decode(name.as_bytes().trim_ascii());
    let Some(file_name) = disposition.parameter("filename").filter(|file_name| !file_name.is_empty()) else {
        return Ok(Some((name, Part::Field(value))));
    };
    let file = plain_name(&charset.decode(file_name.as_bytes()))
        .map(|file_name| Part::File(FilePart { file_name, bytes: value.len() as u64 }));
    Ok(file.map(|file| (name, file)))
}

/// The lines of a head. A lone line feed ends none.
fn lines(head: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = head;
    while let Some(end) = find(rest, b"\r\n") {
        lines.push(&rest[..end]);
        rest = &rest[end + 2..];
    }
    lines.push(rest);
    lines
}

/// The value of a line, where it is that header.
fn disposition(line: &[u8]) -> Option<HeaderValue> {
    let line = std::str::from_utf8(line).ok()?;
    let header = HeaderValue::parse(line)?;
    let is_it = header.value.split_once(':').is_some_and(|(name, _)| name == "content-disposition");
    is_it.then_some(header)
}

/// A file's name without folders and without what does not print; `None` where nothing is left.
fn plain_name(said: &str) -> Option<String> {
    let last = said.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| !c.is_control()).collect();
    (!matches!(plain.as_str(), "" | "." | "..")).then_some(plain)
}
