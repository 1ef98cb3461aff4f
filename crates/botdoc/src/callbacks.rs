//! Callbacks: what an account's own machine is told when something happens to a container. Botdoc's shape, and beside it a
//! signature. Contract section 4.2.

use library::{Actor, Fault, Library, Parcel, mac};
use serde_json::{Value, json};

use crate::{
    Botdoc, REALM,
    containers::{Found, PageType},
    envelope::rendered,
};

/// `t=<seconds since 1970>,v1=<HMAC-SHA-256 of "<t>.<body>" with the callback secret, hexadecimal>`.
const SIGNATURE: &str = "X-Mediary-Signature";

/// What a tenant's callbacks are signed with.
pub(crate) async fn secret_of(library: &Library, tenant_id: i64) -> Result<String, Fault> {
    library.lasting_secret(&format!("botdoc callbacks {tenant_id}")).await
}

/// Tells the container's account that something happened, if it wants to be told. What it tells of has been done: that this can not
/// be queued is no reason to say that it was not.
pub(crate) async fn tell(botdoc: &Botdoc, actor: &Actor, found: &Found, about: &str, value: Value) {
    if let Err(fault) = queue(botdoc, actor, found, (about, value)).await {
        tracing::error!(%fault, container = found.folder.id, about, "a callback can not be queued");
    }
}

async fn queue(botdoc: &Botdoc, actor: &Actor, found: &Found, (about, value): (&str, Value)) -> Result<(), Fault> {
    let container = &found.row.it;
    if container.callback_url.is_empty() {
        return Ok(());
    }
    let mut body = json!({ "type": about });
    body[about] = value;
    body["callback_identifier"] = json!(container.identifier);
    let body = rendered(&body);
    let secret = secret_of(&botdoc.library, actor.tenant_id()?).await?;
    let at_s = botdoc.library.now_ms().div_euclid(1_000);
    let parcel = Parcel::Call {
        url: url_of(found),
        content_type: "application/json".to_owned(),
        headers: vec![(SIGNATURE.to_owned(), signature(&secret, at_s, &body))],
        body,
    };
    botdoc.library.send(actor, REALM, vec![parcel]).await?;
    Ok(())
}

/// The API of 2018 names the request in the query, behind what the caller has there.
fn url_of(found: &Found) -> String {
    let url = &found.row.it.callback_url;
    if found.row.it.page_type != PageType::Request {
        return url.clone();
    }
    let (url, fragment) = url.split_once('#').map_or((url.as_str(), None), |(url, rest)| (url, Some(rest)));
    let mark = if url.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|rest| format!("#{rest}")).unwrap_or_default();
    format!("{url}{mark}id={}{fragment}", found.folder.id)
}

fn signature(secret: &str, at_s: i64, body: &str) -> String {
    format!("t={at_s},v1={}", hex::encode(mac(secret.as_bytes(), &format!("{at_s}.{body}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_usual_one() {
        // By `printf '1.{}' | openssl dgst -sha256 -hmac key`.
        let expected = "t=1,v1=1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224";
        assert_eq!(signature("key", 1, "{}"), expected);
        assert_ne!(signature("key", 1, "{ }"), expected);
        assert_ne!(signature("kez", 1, "{}"), expected);
    }
}
