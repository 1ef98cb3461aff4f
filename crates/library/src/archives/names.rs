//! Names in an archive that any system can unpack, only below the folder it unpacks to, without one overwriting another.
//! It knows strings, not assets.

use std::collections::{HashMap, HashSet};

/// Longest name of one file or folder, in bytes of UTF-8: what common file systems take.
pub const MAX_NAME_BYTES: usize = 255;

/// Room that is left for ` (4294967295)`.
const NUMBER_BYTES: usize = 13;

/// Longer "extensions" are part of the name.
const MAX_EXTENSION_BYTES: usize = 32;

/// `name` as the name of one file or folder in an archive: without path separators, drive letters, control characters and
/// whatever else Windows refuses or a terminal obeys (each becomes `_`); never empty, `.`, `..` or a device; at most
/// [`MAX_NAME_BYTES`] long. A name that is safe already is returned as it is.
#[must_use]
pub fn safe_entry_name(name: &str) -> String {
    // Nothing past this can survive the cut, and an extension that far away is none.
    let name = &name[..name.floor_char_boundary(64 * 1024)];
    let replaced: String = name.chars().map(|c| if is_unsafe(c) { '_' } else { c }).collect();
    // Windows drops these at the end, so that `a.` and `a` would be one file, and `..` would be none.
    let mut safe = replaced.trim_end_matches(['.', ' ']).to_owned();
    if is_device(&safe) {
        safe.insert(0, '_');
    }
    if safe.len() > MAX_NAME_BYTES {
        let (stem, extension) = split_extension(&safe);
        let room = MAX_NAME_BYTES - extension.len();
        safe = format!("{}{extension}", stem[..stem.floor_char_boundary(room)].trim_end_matches(['.', ' ']));
    }
    if safe.is_empty() { "_".to_owned() } else { safe }
}

/// Gives out the paths of one archive, each once. Names that differ only in case count as equal, since they are on many systems;
/// each clash costs constant time on average, however many there are.
#[derive(Debug, Default)]
pub struct EntryNames {
    /// Every path given out, folded, without the slash that marks a folder.
    taken: HashSet<String>,
    /// The number to try next, by folded path with the place of the number left open.
    next_number: HashMap<String, u32>,
}

impl EntryNames {
    /// None given out yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The path of a file called `name` in `folder`, which is `""` or what [`Self::folder`] gave. A clash adds ` (1)`, ` (2)` … before the extension.
    pub fn file(&mut self, folder: &str, name: &str) -> String {
        let name = safe_entry_name(name);
        let (stem, extension) = split_extension(&name);
        self.claim(folder, &name, stem, extension)
    }

    /// The path, with a slash at its end, of a folder called `name` in `folder`, which is `""` or what this gave before.
    pub fn folder(&mut self, folder: &str, name: &str) -> String {
        let name = safe_entry_name(name);
        let mut path = self.claim(folder, &name, &name, "");
        path.push('/');
        path
    }

    fn claim(&mut self, folder: &str, name: &str, stem: &str, extension: &str) -> String {
        let path = format!("{folder}{name}");
        if self.taken.insert(fold(&path)) {
            return path;
        }
        // Cut first, so that all names which share their numbered forms also share one counter.
        let room = MAX_NAME_BYTES.saturating_sub(extension.len() + NUMBER_BYTES);
        let stem = stem[..stem.floor_char_boundary(room)].trim_end_matches(' ');
        let next = self.next_number.entry(fold(&format!("{folder}{stem}/{extension}"))).or_insert(1);
        loop {
            let numbered = format!("{folder}{stem} ({next}){extension}");
            *next = next.saturating_add(1);
            if self.taken.insert(fold(&numbered)) {
                return numbered;
            }
        }
    }
}

/// Case folding one character at a time, so that equal parts fold equally wherever they stand.
fn fold(path: &str) -> String {
    path.chars().flat_map(char::to_lowercase).collect()
}

fn is_unsafe(c: char) -> bool {
    // The last three rows: line separators, marks that turn the direction of writing (a disguise for extensions), byte order mark.
    c.is_control()
        || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
        || matches!(c, '\u{2028}' | '\u{2029}')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || c == '\u{feff}'
}

/// Whether Windows opens a device under this name, whatever its extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |port: &str| {
        stem.strip_prefix(port).is_some_and(|rest| {
            let mut digits = rest.chars();
            matches!(digits.next(), Some('0'..='9' | '¹' | '²' | '³')) && digits.next().is_none()
        })
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") || numbered("COM") || numbered("LPT")
}

