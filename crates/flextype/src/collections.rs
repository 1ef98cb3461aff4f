//! Collections: what lies directly in a folder, by name, as far as the options want it. Contract section 6.

use library::{Asset, Fault, Folder, Invalid, Library, NotesWanted, random_below};
use serde_json::{Map, Value};

use axum::response::Response;

use crate::{
    assets::shown,
    bodies::Call,
    error::{Area, Refused},
    url,
    url::Shaped,
    views::Views,
};

/// So many files are described at a time.
const AT_ONCE: usize = 1_000;
/// The most bytes of fields that one collection shows.
const MAX_FIELDS_BYTES: usize = 64 * 1024 * 1024;

fn of(fault: Fault, area: Area) -> Refused {
    match fault {
        // It is what the query asks for that is too much.
        Fault::Invalid(Invalid::TooManyItems) => Refused::query(),
        fault => Refused::of(fault, area),
    }
}

/// The options of a request.
pub(crate) struct Options {
    pub(crate) wanted: url::Options,
    /// Whether the request says of itself if it is for a collection.
    pub(crate) says_collection: bool,
    strict: bool,
}

impl Options {
    /// Reads them. Text in their place counts as none; of what else the reference server dies, we say that it is wrong.
    pub(crate) fn read(call: &Call, strict: bool, area: Area) -> Result<Self, Refused> {
        let given = call.params.get("options");
        let wanted = url::Options::read(&call.params, !strict, area == Area::Folders);
        let is_text = given.is_some_and(Value::is_string);
        if strict && (wanted.malformed || wanted.unknown_method) {
            return Err(Refused::Died);
        }
        if wanted.malformed && !is_text {
            return Err(Refused::query());
        }
        let says_collection = given.and_then(|options| options.get("collection")).is_some();
        Ok(Self { wanted, says_collection: says_collection || call.params.has("collection"), strict })
    }

    fn shape(&self, items: Map<String, Value>, area: Area) -> Result<Response, Refused> {
        self.answer(self.wanted.shape(items, &mut random_below), area)
    }

    fn answer(&self, shaped: Shaped, area: Area) -> Result<Response, Refused> {
        match shaped {
            Shaped::Items(items) => Ok(shown(Value::Object(items))),
            Shaped::List(items) => Ok(shown(Value::Array(items))),
            Shaped::One(item) => Ok(shown(item)),
            Shaped::Nothing => Err(Refused::missing(area)),
            Shaped::Failed if self.strict => Err(Refused::Died),
            Shaped::Failed => Err(Refused::missing(area)),
        }
    }
}

/// One file or folder; options apply to its fields.
pub(crate) fn one(view: Map<String, Value>, options: &Options, area: Area, now_ms: i64) -> Result<Response, Refused> {
    let shaped = options.wanted.shape_fields(view, options.strict, now_ms.div_euclid(1_000), &mut random_below);
    options.answer(shaped, area)
}

/// The files in a folder.
pub(crate) async fn files(
    library: &Library,
    views: &Views<'_>,
    (id, folder): (&[&str], &Folder),
    options: &Options,
) -> Result<Response, Refused> {
    let of = |fault| of(fault, Area::Files);
    let mut items = Map::new();
    if options.strict {
        // As the reference server has it: those further down too, under their bare names.
        for inner in below(library, views, folder).await.map_err(of)? {
            add_files(library, views, (id, &inner), (options, None), &mut items).await?;
        }
        return options.shape(items, Area::Files);
    }
    match options.wanted.page() {
        // A page of a large folder costs what it shows.
        Some((offset, limit)) => {
            let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
            add_files(library, views, (id, folder), (options, Some((offset, limit))), &mut items).await?;
            if items.is_empty() { Err(Refused::missing(Area::Files)) } else { Ok(shown(Value::Object(items))) }
        }
        None => {
            add_files(library, views, (id, folder), (options, None), &mut items).await?;
            options.shape(items, Area::Files)
        }
    }
}

