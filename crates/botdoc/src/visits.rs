//! A visit: somebody without an account who followed a link, what they see, and what they may do there.

use std::str::FromStr as _;

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use library::{Actor, Asset, AssetState, Fault, RecordsOf, Right, Rights};
use wire::Base;

use crate::{
    Botdoc, REALM,
    auth::{Anybody, Named},
    callbacks,
    containers::Found,
    error::Refused,
    features::{Feature, Way},
    kept::{Kept as _, Records, Row},
    messages::{Message, Reply},
    notifications::{Email, Notification},
    templates::{
        FeatureView, FileView, GoneView, Notice, OpenView, PageView, PullView, PushView, ReplyView, SentView,
        content_security_policy, page,
    },
    views::FROM,
};

/// What somebody without an account may do in the folder that a link leads to.
const GUEST: Rights = Rights::READ.with(Right::Create);
/// So many files are shown.
const SHOWN: usize = 1_000;

/// Somebody who came by a link.
pub(crate) struct Visit {
    pub(crate) actor: Actor,
    pub(crate) found: Found,
    pub(crate) notification: Row<Notification>,
    /// The path of the page.
    pub(crate) base: String,
    pub(crate) is_secure: bool,
}

impl Visit {
    /// Follows a link; why it leads nowhere, within.
    async fn follow(
        botdoc: &Botdoc,
        anybody: &Actor,
        base: &Base,
        code: &str,
    ) -> Result<Result<Self, GoneView>, Fault> {
        let library = &botdoc.library;
        let record = library.record_by_key((REALM, Notification::KIND), code).await?;
        let notification = Row::<Notification>::read(record)?;
        let place = (notification.record.tenant_id, notification.folder_id()?);
        let guest = library.guest(place, notification.it.host, GUEST, anybody.origin().clone()).await;
        let (actor, folder) = match guest {
            Err(Fault::Expired) => {
                let since_ms = library.inbox_end(place).await?.unwrap_or_default();
                return Ok(Err(GoneView::Expired { since_ms }));
            }
            guest => guest?,
        };
        let found = Records::of(library.clone()).container(library, &actor, folder.id).await?;
        let url = base.join(&format!("/s/{code}"));
        let uri = Uri::from_str(&url).unwrap_or_default();
        let is_secure = uri.scheme_str() == Some("https");
        Ok(Ok(Self { actor, found, notification, base: uri.path().to_owned(), is_secure }))
    }
}

/// A visit whose code was not asked for yet.
pub(crate) struct Opened(pub(crate) Visit);

/// A visit that may see what is behind the link.
pub(crate) struct Entered(pub(crate) Visit);

/// Why somebody is not let in.
pub(crate) enum Outside {
    /// This is shown instead.
    Page(Box<PageView>),
    Fault(Refused),
}

impl From<PageView> for Outside {
    fn from(page: PageView) -> Self {
        Self::Page(Box::new(page))
    }
}

impl<F: Into<Refused>> From<F> for Outside {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}

impl IntoResponse for Outside {
    /// A page in place of what was asked for: no program is to take it for that.
    fn into_response(self) -> Response {
        let page = match self {
            Self::Page(page) => page,
            Self::Fault(refused) => return refused.into_response(),
        };
        let mut response = page_of(&page);
        if response.status() == StatusCode::OK {
            *response.status_mut() = StatusCode::FORBIDDEN;
        }
        response
    }
}

impl FromRequestParts<Botdoc> for Opened {
    type Rejection = Outside;

    async fn from_request_parts(parts: &mut Parts, botdoc: &Botdoc) -> Result<Self, Outside> {
        let Ok(Anybody(anybody)) = Anybody::from_request_parts(parts, botdoc).await;
        let Ok(base) = Base::from_request_parts(parts, botdoc).await;
        let Named(code) = Named::from_request_parts(parts, botdoc).await?;
        match Visit::follow(botdoc, &anybody, &base, &code).await {
            Ok(Ok(visit)) => Ok(Self(visit)),
            Ok(Err(gone)) => Err(PageView::Gone(gone).into()),
            Err(Fault::NotFound(_) | Fault::Denied | Fault::Unauthenticated) => {
                Err(PageView::Gone(GoneView::Unknown).into())
            }
            Err(fault) => Err(fault.into()),
        }
    }
}

