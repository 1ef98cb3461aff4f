//! JSON as CPython's scanner reads it, so that what is wrong is said in its words and at its places. Besides, it takes what
//! `serde_json` does not (halves of surrogate pairs, numbers too large), and keeps whole numbers of any length.

use std::collections::HashMap;

use super::json::{Json, Text};

/// How deep arrays and objects may lie in each other. Python stops at about a thousand, and at less within a request.
const MAX_DEPTH: usize = 500;
/// Longest whole number that Python reads, in digits.
const MAX_DIGITS: usize = 4300;

/// What was wrong, and where: counted in characters from the beginning.
struct Wrong {
    what: String,
    /// `None` for what Python says without a place.
    at: Option<usize>,
}

struct Scanner {
    text: Vec<char>,
    at: usize,
    depth: usize,
}

/// Reads a document.
///
/// # Errors
/// Python's words: `Expecting value: line 1 column 1 (char 0)`.
pub(super) fn parse(text: &str) -> Result<Json, String> {
    let mut scanner = Scanner { text: text.chars().collect(), at: 0, depth: 0 };
    scanner.document().map_err(|wrong| match wrong.at {
        None => wrong.what,
        Some(at) => {
            let before = &scanner.text[..at.min(scanner.text.len())];
            let line = before.iter().filter(|&&c| c == '\n').count() + 1;
            let column = at - before.iter().rposition(|&c| c == '\n').map_or(0, |break_at| break_at + 1) + 1;
            format!("{}: line {line} column {column} (char {at})", wrong.what)
        }
    })
}

fn wrong<T>(what: &str, at: usize) -> Result<T, Wrong> {
    Err(Wrong { what: what.to_owned(), at: Some(at) })
}

impl Scanner {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn document(&mut self) -> Result<Json, Wrong> {
        if self.peek() == Some('\u{feff}') {
            return wrong("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0);
        }
        self.skip_space();
        let value = self.value()?;
        self.skip_space();
        if self.at == self.text.len() { Ok(value) } else { wrong("Extra data", self.at) }
    }

