//! The keys of this dialect: an account's address and an API key of 40 hexadecimal digits. Contract section 2.

use library::{Actor, Fault, InboxWish, Library, Rights, TokenWish, hex_key_32};
use serde::Serialize;

use crate::{
    containers::{Container, PageType, Requested},
    kept::Kept,
};

/// What this dialect's keys and records are kept under.
pub const REALM: &str = "botdoc";

/// What keys are to be made.
#[derive(Debug, Clone)]
pub struct KeysWish {
    /// Whose.
    pub tenant_id: i64,
    /// Whom they act as.
    pub user_id: i64,
    /// The address of that person, which goes with the key.
    pub email: String,
    /// What people call them.
    pub name: String,
    /// What they may do.
    pub rights: Rights,
    /// The folder that they are confined to.
    pub folder_id: Option<i64>,
}

/// A set of keys, as they are given out once.
#[derive(Debug, Clone, Serialize)]
pub struct Keys {
    /// The account's address.
    pub email: String,
    /// 40 hexadecimal digits.
    pub api_key: String,
    /// What callbacks are signed with: 64 hexadecimal digits. It is the same for all keys of a tenant.
    pub callback_secret: String,
}

/// Makes a key.
///
/// # Errors
/// `Denied` for those who do not run the tenant, `NotFound` when its user or folder is not there.
pub async fn add_keys(library: &Library, actor: &Actor, wish: &KeysWish) -> Result<Keys, Fault> {
    let api_key = format!("{}{}", hex_key_32(), &hex_key_32()[..8]);
    let token = TokenWish {
        tenant_id: wish.tenant_id,
        user_id: wish.user_id,
        realm: REALM.to_owned(),
        kind: "api key".to_owned(),
        name: wish.name.clone(),
        prefix: String::new(),
        rights: wish.rights,
        folder_id: wish.folder_id,
        call_limit: None,
        secret: Some(api_key.clone()),
        expires_at: None,
    };
    library.add_token(actor, token).await?;
    let callback_secret = crate::callbacks::secret_of(library, wish.tenant_id).await?;
    Ok(Keys { email: wish.email.clone(), api_key, callback_secret })
}

/// Makes a request that never ends, to begin with: the folder's id.
///
/// # Errors
/// `Denied` for those who do not run the tenant.
pub async fn found_request(library: &Library, actor: &Actor, tenant_id: i64, owner: i64) -> Result<i64, Fault> {
    let container = Container {
        identifier: hex_key_32(),
        page_type: PageType::Request,
        requester: Some(owner),
        ..Container::default()
    };
    let wish = InboxWish {
        name: "First request",
        expires_at: None,
        realm: REALM,
        kind: Requested::KIND,
        body: container.to_text(),
    };
    let (folder, _) = library.found_inbox(actor, tenant_id, wish).await?;
    Ok(folder.id)
}
