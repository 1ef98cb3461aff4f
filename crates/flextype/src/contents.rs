//! The bytes of files, under the paths that their views show: to anybody, where anybody may read.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    response::Response,
};
use library::{Actor, Fault, Library, Origin};
use percent_encoding::percent_decode_str;
use wire::{Asked, Cache, Disposition, Manner, RequestOrigin};

use crate::{Flextype, error, ids};

/// The bytes may change with the file's, so whoever keeps them asks again after some minutes.
const MANNER: Manner<'static> =
    Manner { disposition: Disposition::Inline, cache: Cache::Public { max_age_s: 300 }, vary: None };

/// `/project/uploads/entries/movies/cover.jpg`
pub(crate) async fn file(State(flextype): State<Flextype>, asked: Asked, request: Request) -> Response {
    let headers = request.headers().clone();
    let from = request.extensions().get::<RequestOrigin>();
    let origin =
        Origin { address: from.map(|from| from.address), request_id: from.map(|from| from.request_id.as_str().into()) };
    let path = percent_decode_str(request.uri().path()).decode_utf8().unwrap_or_default().into_owned();
    match delivered(&flextype, &Actor::anonymous(origin), &asked, &headers, &path).await {
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
    headers: &HeaderMap,
    path: &str,
) -> Result<Response, Option<Fault>> {
    let library = &flextype.library;
    let path = path.trim_start_matches('/');
    let prefixes = [flextype.config.url_prefix.as_str(), "project/uploads", "project/media"];
    let id = prefixes.iter().find_map(|prefix| path.strip_prefix(prefix)?.strip_prefix('/')).ok_or(None)?;
    let id = ids::parse_to_change(id).ok_or(None)?;
    let tenant_id = tenant_of(flextype, library, headers).await?.ok_or(None)?;
    let top = library.top_of_tenant(tenant_id).await?;
    let asset = library.asset_by_path(anybody, top, &id).await?;
    let delivery = library.public_contents(anybody, asset.id, None).await?;
    library.count_download(anybody, &delivery.toll, asked.portion_of(&delivery.content)).await?;
    Ok(wire::deliver(asked, delivery.content, &MANNER))
}

/// Whose site a host is; without a setting, the only tenant's.
async fn tenant_of(flextype: &Flextype, library: &Library, headers: &HeaderMap) -> Result<Option<i64>, Fault> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    match flextype.config.sites.iter().find(|(site, _)| site.eq_ignore_ascii_case(name)) {
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
