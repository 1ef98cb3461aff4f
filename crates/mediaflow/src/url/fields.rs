//! `fields`: which keys an answer is to have. Names match in any case; those that there are not are passed over.

/// The keys that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fields {
    /// What an endpoint shows by itself.
    Few,
    /// All that there are: `any`, `all`.
    All,
    /// These, in lower case, and always `id`.
    These(Vec<String>),
}

/// No list has more names; what is behind them is passed over.
const MAX_NAMES: usize = 200;

/// Reads the parameter.
#[must_use]
pub fn parse_fields(text: Option<&str>) -> Fields {
    let Some(text) = text else { return Fields::Few };
    let names: Vec<String> = text
        .split(',')
        .map(|name| name.trim().to_lowercase())
        .filter(|name| !name.is_empty())
        .take(MAX_NAMES)
        .collect();
    match names.as_slice() {
        [] => Fields::Few,
        names if names.iter().any(|name| name == "any" || name == "all") => Fields::All,
        _ => Fields::These(names),
    }
}

impl Fields {
    /// Whether a key, in its own spelling, is asked for; `few` are those shown where nothing is asked for.
    #[must_use]
    pub fn has(&self, key: &str, few: &[&str]) -> bool {
        key == "id"
            || match self {
                Self::Few => few.contains(&key),
                Self::All => true,
                Self::These(names) => names.iter().any(|name| key.eq_ignore_ascii_case(name)),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_match_in_any_case() {
        let few = &["name"];
        let asked = |text: &str, key: &str| parse_fields(Some(text)).has(key, few);
        assert!(asked("id,name,hasPreview", "hasPreview") && asked("haspreview", "hasPreview"));
        assert!(asked("filesize, type", "type") && !asked("filesize, type", "name"));
        assert!(asked("name", "id"), "the id is always there");
        assert!(asked("any", "comment") && asked("ALL", "comment") && asked("x,all", "comment"));
        assert!(!asked("nonsense", "name"));
        assert!(parse_fields(None).has("name", few) && !parse_fields(None).has("comment", few));
        assert_eq!(parse_fields(Some(" , ")), Fields::Few);
    }
}
