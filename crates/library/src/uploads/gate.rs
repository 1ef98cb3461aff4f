//! The gate that files pass on every way in: a folder's policy against their names, their bytes and what the sender says.

use content::MediaType;
use store::upload_policies::UploadPolicy;

use super::Nature;
use crate::{
    Fault,
    kinds::{Sort, by_extension, holds_others, sort_of},
};

/// What is let in, as it stood when somebody began to send.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Option<UploadPolicy>);

impl Gate {
    pub(crate) const fn new(policy: Option<UploadPolicy>) -> Self {
        Self(policy)
    }

    /// Whether everything gets through, so that nobody has to look.
    pub(crate) const fn is_open(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a file of this name may come, as far as one can say before its bytes are there.
    pub(crate) fn expect_name(&self, name: &str, declared: Option<&MediaType>) -> Result<(), Fault> {
        let Some(policy) = &self.0 else { return Ok(()) };
        let extension = extension_of(name);
        let by_name = by_extension(&extension);
        let is_denied = is_any(&policy.deny, &extension, &[by_name.as_ref(), declared]);
        // A name without an extension promises nothing: then the bytes decide.
        let is_allowed =
            policy.allow.is_empty() || extension.is_empty() || is_any(&policy.allow, &extension, &[by_name.as_ref()]);
        if is_denied || !is_allowed { Err(Fault::Unsupported) } else { Ok(()) }
    }

    /// Whether a file of this name may have these bytes.
    pub(crate) fn expect(&self, name: &str, declared: Option<&MediaType>, nature: &Nature) -> Result<(), Fault> {
        self.expect_name(name, declared)?;
        let Some(policy) = &self.0 else { return Ok(()) };
        let extension = extension_of(name);
        let is_honest = !policy.matching || by_extension(&extension).is_none_or(|by_name| agrees(&by_name, nature));
        let may = is_honest && !denies(policy, &extension, nature) && allows(policy, &extension, nature);
        if may { Ok(()) } else { Err(Fault::Unsupported) }
    }
}

fn denies(policy: &UploadPolicy, extension: &str, nature: &Nature) -> bool {
    let is_packing = |kind: &String| by_extension(kind).as_ref() == Some(&nature.media_type);
    is_any(&policy.deny, "", &[Some(&nature.media_type)])
        || (hides_packing(extension) && policy.deny.iter().any(is_packing))
}

fn allows(policy: &UploadPolicy, extension: &str, nature: &Nature) -> bool {
    if policy.allow.is_empty() {
        return true;
    }
    let by_name = by_extension(extension);
    // A name, or somebody's word, is no evidence of what bytes would tell.
    let is_known = nature.media_type != MediaType::OCTET_STREAM
        && (nature.sniffed.is_some() || sort_of(&nature.media_type).tells_nothing());
    if is_known && is_any(&policy.allow, "", &[Some(&nature.media_type)]) {
        return true;
    }
    // Else it has to be called by one of the extensions that are allowed by themselves, and that no bytes contradict.
    let is_vague = |by_name: &MediaType| match is_known {
        true => holds_others(&nature.media_type) && holds_others(by_name),
        false => sort_of(by_name).tells_nothing(),
    };
    let may_be = by_name.as_ref().map_or(!is_known || holds_others(&nature.media_type), is_vague);
    may_be && policy.allow.iter().any(|kind| kind == extension)
}

/// As those take it who are most generous: some systems drop dots at the end of a name, so that `a.exe.` is a program there, others know
/// streams behind a colon, and nobody sees characters without a width. And `.exe` is one too.
pub(crate) fn extension_of(name: &str) -> String {
    let is_invisible = |c: char| matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}');
    let name: String = name.chars().filter(|c| !is_invisible(*c)).collect();
    let name = name.trim_end_matches(['.', ' ']);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    extension.split([':', '?', '#']).next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether a file of this extension and these types is of any of the kinds. An extension stands for its type too, so that another name
/// does not help; but for what only holds other things, which is many a format: an SVGZ is no `gz`, a JAR is no `zip`.
fn is_any(kinds: &[String], extension: &str, types: &[Option<&MediaType>]) -> bool {
    let has = |matches: &dyn Fn(&str) -> bool| types.iter().flatten().any(|of| matches(of.as_str()));
    kinds.iter().any(|kind| match kind.strip_suffix("/*") {
        Some(family) => has(&|of| of.split_once('/').is_some_and(|(of, _)| of == family)),
        None if kind.contains('/') => has(&|of| of == kind),
        None => {
            kind == extension
                || by_extension(kind)
                    .filter(|meant| !holds_others(meant))
                    .is_some_and(|meant| has(&|of| of == meant.as_str()))
        }
    })
}

/// Whether nothing that is packed is called so, or it is not told how.
fn hides_packing(extension: &str) -> bool {
    extension.is_empty() || by_extension(extension).is_some_and(|of| !holds_others(&of) && sort_of(&of) != Sort::Zip)
}

/// Whether bytes are what a name says.
fn agrees(by_name: &MediaType, nature: &Nature) -> bool {
    match &nature.sniffed {
        // An SVG is XML, too.
        Some(sniffed) if *sniffed == MediaType::SVG && by_name.as_str() == "application/xml" => true,
        Some(sniffed) => sort_of(sniffed) == sort_of(by_name),
        // Nothing in text tells what it is, and nothing else goes without a mark.
        None => nature.is_text && matches!(sort_of(by_name), Sort::Text | Sort::Only("text/html" | "application/rtf")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kinds::by_name_only, names, upload_policies::check_policy};

    const PNG: &str = "image/png";
    const PE: &str = "application/vnd.microsoft.portable-executable";

    fn gate(allow: &[&str], deny: &[&str], matching: bool) -> Gate {
        let list = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect();
        Gate(Some(check_policy(UploadPolicy { allow: list(allow), deny: list(deny), matching }).expect("kinds")))
    }

    /// A file by what its bytes are found to be: "" is nothing, "text" is text without a mark.
    fn nature(name: &str, sniffed: &'static str) -> Nature {
        let by_name = by_name_only(names::split_extension(name).1);
        let sniffed = (!matches!(sniffed, "" | "text")).then(|| MediaType::of(sniffed)).ok_or(sniffed);
        let is_text = sniffed == Err("text");
        let media_type = match &sniffed {
            Ok(zip) if zip.as_str() == "application/zip" => {
                by_name.filter(|by_name| sort_of(by_name) == Sort::Zip).unwrap_or(MediaType::ZIP)
            }
            Ok(sniffed) => sniffed.clone(),
            Err(_) => by_name.unwrap_or(MediaType::OCTET_STREAM),
        };
        Nature { media_type, probe: None, sniffed: sniffed.ok(), is_text }
    }

    #[test]
    fn what_is_denied_is_so_by_its_name_its_bytes_and_its_senders_word() {
        let gate = gate(&[], &["exe", ".HTML", "image/gif", "video/*", "jar", "gz", "zip"], false);
        for (name, sniffed, declared, through) in [
            ("a.png", PNG, None, true),
            ("a.exe", "", None, false),
            ("A.EXE", PNG, None, false),
            ("a.jpg", PE, None, false),
            ("a", PE, None, false),
            ("a.jpg", "text/html", None, false),
            ("a.htm", "text", None, false),
            ("a.png", "image/gif", None, false),
            ("a.gif", PNG, None, false),
            ("a.png", PNG, Some("image/gif"), false),
            ("a.bin", "", Some("video/ogg"), false),
            ("a.bin", "video/webm", None, false),
            ("a.jar", "application/zip", None, false),
            ("a.zip", "application/zip", None, false),
            ("a.txt", "application/zip", None, false),
            ("a", "application/zip", None, false),
            ("a.docx", "application/zip", None, true),
            // Nobody can tell what else is a ZIP.
            ("a.pages", "application/zip", None, true),
            ("a.jpg", "application/gzip", None, false),
            ("exe", "", None, true),
            (".exe", "", None, false),
            ("a.exe::$DATA", "", None, false),
            ("a.e\u{200b}xe\u{ad}", "", None, false),
            ("a.exe. .", "", None, false),
            ("a.exe.txt", "text", None, true),
            ("a.gz", "application/gzip", None, false),
            ("a.svgz", "application/gzip", None, true),
        ] {
            let declared = declared.map(MediaType::of);
            let outcome = gate.expect(name, declared.as_ref(), &nature(name, sniffed));
            assert_eq!(outcome.is_ok(), through, "{name} {sniffed} {declared:?}");
        }
    }

    #[test]
    fn what_is_allowed_has_to_be_so_by_its_name_and_by_its_bytes() {
        let gate = gate(&["image/*", "pdf", "docx", "dwg", "tgz"], &["svg"], false);
        for (name, sniffed, through) in [
            ("a.png", PNG, true),
            ("a.jpeg", PNG, true),
            ("a", PNG, true),
            ("a.pdf", "application/pdf", true),
            ("a.docx", "application/zip", true),
            ("a.dwg", "", true),
            // Its name is no evidence.
            ("a.pdf", "", false),
            ("a.docx", "", false),
            ("a.svg", "image/svg+xml", false),
            ("a.png", "image/svg+xml", false),
            ("a.exe", PNG, false),
            ("a.png", "text/html", false),
            ("a.png", "", false),
            ("a.pdf", "application/zip", false),
            ("a.dwg", PE, false),
            ("a.tgz", "application/gzip", true),
            ("a.gz", "application/gzip", false),
            ("a", "application/gzip", false),
            ("a.zip", "application/zip", false),
            ("a", "", false),
            ("a.", "text", false),
        ] {
            let outcome = gate.expect(name, None, &nature(name, sniffed));
            assert_eq!(outcome.is_ok(), through, "{name} {sniffed}");
        }
    }

    #[test]
    fn what_has_to_match_is_what_it_is_called() {
        let gate = gate(&[], &[], true);
        for (name, sniffed, through) in [
            ("a.png", PNG, true),
            ("a.jpg", PNG, true),
            ("a.jpg", "image/svg+xml", false),
            ("a.svg", "image/svg+xml", true),
            ("a.svg", PNG, false),
            ("a.jpg", "text/html", false),
            ("a.html", "text/html", true),
            ("a.html", "text", true),
            ("a.txt", "text", true),
            ("a.txt", "text/html", false),
            ("a.txt", "application/xml", true),
            ("a.xml", "image/svg+xml", true),
            ("a.txt", "", false),
            ("a.docx", "application/zip", true),
            ("a.docx", "application/x-ole-storage", false),
            ("a.doc", "application/x-ole-storage", true),
            ("a.pdf", "application/pdf", true),
            ("a.pdf", "application/zip", false),
            ("a.mp4", "video/quicktime", true),
            ("a.mp4", PE, false),
            ("a.exe", PE, true),
            ("a.jpg", "", false),
            // A name that says nothing says nothing wrong.
            ("a.xyz", PE, true),
            ("a", PE, true),
        ] {
            let outcome = gate.expect(name, None, &nature(name, sniffed));
            assert_eq!(outcome.is_ok(), through, "{name} {sniffed}");
        }
    }
}
