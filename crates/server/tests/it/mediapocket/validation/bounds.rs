//! Limits and dates at their bounds and beyond.

use serde_json::json;

use super::{LINKS, says, send};
use crate::{
    mediapocket::{
        Account,
        account::{ask, target_of},
    },
    support::on_each_engine,
};

/// A body for an asset that is there, with a limit and a date as they are written.
async fn body(account: &Account<'_>) -> impl Fn(&str, &str) -> String {
    let asset = account.asset("a.txt", b"bytes").await;
    let payload = json!({ "asset_id": asset["id"], "media_id": account.media_id(&asset).await, "filename": "f" });
    move |limit, date| format!(r#"{{"expiry_date":{date},"limit":{limit},"payload":{payload}}}"#)
}

#[test]
fn limits_at_their_bounds() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let body = body(&account).await;
        let (too_small, too_large) = ("Limit must be greater than 0", "Limit must be less than or equal to 2147483647");
        for (limit, words) in [
            ("0", too_small),
            ("-1", too_small),
            ("-2147483649", too_small),
            ("-9223372036854775808", too_small),
            ("-9223372036854775809", too_small),
            ("-100000000000000000000000000000", too_small),
            ("2147483648", too_large),
            ("9223372036854775807", too_large),
            ("9223372036854775808", too_large),
            ("18446744073709551615", too_large),
            ("18446744073709551616", too_large),
            ("1000000000000000000000000000000", too_large),
        ] {
            says(send(&account, LINKS, body(limit, r#""2023-11-28""#)).await, 400, words);
        }
        // To Ruby it is no integer, to JSON it may be: either is refused in words.
        for float in ["-0", "1e30", "-1e30", "1e300", "1e3", "5e0", "1.0e2"] {
            let answer = send(&account, LINKS, body(float, r#""2023-11-28""#)).await;
            assert!([400, 422].contains(&answer.status), "{answer}");
            answer.json();
        }
        says(send(&account, LINKS, body("1e999", r#""2023-11-28""#)).await, 400, "Invalid JSON");
        for limit in ["1", "2147483647"] {
            send(&account, LINKS, body(limit, r#""2023-11-28""#)).await.expect(200);
        }
    });
}

#[test]
fn media_ids_that_nothing_has() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("a.txt", b"bytes").await;
        let other = account.asset("b.txt", b"other bytes").await;
        let others = account.media_id(&other).await.to_string();
        for media_id in [
            "0",
            "-1",
            "999999",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "100000000000000000000000000000",
            &others,
        ] {
            let body = |more: &str| {
                format!(
                    r#"{{"expiry_date":"2023-11-28","limit":5,"payload":{{"media_id":{media_id},"filename":"f"{more}}}}}"#
                )
            };
            let of_asset = body(&format!(r#","asset_id":{}"#, asset["id"]));
            says(send(&account, LINKS, of_asset).await, 400, "media not found");
            if media_id != others {
                says(send(&account, LINKS, body("")).await, 400, "asset not found");
            }
        }
        for asset_id in
            [r#""""#, r#""0""#, "0", "-1", "true", "[]", "{}", "1.5", r#"" ""#, "999999", r#""b5Iix0ul_b2bTnT23Jo-""#]
        {
            let body = format!(
                r#"{{"expiry_date":"2023-11-28","limit":5,"payload":{{"media_id":{others},"filename":"f","asset_id":{asset_id}}}}}"#
            );
            says(send(&account, LINKS, body).await, 400, "asset not found");
        }
    });
}

#[test]
fn dates_that_are_none_and_dates_that_are_odd() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let body = body(&account).await;
        for date in [
            "soon",
            "2023-02-30",
            "2023-13-01",
            "2023-00-10",
            "2023-1-1",
            "28.11.2023",
            "20231128",
            "2023-11",
            "11/28/2023",
            "0",
            "2023-11-28T",
            "2023-11-28T25:00:00Z",
            "2023-11-28T10:00:00+99:00",
            "-0001-01-01",
            "+2023-11-28",
            "10000-01-01",
            "99999999-01-01T00:00:00Z",
            "2023-11-28x",
            "２０２３-11-28",
            "NaN",
            "'; drop table links; --",
            &"9".repeat(10_000),
            "2023\u{2010}11\u{2010}28",
            "tomorrow",
        ] {
            let answer = send(&account, LINKS, body("5", &json!(date).to_string())).await;
            assert_eq!(answer.status, 400, "{date}: {answer}");
            says(answer, 400, "invalid date");
        }
        // The clock stands at 2023-11-14T22:13:20Z.
        for (date, works) in [
            ("2023-11-14", true),
            (" 2023-11-14 ", true),
            ("2023-11-13", false),
            ("1970-01-01", false),
            ("0001-01-01", false),
            ("0000-01-01", false),
            ("9999-12-30", true),
            ("2024-02-29", true),
            ("2023-11-14T22:13:20Z", false),
            ("2023-11-14T22:13:20.001Z", true),
            ("2023-11-14T23:13:20+02:00", false),
            ("2023-11-15T00:13:21+02:00", true),
            ("2023-11-14T22:13:21", true),
            ("2023-11-14 22:13:20", false),
        ] {
            let made = send(&account, LINKS, body("5", &json!(date).to_string())).await.expect(200).json();
            let answer = ask(server, "GET", &target_of(&made)).send().await;
            assert_eq!(answer.status, if works { 302 } else { 404 }, "{date}: {answer}");
        }
        // The last day that there is: made or refused in words.
        for date in ["9999-12-31", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999999-23:59"] {
            let answer = send(&account, LINKS, body("5", &json!(date).to_string())).await;
            assert!([200, 400].contains(&answer.status), "{date}: {answer}");
            answer.json();
        }
    });
}
