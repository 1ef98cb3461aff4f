//! Links: keys that give one version of a file to anybody, until a time, so many times. Looking costs nothing; what is given is
//! counted before it is, and every visit is written down.

use std::sync::Arc;

use store::{
    assets::Version,
    downloads::Download,
    links::{Link, NewLink, NewVisit, Visit, VisitOutcome},
};

use crate::{
    Actor, Asset, Fault, Form, Invalid, Library, Noun, Right, chance, downloads::RESUME_MS, sessions,
    tenants::hash_password, throttle::Account,
};

/// For how long it is known who came by a link, in milliseconds.
const KEEP_VISITS_MS: i64 = 90 * 24 * 60 * 60 * 1_000;
/// As much of what a browser says of itself is kept, in characters.
const MAX_USER_AGENT: usize = 200;
const LIST: i64 = 10_000;

/// A link to make.
#[derive(Debug, Clone)]
pub struct LinkWish {
    /// Which dialect makes it.
    pub realm: &'static str,
    /// To which file.
    pub asset_id: i64,
    /// To which version of it.
    pub version_id: i64,
    /// Under which name the bytes are saved.
    pub file_name: String,
    /// How often it may be followed.
    pub use_limit: Option<i64>,
    /// The first moment at which it no longer works, in milliseconds since 1970; it may be over already.
    pub expires_at: Option<i64>,
    /// What has to be known beside its key.
    pub password: Option<String>,
    /// Whether what pictures and films tell of their makers stays out; none: as the tenant has it.
    pub private: Option<bool>,
}

/// Who comes by a link.
#[derive(Debug, Clone, Copy)]
pub struct Visitor<'a> {
    /// With what, as they say.
    pub user_agent: Option<&'a str>,
    /// The password that they know.
    pub password: Option<&'a str>,
}

/// A link that works, and what it gives.
#[derive(Debug, Clone)]
pub struct OpenLink {
    /// The link.
    pub link: Link,
    /// The file.
    pub asset: Arc<Asset>,
    /// The version that the link was made for.
    pub version: Version,
    /// In which form it gives that.
    pub form: Form,
    visit: NewVisit,
}

impl Library {
    /// Makes a link to a file that the actor may see.
    ///
    /// # Errors
    /// `NotFound` when there is no such file, or it has no such version; `Denied`, `Quarantined`; `Invalid` for a limit below 1.
    pub async fn add_link(&self, actor: &Actor, wish: LinkWish) -> Result<Link, Fault> {
        let asset = self.expect_asset(actor, wish.asset_id, Right::Read).await?;
        self.expect_safe(actor, &asset)?;
        if wish.use_limit.is_some_and(|limit| limit < 1) || wish.file_name.contains('\0') {
            return Err(Fault::Invalid(Invalid::Other("a link is good for something, under a name")));
        }
        let password_hash = match wish.password {
            Some(password) => Some(hash_password(password).await?),
            None => None,
        };
        let link = NewLink {
            tenant_id: asset.tenant_id,
            key: chance::uuid_4(),
            realm: wish.realm.to_owned(),
            asset_id: asset.id,
            version_id: wish.version_id,
            plan_key: None,
            file_name: wish.file_name,
            use_limit: wish.use_limit,
            created_by: self.author(actor, asset.tenant_id).await?,
            expires_at: wish.expires_at,
            password_hash,
            private: wish.private,
        };
        Ok(self.inner.catalog.add_link(&link, &actor.stamp(self.now_ms())).await?)
    }

    /// A link that works at this moment, for whoever has its key. Nothing is counted.
    ///
    /// # Errors
    /// `NotFound` when there is none, it is over, or what it gives is not there; `Denied` for another password than its own,
    /// `Throttled` after too many of those.
    pub async fn open_link(&self, actor: &Actor, realm: &str, key: &str, who: Visitor<'_>) -> Result<OpenLink, Fault> {
        let missing = || Fault::NotFound(Noun::Link);
        // PostgreSQL takes no text with a NUL, not even to look for it.
        if key.contains('\0') {
            return Err(missing());
        }
        let link = self.inner.catalog.link(key).await?.filter(|link| link.realm == realm).ok_or_else(missing)?;
        let visit = self.visit_of(actor, who);
        let opened = self.try_open_link(actor, link.clone(), visit.clone(), who.password).await;
        match opened {
            // They have not been asked yet.
            Err(Fault::Denied) if who.password.is_none() => {
                self.inner.catalog.add_visit(link.id, &visit, VisitOutcome::Looked).await?;
            }
            Err(Fault::NotFound(_) | Fault::Denied) => {
                self.inner.catalog.add_visit(link.id, &visit, VisitOutcome::Refused).await?;
            }
            _ => {}
        }
        opened
    }

    async fn try_open_link(
        &self,
        actor: &Actor,
        link: Link,
        visit: NewVisit,
        password: Option<&str>,
    ) -> Result<OpenLink, Fault> {
        let missing = || Fault::NotFound(Noun::Link);
        if is_over(&link, visit.made_at) {
            return Err(missing());
        }
        let asset = self.given_asset(actor, link.asset_id).await.map_err(|_| missing())?;
        // Counted when it is given; those who only look are to see it too.
        if is_used_up(&asset) {
            return Err(missing());
        }
        let version = match &asset.version {
            Some(version) if version.id == link.version_id => version.clone(),
            _ => {
                let (_, version) = self.inner.catalog.version(link.version_id).await?.ok_or_else(missing)?;
                if !self.gives_old(&version).await? {
                    return Err(missing());
                }
                version
            }
        };
        if let Some(hash) = &link.password_hash {
            match password {
                Some(password) => {
                    let guess = self.guess_at(actor, Account::Link(link.id))?;
                    let checked = sessions::is_password(hash.clone(), password).await;
                    guess.settle(checked.and_then(|matches| if matches { Ok(()) } else { Err(Fault::Denied) }))?;
                }
                None => return Err(Fault::Denied),
            }
        }
        let form = self.shared_form(link.tenant_id, link.private).await?;
        Ok(OpenLink { link, asset, version, form, visit })
    }

