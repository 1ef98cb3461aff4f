//! The environment, read here and nowhere else: our own names, their `_FILE` variants, and names that operators expect.

use std::{collections::HashMap, ffi::OsString, fs};

/// What other programs call our settings.
const ALIASES: &[(&str, &str)] = &[
    ("DATABASE_URL", "MEDIARY_DATABASE__URL"),
    ("SMTP_URL", "MEDIARY_SMTP__URL"),
    ("SMTP_FROM", "MEDIARY_SMTP__FROM"),
];
/// Our settings that hold secrets and may lie in a file instead.
const SECRETS: &[&str] = &[
    "MEDIARY_DATABASE__URL",
    "MEDIARY_BLOBS__URL",
    "MEDIARY_SMTP__URL",
    "MEDIARY_OUTBOUND__SMS_WEBHOOK",
    "MEDIARY_MEDIAPOCKET__SECRET_ACCESS_KEY",
    "MEDIARY_ENCRYPTION__MASTER__KEY",
    "MEDIARY_ENCRYPTION__PREVIOUS__KEY",
];
/// Read by the tests, not by the server.
const NOT_SETTINGS: &str = "MEDIARY_TEST_";

/// Where programs are looked for.
pub(crate) fn path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

/// All variables that set something, under our own names.
///
/// # Errors
/// When the file that a `_FILE` variable names can not be read.
pub(crate) fn variables() -> Result<HashMap<String, String>, String> {
    let all: HashMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    collect(&all)
}

fn collect(all: &HashMap<String, String>) -> Result<HashMap<String, String>, String> {
    let mut found: HashMap<_, _> =
        ALIASES.iter().filter_map(|(theirs, ours)| Some(((*ours).to_owned(), all.get(*theirs)?.clone()))).collect();
    let secret_files: Vec<String> = SECRETS.iter().map(|name| format!("{name}_FILE")).collect();
    let ours = all.iter().filter(|(name, _)| name.starts_with("MEDIARY_") && !name.starts_with(NOT_SETTINGS));
    found.extend(
        ours.filter(|(name, _)| !secret_files.contains(name)).map(|(name, value)| (name.clone(), value.clone())),
    );
    for (name, file) in SECRETS.iter().zip(&secret_files) {
        if let Some(path) = all.get(file) {
            let value = fs::read_to_string(path).map_err(|error| format!("{file}: {error}"))?;
            found.insert((*name).to_owned(), value.trim_end().to_owned());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn our_own_name_wins_over_an_alias() {
        let both = of(&[("DATABASE_URL", "postgres://theirs"), ("MEDIARY_DATABASE__URL", "postgres://ours")]);
        assert_eq!(collect(&both).unwrap()["MEDIARY_DATABASE__URL"], "postgres://ours");
        let alias = of(&[("DATABASE_URL", "postgres://theirs"), ("MEDIARY_TEST_ENGINES", "sqlite"), ("HOME", "/root")]);
        assert_eq!(collect(&alias).unwrap(), of(&[("MEDIARY_DATABASE__URL", "postgres://theirs")]));
    }

    #[test]
    fn a_secret_may_lie_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("url");
        fs::write(&path, "postgres://secret\n").unwrap();
        let found = collect(&of(&[("MEDIARY_DATABASE__URL_FILE", path.to_str().unwrap())])).unwrap();
        assert_eq!(found, of(&[("MEDIARY_DATABASE__URL", "postgres://secret")]));
        assert!(collect(&of(&[("MEDIARY_BLOBS__URL_FILE", "/no/such/file")])).is_err());
    }
}