/// The name before its extension, and the extension with its dot, which may be empty.
fn split_extension(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= MAX_EXTENSION_BYTES => name.split_at(dot),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn unsafe_names_become_safe_ones() {
        let cases = [
            ("foo.jpg", "foo.jpg"),
            ("Ünïcode 名前 🎈.png", "Ünïcode 名前 🎈.png"),
            (".gitignore", ".gitignore"),
            ("", "_"),
            (".", "_"),
            ("..", "_"),
            (". .", "_"),
            ("../../etc/passwd", ".._.._etc_passwd"),
            ("/etc/passwd", "_etc_passwd"),
            ("..\\..\\boot.ini", ".._.._boot.ini"),
            ("C:\\boot.ini", "C__boot.ini"),
            ("a\0b\nc\u{7f}\u{85}d", "a_b_c__d"),
            ("gpj\u{202e}.exe", "gpj_.exe"),
            ("what?.pdf. ", "what_.pdf"),
            ("nul", "_nul"),
            ("Com1.txt", "_Com1.txt"),
            ("com10.txt", "com10.txt"),
            ("console.log", "console.log"),
        ];
        for (name, expected) in cases {
            assert_eq!(safe_entry_name(name), expected, "{name:?}");
        }
    }

    #[test]
    fn long_names_are_cut_before_the_extension() {
        let safe = safe_entry_name(&format!("{}.jpeg", "é".repeat(300)));
        assert_eq!(safe, format!("{}.jpeg", "é".repeat(125)));
        assert_eq!(safe_entry_name(&"x".repeat(1_000_000)).len(), MAX_NAME_BYTES);
    }

    #[test]
    fn clashes_get_numbers_before_the_extension() {
        let mut names = EntryNames::new();
        let given: Vec<String> = ["a.jpg", "A.JPG", "a (1).jpg", "a.jpg", "b", "b", "a (2).jpg"]
            .iter()
            .map(|name| names.file("", name))
            .collect();
        assert_eq!(given, ["a.jpg", "A (1).JPG", "a (1) (1).jpg", "a (2).jpg", "b", "b (1)", "a (2) (1).jpg"]);
    }

    #[test]
    fn folders_and_files_share_their_names_and_folders_have_no_extension() {
        let mut names = EntryNames::new();
        assert_eq!(names.folder("", "v1.2"), "v1.2/");
        assert_eq!(names.folder("", "V1.2"), "V1.2 (1)/");
        assert_eq!(names.file("", "v1.2"), "v1 (1).2");
        assert_eq!(names.file("v1.2/", "x"), "v1.2/x");
        assert_eq!(names.file("V1.2 (1)/", "x"), "V1.2 (1)/x");
        assert_eq!(names.folder("v1.2/", ".."), "v1.2/_/");
    }

    #[test]
    fn long_names_that_clash_stay_apart_and_within_the_limit() {
        let mut names = EntryNames::new();
        // All alike in the part that is left when a number is added: the counter must be shared, or this would take 10^8 steps.
        let mut given = HashSet::new();
        for tail in 0..5_000 {
            let name = format!("{}{tail:05}.jpg", "n".repeat(246));
            for _ in 0..2 {
                let path = names.file("", &name);
                assert!(path.len() <= MAX_NAME_BYTES, "{path}");
                assert!(given.insert(path));
            }
        }
        assert!(names.next_number.len() == 1, "one counter for one numbered form");
    }

    proptest! {
        #[test]
        fn any_name_becomes_one_safe_part(name in ".{0,400}") {
            let safe = safe_entry_name(&name);
            prop_assert!(!safe.is_empty() && safe.len() <= MAX_NAME_BYTES && safe != "." && safe != "..");
            prop_assert!(!safe.contains(|c: char| c.is_control() || "/\\:".contains(c)));
            prop_assert_eq!(safe_entry_name(&safe), safe.clone());
        }

        #[test]
        fn no_path_is_given_out_twice(given in proptest::collection::vec(("[aA./ ]{0,3}", any::<bool>()), 0..40)) {
            let mut names = EntryNames::new();
            let mut seen = HashSet::new();
            for (name, folder) in given {
                let path = if folder { names.folder("", &name) } else { names.file("", &name) };
                prop_assert!(seen.insert(path.trim_end_matches('/').to_lowercase()), "{} twice", path);
            }
        }
    }
}
