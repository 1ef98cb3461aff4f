//! The bytes of files, under the paths that their views show: to anybody, where anybody may read.

use axum::{
    extract::{Request, State},
    response::Response,
};
use library::{Actor, Fault, Library};
use percent_encoding::percent_decode_str;
use wire::{Asked, Cache, Disposition, Manner};

use crate::{Flextype, bodies::origin, error, ids};

/// The bytes may change with the file's, so whoever keeps them asks again after some minutes.
const MANNER: Manner<'static> =
    Manner { disposition: Disposition::Inline, cache: Cache::Public { max_age_s: 300 }, vary: None };

/// `/project/uploads/entries/movies/cover.jpg`
pub(crate) async fn file(State(flextype): State<Flextype>, asked: Asked, request: Request) -> Response {
    let headers = request.headers().clone();
    let origin = origin(request.extensions());
    let host = wire::host_name(request.uri(), &headers).unwrap_or_default().to_owned();
    let path = percent_decode_str(request.uri().path()).decode_utf8().unwrap_or_default().into_owned();
    match delivered(&flextype, &Actor::anonymous(origin), &asked, (&host, &path)).await {
        Ok(response) => response,
        // Who has no key is not told what there is.
        Err(Some(fault)) if !is_of_no_file(&fault) => error::Refused::of(fault, error::Area::Files).answer(&headers),
        Err(_) => error::no_such_path(State(flextype), headers).await,
    }
}

async fn delivered(
    flextype: &Flextype,
    anybody: &Actor,
    asked: &Asked,
    (host, path): (&str, &str),
) -> Result<Response, Option<Fault>> {
    let library = &flextype.library;
    let path = path.trim_start_matches('/');
    let prefixes = ["project/uploads", "project/media", flextype.config.url_prefix.as_str()];
    let id = prefixes.iter().find_map(|prefix| path.strip_prefix(prefix)?.strip_prefix('/')).ok_or(None)?;
    let id = ids::parse_to_change(id).ok_or(None)?;
    let tenant_id = tenant_of(flextype, library, host).await?.ok_or(None)?;
    let top = library.top_of_tenant(tenant_id).await?;
    let asset = library.asset_by_path(anybody, top, &id).await?;
    let delivery = library.shown(library.public_contents(anybody, asset.id, None).await?).await?;
    library.count_download(anybody, &delivery.toll, asked.portion_of(&delivery.content)).await?;
    Ok(wire::deliver(asked, delivery.content, &MANNER))
}

/// Whose site a host is; without a setting, the only tenant's.
async fn tenant_of(flextype: &Flextype, library: &Library, host: &str) -> Result<Option<i64>, Fault> {
    match flextype.config.sites.iter().find(|(site, _)| site.eq_ignore_ascii_case(host)) {
        Some((_, tenant_id)) => Ok(Some(*tenant_id)),
        None => library.only_tenant().await,
    }
}

/// All of these are answered as if there were nothing.
const fn is_of_no_file(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Unauthenticated
            | Fault::Denied
            | Fault::NotFound(_)
            | Fault::Expired
            | Fault::Exhausted
            | Fault::Quarantined
    )
}
