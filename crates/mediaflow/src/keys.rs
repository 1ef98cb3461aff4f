//! The keys of this dialect, as the library keeps them: a client (id and secret), a refresh token, and codes that are used once.

use library::{Actor, Fault, Library, Rights, TokenWish, secret};
use serde::Serialize;

use crate::auth::REALM;

/// The kinds of tokens in this realm.
pub(crate) const CLIENT: &str = "client";
/// What stands for a client before it has shown its secret: enough to sign in for it.
pub(crate) const CLIENT_ID: &str = "client id";
pub(crate) const REFRESH: &str = "refresh";
pub(crate) const CODE: &str = "code";

/// For how long a code works, in milliseconds.
const CODE_MS: i64 = 60_000;

/// What keys are to be made.
#[derive(Debug, Clone)]
pub struct KeysWish {
    /// Whose.
    pub tenant_id: i64,
    /// Whom they act as.
    pub user_id: i64,
    /// What people call them.
    pub name: String,
    /// What they may do.
    pub rights: Rights,
    /// The folder that they are confined to.
    pub folder_id: Option<i64>,
}

/// A set of keys, as they are given out once. Seed: "Nycklar".
#[derive(Debug, Clone, Serialize)]
pub struct Keys {
    /// Nine small letters and digits.
    pub client_id: String,
    /// Letters and digits.
    pub client_secret: String,
    /// Letters and digits; works for as long as nobody takes it back.
    pub refresh_token: String,
}

/// Makes a set of keys.
///
/// # Errors
/// `Denied` for those who do not run the tenant, `NotFound` when its user or folder is not there.
pub async fn add_keys(library: &Library, actor: &Actor, wish: &KeysWish) -> Result<Keys, Fault> {
    let keys = Keys { client_id: secret(9).to_lowercase(), client_secret: secret(31), refresh_token: secret(31) };
    let token = |kind: &str, secret: String| TokenWish {
        tenant_id: wish.tenant_id,
        user_id: wish.user_id,
        realm: REALM.to_owned(),
        kind: kind.to_owned(),
        name: wish.name.clone(),
        prefix: String::new(),
        rights: wish.rights,
        folder_id: wish.folder_id,
        call_limit: None,
        secret: Some(secret),
        expires_at: None,
    };
    library.add_token(actor, token(CLIENT, client_secret(&keys.client_id, &keys.client_secret))).await?;
    let id = TokenWish { rights: Rights::NONE, ..token(CLIENT_ID, client_id_secret(&keys.client_id)) };
    library.add_token(actor, id).await?;
    library.add_token(actor, token(REFRESH, keys.refresh_token.clone())).await?;
    Ok(keys)
}

/// A code for somebody who has signed in: for one client, to be sent to one address.
pub(crate) async fn add_code(
    library: &Library,
    server: &Actor,
    (client, client_id): (&library::Token, &str),
    user_id: i64,
    redirect_uri: &str,
) -> Result<String, Fault> {
    let code = secret(43);
    let wish = TokenWish {
        tenant_id: client.tenant_id,
        user_id,
        realm: REALM.to_owned(),
        kind: CODE.to_owned(),
        name: client.name.clone(),
        prefix: String::new(),
        rights: Rights::NONE,
        folder_id: client.folder_id,
        call_limit: Some(1),
        secret: Some(code_secret(&code, client_id, redirect_uri)),
        expires_at: Some(library.now_ms() + CODE_MS),
    };
    library.add_token(server, wish).await?;
    Ok(code)
}

/// A code works for its client and with its address only: they are a part of the secret.
pub(crate) fn code_secret(code: &str, client_id: &str, redirect_uri: &str) -> String {
    format!("{code}:{client_id}:{redirect_uri}")
}

/// The key of a client that has not shown its secret.
pub(crate) fn client_id_secret(id: &str) -> String {
    format!("client:{id}")
}

/// The two parts of a client's key as one secret.
pub(crate) fn client_secret(id: &str, secret: &str) -> String {
    format!("{id}:{secret}")
}
