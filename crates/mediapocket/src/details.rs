//! What only this dialect knows of assets and projects, as records of the library: category, external id, what belongs to what.

use std::collections::HashMap;

use library::{Actor, Asset, Fault, Folder, Library, Noun, Record, RecordWish};
use serde::{Deserialize, Serialize};

use crate::{
    REALM,
    error::Refused,
    params::{Kind, Param, optional, required},
};

/// What a project is made from.
pub(crate) const CREATE: &[Param] = &[
    required("title", Kind::String),
    optional("description", Kind::String).lenient_blank(),
    optional("category", Kind::String).lenient_blank(),
    optional("tags", Kind::ArrayOfStrings),
    optional("external_id", Kind::String).lenient_blank(),
];

/// What can be said otherwise of an asset or a project.
pub(crate) const CHANGE: &[Param] = &[
    optional("title", Kind::String),
    optional("description", Kind::String).lenient_blank(),
    optional("category", Kind::String).lenient_blank(),
    optional("tags", Kind::ArrayOfStrings),
    optional("external_id", Kind::String).lenient_blank(),
];

/// What is said of an asset or a project beside what the library keeps itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Details {
    /// In small letters.
    pub(crate) category: Option<String>,
    /// Of a project: an asset has a title of its own.
    pub(crate) title: Option<String>,
    /// Of a project.
    pub(crate) description: Option<String>,
    /// Of a project.
    pub(crate) tags: Vec<String>,
    /// The id of the asset that this one is attached to.
    pub(crate) parent_id: Option<i64>,
    /// Whether the asset is an article: text that is written here.
    pub(crate) is_article: bool,
    /// What another system calls it; unique in the account.
    #[serde(skip)]
    pub(crate) external_id: Option<String>,
}

/// What details are about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum About {
    Asset(i64),
    Project(i64),
}

const DETAILS: &str = "details";
const EXTERNAL: &str = "external id";
const ATTACHMENT: &str = "attachment";

/// The details of several assets, by their ids, in two reads.
pub(crate) async fn of_assets(
    library: &Library,
    actor: &Actor,
    assets: &[Asset],
) -> Result<HashMap<i64, Details>, Fault> {
    let details = library.records_of_assets(actor, assets, (REALM, DETAILS)).await?;
    let external = library.records_of_assets(actor, assets, (REALM, EXTERNAL)).await?;
    Ok(joined(details, external, |record| record.asset_id))
}

/// The details of several projects, by their ids.
pub(crate) async fn of_projects(
    library: &Library,
    actor: &Actor,
    folders: &[Folder],
) -> Result<HashMap<i64, Details>, Fault> {
    let details = library.records_of_folders(actor, folders, (REALM, DETAILS)).await?;
    let external = library.records_of_folders(actor, folders, (REALM, EXTERNAL)).await?;
    Ok(joined(details, external, |record| record.folder_id))
}

fn joined(
    details: Vec<Record>,
    external: Vec<Record>,
    about: impl Fn(&Record) -> Option<i64>,
) -> HashMap<i64, Details> {
    let mut found: HashMap<i64, Details> = HashMap::new();
    for record in details {
        let Some(id) = about(&record) else { continue };
        match serde_json::from_str(&record.body) {
            Ok(details) => drop(found.insert(id, details)),
            Err(error) => tracing::error!(%error, record = record.id, "a record is not readable"),
        }
    }
    for record in external {
        if let Some(id) = about(&record) {
            found.entry(id).or_default().external_id = Some(record.body);
        }
    }
    found
}

/// Whether an external id can be given to something new. Asked first, so that nothing is made in vain; what decides is the key of the
/// record.
///
/// # Errors
/// 400 when something has it.
pub(crate) async fn expect_free(library: &Library, actor: &Actor, external_id: Option<&str>) -> Result<(), Refused> {
    let Some(external_id) = external_id else { return Ok(()) };
    match library.record_by_key((REALM, EXTERNAL), &lookup(actor.tenant_id()?, external_id)).await {
        Ok(_) => Err(Fault::Conflict(Noun::Record).into()),
        Err(Fault::NotFound(_)) => Ok(()),
        Err(fault) => Err(fault.into()),
    }
}

