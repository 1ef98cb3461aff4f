//! What is told of bytes before they are decoded: it never panics, and an image has at least a pixel. A drawing on a smaller canvas
//! is one that is small enough.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::{Plan, Resize, Resolution, probe, sniff, svg_within};

fuzz_target!(|bytes: &[u8]| {
    drop(sniff(bytes));
    if let Some(probe) = probe(bytes) {
        assert!(probe.width > 0 && probe.height > 0 && (1..=8).contains(&probe.orientation));
        let plan = Plan { resize: Resize::Within { width: 320, height: 320 }, ..Plan::ORIGINAL };
        if let Resolution::Render(resolved) = plan.resolve(&probe) {
            assert!(resolved.width.max(resolved.height) <= 320);
        }
    }
    if let Some(smaller) = svg_within(bytes, 320) {
        assert!(probe(&smaller).is_none_or(|probe| probe.width.max(probe.height) <= 320));
        assert_eq!(svg_within(&smaller, 320), None);
    }
});
