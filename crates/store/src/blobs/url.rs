//! Reads the text by which a configuration names a blob store. Knows how to open each, not how they work.

use std::{path::PathBuf, sync::Arc};

use object_store::{ObjectStore, aws::AmazonS3Builder, memory::InMemory, prefix::PrefixStore};

use super::Error;

/// What a text names.
pub(super) enum Target {
    Folder(PathBuf),
    Objects(Arc<dyn ObjectStore>),
}

/// Understands a folder's path, `memory:`, and `s3://bucket[/prefix]` with the options `endpoint`, `region`, `access_key_id` and
/// `secret_access_key`, each percent-encoded. What is not said is taken from the usual AWS variables of the environment.
pub(super) fn open(url: &str) -> Result<Target, Error> {
    if url == "memory:" {
        return Ok(Target::Objects(Arc::new(InMemory::new())));
    }
    if let Some(rest) = url.strip_prefix("s3://") {
        return s3(rest).map(Target::Objects);
    }
    if url.contains("://") || url.is_empty() {
        return Err(Error::Url("neither a folder, nor memory:, nor s3://".to_owned()));
    }
    Ok(Target::Folder(url.into()))
}

fn s3(rest: &str) -> Result<Arc<dyn ObjectStore>, Error> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    if bucket.is_empty() {
        return Err(Error::Url("s3:// is not followed by a bucket".to_owned()));
    }
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decoded(value)
            .ok_or_else(|| Error::Url(format!("the value of {name} is not percent-encoded UTF-8")))?;
        builder = match name {
            // A store on the own network often has no certificate; whoever writes http:// means it.
            "endpoint" => builder.with_allow_http(value.starts_with("http://")).with_endpoint(value),
            "region" => builder.with_region(value),
            "access_key_id" => builder.with_access_key_id(value),
            "secret_access_key" => builder.with_secret_access_key(value),
            _ => return Err(Error::Url(format!("unknown option {name}"))),
        };
    }
    let store = builder.build()?;
    let prefix = prefix.trim_matches('/');
    Ok(if prefix.is_empty() { Arc::new(store) } else { Arc::new(PrefixStore::new(store, prefix)) })
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' {
            u8::from_str_radix(std::str::from_utf8(&[rest.next()?, rest.next()?]).ok()?, 16).ok()?
        } else {
            byte
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_percent_decoded() {
        assert_eq!(percent_decoded("a%2Fb+c%20").as_deref(), Some("a/b+c "));
        for bad in ["%", "%2", "%zz", "%ff"] {
            assert_eq!(percent_decoded(bad), None, "{bad}");
        }
    }

    #[test]
    fn texts_name_stores() {
        let s3 = "s3://bucket/some/where?endpoint=http%3A%2F%2F127.0.0.1%3A9000&region=eu-1&access_key_id=id&secret_access_key=se%2Fcret";
        let opened = open(s3);
        assert!(matches!(&opened, Ok(Target::Objects(store)) if store.to_string().contains("some/where")));
        assert!(matches!(open("memory:"), Ok(Target::Objects(_))));
        assert!(matches!(open("data/blobs"), Ok(Target::Folder(path)) if path.ends_with("blobs")));
    }

    #[test]
    fn what_is_not_understood_is_refused_without_repeating_secrets() {
        for bad in ["", "ftp://x", "s3://", "s3:///x", "s3://b?colour=secret", "s3://b?secret_access_key=secret%"] {
            match open(bad) {
                Err(error @ Error::Url(_)) => assert!(!error.to_string().contains("=secret"), "{error}"),
                Err(error) => panic!("{bad}: {error}"),
                Ok(_) => panic!("{bad} was opened"),
            }
        }
    }
}
