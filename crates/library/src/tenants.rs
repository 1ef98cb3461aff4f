//! Founding and listing tenants, and the people in them. Mostly the command line's.

use std::collections::HashMap;

use argon2::{Argon2, PasswordHasher};
use store::{folders::NewFolder, users::NewUser};

use crate::{Actor, Fault, Folder, FolderKind, Invalid, Library, Noun, Right, Tenant, User, names, slugs};

/// A person to add.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// Their e-mail address.
    pub email: String,
    /// How they are called.
    pub full_name: String,
    /// `admin`, `editor` or `viewer`.
    pub role: String,
    /// Their password, if they sign in with one; kept only as an argon2id hash.
    pub password: Option<String>,
}

/// A tenant as founded.
#[derive(Debug, Clone)]
pub struct Founded {
    /// The tenant.
    pub tenant: Tenant,
    /// Its first user.
    pub admin: User,
    /// The top of its tree.
    pub root: Folder,
}

impl Library {
    /// Founds a tenant with its first user and its root folder.
    ///
    /// # Errors
    /// `Invalid` for a name or address that can not be one.
    pub async fn found_tenant(&self, actor: &Actor, name: &str, admin: NewPerson) -> Result<Founded, Fault> {
        actor.expect_system()?;
        let name = names::check(name)?;
        let admin = new_user(admin).await?;
        let (tenant, admin, root) = self.inner.catalog.add_tenant(&name, &admin, &actor.stamp(self.now_ms())).await?;
        Ok(Founded { tenant, admin, root })
    }

    /// All tenants, oldest first.
    ///
    /// # Errors
    /// `Denied` for all but the command line.
    pub async fn tenants(&self, actor: &Actor) -> Result<Vec<Tenant>, Fault> {
        actor.expect_system()?;
        Ok(self.inner.catalog.tenants(10_000).await?)
    }

    /// The tenant that the actor belongs to.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub async fn own_tenant(&self, actor: &Actor) -> Result<Tenant, Fault> {
        self.inner.catalog.tenant(actor.tenant_id()?).await?.ok_or(Fault::NotFound(Noun::Tenant))
    }

    /// Adds a space (a Fliplet app) to a tenant's root.
    ///
    /// # Errors
    /// `Invalid` for a name that can not be one.
    pub async fn found_space(&self, actor: &Actor, tenant_id: i64, name: &str, owner: i64) -> Result<Folder, Fault> {
        actor.expect_manager(tenant_id)?;
        let root = self.inner.catalog.root_folder(tenant_id).await?;
        self.expect(actor, Right::Create, &root).await?;
        let name = names::check(name)?;
        let space = NewFolder {
            missing: store::paths::Missing::default(),
            tenant_id,
            parent_id: root.id,
            kind: FolderKind::Space,
            name_key: names::sort_key(&name),
            slug: slugs::of_folder(&name),
            name,
            public_read: false,
            expires_at: None,
            created_by: owner,
        };
        Ok(self.inner.catalog.add_folder(&space, &actor.stamp(self.now_ms())).await?)
    }

    /// Adds a person to a tenant.
    ///
    /// # Errors
    /// `Conflict` when the tenant has somebody with that address.
    pub async fn add_user(&self, actor: &Actor, tenant_id: i64, person: NewPerson) -> Result<User, Fault> {
        actor.expect_manager(tenant_id)?;
        if self.inner.catalog.tenant(tenant_id).await?.is_none() {
            return Err(Fault::NotFound(Noun::Tenant));
        }
        let user = new_user(person).await?;
        Ok(self.inner.catalog.add_user(tenant_id, &user, &actor.stamp(self.now_ms())).await?)
    }

    /// The people of a tenant, oldest first.
    ///
    /// # Errors
    /// `Denied` for those who do not run it.
    pub async fn users(&self, actor: &Actor, tenant_id: i64) -> Result<Vec<User>, Fault> {
        actor.expect_manager(tenant_id)?;
        Ok(self.inner.catalog.users(tenant_id, 0, 10_000).await?)
    }

    /// Those people of the actor's own tenant who have these ids, by id: whoever sees a thing may know who made it.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub async fn people(&self, actor: &Actor, ids: &[i64]) -> Result<HashMap<i64, User>, Fault> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let found = self.inner.catalog.users_by_id(actor.tenant_id()?, &ids).await?;
        Ok(found.into_iter().map(|user| (user.id, user)).collect())
    }

    /// All people of the actor's own tenant who are not shut out, oldest first.
    ///
    /// # Errors
    /// `Unauthenticated` for those without a key.
    pub async fn own_people(&self, actor: &Actor) -> Result<Vec<User>, Fault> {
        let mut found = self.inner.catalog.users(actor.tenant_id()?, 0, 10_000).await?;
        found.retain(|user| user.disabled_at.is_none() && user.role != "service");
        Ok(found)
    }

    /// Shuts a person out and takes their keys back.
    ///
    /// # Errors
    /// `NotFound` when there is nobody to shut out.
    pub async fn disable_user(&self, actor: &Actor, tenant_id: i64, user_id: i64) -> Result<(), Fault> {
        actor.expect_manager(tenant_id)?;
        let done = self.inner.catalog.disable_user(tenant_id, user_id, &actor.stamp(self.now_ms())).await?;
        self.inner.tokens.forget_all();
        if done { Ok(()) } else { Err(Fault::NotFound(Noun::User)) }
    }
}

async fn new_user(person: NewPerson) -> Result<NewUser, Fault> {
    let email = person.email.trim().to_lowercase();
    let well_formed = email.len() <= 254
        && email
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
        && !email.contains(|c: char| c.is_whitespace() || c.is_control());
    if !well_formed {
        return Err(Fault::Invalid(Invalid::Email));
    }
    if !["admin", "editor", "viewer", "service"].contains(&person.role.as_str()) {
        return Err(Fault::Invalid(Invalid::Other("a role is admin, editor or viewer")));
    }
    let password_hash = match person.password {
        Some(password) => Some(hash_password(password).await?),
        None => None,
    };
    Ok(NewUser { email, full_name: names::check(&person.full_name)?, role: person.role, password_hash })
}

/// Slow and hungry by design, so never on the async threads.
pub(crate) async fn hash_password(password: String) -> Result<String, Fault> {
    let hashed = tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string())
    });
    hashed.await.map_err(Fault::internal)?.map_err(|error| Fault::internal(std::io::Error::other(error.to_string())))
}