    /// Notes that somebody looked whether a link works.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn look_at_link(&self, opened: &OpenLink) -> Result<(), Fault> {
        Ok(self.inner.catalog.add_visit(opened.link.id, &opened.visit, VisitOutcome::Looked).await?)
    }

    /// Counts one use of a link, and with it one download of a limited file, both or neither. `ticket` names the way to the bytes
    /// that its holder is given: by that one, so many bytes as the file has are free for each use ([`Self::version_contents`]).
    ///
    /// # Errors
    /// `NotFound` when the link or the file allows no more: nobody is told which. `Unsupported` when nobody can say what the file tells that
    /// is to stay private.
    pub async fn follow_link(&self, opened: &OpenLink, ticket: &str) -> Result<(), Fault> {
        let (asset, version, visit) = (&opened.asset, &opened.version, &opened.visit);
        // What can not be given is not counted.
        let content = self.original(asset, version, opened.form).await?;
        let assets = [asset.id];
        let download = asset.download_limit.is_some().then(|| Download {
            assets: &assets,
            caller: ticket,
            address: visit.address.as_deref(),
            tag: &content.tag,
            size: content.body.len(),
            resumed_bytes: None,
            now_ms: visit.made_at,
            begun_after_ms: visit.made_at - RESUME_MS,
            adds_up: true,
        });
        let followed = self.inner.catalog.spend_link(&opened.link.key, download.as_ref(), visit).await;
        if download.is_some() {
            self.inner.cards.void(asset.id);
        }
        if followed?.is_none() {
            self.inner.catalog.add_visit(opened.link.id, visit, VisitOutcome::Refused).await?;
            return Err(Fault::NotFound(Noun::Link));
        }
        Ok(())
    }

    /// The links to a file that the actor may see, oldest first.
    ///
    /// # Errors
    /// `NotFound`, `Denied`.
    pub async fn asset_links(&self, actor: &Actor, asset_id: i64) -> Result<Vec<Link>, Fault> {
        let asset = self.expect_asset(actor, asset_id, Right::Read).await?;
        Ok(self.inner.catalog.asset_links(asset.tenant_id, asset_id, 0, LIST).await?)
    }

    /// A tenant's links behind the id `after`, oldest first.
    ///
    /// # Errors
    /// `Denied` for those who do not run it.
    pub async fn links(&self, actor: &Actor, tenant_id: i64, after: i64) -> Result<Vec<Link>, Fault> {
        actor.expect_manager(tenant_id)?;
        Ok(self.inner.catalog.links(tenant_id, after, LIST).await?)
    }

    /// Those of a dialect's links with these ids that work and give files that the actor may see, oldest first.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub async fn working_links(&self, actor: &Actor, realm: &str, ids: &[i64]) -> Result<Vec<Link>, Fault> {
        let (mut found, now_ms) = (self.inner.catalog.links_by_id(actor.tenant_id()?, ids).await?, self.now_ms());
        found.retain(|link| link.realm == realm && !is_over(link, now_ms));
        let assets: Vec<i64> = found.iter().map(|link| link.asset_id).collect();
        let seen = self.assets_by_id(actor, &assets).await?;
        found.retain(|link| seen.iter().any(|asset| asset.id == link.asset_id && !is_used_up(asset)));
        Ok(found)
    }

    /// Takes a link back.
    ///
    /// # Errors
    /// `NotFound` when the tenant has none to take back; `Denied` for those who do not run it.
    pub async fn revoke_link(&self, actor: &Actor, tenant_id: i64, link_id: i64) -> Result<(), Fault> {
        actor.expect_manager(tenant_id)?;
        let done = self.inner.catalog.revoke_link(tenant_id, link_id, &actor.stamp(self.now_ms())).await?;
        if done { Ok(()) } else { Err(Fault::NotFound(Noun::Link)) }
    }

    /// Who came by one of a tenant's links behind the id `after`, oldest first: those who were counted, and those who were not.
    ///
    /// # Errors
    /// `NotFound` when the tenant has no such link; `Denied` for those who do not run it.
    pub async fn link_visits(
        &self,
        actor: &Actor,
        (tenant_id, link_id): (i64, i64),
        after: i64,
    ) -> Result<Vec<Visit>, Fault> {
        actor.expect_manager(tenant_id)?;
        if self.inner.catalog.links_by_id(tenant_id, &[link_id]).await?.is_empty() {
            return Err(Fault::NotFound(Noun::Link));
        }
        Ok(self.inner.catalog.visits(link_id, after, LIST).await?)
    }

    fn visit_of(&self, actor: &Actor, who: Visitor<'_>) -> NewVisit {
        let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT).collect();
        NewVisit {
            address: actor.origin().address.map(|address| address.to_string()),
            user_agent: who.user_agent.map(plain),
            made_at: self.now_ms(),
        }
    }

    /// Forgets who came long ago.
    pub(crate) async fn forget_visits(&self) -> Result<(), Fault> {
        self.inner.catalog.forget_visits(self.now_ms() - KEEP_VISITS_MS).await?;
        Ok(())
    }
}

fn is_used_up(asset: &Asset) -> bool {
    asset.download_limit.is_some_and(|limit| asset.download_count >= limit)
}

fn is_over(link: &Link, now_ms: i64) -> bool {
    link.revoked_at.is_some()
        || link.expires_at.is_some_and(|at| at <= now_ms)
        || link.use_limit.is_some_and(|limit| link.use_count >= limit)
}
