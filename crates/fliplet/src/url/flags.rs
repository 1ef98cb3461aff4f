//! Flags in queries and JSON bodies: true or false, however a client spells them. It does not know what they switch.

use serde_json::{Map, Value};

use super::{BadParameter, present};

/// Reads the flag in the field `name` of a JSON body: a bool, its word, or 1 or 0; `None` when it holds nothing.
///
/// # Errors
/// When it holds anything else.
pub fn parse_json_flag(name: &'static str, body: &Map<String, Value>) -> Result<Option<bool>, BadParameter> {
    let bad = BadParameter { name, accepted: "must be true or false" };
    let text = match body.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Bool(flag)) => return Ok(Some(*flag)),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.to_ascii_lowercase(),
        Some(Value::Array(_) | Value::Object(_)) => return Err(bad),
    };
    match present(&text) {
        None => Ok(None),
        Some("true" | "1") => Ok(Some(true)),
        Some("false" | "0") => Ok(Some(false)),
        Some(_) => Err(bad),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn flags_are_bools_words_or_digits() {
        let read = |value: Value| {
            let body = json!({ "deletedOnly": value });
            parse_json_flag("deletedOnly", body.as_object().expect("an object"))
        };
        for value in [json!(true), json!("true"), json!("True"), json!(1), json!("1"), json!(" true ")] {
            assert_eq!(read(value.clone()), Ok(Some(true)), "{value}");
        }
        for value in [json!(false), json!("false"), json!("FALSE"), json!(0), json!("0")] {
            assert_eq!(read(value.clone()), Ok(Some(false)), "{value}");
        }
        for value in [json!(null), json!(""), json!("null"), json!("undefined")] {
            assert_eq!(read(value.clone()), Ok(None), "{value}");
        }
        assert_eq!(parse_json_flag("deletedOnly", &Map::new()), Ok(None));
        for value in [json!("yes"), json!(2), json!(-1), json!(1.0), json!([]), json!([true]), json!({}), json!("tru")]
        {
            let error = read(value.clone()).expect_err("no flag").to_string();
            assert_eq!(error, "deletedOnly must be true or false", "{value}");
        }
    }
}
