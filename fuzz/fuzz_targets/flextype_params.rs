//! Flextype's parameters and options: nothing panics, options are applied to any items, and a page is what all of them say.
#![no_main]

use flextype::url::{Options, Params};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|input: (&str, &[u8], &[u8], bool)| {
    let (query, json, xml, strict) = input;
    drop(Params::from_xml(xml));
    let items: Map<String, Value> = serde_json::from_slice(json).unwrap_or_default();
    for params in [Params::from_query(query), Params::from_json(json)] {
        let options = Options::read(&params, !strict, strict);
        let mut kept = items.clone();
        kept.retain(|_, item| options.matches(item, strict, 1_700_000_000).unwrap_or(false));
        drop(options.shape(kept, &mut |end| end - 1));
        drop(options.shape_fields(items.clone(), strict, 1_700_000_000, &mut |_| 0));
        if let Some((offset, _)) = options.page() {
            assert!(i64::try_from(offset).is_ok());
        }
    }
});
