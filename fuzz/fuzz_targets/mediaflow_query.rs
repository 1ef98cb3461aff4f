//! Mediaflow's queries: nothing panics, a part lies within its source, and what a lasting URL says is what was asked for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mediaflow::url::{Cut, Kinds, first_page, parse_cut, parse_fields, parse_page, plan_of};
use wire::Query;

fuzz_target!(|input: (&str, &str, u16, u16)| {
    let (query, form, width, height) = input;
    let query = Query::parse(query);
    drop(parse_fields(query.get("fields")));
    let page = parse_page(query.get("page"), query.get("per_page")).unwrap_or(first_page());
    drop(Kinds::parse(query.get("type"), query.get("processed")).latest(page));
    let source = (u32::from(width.max(1)), u32::from(height.max(1)));
    let asked = parse_cut(|name| query.get(name)).ok();
    if let Some(cut) = asked {
        assert_eq!(Cut::from_form(&cut.to_form()), Some(cut));
    }
    for cut in [asked, Cut::from_form(form)].into_iter().flatten() {
        if let Some(crop) = plan_of(&cut, Some(source)).and_then(|plan| plan.crop) {
            assert!(crop.x < source.0 && crop.y < source.1 && crop.width > 0 && crop.height > 0);
        }
    }
});