    fn value(&mut self) -> Result<Json, Wrong> {
        let constant = |this: &mut Self, word: &str, value| this.word(word).then_some(value);
        let found = match self.peek() {
            Some('"') => return Ok(Json::Text(self.string()?)),
            Some('{') => return self.nested("object", Self::object),
            Some('[') => return self.nested("array", Self::array),
            Some('n') => constant(self, "null", Json::Null),
            Some('t') => constant(self, "true", Json::Bool(true)),
            Some('f') => constant(self, "false", Json::Bool(false)),
            _ => None,
        };
        match found {
            Some(value) => Ok(value),
            None => self.no_number().map_or_else(|| self.number(), Err),
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.text[self.at..].iter().copied().take(word.len()).eq(word.chars());
        if found {
            self.at += word.len();
        }
        found
    }

    /// Python reads these; the framework does not.
    fn no_number(&mut self) -> Option<Wrong> {
        let name = ["NaN", "Infinity", "-Infinity"].into_iter().find(|name| self.word(name))?;
        Some(Wrong { what: format!("Out of range float values are not JSON compliant: '{name}'"), at: None })
    }

    fn nested(&mut self, what: &str, read: fn(&mut Self) -> Result<Json, Wrong>) -> Result<Json, Wrong> {
        if self.depth == MAX_DEPTH {
            // There it is an error of the server.
            let what = format!("maximum recursion depth exceeded while decoding a JSON {what} from a unicode string");
            return Err(Wrong { what, at: None });
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self) -> Result<Json, Wrong> {
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(']') {
            self.at += 1;
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value()?);
            if self.closes(']')? {
                return Ok(Json::List(items));
            }
        }
    }

    fn object(&mut self) -> Result<Json, Wrong> {
        let mut fields: Vec<(String, Json)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        self.skip_space();
        if self.peek() == Some('}') {
            self.at += 1;
            return Ok(Json::Object(fields));
        }
        loop {
            if self.peek() != Some('"') {
                return wrong("Expecting property name enclosed in double quotes", self.at);
            }
            let name = self.string()?.text;
            self.skip_space();
            if self.peek() != Some(':') {
                return wrong("Expecting ':' delimiter", self.at);
            }
            self.at += 1;
            self.skip_space();
            let value = self.value()?;
            match places.get(&name) {
                Some(&place) => fields[place].1 = value,
                None => {
                    places.insert(name.clone(), fields.len());
                    fields.push((name, value));
                }
            }
            if self.closes('}')? {
                return Ok(Json::Object(fields));
            }
        }
    }

    /// Behind a value: whether the end comes, or a comma and more.
    fn closes(&mut self, end: char) -> Result<bool, Wrong> {
        self.skip_space();
        let next = self.peek();
        if next != Some(end) && next != Some(',') {
            return wrong("Expecting ',' delimiter", self.at);
        }
        self.at += 1;
        if next == Some(end) {
            return Ok(true);
        }
        self.skip_space();
        Ok(false)
    }

    fn string(&mut self) -> Result<Text, Wrong> {
        let begin = self.at;
        let mut found = Text { text: String::new(), half: None };
        self.at += 1;
        loop {
            let Some(c) = self.peek() else { return wrong("Unterminated string starting at", begin) };
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(found);
                }
                '\\' => self.escape(begin, &mut found)?,
                '\0'..='\x1f' => return wrong("Invalid control character at", self.at),
                _ => {
                    found.text.push(c);
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self, begin: usize, found: &mut Text) -> Result<(), Wrong> {
        let Some(&kind) = self.text.get(self.at + 1) else { return wrong("Unterminated string starting at", begin) };
        let c = match kind {
            'u' => return self.unicode_escape(found),
            '"' | '\\' | '/' => kind,
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            _ => return wrong("Invalid \\escape", self.at),
        };
        found.text.push(c);
        self.at += 2;
        Ok(())
    }

    fn unicode_escape(&mut self, found: &mut Text) -> Result<(), Wrong> {
        let digits = self.at + 2;
        // The string goes on behind the digits, if only with its quote.
        if digits + 4 >= self.text.len() {
            return wrong("Invalid \\uXXXX escape", digits - 1);
        }
        let mut code = self.four_digits(digits)?;
        self.at = digits + 4;
        let is_pair = (0xd800..0xdc00).contains(&code)
            && self.at + 6 < self.text.len()
            && self.text[self.at..].starts_with(&['\\', 'u']);
        if is_pair {
            let low = self.four_digits(self.at + 2)?;
            if (0xdc00..0xe000).contains(&low) {
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                self.at += 6;
            }
        }
        match char::from_u32(code) {
            Some(c) => found.text.push(c),
            None => {
                found.half.get_or_insert(code);
                found.text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Ok(())
    }

    fn four_digits(&self, from: usize) -> Result<u32, Wrong> {
        let digits = &self.text[from..from + 4];
        match digits.iter().try_fold(0, |code, c| Some(code * 16 + c.to_digit(16)?)) {
            Some(code) => Ok(code),
            None => wrong("Invalid \\uXXXX escape", from - 1),
        }
    }

    fn digits(&self, from: usize) -> usize {
        self.text[from..].iter().take_while(|c| c.is_ascii_digit()).count()
    }

    fn number(&mut self) -> Result<Json, Wrong> {
        let start = self.at;
        let first = start + usize::from(self.peek() == Some('-'));
        let mut end = match self.text.get(first) {
            Some('0') => first + 1,
            Some('1'..='9') => first + self.digits(first),
            _ => return wrong("Expecting value", start),
        };
        let whole = end - first;
        let mut is_float = false;
        if self.text.get(end) == Some(&'.') && self.digits(end + 1) > 0 {
            is_float = true;
            end += 1 + self.digits(end + 1);
        }
        if matches!(self.text.get(end), Some('e' | 'E')) {
            let sign = usize::from(matches!(self.text.get(end + 1), Some('+' | '-')));
            let from = (end + 1 + sign).min(self.text.len());
            let digits = self.digits(from);
            if digits > 0 {
                is_float = true;
                end = from + digits;
            }
        }
        self.at = end;
        let text: String = self.text[start..end].iter().collect();
        if is_float {
            return match text.parse() {
                Ok(number) => Ok(Json::Float(number)),
                Err(_) => wrong("Expecting value", start),
            };
        }
        if whole > MAX_DIGITS {
            let what = format!(
                "Exceeds the limit ({MAX_DIGITS} digits) for integer string conversion: value has {whole} digits; \
                 use sys.set_int_max_str_digits() to increase the limit"
            );
            return Err(Wrong { what, at: None });
        }
        Ok(Json::Int(if text == "-0" { "0".to_owned() } else { text }))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn says_what_python_says() {
        let vectors: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../../tests_data/json_texts.json")).unwrap();
        assert!(vectors.len() > 500);
        for vector in vectors {
            let text = vector["text"].as_str().unwrap();
            match parse(text) {
                Ok(value) => {
                    let repr = vector["repr"].as_str().unwrap_or_else(|| panic!("{text:?} was read"));
                    assert!(repr.is_empty() || value.str() == repr, "{text:?}: {} / {repr}", value.str());
                }
                Err(words) => {
                    assert_eq!(
                        Some(format!("JSON parse error - {words}").as_str()),
                        vector["error"].as_str(),
                        "{text:?}"
                    );
                }
            }
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[\\[\\]{}\",:0-9eE+.\\\\udtrnlf\\- \u{10ffff}é-]{0,40}") {
            parse(&text).ok();
        }

        /// Where both read it, both read the same.
        #[test]
        fn agrees_with_serde(text in "[\\[{\"a]{0,3}[\\[\\]{}\",:0-9.e\\\\un ]{0,12}") {
            if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
                prop_assert!(parse(&text).is_ok(), "{}", text);
            }
        }
    }
}
