//! A JSON value as Ruby's `inspect` writes it, which apipie quotes in its messages: of Ruby 3.1, where a hash is still `{"a"=>1}`.
//! It does not know why the value is shown, and it does not shorten it.

use std::{fmt::Write, ops::RangeInclusive};

use serde_json::{Number, Value};

/// Digits before the point up to which a float is filled with zeros: `DBL_DIG` of C.
const MAX_FILLED_DIGITS: i32 = 15;
/// Zeros after the point up to which a float is written without exponent.
const MAX_LEADING_ZEROS: i32 = 3;

/// What Ruby prints and Rust's own escaping does not: spaces, marks of direction and format, and what is for private use.
const PRINTED: [RangeInclusive<char>; 27] = [
    '\u{a0}'..='\u{a0}',
    '\u{ad}'..='\u{ad}',
    '\u{600}'..='\u{605}',
    '\u{61c}'..='\u{61c}',
    '\u{6dd}'..='\u{6dd}',
    '\u{70f}'..='\u{70f}',
    '\u{890}'..='\u{891}',
    '\u{8e2}'..='\u{8e2}',
    '\u{1680}'..='\u{1680}',
    '\u{180e}'..='\u{180e}',
    '\u{2000}'..='\u{200f}',
    '\u{202a}'..='\u{202f}',
    '\u{205f}'..='\u{2064}',
    '\u{2066}'..='\u{206f}',
    '\u{3000}'..='\u{3000}',
    '\u{e000}'..='\u{f8ff}',
    '\u{feff}'..='\u{feff}',
    '\u{fff9}'..='\u{fffb}',
    '\u{110bd}'..='\u{110bd}',
    '\u{110cd}'..='\u{110cd}',
    '\u{13430}'..='\u{1343f}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0001}'..='\u{e0001}',
    '\u{e0020}'..='\u{e007f}',
    '\u{f0000}'..='\u{ffffd}',
    '\u{100000}'..='\u{10fffd}',
];

/// The value on one line.
pub(super) fn inspect(value: &Value) -> String {
    let mut line = String::new();
    push_value(&mut line, value);
    line
}

fn push_value(line: &mut String, value: &Value) {
    match value {
        Value::Null => line.push_str("nil"),
        Value::Bool(flag) => push(line, flag),
        Value::Number(number) => push_number(line, number),
        Value::String(text) => push_text(line, text),
        Value::Array(items) => {
            line.push('[');
            for (place, item) in items.iter().enumerate() {
                push_comma(line, place);
                push_value(line, item);
            }
            line.push(']');
        }
        Value::Object(fields) => {
            line.push('{');
            for (place, (name, field)) in fields.iter().enumerate() {
                push_comma(line, place);
                push_text(line, name);
                line.push_str("=>");
                push_value(line, field);
            }
            line.push('}');
        }
    }
}

fn push_comma(line: &mut String, place: usize) {
    if place > 0 {
        line.push_str(", ");
    }
}

fn push(line: &mut String, shown: impl std::fmt::Display) {
    write!(line, "{shown}").expect("a string takes whatever is written to it");
}

fn push_number(line: &mut String, number: &Number) {
    match number.as_f64() {
        Some(float) if number.is_f64() => push_float(line, float),
        _ => push(line, number),
    }
}

/// The fewest digits that are read back as the same number, in Ruby's layout.
fn push_float(line: &mut String, float: f64) {
    let shown = format!("{:e}", float.abs());
    let (digits, exponent) = shown.split_once('e').expect("that is how Rust writes it");
    let digits = digits.replace('.', "");
    let exponent: i32 = exponent.parse().expect("an exponent is a small number");
    let point = exponent + 1;
    if float.is_sign_negative() {
        line.push('-');
    }
    match usize::try_from(point) {
        _ if float == 0.0 => line.push_str("0.0"),
        Ok(point) if (1..digits.len()).contains(&point) => {
            let (whole, rest) = digits.split_at(point);
            push(line, format_args!("{whole}.{rest}"));
        }
        Ok(width @ 1..) if point <= MAX_FILLED_DIGITS => push(line, format_args!("{digits:0<width$}.0")),
        _ if (-MAX_LEADING_ZEROS..=0).contains(&point) => {
            let zeros = "0".repeat(point.unsigned_abs() as usize);
            push(line, format_args!("0.{zeros}{digits}"));
        }
        _ => {
            let (first, rest) = digits.split_at(1);
            let rest = if rest.is_empty() { "0" } else { rest };
            push(line, format_args!("{first}.{rest}e{exponent:+03}"));
        }
    }
}

fn push_text(line: &mut String, text: &str) {
    line.push('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\\' => line.extend(['\\', c]),
            // Where Ruby would read it as the start of an expression.
            '#' if matches!(chars.peek(), Some('{' | '$' | '@')) => line.push_str("\\#"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            '\x0c' => line.push_str("\\f"),
            '\x0b' => line.push_str("\\v"),
            '\x08' => line.push_str("\\b"),
            '\x07' => line.push_str("\\a"),
            '\x1b' => line.push_str("\\e"),
            _ if is_printable(c) => line.push(c),
            '\0'..='\u{ffff}' => push(line, format_args!("\\u{:04X}", u32::from(c))),
            _ => push(line, format_args!("\\u{{{:X}}}", u32::from(c))),
        }
    }
    line.push('"');
}

/// Whether Ruby shows a character as it is. Which ones are assigned is Rust's knowledge here; each Ruby has its own.
fn is_printable(c: char) -> bool {
    match c {
        '\0'..='\x7f' => matches!(c, ' '..='~'),
        _ if c.is_alphanumeric() || PRINTED.iter().any(|range| range.contains(&c)) => true,
        // A mark that joins the letter before it is only escaped where there is no such letter.
        _ => !format!("a{c}").escape_debug().any(|shown| shown == '\\'),
    }
}