/// Writes details of something for the first time.
///
/// # Errors
/// `Conflict` when something else has the external id.
pub(crate) async fn add(library: &Library, actor: &Actor, about: About, details: &Details) -> Result<(), Fault> {
    let said = RecordWish { kind: DETAILS, body: text(details), ..wish(about) };
    said.check()?;
    if let Some(external_id) = &details.external_id {
        let lookup = Some(lookup(actor.tenant_id()?, external_id));
        let wish = RecordWish { kind: EXTERNAL, lookup, body: external_id.clone(), ..wish(about) };
        library.add_record(actor, wish).await.map_err(as_taken)?;
    }
    if *details != (Details { external_id: details.external_id.clone(), ..Details::default() }) {
        library.add_record(actor, said).await?;
    }
    Ok(())
}

/// Puts other details in their place; of two who do so at once, the later one's stay.
///
/// # Errors
/// `Conflict` when something else has the external id.
pub(crate) async fn replace(
    library: &Library,
    actor: &Actor,
    (about, records): (About, [Vec<Record>; 2]),
    details: &Details,
) -> Result<(), Fault> {
    let [kept, external] = records;
    let replacement = RecordWish { kind: DETAILS, body: text(details), ..wish(about) };
    replacement.check()?;
    let wanted = details.external_id.as_ref();
    if let Some(external_id) = wanted.filter(|id| external.iter().all(|record| record.body != **id)) {
        let lookup = Some(lookup(actor.tenant_id()?, external_id));
        let wish = RecordWish { kind: EXTERNAL, lookup, body: external_id.clone(), ..wish(about) };
        library.add_record(actor, wish).await.map_err(as_taken)?;
    }
    // Two at once may have left more than one.
    for was in external.iter().filter(|record| Some(&record.body) != wanted) {
        match library.delete_record(actor, was).await {
            Ok(()) | Err(Fault::NotFound(_)) => {}
            Err(fault) => return Err(fault),
        }
    }
    // Here too: the last of them is the one that is shown.
    match kept.into_iter().next_back() {
        Some(kept) => write(library, actor, kept, details).await,
        None => library.add_record(actor, replacement).await.map(drop),
    }
}

async fn write(library: &Library, actor: &Actor, mut kept: Record, details: &Details) -> Result<(), Fault> {
    while !library.exchange_record(actor, &kept, &text(details)).await? {
        kept = library.record(actor, (REALM, DETAILS), kept.id).await?;
    }
    Ok(())
}

/// The records that [`replace`] is to replace.
pub(crate) async fn records_of_asset(
    library: &Library,
    actor: &Actor,
    asset: &Asset,
) -> Result<[Vec<Record>; 2], Fault> {
    let assets = std::slice::from_ref(asset);
    let details = library.records_of_assets(actor, assets, (REALM, DETAILS)).await?;
    Ok([details, library.records_of_assets(actor, assets, (REALM, EXTERNAL)).await?])
}

/// The same of a project.
pub(crate) async fn records_of_project(
    library: &Library,
    actor: &Actor,
    folder: &Folder,
) -> Result<[Vec<Record>; 2], Fault> {
    let folders = std::slice::from_ref(folder);
    let details = library.records_of_folders(actor, folders, (REALM, DETAILS)).await?;
    Ok([details, library.records_of_folders(actor, folders, (REALM, EXTERNAL)).await?])
}

/// Attaches an asset to another.
pub(crate) async fn attach(library: &Library, actor: &Actor, (parent, child): (i64, i64)) -> Result<(), Fault> {
    let wish = RecordWish { kind: ATTACHMENT, body: child.to_string(), ..wish(About::Asset(parent)) };
    library.add_record(actor, wish).await.map(drop)
}

/// The ids of what is attached to an asset.
pub(crate) async fn attached(library: &Library, actor: &Actor, asset: &Asset) -> Result<Vec<i64>, Fault> {
    let found = library.records_of_assets(actor, std::slice::from_ref(asset), (REALM, ATTACHMENT)).await?;
    Ok(found.iter().filter_map(|record| record.body.parse().ok()).collect())
}

fn wish(about: About) -> RecordWish<'static> {
    let (asset_id, folder_id) = match about {
        About::Asset(id) => (Some(id), None),
        About::Project(id) => (None, Some(id)),
    };
    RecordWish { realm: REALM, asset_id, folder_id, ..RecordWish::default() }
}

/// Keys of records are of no tenant, so the tenant is a part of them.
fn lookup(tenant_id: i64, external_id: &str) -> String {
    format!("{REALM}/{tenant_id}/{external_id}")
}

fn text(details: &Details) -> String {
    serde_json::to_string(details).expect("details are plain data")
}

/// The only key that a record here can find taken is its external id.
fn as_taken(fault: Fault) -> Fault {
    match fault {
        Fault::Conflict(_) => Fault::Conflict(Noun::Record),
        fault => fault,
    }
}
