//! That both sides understand each other, and nothing else.

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::MAX_SIDE;

const RESOLVED: Resolved = Resolved {
    crop: Some(Crop { x: 1, y: 2, width: 3, height: 4 }),
    width: 720,
    height: 588,
    format: Format::Webp,
    quality: 80,
    sharpen: true,
    flatten: Some([1, 2, 3]),
    animated: true,
};

fn requests() -> Vec<Request> {
    let plain = Resolved {
        crop: None,
        format: Format::Png,
        quality: 0,
        sharpen: false,
        flatten: None,
        animated: false,
        ..RESOLVED
    };
    vec![
        Request::Hello { limits: Limits::default(), outfitted: true },
        Request::Prove { job: 7 },
        Request::Make { job: 8, cpu_s: 30, len: u64::MAX, describe: true, plans: vec![RESOLVED, plain] },
        Request::Make { job: 9, cpu_s: 0, len: 0, describe: false, plans: vec![] },
        Request::Make { job: 10, cpu_s: 0, len: 1, describe: false, plans: vec![RESOLVED; MAX_PLANS] },
    ]
}

fn responses() -> Vec<Response> {
    let details = Details {
        pixels: (640, 480),
        pages: Some(7),
        thumbhash: vec![1, 2, 3],
        dominant: [4, 5, 6],
        camera: Some("Maker Modell ü".to_owned()),
        taken_at: None,
        latitude_e7: Some(-1),
        longitude_e7: Some(1_800_000_000),
    };
    let one = MadeOne { len: 3, animated: true };
    let mut all = vec![
        Response::Ready { landlock: true, lacks: None },
        Response::Ready { landlock: false, lacks: Some("the one thing".to_owned()) },
        Response::Proved { job: 7, could: 5 },
        Response::Made { job: 8, renditions: vec![one, MadeOne { len: 0, animated: false }], details: Some(details) },
        Response::Made { job: 8, renditions: vec![one; MAX_PLANS], details: None },
    ];
    for error in [RenderError::Unsupported, RenderError::TooLarge, RenderError::Corrupt("why".to_owned())] {
        all.push(Response::Refused { job: 9, error });
    }
    all
}

#[test]
fn everything_said_is_understood_and_no_part_of_it() {
    for request in requests() {
        let message = request.encode();
        assert!(message.len() <= MAX_MESSAGE_BYTES, "{}", message.len());
        assert_eq!(Request::decode(&message), Ok(request));
        for len in 0..message.len() {
            assert_eq!(Request::decode(&message[..len]), Err(Malformed));
        }
    }
    for response in responses() {
        let message = response.encode();
        assert!(message.len() <= MAX_MESSAGE_BYTES, "{}", message.len());
        assert_eq!(Response::decode(&message), Ok(response));
    }
}

#[test]
fn other_versions_trailing_bytes_and_unsound_plans_are_malformed() {
    let mut other = requests()[0].encode();
    other[5] += 1;
    assert_eq!(Request::decode(&other), Err(Malformed));
    let mut longer = requests()[1].encode();
    longer.push(0);
    assert_eq!(Request::decode(&longer), Err(Malformed));
    for unsound in [
        Resolved { width: 0, ..RESOLVED },
        Resolved { height: MAX_SIDE + 1, ..RESOLVED },
        Resolved { quality: 101, ..RESOLVED },
        Resolved { format: Format::Jpeg, ..RESOLVED },
    ] {
        let message = Request::Make { job: 1, cpu_s: 1, len: 1, describe: false, plans: vec![unsound] }.encode();
        assert_eq!(Request::decode(&message), Err(Malformed), "{unsound:?}");
    }
}

#[test]
fn long_error_texts_are_cut_between_characters() {
    let error = RenderError::Corrupt("ü".repeat(MAX_TEXT_BYTES));
    let message = Response::Refused { job: 1, error }.encode();
    let Ok(Response::Refused { error: RenderError::Corrupt(text), .. }) = Response::decode(&message) else {
        panic!("it is an error with a text");
    };
    assert_eq!(text.len(), MAX_TEXT_BYTES);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..96), kind in 0_u8..5) {
        let _ = Request::decode(&bytes);
        let _ = Response::decode(&bytes);
        let mut tagged = vec![kind];
        tagged.extend(&bytes);
        // What is understood is said again in the same words.
        if let Ok(request) = Request::decode(&tagged) {
            prop_assert_eq!(&request.encode(), &tagged);
        }
        let _ = Response::decode(&tagged);
    }
}
