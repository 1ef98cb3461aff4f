//! Offers: what anybody may have who has its URL. Pictures of files by their codes, and bytes that somebody with a key offered. They stop
//! working the moment the file is over, in the trash, quarantined or gone.

use std::sync::Arc;

use content::{Content, Family};
use media::Plan;

use crate::{Actor, Asset, AssetState, Delivery, Fault, Library, Noun, Right, downloads::Toll};

/// One form of a file, for anybody who has its URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The file.
    pub asset_id: i64,
    /// Which dialect offers it, and in which form: text of its own, which is signed with the rest.
    pub form: String,
    /// The first moment at which it no longer holds, in milliseconds since 1970; none: it lasts.
    pub until: Option<i64>,
}

const PURPOSE: &str = "offers";

impl Offer {
    fn text(&self) -> String {
        let until = self.until.map(|until| until.to_string()).unwrap_or_default();
        format!("{}/{until}/{}", self.asset_id, self.form)
    }
}

impl Library {
    /// Offers a file that the actor may read; gives the signature that its URL is to carry.
    ///
    /// # Errors
    /// `NotFound`, `Denied`, `Quarantined`.
    pub async fn offer(&self, actor: &Actor, offer: &Offer) -> Result<String, Fault> {
        let asset = self.expect_asset(actor, offer.asset_id, Right::Read).await?;
        self.expect_safe(actor, &asset)?;
        self.sign(PURPOSE, &offer.text()).await
    }

    /// Whether an offer was made here and still holds.
    ///
    /// # Errors
    /// `Denied` for what was not offered here, `Expired`.
    async fn expect_offer(&self, offer: &Offer, signature: &str) -> Result<(), Fault> {
        if !self.is_signed(PURPOSE, &offer.text(), signature).await? {
            return Err(Fault::Denied);
        }
        if offer.until.is_some_and(|until| until <= self.now_ms()) { Err(Fault::Expired) } else { Ok(()) }
    }

    /// What an offer leads on to: another form of the same file, for good. The signature that its URL is to carry.
    ///
    /// # Errors
    /// As for [`Self::expect_offer`], and `NotFound` when the file is gone.
    pub async fn offer_by(
        &self,
        actor: &Actor,
        (offer, signature): (&Offer, &str),
        lasting: &Offer,
    ) -> Result<String, Fault> {
        self.expect_offer(offer, signature).await?;
        self.given_asset(actor, offer.asset_id).await?;
        if lasting.asset_id != offer.asset_id {
            return Err(Fault::Denied);
        }
        self.sign(PURPOSE, &lasting.text()).await
    }

    /// Offers a file to whoever knows its code, for players: not a limited one.
    ///
    /// # Errors
    /// `NotFound` when the file is gone, or limited.
    pub async fn offer_by_code(&self, actor: &Actor, offer: &Offer) -> Result<String, Fault> {
        let asset = self.given_asset(actor, offer.asset_id).await?;
        if asset.download_limit.is_some() {
            return Err(Fault::NotFound(Noun::Asset));
        }
        self.sign(PURPOSE, &offer.text()).await
    }

    /// The file that is offered.
    ///
    /// # Errors
    /// As for [`Self::expect_offer`], and `NotFound` when the file is gone.
    pub async fn offered_asset(&self, actor: &Actor, offer: &Offer, signature: &str) -> Result<Arc<Asset>, Fault> {
        self.expect_offer(offer, signature).await?;
        self.given_asset(actor, offer.asset_id).await
    }

    /// The bytes that are offered, as [`Self::contents`] gives them.
    ///
    /// # Errors
    /// As for [`Self::offered_asset`]; `Busy` when too much is being drawn.
    pub async fn offered_contents(
        &self,
        actor: &Actor,
        (offer, signature): (&Offer, &str),
        plan: Option<&Plan>,
    ) -> Result<Delivery, Fault> {
        let asset = self.offered_asset(actor, offer, signature).await?;
        let version = asset.version.as_ref().ok_or(Fault::NotFound(Noun::Asset))?;
        let form = self.shared_form(asset.tenant_id, None).await?;
        let content = match plan.filter(|_| version.media_type.family() == Family::Image || version.pixels.is_some()) {
            None => self.original(&asset, version, form).await?,
            Some(plan) => self.drawn((&asset, version), plan, form).await?,
        };
        let toll = Toll::of([&*asset], &content);
        // What lasts is public like a picture on a page.
        let toll = if offer.until.is_some() { toll.lent(&asset) } else { toll };
        Ok(Delivery { content, toll })
    }

    /// A picture of a file that is not limited, for anybody who knows its code: that is to say its id, and that it is to be had
    /// without a key.
    ///
    /// # Errors
    /// `NotFound`; `Unsupported` when there is no picture of it; `Busy`.
    pub async fn given_picture(&self, actor: &Actor, asset_id: i64, plan: &Plan) -> Result<Content, Fault> {
        let asset = self.given_asset(actor, asset_id).await?;
        if asset.download_limit.is_some() {
            return Err(Fault::NotFound(Noun::Asset));
        }
        let version = asset.version.as_ref().ok_or(Fault::NotFound(Noun::Asset))?;
        let form = self.shared_form(asset.tenant_id, None).await?;
        self.drawn((&asset, version), plan, form).await
    }

    /// A file that is given without asking who it is for: it is there, and a scan lets it out to anybody.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn given_asset(&self, actor: &Actor, asset_id: i64) -> Result<Arc<Asset>, Fault> {
        let missing = || Fault::NotFound(Noun::Asset);
        let asset = self.card(asset_id).await?.ok_or_else(missing)?;
        if !asset.lives() || asset.state != AssetState::Ready || self.is_over(&asset) {
            return Err(missing());
        }
        // A key that comes along makes no difference: the URL is what counts.
        let anybody = Actor::anonymous(actor.origin().clone());
        self.expect_safe(&anybody, &asset).map_err(|_| missing())?;
        Ok(asset)
    }
}
