//! The words of the file selector, which it asks for without a token. Contract 1a, 27: sections of texts; which ones is not public, so
//! these are ours, and a selector shows its own where one is missing.

use axum::Json;
use serde_json::{Value, json};

use crate::{segments::Segments, url::is_english};

/// Sections of texts, in the language asked for: Swedish, or English.
pub(crate) async fn file_selector(segments: Segments) -> Json<Value> {
    let english = is_english(Some(&segments.at(3)));
    let word = |swedish: &'static str, in_english: &'static str| if english { in_english } else { swedish };
    Json(json!({
        "general": {
            "cancel": word("Avbryt", "Cancel"),
            "close": word("Stäng", "Close"),
            "folders": word("Mappar", "Folders"),
            "loading": word("Laddar…", "Loading…"),
            "ok": "OK",
            "search": word("Sök", "Search"),
            "select": word("Välj", "Select"),
        },
        "fileView": {
            "filename": word("Filnamn", "File name"),
            "filesize": word("Storlek", "Size"),
            "noFiles": word("Inga filer", "No files"),
            "uploaded": word("Uppladdad", "Uploaded"),
        },
        "fileInfo": {
            "alttext": word("Alternativ text", "Alternative text"),
            "description": word("Beskrivning", "Description"),
            "license": word("Licens", "Licence"),
            "photographer": word("Fotograf", "Photographer"),
            "usage": word("Användning", "Usage"),
        },
        "cropper": {
            "crop": word("Beskär", "Crop"),
            "format": "Format",
            "height": word("Höjd", "Height"),
            "original": "Original",
            "width": word("Bredd", "Width"),
        },
    }))
}
