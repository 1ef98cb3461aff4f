//! `options`: which items of a collection, or fields of a file, are wanted, and in what form. Contract section 6.

use serde_json::{Map, Value};

use super::filters::Filter;
use super::loose::{Numeric, child, field, is_array, text_of};
use super::params::Params;
use super::shapes::{Entries, Return, Shaped, Sort, group, pick, slice, sort};

/// So many conditions may have a pattern; nothing satisfies those behind them.
const MAX_PATTERNS: usize = 8;
/// What is behind them changes no number that fits.
const MAX_DIGITS: usize = 100;

/// What the parameter `options` asks for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether a folder's children are wanted rather than the one thing of that name.
    pub collection: bool,
    /// Whether some option is of a type that the reference server dies of.
    pub malformed: bool,
    /// Whether another method than the usual one is to do the work, which the reference server dies of.
    pub unknown_method: bool,
    /// Which of the items are wanted.
    pub returned: Return,
    wheres: Vec<(String, Filter)>,
    group_by: Option<String>,
    sort_by: Option<Sort>,
    offset: Option<i64>,
    limit: Option<i64>,
}

/// The reference server dies of this: an operator on text met something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed;

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an operator on text met something else")
    }
}

impl std::error::Error for Failed {}

impl Options {
    /// Reads the options. With `top_level_collection` a parameter `collection` counts where `options[collection]` is
    /// missing. `method_at_top` says where the name of a method stands: with folders not among the options.
    #[must_use]
    pub fn read(params: &Params, top_level_collection: bool, method_at_top: bool) -> Self {
        let given = params.get("options");
        let options = given.filter(|options| is_array(options));
        let option = |name: &str| options.and_then(|options| child(options, name));
        let mut malformed = given.is_some() && options.is_none();
        let mut text = |value: Option<&Value>| {
            let text = value.and_then(Value::as_str).map(str::to_owned);
            malformed |= value.is_some() && text.is_none();
            text
        };

        let collection = text(option("collection"));
        let top_level = params.get("collection").filter(|_| top_level_collection).and_then(Value::as_str);
        let method = text(if method_at_top { params.get("method") } else { option("method") });
        let sort = |name| option("sort_by").and_then(|sort| child(sort, name));
        let sort_by = sort("key").zip(sort("direction")).and_then(|(key, direction)| {
            let (key, direction) = text(Some(key)).zip(text(Some(direction)))?;
            Some(Sort { key, descending: direction.eq_ignore_ascii_case("desc") })
        });
        let wheres = read_wheres(option("where"), &mut text);
        Self {
            collection: collection.as_deref().or(top_level).is_some_and(is_true),
            unknown_method: method.is_some_and(|name| name.contains("fetch") && !name.eq_ignore_ascii_case("fetch")),
            returned: read_return(option("return"), option("random")),
            wheres,
            group_by: text(option("group_by")),
            sort_by,
            offset: option("offset").map(int_of),
            limit: option("limit").map(int_of),
            malformed,
        }
    }

    /// Offset and limit, where there is no more to do: then whoever has the items can pass over the rest.
    #[must_use]
    pub fn page(&self) -> Option<(u64, Option<u64>)> {
        let plain =
            self.wheres.is_empty() && self.group_by.is_none() && self.sort_by.is_none() && self.returned == Return::All;
        let offset = u64::try_from(self.offset.unwrap_or(0)).ok().filter(|_| plain)?;
        Some((offset, self.limit.map(u64::try_from).transpose().ok()?))
    }

    /// Whether an item satisfies all conditions, at that time in Unix seconds.
    ///
    /// # Errors
    /// Only when `strict`: where the reference server dies of an operator on text that meets something else.
    pub fn matches(&self, item: &Value, strict: bool, now_s: i64) -> Result<bool, Failed> {
        for (key, filter) in &self.wheres {
            let Some(found) = field(item, key) else { return Ok(false) };
            if !filter.accepts(found, strict, now_s)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Applies all but the conditions to the items that satisfy them. `chance` gives a number below its argument.
    #[must_use]
    pub fn shape(&self, items: Map<String, Value>, chance: &mut dyn FnMut(usize) -> usize) -> Shaped {
        let mut entries: Entries = items.into_iter().collect();
        if let Some(key) = &self.group_by {
            let Ok(groups) = group(entries, key) else { return Shaped::Failed };
            entries = groups;
        }
        if let Some(by) = &self.sort_by {
            entries = sort(entries, by);
        }
        if let Some(offset) = self.offset {
            entries = slice(entries, offset, None);
        }
        if let Some(limit) = self.limit {
            entries = slice(entries, 0, Some(limit));
        }
        pick(entries, self.returned, chance)
    }

    /// Applies everything to the fields of one file or folder, as if they were items. So conditions drop all fields
    /// but those that have fields themselves, and what picks one field fails unless it has.
    #[must_use]
    pub fn shape_fields(
        &self,
        mut fields: Map<String, Value>,
        strict: bool,
        now_s: i64,
        chance: &mut dyn FnMut(usize) -> usize,
    ) -> Shaped {
        let mut failed = false;
        if !self.wheres.is_empty() {
            fields.retain(|_, value| {
                let matches = self.matches(value, strict, now_s);
                failed |= matches.is_err();
                matches.unwrap_or(false)
            });
        }
        if failed { Shaped::Failed } else { self.shape(fields, chance) }
    }
}

fn read_return(name: Option<&Value>, number: Option<&Value>) -> Return {
    match name.and_then(Value::as_str) {
        Some("first") => Return::First,
        Some("last") => Return::Last,
        Some("next") => Return::Next,
        Some("random") => Return::Random(number.map(int_of)),
        Some("shuffle") => Return::Shuffle,
        _ => Return::All,
    }
}

/// The conditions that have all three parts. Others count as if they were not there.
fn read_wheres(
    wheres: Option<&Value>,
    text: &mut impl FnMut(Option<&Value>) -> Option<String>,
) -> Vec<(String, Filter)> {
    let conditions: Vec<&Value> = match wheres {
        Some(Value::Object(map)) => map.values().collect(),
        Some(Value::Array(list)) => list.iter().collect(),
        _ => Vec::new(),
    };
    let mut patterns = 0;
    let mut read = Vec::new();
    for condition in conditions {
        let part = |name| child(condition, name);
        let (Some(key), Some(operator), Some(value)) = (part("key"), part("operator"), part("value")) else { continue };
        let Some((key, operator)) = text(Some(key)).zip(text(Some(operator))) else { continue };
        let mut filter = Filter::new(&operator, value.clone());
        patterns += usize::from(filter.is_pattern());
        if filter.is_pattern() && patterns > MAX_PATTERNS {
            filter = Filter::never();
        }
        read.push((key, filter));
    }
    read
}

/// PHP's filter for truth, save that unknown words are true.
fn is_true(text: &str) -> bool {
    let text = text.trim();
    !(text.is_empty() || ["0", "false", "no", "off"].iter().any(|word| text.eq_ignore_ascii_case(word)))
}

/// PHP's `(int)`: the number that a text begins with, else 0.
fn int_of(value: &Value) -> i64 {
    let Some(text) = text_of(value) else { return 1 };
    let text = text.trim_start();
    let prefixes = (1..=text.len().min(MAX_DIGITS)).rev().filter_map(|end| text.get(..end));
    match prefixes.into_iter().find_map(Numeric::read) {
        Some(Numeric::Int(int)) => int,
        Some(Numeric::Float(float)) => float as i64,
        None => 0,
    }
}

#[cfg(test)]
mod tests;