impl FromRequestParts<Botdoc> for Entered {
    type Rejection = Outside;

    async fn from_request_parts(parts: &mut Parts, botdoc: &Botdoc) -> Result<Self, Outside> {
        let Opened(visit) = Opened::from_request_parts(parts, botdoc).await?;
        match visit.code_page(botdoc, &parts.headers, None).await? {
            Some(page) => Err(page.into()),
            None => Ok(Self(visit)),
        }
    }
}

/// A page as it is sent: not kept, not framed, and without any script but its own.
pub(crate) fn page_of(view: &PageView) -> Response {
    let status = match view {
        PageView::Gone(GoneView::Unknown) => StatusCode::NOT_FOUND,
        PageView::Gone(GoneView::Expired { .. }) => StatusCode::GONE,
        PageView::Code(_) | PageView::Open(_) => StatusCode::OK,
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(content_security_policy())),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ];
    (status, headers, page(view)).into_response()
}

impl Visit {
    /// Tells the account, once, that somebody opened the link.
    pub(crate) async fn note_opening(&self, botdoc: &Botdoc) -> Result<(), Fault> {
        if self.notification.it.opened {
            return Ok(());
        }
        let records = Records::of(botdoc.library.clone());
        let first = records
            .change::<Notification, _>(&self.actor, self.notification.id(), |it| (!it.opened).then(|| it.opened = true))
            .await?;
        if first.is_some() {
            let value = crate::notifications::view(&self.notification);
            callbacks::tell(botdoc, &self.actor, &self.found, "session_opened", value).await;
        }
        Ok(())
    }

    async fn features(&self, records: &Records) -> Result<Vec<Row<Feature>>, Fault> {
        records.list::<Feature>(&self.actor, RecordsOf::Folder(self.found.folder.id)).await
    }

    /// Whether a file is one that the account put there, for the recipient to fetch.
    pub(crate) async fn is_offered(&self, botdoc: &Botdoc, id: i64) -> Result<bool, Fault> {
        let asset = match botdoc.library.listed_asset(&self.actor, id).await {
            Ok(asset) if asset.folder.id == self.found.folder.id => [asset],
            Ok(_) | Err(Fault::NotFound(_) | Fault::Denied | Fault::Unauthenticated) => return Ok(false),
            Err(fault) => return Err(fault),
        };
        let from = botdoc.library.field_of_assets(&self.actor, &asset, FROM).await?;
        let records = Records::of(botdoc.library.clone());
        let [asset] = asset;
        Ok(is_own(&asset, &from) && offers(&self.features(&records).await?))
    }

    pub(crate) async fn replies(&self, records: &Records) -> Result<Vec<Row<Reply>>, Fault> {
        records.list::<Reply>(&self.actor, RecordsOf::Record(self.notification.id())).await
    }