/// Adds the files of a folder that satisfy the conditions, or a page of them where there are none.
async fn add_files(
    library: &Library,
    views: &Views<'_>,
    (id, folder): (&[&str], &Folder),
    (options, page): (&Options, Option<(u64, usize)>),
    items: &mut Map<String, Value>,
) -> Result<(), Refused> {
    let of = |fault| of(fault, Area::Files);
    let now_s = library.now_ms().div_euclid(1_000);
    let mut bytes = 0;
    let assets = library.folder_assets(&views.session.actor, folder.id, page, |_| true).await.map_err(of)?;
    for assets in assets.chunks(AT_ONCE) {
        let too_many = || Fault::Invalid(Invalid::TooManyItems);
        for (asset, fields) in described(library, views, assets).await.map_err(of)? {
            if options.strict && !asset.slug.contains('.') {
                return Err(Refused::Died);
            }
            bytes += fields.iter().map(|field| field.path.len() + field.value.len()).sum::<usize>();
            if bytes > MAX_FIELDS_BYTES || items.len() >= library.limits().max_list_items {
                return Err(of(too_many()));
            }
            let path: Vec<&str> = id.iter().copied().chain([asset.slug.as_str()]).collect();
            let mut view = views.file(&path, asset, &fields);
            if options.strict {
                // Here the reference server looks at the name alone.
                let extension = asset.slug.split_once('.').map_or("", |(_, extension)| extension);
                view.insert("extension".to_owned(), Value::String(extension.to_owned()));
            }
            let view = Value::Object(view);
            match options.wanted.matches(&view, options.strict, now_s) {
                Ok(true) => drop(items.insert(asset.slug.clone(), view)),
                Ok(false) => {}
                Err(url::Failed) if options.strict => return Err(Refused::Died),
                Err(url::Failed) => {}
            }
        }
    }
    Ok(())
}

async fn described<'a>(
    library: &Library,
    views: &Views<'_>,
    assets: &'a [Asset],
) -> Result<Vec<(&'a Asset, Vec<library::Field>)>, Fault> {
    let wanted = NotesWanted { fields: true, ..NotesWanted::default() };
    let mut notes = library.describe_assets(&views.session.actor, assets, wanted).await?;
    let fields = |asset: &'a Asset| (asset, notes.remove(&asset.id).unwrap_or_default().fields);
    Ok(assets.iter().map(fields).collect())
}

/// The folders in a folder.
pub(crate) async fn folders(
    library: &Library,
    views: &Views<'_>,
    (id, folder): (&[&str], &Folder),
    options: &Options,
) -> Result<Response, Refused> {
    let of = |fault| of(fault, Area::Folders);
    let actor = &views.session.actor;
    let mut items = Map::new();
    let inner = library.child_folders(actor, folder.id).await.map_err(of)?;
    if options.strict {
        for deeper in below(library, views, folder).await.map_err(of)? {
            // As the reference server has it: under their bare names, and empty, for it looks for them here.
            if deeper.id != folder.id && deeper.parent_id != Some(folder.id) {
                items.insert(deeper.slug, Value::Array(Vec::new()));
            }
        }
    }
    for inner in inner {
        let path: Vec<&str> = id.iter().copied().chain([inner.slug.as_str()]).collect();
        items.insert(inner.slug.clone(), Value::Object(views.folder(&path)));
    }
    let now_s = library.now_ms().div_euclid(1_000);
    let mut failed = false;
    items.retain(|_, item| {
        let matches = options.wanted.matches(item, options.strict, now_s);
        failed |= matches.is_err();
        matches.unwrap_or(false)
    });
    if failed && options.strict { Err(Refused::Died) } else { options.shape(items, Area::Folders) }
}

/// A folder and all below it, as many as one listing may name.
async fn below(library: &Library, views: &Views<'_>, folder: &Folder) -> Result<Vec<Folder>, Fault> {
    let mut found = vec![folder.clone()];
    let mut at = 0;
    while let Some(next) = found.get(at).map(|folder| folder.id) {
        found.extend(library.child_folders(&views.session.actor, next).await?);
        at += 1;
        if found.len() > library.limits().max_list_items {
            return Err(Fault::Invalid(Invalid::TooManyItems));
        }
    }
    Ok(found)
}
