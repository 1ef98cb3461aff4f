//! Slugs: a name made fit for a path. Transliterated, lower case, runs of anything else become one hyphen.

use store::names::Slug;

use crate::names::split_extension;

/// The slug of a file: the stem's, then the extension with its case kept.
pub(crate) fn of_file(name: &str) -> Slug {
    let (stem, extension) = split_extension(name);
    let extension: String = extension.chars().filter(char::is_ascii_alphanumeric).collect();
    let extension = if extension.is_empty() { String::new() } else { format!(".{extension}") };
    Slug { stem: or_untitled(slugify(stem)), extension }
}

/// The slug of a folder.
pub(crate) fn of_folder(name: &str) -> Slug {
    Slug { stem: or_untitled(slugify(name)), extension: String::new() }
}

/// A path names every file, so a slug is never empty.
fn or_untitled(slug: String) -> String {
    if slug.is_empty() { "untitled".to_owned() } else { slug }
}

fn slugify(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for character in text.chars().flat_map(char::to_lowercase) {
        match plain(character) {
            Some(letters) if letters.bytes().any(|byte| byte.is_ascii_alphanumeric()) => {
                slug.extend(letters.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()));
            }
            Some(_) if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// The letters that stand for a character; none for scripts that are not written in letters, which vanish.
fn plain(character: char) -> Option<&'static str> {
    match character {
        'ä' | 'æ' => Some("ae"),
        'ö' | 'ø' | 'œ' => Some("oe"),
        'ü' => Some("ue"),
        'å' => Some("aa"),
        'ß' => Some("ss"),
        '@' => Some("at"),
        // Latin, Greek and Cyrillic are transliterated.
        '\u{80}'..='\u{24f}' | '\u{370}'..='\u{52f}' | '\u{1e00}'..='\u{1fff}' => {
            Some(deunicode::deunicode_char(character).unwrap_or("-"))
        }
        '\0'..='\u{7f}' => Some(ASCII[character as usize]),
        // Combining marks belong to the letter before them.
        '\u{300}'..='\u{36f}' => None,
        _ if character.is_whitespace() || character.is_ascii_punctuation() => Some("-"),
        _ => None,
    }
}

/// Letters and digits stand for themselves, everything else for a hyphen.
const ASCII: [&str; 128] = {
    let mut table = ["-"; 128];
    let text = "abcdefghijklmnopqrstuvwxyz0123456789";
    let mut at = 0;
    while at < text.len() {
        table[text.as_bytes()[at] as usize] = text.split_at(at).1.split_at(1).0;
        at += 1;
    }
    table
};

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
