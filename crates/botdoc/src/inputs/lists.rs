//! Lists of texts and of objects. A form writes a list as one name several times, or as `name[0]`, `name[1]`, and an object in it as
//! `name[0]field`.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::{Map, Value};

use crate::bodies::Json;

use super::{Errors, Input, NULL, Need, Text};

impl<'a> Input<'a> {
    /// A list of texts, each of which has to be `item`.
    pub(crate) fn texts(&mut self, name: &'static str, need: Need, item: Text) -> Option<Vec<String>> {
        let value = if self.is_form && self.has(name) {
            let items = self.fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone());
            self.place(name);
            Cow::Owned(Json::List(items.collect()))
        } else {
            self.list(name, need)?
        };
        let Json::List(items) = &*value else {
            self.refuse(name, no_list(&value));
            return None;
        };
        let (mut texts, mut wrong) = (Vec::new(), Map::new());
        for (at, value) in items.iter().enumerate() {
            let checked = if *value == Json::Null { Err(vec![NULL.to_owned()]) } else { item.check(value, None) };
            match checked {
                Ok(text) => texts.push(text),
                Err(words) => {
                    wrong.insert(at.to_string(), Value::from(words));
                }
            }
        }
        if wrong.is_empty() {
            return Some(texts);
        }
        self.refuse_with(name, Value::Object(wrong));
        None
    }

    /// A list of objects, each of which is read by `read`.
    pub(crate) fn objects<T>(
        &mut self,
        name: &'static str,
        need: Need,
        mut read: impl FnMut(&mut Input<'_>) -> T,
    ) -> Option<Vec<T>> {
        let value = self.list(name, need)?;
        let Json::List(items) = &*value else {
            self.refuse_with(name, Errors::whole(&no_list(&value)).into_value());
            return None;
        };
        let (mut objects, mut wrong, mut is_wrong) = (Vec::new(), Vec::new(), false);
        for value in items {
            let found = match Input::within(value, self.is_partial) {
                Ok(mut input) => {
                    objects.push(read(&mut input));
                    input.errors().into_value()
                }
                Err(_) if *value == Json::Null => Value::from(vec![NULL]),
                Err(words) => Errors::whole(&words).into_value(),
            };
            is_wrong |= found.as_object().is_none_or(|found| !found.is_empty());
            wrong.push(found);
        }
        if !is_wrong {
            return Some(objects);
        }
        self.refuse_with(name, Value::Array(wrong));
        None
    }

    /// What stands under a name as JSON has it; of a form what it has under numbers.
    fn list(&mut self, name: &'static str, need: Need) -> Option<Cow<'a, Json>> {
        if !self.is_form {
            return self.value(name, need).map(Cow::Borrowed);
        }
        let items = self.numbered(name);
        if items.is_empty() {
            self.given(name, None, need);
            return None;
        }
        self.place(name);
        Some(Cow::Owned(Json::List(items)))
    }

    /// `name[0]` and `name[0]field`, by the numbers.
    fn numbered(&self, name: &str) -> Vec<Json> {
        let mut items: BTreeMap<u64, Json> = BTreeMap::new();
        for (at, (key, _)) in self.fields.iter().enumerate() {
            let Some((number, field)) = number_and_field(key, name) else { continue };
            if self.fields[..at].iter().any(|(before, _)| before == key) {
                continue;
            }
            let Some(value) = self.last(key).cloned() else { continue };
            match items.get_mut(&number) {
                _ if field.is_empty() => {
                    items.insert(number, value);
                }
                Some(Json::Form(fields)) => fields.push((field.to_owned(), value)),
                _ => {
                    items.insert(number, Json::Form(vec![(field.to_owned(), value)]));
                }
            }
        }
        items.into_values().collect()
    }
}

fn number_and_field<'k>(key: &'k str, name: &str) -> Option<(u64, &'k str)> {
    let (number, field) = key.strip_prefix(name)?.strip_prefix('[')?.split_once(']')?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    Some((number.parse().ok().filter(|_| is_number)?, field))
}

fn no_list(value: &Json) -> String {
    format!("Expected a list of items but got type \"{}\".", value.type_name())
}
