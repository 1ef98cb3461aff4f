//! Our nouns as Mediaflow's JSON. Contract 1b and 1c: the types that strict clients insist on, keys in the order of the sample.

use std::collections::HashMap;

use content::Family;
use jiff::{Timestamp, tz::TimeZone};
use library::{Actor, Asset, AssetNotes, Codes, Folder, ImageDetails, Library, NotesWanted, Picture, Version};
use serde_json::{Map, Value, json};
use wire::{Base, Query};

use crate::{
    auth::REALM,
    error::Refused,
    previews::{MEDIUM, POSTER, SMALL, THUMB},
    reports::USAGE,
    types,
    url::{Fields, is_english, parse_fields},
};

/// What lists of files show where no fields are named.
const FEW: &[&str] = &["name", "filename", "type", "filesize", "uploaded", "hasPreview", "icon", "smallPreview"];

/// The keys of a file, in order, each with what has to be read for it.
const KEYS: &[(&str, Needs)] = &[
    ("id", Needs::Row),
    ("name", Needs::Row),
    ("filename", Needs::Row),
    ("type", Needs::Row),
    ("filesize", Needs::Row),
    ("checksum", Needs::Row),
    ("width", Needs::Row),
    ("height", Needs::Row),
    ("dpi", Needs::Row),
    ("length", Needs::Details),
    ("colorspace", Needs::Row),
    ("bitdepth", Needs::Row),
    ("alpha", Needs::Row),
    ("iccprofile", Needs::Row),
    ("rating", Needs::Fields),
    ("nrDownloads", Needs::Row),
    ("mark", Needs::Fields),
    ("usageCount", Needs::Usages),
    ("uploadedBy", Needs::Row),
    ("uploaded", Needs::Row),
    ("addedToFolder", Needs::Row),
    ("photoDate", Needs::Details),
    ("photographer", Needs::Fields),
    ("description", Needs::Fields),
    ("instructions", Needs::Fields),
    ("comment", Needs::Fields),
    ("alttext", Needs::Fields),
    ("keywords", Needs::Tags),
    ("geodata", Needs::Details),
    ("focus", Needs::Fields),
    ("processed", Needs::Row),
    ("hasPreview", Needs::Row),
    ("hasVersions", Needs::Row),
    ("hasHistory", Needs::Row),
    ("locked", Needs::Fields),
    ("icon", Needs::Row),
    ("smallPreview", Needs::Row),
    ("mediumPreview", Needs::Row),
    ("thumbPreview", Needs::Row),
    ("previews", Needs::Row),
    ("poster", Needs::Row),
    ("mediaId", Needs::Row),
    ("gdprStatus", Needs::Row),
    ("gdprType", Needs::Row),
    ("workflowStates", Needs::Row),
    ("rights", Needs::Fields),
    ("customFields", Needs::Fields),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Nothing but the file's row.
    Row,
    Fields,
    Tags,
    Details,
    Usages,
}

/// How a request wants files to be shown.
pub(crate) struct FileViews {
    base: Base,
    codes: Codes,
    fields: Fields,
    english: bool,
}

/// One file with what was read for it.
struct Shown<'a> {
    asset: &'a Asset,
    version: Option<&'a Version>,
    notes: &'a AssetNotes,
    usages: u64,
    code: String,
}

impl FileViews {
    /// As the query asks.
    pub(crate) async fn asked_for(library: &Library, base: Base, query: &Query) -> Result<Self, Refused> {
        Ok(Self {
            base,
            codes: library.codes().await?,
            fields: parse_fields(query.get("fields")),
            english: is_english(query.get("locale").or_else(|| query.get("lang"))),
        })
    }

    /// The same with all keys.
    pub(crate) fn whole(self) -> Self {
        Self { fields: Fields::All, ..self }
    }

    /// Files as an array, in their order.
    pub(crate) async fn of(&self, library: &Library, actor: &Actor, assets: &[Asset]) -> Result<Vec<Value>, Refused> {
        let needs = |what| KEYS.iter().any(|(key, needs)| *needs == what && self.fields.has(key, FEW));
        let wanted =
            NotesWanted { fields: needs(Needs::Fields), tags: needs(Needs::Tags), details: needs(Needs::Details) };
        let notes = library.describe_assets(actor, assets, wanted).await?;
        let usages: HashMap<i64, u64> = if needs(Needs::Usages) {
            library.count_asset_records(actor, assets, (REALM, USAGE)).await?.into_iter().collect()
        } else {
            HashMap::new()
        };
        let none = AssetNotes::default();
        Ok(assets
            .iter()
            .map(|asset| {
                let shown = Shown {
                    asset,
                    version: asset.version.as_ref(),
                    notes: notes.get(&asset.id).unwrap_or(&none),
                    usages: usages.get(&asset.id).copied().unwrap_or_default(),
                    code: self.codes.of(asset.id),
                };
                let keys = KEYS.iter().map(|(key, _)| *key).filter(|key| self.fields.has(key, FEW));
                keys.map(|key| (key.to_owned(), self.value(&shown, key))).collect::<Map<_, _>>().into()
            })
            .collect())
    }