    /// The pull that a form is about.
    pub(crate) async fn pull(&self, botdoc: &Botdoc, id: Option<i64>) -> Result<Option<Row<Feature>>, Fault> {
        let Some(id) = id else { return Ok(None) };
        match Records::of(botdoc.library.clone()).get::<Feature>(&self.actor, id).await {
            Ok(row)
                if row.it.way == Way::Pull
                    && !row.it.is_draft
                    && row.record.folder_id == Some(self.found.folder.id) =>
            {
                Ok(Some(row))
            }
            Ok(_) | Err(Fault::NotFound(_) | Fault::Denied) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The page as it is now.
    pub(crate) async fn view(&self, botdoc: &Botdoc, notices: Vec<Notice>) -> Result<PageView, Fault> {
        let records = Records::of(botdoc.library.clone());
        let of = RecordsOf::Folder(self.found.folder.id);
        let mut features = Vec::new();
        let rows = self.features(&records).await?;
        let assets = botdoc.library.listed_assets(&self.actor, Some(self.found.folder.id), (0, SHOWN)).await?.assets;
        let from = botdoc.library.field_of_assets(&self.actor, &assets, FROM).await?;
        // Oldest first.
        let own = assets.iter().rev().filter(|asset| offers(&rows) && is_own(asset, &from));
        let mut files = Some(own.cloned().collect::<Vec<_>>()).filter(|files| !files.is_empty());
        for row in rows.iter().filter(|row| !row.it.is_draft) {
            features.push(match row.it.way {
                Way::Push => FeatureView::Push(self.push_view(botdoc, Some(row), files.take().unwrap_or_default())),
                Way::Pull => FeatureView::Pull(self.pull_view(row, &assets, &from)),
            });
        }
        if let Some(files) = files {
            features.push(FeatureView::Push(self.push_view(botdoc, None, files)));
        }
        let email =
            records.last::<Email>(&self.actor, self.found.folder.id).await?.map(|row| row.it).unwrap_or_default();
        let mut messages: Vec<String> = [email.body].into_iter().filter(|body| !body.is_empty()).collect();
        for message in records.list::<Message>(&self.actor, of).await? {
            messages.extend([message.it.title, message.it.body].into_iter().filter(|text| !text.is_empty()));
        }
        let replies = if self.found.row.it.display_chat {
            let view = |row: &Row<Reply>| ReplyView { body: row.it.body.clone(), at_ms: row.record.created_at };
            Some(self.replies(&records).await?.iter().map(view).collect())
        } else {
            None
        };
        Ok(PageView::Open(OpenView {
            base: self.base.clone(),
            sender: self.actor.user().map(|host| host.full_name.clone()).unwrap_or_default(),
            subject: email.subject,
            messages,
            expires_ms: self.found.folder.expires_at,
            notices,
            features,
            replies,
        }))
    }

    fn push_view(&self, botdoc: &Botdoc, row: Option<&Row<Feature>>, files: Vec<Asset>) -> PushView {
        let now_ms = botdoc.library.now_ms();
        let view = |asset: Asset| {
            let allowed = asset.download_limit.unwrap_or(i64::from(u32::MAX));
            let left = allowed.saturating_sub(asset.download_count).max(0);
            FileView {
                id: asset.id,
                bytes: asset.version.as_ref().map_or(0, |version| version.blob.size),
                downloads_left: u32::try_from(left).unwrap_or(u32::MAX),
                downloads_allowed: u32::try_from(allowed).unwrap_or(u32::MAX),
                removed: asset.version.is_none() || asset.expires_at.is_some_and(|at| at <= now_ms),
                name: asset.name,
            }
        };
        PushView {
            title: row.map(|row| row.it.title.clone()).unwrap_or_default(),
            message: row.map(|row| row.it.message.clone()).unwrap_or_default(),
            files: files.into_iter().map(view).collect(),
        }
    }

    fn pull_view(&self, row: &Row<Feature>, assets: &[Asset], from: &[(i64, String)]) -> PullView {
        let own = format!("{}/{}", self.notification.id(), row.id());
        let is_own = |asset: &&Asset| from.iter().any(|(id, text)| *id == asset.id && *text == own);
        let sent = |asset: &Asset| SentView {
            name: asset.name.clone(),
            bytes: asset.version.as_ref().map_or(0, |version| version.blob.size),
        };
        PullView {
            id: row.id(),
            title: row.it.title.clone(),
            message: row.it.message.clone(),
            extensions: row.it.allowed_file_extensions.clone(),
            max_bytes: row.it.max_file_size.and_then(|most| u64::try_from(most).ok()),
            max_files: row.it.max_files.and_then(|most| u32::try_from(most).ok()),
            sent: assets.iter().rev().filter(is_own).map(sent).collect(),
            complete: row.it.complete,
        }
    }
}

/// Whether files are given out: not where the account only asks for some.
fn offers(features: &[Row<Feature>]) -> bool {
    features.is_empty() || features.iter().any(|row| row.it.way == Way::Push && !row.it.is_draft)
}

/// Whether the account put a file there; `from` tells by which links files came.
fn is_own(asset: &Asset, from: &[(i64, String)]) -> bool {
    asset.state != AssetState::Uploading && !from.iter().any(|(id, _)| *id == asset.id)
}
