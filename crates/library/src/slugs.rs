//! Slugs: a name made fit for a path. Transliterated, lower case, runs of anything else become one hyphen.

mod letters;

use store::names::Slug;

use crate::names::split_extension;
use letters::letters;

/// The slug of a file: the stem's, then the extension with its case kept.
pub(crate) fn of_file(name: &str) -> Slug {
    let (stem, extension) = split_extension(name);
    let extension: String = extension.chars().filter(char::is_ascii_alphanumeric).collect();
    let extension = if extension.is_empty() { String::new() } else { format!(".{extension}") };
    Slug { stem: or_untitled(slugify(stem)), extension, exact: false }
}

/// The slug of a folder.
pub(crate) fn of_folder(name: &str) -> Slug {
    Slug { stem: or_untitled(slugify(name)), extension: String::new(), exact: false }
}

/// A path names every file, so a slug is never empty.
fn or_untitled(slug: String) -> String {
    if slug.is_empty() { "untitled".to_owned() } else { slug }
}

/// A text made fit for a path: small letters and digits of ASCII, with hyphens between; empty where there is nothing of that kind.
#[must_use]
pub fn slugify(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for character in text.chars().flat_map(small) {
        match character {
            'a'..='z' | '0'..='9' => slug.push(character),
            // Combining marks belong to the letter before them.
            '\u{300}'..='\u{36f}' => {}
            _ => match letters(character) {
                Some(letters) => slug.push_str(letters),
                None if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
                None => {}
            },
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    // What comes out of a table is in small letters; what the library that takes marks away gives is not always.
    slug.make_ascii_lowercase();
    slug
}

/// The reference transliterates before it makes letters small, and knows no capitals of these.
fn small(character: char) -> std::char::ToLowercase {
    match character {
        'ẞ' | 'Ǆ' | 'ǅ' => ' '.to_lowercase(),
        _ => character.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_slugs_as_the_reference_does() {
        for (name, slug) in [
            ("My Photo (1)", "my-photo-1"),
            ("  lead trail  ", "lead-trail"),
            ("a.b.c", "a-b-c"),
            ("UPPER Case", "upper-case"),
            ("x_y--z", "x-y-z"),
            ("a@b", "aatb"),
            ("Crème Brûlée", "creme-brulee"),
            ("Ångström", "aangstroem"),
            ("Straße", "strasse"),
            ("日本語", ""),
            ("Привет мир", "privet-mir"),
            ("---", ""),
        ] {
            assert_eq!(slugify(name), slug, "{name}");
        }
        assert_eq!(of_file("My Photo (1).JPG").plain(), "my-photo-1.JPG");
        assert_eq!(of_file("日本語.jpg").plain(), "untitled.jpg");
        assert_eq!(of_folder("Ünder Way").plain(), "uender-way");
    }
}