    fn value(&self, shown: &Shown<'_>, key: &str) -> Value {
        let Shown { asset, version, notes, usages, code } = shown;
        let text = |path: &str| json!(notes.field(path).unwrap_or_default());
        match key {
            "id" => json!(asset.id),
            "name" => json!(asset.title.as_deref().unwrap_or_else(|| types::stem(&asset.name))),
            "filename" => json!(asset.name),
            "type" => self.type_of(shown),
            "filesize" => json!(version.map_or(0, |version| version.blob.size.min(u64::from(u32::MAX)))),
            "checksum" => json!(version.map(|version| hex::encode(version.blob.digest.md5)).unwrap_or_default()),
            "width" => json!(shown.pixels().map_or(0, |(width, _)| width.min(u32::from(u16::MAX)))),
            "height" => json!(shown.pixels().map_or(0, |(_, height)| height.min(u32::from(u16::MAX)))),
            "dpi" => json!(0),
            "length" => json!(shown.seconds()),
            "rating" => json!(shown.number("rating").clamp(0, 5)),
            "nrDownloads" => json!(asset.download_count),
            "mark" => json!(shown.number("mark").max(0)),
            "usageCount" => json!(usages),
            "uploadedBy" => json!(asset.created_by),
            "uploaded" | "addedToFolder" => json!(date(asset.created_at)),
            "photoDate" => json!(shown.details().and_then(|details| details.taken_at.as_deref()).map(date_of_camera)),
            "photographer" | "instructions" | "comment" | "alttext" => text(key),
            "description" => match &asset.description {
                Some(description) => json!(description),
                None => text(key),
            },
            "keywords" => json!(notes.tags),
            "geodata" => shown.place(),
            "focus" => shown.focus(),
            "processed" => json!(version.is_none_or(|version| version.picture != Picture::Waiting)),
            "hasPreview" => json!(shown.has_preview()),
            "hasVersions" | "hasHistory" => json!(version.is_some_and(|version| version.number > 1)),
            "locked" => json!(notes.field("license.lockFile").is_some_and(crate::url::is_true)),
            "icon" => json!(self.icon(shown)),
            "smallPreview" => json!(self.preview(shown, SMALL.folder)),
            "mediumPreview" => json!(self.preview(shown, MEDIUM.folder)),
            "thumbPreview" => json!(self.preview(shown, THUMB.folder)),
            "previews" => self.previews(shown),
            "poster" if shown.is_of(Family::Video) && shown.has_preview() => json!(self.preview(shown, POSTER.folder)),
            "poster" => json!(""),
            "mediaId" => json!(code),
            "gdprStatus" => json!("OK"),
            "gdprType" => json!("UNKNOWN"),
            "workflowStates" => json!([]),
            "rights" => {
                json!({ "rightsType": notes.field("rights.rightsType").unwrap_or("NO"), "useTom": notes.field("license.useTo") })
            }
            "customFields" => shown.custom_fields(),
            _ => Value::Null,
        }
    }

    fn type_of(&self, shown: &Shown<'_>) -> Value {
        let kind = shown.kind();
        let extension = types::extension(&shown.asset.name).to_lowercase();
        let extension = if kind.extension.is_empty() || (!extension.is_empty() && kind.id != 101) {
            extension.as_str()
        } else {
            kind.extension
        };
        let description = if self.english { kind.english } else { kind.swedish };
        json!({ "id": kind.id, "type": kind.word, "description": description, "extension": extension })
    }

    fn icon(&self, shown: &Shown<'_>) -> String {
        self.base.join(&format!("/images/icon{}.gif", shown.kind().id))
    }

    /// A preview's URL; the icon's where there is none, because strict clients want one.
    fn preview(&self, shown: &Shown<'_>, folder: &str) -> String {
        if !shown.has_preview() {
            return self.icon(shown);
        }
        self.base.join(&preview_path(folder, &shown.code))
    }

    fn previews(&self, shown: &Shown<'_>) -> Value {
        if !shown.has_preview() {
            return json!([]);
        }
        let view = |name: &str, kind: &crate::previews::Kind| json!({ "name": name, "size": kind.side_px.to_string(), "url": self.preview(shown, kind.folder) });
        json!([view("thumb", &THUMB), view("small", &SMALL), view("medium", &MEDIUM)])
    }
}

/// `/info/54/54ATNEZ6I4.jpg`
pub(crate) fn preview_path(folder: &str, code: &str) -> String {
    format!("/{folder}/{}/{code}.jpg", &code[..2])
}

