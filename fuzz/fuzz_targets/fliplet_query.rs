//! Every parameter of Fliplet's grammar: nothing panics, and what is read is within its bounds.
#![no_main]

use fliplet::url::{MAX_SIDE, TypeFilter, parse_id, parse_ids, parse_plan};
use library::Resize;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let within = |side: u32| assert!((1..=MAX_SIDE).contains(&side));
    if let Ok(Some(plan)) = parse_plan(Some(text), None, None) {
        match plan.resize {
            Resize::ShortSide(side) | Resize::Width(side) | Resize::Height(side) => within(side),
            Resize::Within { width, height }
            | Resize::AtLeast { width, height }
            | Resize::Exact { width, height }
            | Resize::Cover { width, height } => {
                within(width);
                within(height);
            }
            Resize::Percent(share) => assert!((1..=100).contains(&share)),
            Resize::Original => {}
        }
    }
    drop((parse_plan(None, Some(text), Some(text)), parse_id("id", text), parse_ids("files", text)));
    drop(TypeFilter::parse(Some(text)));
});
