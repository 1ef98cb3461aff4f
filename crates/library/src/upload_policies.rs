//! Upload policies: which files a folder takes, told by what they are called, what their sender says and what their bytes are. One gate
//! for every way in. The nearest policy at or above the folder holds; without any, what the dialect takes by default.

use content::MediaType;
use store::upload_policies::{PolicyOf, UploadPolicy};

use crate::{
    Actor, Asset, Fault, Invalid, Library, Noun,
    uploads::{Gate, Nature, extension_of},
};

/// The most kinds that one list may name, and the longest.
const MAX_KINDS: usize = 200;
const MAX_KIND_BYTES: usize = 127;

impl Library {
    /// The gate of a folder for files that this actor brings.
    pub(crate) async fn gate(&self, actor: &Actor, (tenant_id, folder_id): (i64, i64)) -> Result<Gate, Fault> {
        let governing = self.inner.catalog.governing_policy(tenant_id, folder_id).await?;
        let by_default = || actor.token().and_then(|token| self.inner.default_policies.get(&token.realm)).cloned();
        Ok(Gate::new(governing.map(|governing| governing.policy).or_else(by_default)))
    }

    /// Whether a file may get this name, or come to this folder: what may not be brought may not get there later either. A folder that
    /// is moved or copied takes along what lies in it.
    pub(crate) async fn expect_taken(
        &self,
        actor: &Actor,
        asset: &Asset,
        folder_id: i64,
        name: &str,
    ) -> Result<(), Fault> {
        let stays = folder_id == asset.folder.id && extension_of(name) == extension_of(&asset.name);
        let Some(version) = asset.version.as_ref().filter(|_| !stays) else { return Ok(()) };
        let nature = Nature::known(&version.media_type);
        self.gate(actor, (asset.tenant_id, folder_id)).await?.expect(name, None, &nature)
    }

    /// The policy that holds in a folder of a tenant, and where it was set; in all of its folders that have none, for `None`.
    ///
    /// # Errors
    /// `NotFound` when there is no such folder; `Denied` for those who do not run the tenant.
    pub async fn upload_policy(
        &self,
        actor: &Actor,
        tenant_id: i64,
        folder_id: Option<i64>,
    ) -> Result<Option<PolicyOf>, Fault> {
        let folder_id = self.folder_to_rule(actor, tenant_id, folder_id).await?;
        Ok(self.inner.catalog.governing_policy(tenant_id, folder_id).await?)
    }

    /// Sets which files a folder and all below it take, or all of the tenant's; none: what those above it take. What is there stays.
    ///
    /// # Errors
    /// `Invalid` for a kind that is none; `NotFound`, `Denied` as for [`Self::upload_policy`].
    pub async fn set_upload_policy(
        &self,
        actor: &Actor,
        (tenant_id, folder_id): (i64, Option<i64>),
        policy: Option<UploadPolicy>,
    ) -> Result<(), Fault> {
        let folder_id = self.folder_to_rule(actor, tenant_id, folder_id).await?;
        let policy = policy.map(check_policy).transpose()?;
        let stamp = actor.stamp(self.now_ms());
        Ok(self.inner.catalog.set_upload_policy((tenant_id, folder_id), policy.as_ref(), &stamp).await?)
    }

    async fn folder_to_rule(&self, actor: &Actor, tenant_id: i64, folder_id: Option<i64>) -> Result<i64, Fault> {
        actor.expect_manager(tenant_id)?;
        let Some(folder_id) = folder_id else { return self.top_of_tenant(tenant_id).await };
        let folder = self.inner.catalog.folder(tenant_id, folder_id).await?;
        folder.map(|folder| folder.id).ok_or(Fault::NotFound(Noun::Folder))
    }
}

/// A policy as it is kept: kinds in lower case, without a dot before extensions.
///
/// # Errors
/// `Invalid` for what is no kind, and for too many.
pub fn check_policy(policy: UploadPolicy) -> Result<UploadPolicy, Fault> {
    let kind = |text: String| {
        let kind = text.trim().trim_start_matches('.').to_ascii_lowercase();
        let is_kind = match kind.split_once('/') {
            Some((family, "*")) => MediaType::parse(&format!("{family}/x")).is_some(),
            Some(_) => MediaType::parse(&kind).is_some_and(|parsed| parsed.as_str() == kind),
            None => {
                !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-~!".contains(&byte))
            }
        };
        let unknown =
            Fault::Invalid(Invalid::Other("a kind of file is an extension, a type or a family such as image/*"));
        if is_kind && kind.len() <= MAX_KIND_BYTES { Ok(kind) } else { Err(unknown) }
    };
    let kinds = |list: Vec<String>| list.into_iter().map(kind).collect::<Result<Vec<_>, _>>();
    if policy.allow.len().max(policy.deny.len()) > MAX_KINDS {
        return Err(Fault::Invalid(Invalid::TooManyItems));
    }
    Ok(UploadPolicy { allow: kinds(policy.allow)?, deny: kinds(policy.deny)?, matching: policy.matching })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_extensions_types_and_families() {
        let policy =
            |kind: &str| check_policy(UploadPolicy { allow: vec![kind.to_owned()], ..UploadPolicy::default() });
        for (kind, kept) in
            [(" .JPG ", "jpg"), ("Image/*", "image/*"), ("text/HTML", "text/html"), ("appref-ms", "appref-ms")]
        {
            assert_eq!(policy(kind).expect("a kind").allow, [kept]);
        }
        for none in ["", ".", "*", "*/*", "image/", "/png", "a b", "tar.gz", "text/html; q=1", "é", &"x".repeat(128)] {
            assert!(matches!(policy(none), Err(Fault::Invalid(_))), "{none}");
        }
        let many = UploadPolicy { deny: vec!["x".to_owned(); MAX_KINDS + 1], ..UploadPolicy::default() };
        assert!(matches!(check_policy(many), Err(Fault::Invalid(Invalid::TooManyItems))));
    }
}
