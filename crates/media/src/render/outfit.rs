//! What is loaded while files can still be opened: a confined worker has only what it brought.

use std::{fs, sync::Arc};

use resvg::usvg::fontdb::{Database, Family, Query, Source as FontSource};

use super::libheif::LibHeif;

/// Fonts beyond this are left on the disk; the smaller ones are taken first.
const MAX_FONT_BYTES: u64 = 64 * 1024 * 1024;

/// Stand in for the families that every system is expected to have; the first that is there does.
const SANS: &[&str] = &["DejaVu Sans", "Liberation Sans", "Noto Sans", "Open Sans", "Arial", "Helvetica", "FreeSans"];
const SERIF: &[&str] = &["DejaVu Serif", "Liberation Serif", "Noto Serif", "Times New Roman", "Times", "FreeSerif"];
const MONO: &[&str] = &["DejaVu Sans Mono", "Liberation Mono", "Noto Sans Mono", "Courier New", "FreeMono"];

/// What some formats can not be read without.
#[derive(Debug)]
pub(super) struct Outfit {
    /// The system's fonts, in memory.
    pub fonts: Arc<Database>,
    /// What decodes HEIC, or why nothing does.
    pub libheif: Result<LibHeif, String>,
}

impl Default for Outfit {
    /// None.
    fn default() -> Self {
        Self { fonts: Arc::default(), libheif: Err("nothing was loaded".to_owned()) }
    }
}

impl Outfit {
    /// Loads everything. What is not there is done without.
    pub fn load() -> Self {
        Self { fonts: Arc::new(fonts()), libheif: LibHeif::load() }
    }

    /// The same for a process that will not be able to start a thread: without what would wait for one.
    pub fn load_for_one_thread() -> Self {
        Self { fonts: Arc::new(fonts()), libheif: LibHeif::load_for_one_thread() }
    }
}

fn fonts() -> Database {
    let mut found = Database::new();
    found.load_system_fonts();
    // Several faces may lie in one file.
    let mut files: Vec<_> = found
        .faces()
        .filter_map(|face| match &face.source {
            FontSource::File(path) => Some(path.clone()),
            FontSource::Binary(_) => None,
        })
        .collect();
    files.sort();
    files.dedup();
    let mut sized: Vec<_> =
        files.into_iter().filter_map(|path| Some((fs::metadata(&path).ok()?.len(), path))).collect();
    sized.sort();
    let mut fonts = Database::new();
    let mut left = MAX_FONT_BYTES;
    for (len, path) in sized {
        let Some(rest) = left.checked_sub(len) else { break };
        if let Ok(bytes) = fs::read(&path) {
            left = rest;
            fonts.load_font_source(FontSource::Binary(Arc::new(bytes)));
        }
    }
    name_families(&mut fonts);
    fonts
}

/// Says which fonts are meant where a document names no font of its own.
fn name_families(fonts: &mut Database) {
    let any = fonts.faces().find_map(|face| face.families.first().map(|(name, _)| name.clone())).unwrap_or_default();
    let first = |names: &[&str]| {
        let known =
            |name: &&&str| fonts.query(&Query { families: &[Family::Name(name)], ..Query::default() }).is_some();
        names.iter().find(known).map_or_else(|| any.clone(), |name| (*name).to_owned())
    };
    let (sans, serif, mono) = (first(SANS), first(SERIF), first(MONO));
    fonts.set_cursive_family(serif.clone());
    fonts.set_fantasy_family(sans.clone());
    fonts.set_sans_serif_family(sans);
    fonts.set_serif_family(serif);
    fonts.set_monospace_family(mono);
}
