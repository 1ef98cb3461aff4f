//! Files that are made to do harm: small ones that come to much, ones that lie about themselves, ones that go round in circles. Only
//! bytes; what is to come of them is not known here.

mod exif;
mod moving;
mod others;
mod pdf;
mod png;
mod still;
mod svg;
mod tiff;
mod zeros;

/// A file.
pub struct Made {
    /// Its kind, and what is wrong with it.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// What each kind makes: names and bytes.
type Files = Vec<(String, Vec<u8>)>;

/// All of them, the same ones each time.
pub fn all() -> Vec<Made> {
    let kinds: [(&str, Files); 8] = [
        ("exif", exif::files()),
        ("moving", moving::files()),
        ("others", others::files()),
        ("pdf", pdf::files()),
        ("png", png::files()),
        ("still", still::files()),
        ("svg", svg::files()),
        ("tiff", tiff::files()),
    ];
    let mut all = Vec::new();
    for (kind, files) in kinds {
        all.extend(files.into_iter().map(|(name, bytes)| Made { name: format!("{kind}/{name}"), bytes }));
    }
    all
}

/// Names that are known beforehand.
fn named<const N: usize>(files: [(&str, Vec<u8>); N]) -> Files {
    files.map(|(name, bytes)| (name.to_owned(), bytes)).into()
}
