//! Signed URLs of this server's own objects, `/s3/<bucket>/<asset key>/<version id>.<extension>`: who signs, and where the world finds
//! them. The arithmetic is in `presigned`.

use axum::http::{HeaderMap, Method, Uri, header};
use library::{Asset, Fault, Form, Version, split_extension};
use wire::{Base, escape_segment};

use crate::{
    MediaPocket, REALM,
    presigned::{Place, Signer},
    url::{disposition, saved_name},
};

/// S3 has regions; this is what the vendor's URLs name.
const REGION: &str = "eu-central-1";

/// What the name of an object ends with, before its extension, that tells nothing of its makers.
pub(crate) const PRIVATE: &str = "-private";

/// What a URL gives: one version of an asset, in a form.
pub(crate) type Lent<'a> = (&'a Asset, &'a Version, Form);

impl MediaPocket {
    /// Those who sign, the one for new URLs first: the operator's keys, or the library's own.
    pub(crate) async fn signers(&self) -> Result<Vec<Signer>, Fault> {
        if let Some(keys) = &self.config.signing {
            return Ok(vec![Signer::new(&keys.access_key_id, &keys.secret_access_key, REGION)]);
        }
        let keys = self.library.keys_for(REALM).await?;
        let signer = |key: &[u8; 32]| {
            // The id tells which key it is, and nothing of what it is.
            let id = hex::encode_upper(&library::mac(key, "access key id")[..8]);
            Signer::new(format!("MP{id}"), hex::encode(library::mac(key, "secret access key")), REGION)
        };
        Ok(keys.iter().map(signer).collect())
    }

    /// A URL by which one version of an asset is saved under a name, for some minutes.
    ///
    /// # Errors
    /// When the library's keys can not be read.
    pub(crate) async fn presign(&self, base: &Base, what: Lent<'_>, file_name: &str) -> Result<String, Fault> {
        self.presign_for(&Method::GET, base, what, file_name).await
    }

    /// The same to look at it only: nothing is given to whoever was not counted.
    pub(crate) async fn presign_for(
        &self,
        method: &Method,
        base: &Base,
        (asset, version, form): Lent<'_>,
        file_name: &str,
    ) -> Result<String, Fault> {
        let signers = self.signers().await?;
        let signer = signers.first().ok_or(Fault::Unavailable("database"))?;
        let (origin, mount) = split_base(base.as_str());
        let extension = split_extension(&asset.name).1;
        let name = saved_name(file_name, extension);
        let ending = if extension.is_empty() { String::new() } else { format!(".{}", escape_segment(extension)) };
        let form = if form == Form::Private { PRIVATE } else { "" };
        let path = format!("{mount}/s3/{}/{}/{}{form}{ending}", bucket_of(asset.tenant_id), asset.key, version.id);
        let time = (self.library.now_ms(), self.config.presigned_s);
        Ok(signer.sign_for(method, (origin, &path), Some(&disposition(&name)), time))
    }

    /// Where a request may have been sent to: behind a proxy, that is where the world finds this server.
    pub(crate) fn places(&self, base: &Base, uri: &Uri, headers: &HeaderMap) -> Vec<(String, String)> {
        let (origin, mount) = split_base(base.as_str());
        let host = |origin: &str| origin.split_once("://").map_or(origin, |(_, host)| host).to_owned();
        let path = uri.path();
        let mut places = vec![(host(origin), format!("{mount}{path}"))];
        let named = uri.authority().map(|authority| authority.as_str());
        let named = named.or_else(|| headers.get(header::HOST)?.to_str().ok());
        if let Some(named) = named {
            // A proxy may have taken away any part of what stands before our paths.
            let fronts = mount.match_indices('/').map(|(at, _)| &mount[at..]).chain([""]);
            places.extend(fronts.map(|front| (named.to_owned(), format!("{front}{path}"))));
        }
        places.dedup();
        places
    }
}

/// As the parts of a request are lent.
pub(crate) fn lent(places: &[(String, String)]) -> Vec<Place<'_>> {
    places.iter().map(|(host, path)| Place { host, path }).collect()
}

/// The name of a tenant's bucket: the vendor has one for each account.
pub(crate) fn bucket_of(tenant_id: i64) -> String {
    format!("mediapocket-{tenant_id}")
}

/// `https://host:1` and `/the/rest`.
fn split_base(base: &str) -> (&str, &str) {
    let start = base.find("://").map_or(0, |at| at + 3);
    base.split_at(base[start..].find('/').map_or(base.len(), |at| start + at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_has_an_origin_and_a_mount() {
        assert_eq!(split_base("http://h:1/mediapocket"), ("http://h:1", "/mediapocket"));
        assert_eq!(split_base("https://h"), ("https://h", ""));
        assert_eq!(split_base("https://h/a/b"), ("https://h", "/a/b"));
    }
}
