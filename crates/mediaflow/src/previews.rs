//! Previews: small pictures at URLs that anybody may open who knows them, by the code of their file. Seed: `smallPreview`.

use axum::{extract::State, response::Response};
use library::{Fault, Library, Noun, Plan, Resize, Wanted};
use wire::{Asked, Cache, Disposition, Manner};

use crate::{auth::Anybody, error::Refused, segments::Segments};

/// One kind of preview.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// The first segment of its URLs.
    pub(crate) folder: &'static str,
    /// It fits a square of so many pixels.
    pub(crate) side_px: u32,
}

pub(crate) const THUMB: Kind = Kind { folder: "thumb", side_px: 100 };
pub(crate) const SMALL: Kind = Kind { folder: "info", side_px: 200 };
pub(crate) const MEDIUM: Kind = Kind { folder: "skiss", side_px: 600 };
/// Of a film.
pub(crate) const POSTER: Kind = Kind { folder: "poster", side_px: 1_280 };
const KINDS: [Kind; 4] = [THUMB, SMALL, MEDIUM, POSTER];

impl Kind {
    pub(crate) const fn plan(self) -> Plan {
        Plan {
            resize: Resize::Within { width: self.side_px, height: self.side_px },
            sharpen: true,
            format: Wanted::As(library::Format::Jpeg),
            ..Plan::ORIGINAL
        }
    }
}

/// The bytes may change with the file's, so whoever keeps them asks again after some minutes.
const MANNER: Manner<'static> =
    Manner { disposition: Disposition::Inline, cache: Cache::Public { max_age_s: 300 }, vary: None };

/// `/info/54/54ATNEZ6I4.jpg`
pub(crate) async fn preview(
    State(library): State<Library>,
    Anybody(anybody): Anybody,
    asked: Asked,
    segments: Segments,
) -> Result<Response, Refused> {
    let missing = || Refused::from(Fault::NotFound(Noun::Rendition));
    let folder = segments.at(0);
    let kind = KINDS.iter().find(|kind| kind.folder == folder).ok_or_else(missing)?;
    let name = segments.at(2);
    let code = name.strip_suffix(".jpg").filter(|code| code.get(..2) == Some(&segments.at(1))).ok_or_else(missing)?;
    let id = library.codes().await?.read(code).ok_or_else(missing)?;
    let content = library.given_picture(&anybody, id, &kind.plan()).await.map_err(|fault| match fault {
        Fault::NotFound(_) | Fault::Unsupported => missing(),
        fault => fault.into(),
    })?;
    Ok(wire::deliver(&asked, content, &MANNER))
}