impl Shown<'_> {
    fn kind(&self) -> types::Type {
        let octets = content::MediaType::OCTET_STREAM;
        types::of(self.version.map_or(&octets, |version| &version.media_type), &self.asset.name)
    }

    fn is_of(&self, family: Family) -> bool {
        self.version.is_some_and(|version| version.media_type.family() == family)
    }

    /// What is limited is shown by no URL that anybody may open.
    fn has_preview(&self) -> bool {
        let drawn = self.version.is_some_and(|version| version.picture == Picture::Drawn);
        drawn && self.asset.download_limit.is_none()
    }

    /// Of images and films; a page of a document is no measure of the file.
    fn pixels(&self) -> Option<(u32, u32)> {
        self.version.filter(|_| self.is_of(Family::Image) || self.is_of(Family::Video))?.pixels
    }

    fn details(&self) -> Option<&ImageDetails> {
        self.notes.details.as_ref()
    }

    fn seconds(&self) -> Option<u64> {
        let ms = self.details()?.duration_ms?;
        Some(((ms + 500) / 1_000).min(u64::from(u16::MAX)))
    }

    fn number(&self, path: &str) -> i64 {
        self.notes.field(path).and_then(|text| text.trim().parse().ok()).unwrap_or_default()
    }

    fn place(&self) -> Value {
        let place = self.details().and_then(|details| details.latitude_e7.zip(details.longitude_e7));
        place.map_or(Value::Null, |(latitude, longitude)| {
            json!({ "longitude": f64::from(longitude) / 1e7, "latitude": f64::from(latitude) / 1e7 })
        })
    }

    fn focus(&self) -> Value {
        let part = |path| {
            self.notes.field(path).and_then(|text| text.trim().parse::<f64>().ok()).filter(|part| part.is_finite())
        };
        part("focus.x").zip(part("focus.y")).map_or(Value::Null, |(x, y)| json!({ "x": x, "y": y }))
    }

    fn custom_fields(&self) -> Value {
        let fields = self.notes.fields.iter();
        let custom = fields.filter_map(|field| Some((field.path.strip_prefix("custom.")?, &field.value)));
        custom.map(|(name, value)| json!({ "field": name, "value": value })).collect()
    }
}

/// A folder, as far as `fields` asks for it; all of it where it asks for nothing. Contract 1c.
pub(crate) struct FolderView<'a> {
    pub(crate) folder: &'a Folder,
    /// From 0, at the top of what the caller sees.
    pub(crate) depth: usize,
    pub(crate) has_children: bool,
    /// Those above it, the top first, where they are asked for.
    pub(crate) parents: Option<Vec<Value>>,
}

const FOLDER_KEYS: &[&str] = &[
    "id",
    "name",
    "type",
    "depth",
    "parent",
    "created",
    "createdBy",
    "hasChildren",
    "archived",
    "viewLayout",
    "separator",
    "parents",
];

impl FolderView<'_> {
    pub(crate) fn asked_for(&self, fields: &Fields) -> Value {
        let keys = FOLDER_KEYS.iter().filter(|key| fields.has(key, FOLDER_KEYS));
        keys.map(|key| ((*key).to_owned(), self.value(key))).collect::<Map<_, _>>().into()
    }

    fn value(&self, key: &str) -> Value {
        let folder = self.folder;
        match key {
            "id" => json!(folder.id),
            "name" => json!(folder.name),
            "type" => json!(0),
            "depth" => json!(self.depth),
            "parent" => json!(folder.parent_id.filter(|_| self.depth > 0)),
            "created" => json!(date(folder.created_at)),
            "createdBy" => json!(folder.created_by),
            "hasChildren" => json!(self.has_children),
            "archived" | "separator" => json!(false),
            "viewLayout" => json!(""),
            "parents" => json!(self.parents),
            _ => Value::Null,
        }
    }
}

/// Of a view with all its keys, those that are asked for; all of them where nothing is.
pub(crate) fn picked(mut view: Value, fields: &Fields) -> Value {
    if let (Value::Object(view), Fields::These(_)) = (&mut view, fields) {
        view.retain(|key, _| fields.has(key, &[]));
    }
    view
}

/// Milliseconds since 1970 as `2024-05-01 12:00:00`, UTC.
pub(crate) fn date(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC);
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// What a camera wrote, as ISO 8601, in the form of all other dates.
fn date_of_camera(taken_at: &str) -> String {
    taken_at.get(..19).unwrap_or(taken_at).replacen('T', " ", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_one_form() {
        assert_eq!(date(1_700_000_000_000), "2023-11-14 22:13:20");
        assert_eq!(date(i64::MIN), "1970-01-01 00:00:00");
        assert_eq!(date_of_camera("2024-05-01T12:00:00+02:00"), "2024-05-01 12:00:00");
    }
}
