//! Any query and any path where objects are: never a mistake of ours, and always an error as S3 words it.

use futures_util::future::join_all;
use proptest::{prelude::*, strategy::ValueTree, string::string_regex, test_runner::TestRunner};

use super::{Scene, with_keys};
use crate::support::on_one_engine_with;

const CASES: usize = 20_000;
/// So many are asked at a time.
const AT_ONCE: usize = 50;

const NAMES: &str = "(X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token)|\
response-(content-disposition|content-type|cache-control|expires|content-encoding|content-language)|x-id|[a-zA-Z%&=-]{0,6})";
const VALUES: &str = "(AWS4-HMAC-SHA256|access-key-id-1(%2F|/)20231114(%2F|/)eu-central-1(%2F|/)s3(%2F|/)aws4_request|20231114T221320Z|\
[0-9]{8}T[0-9]{6}Z|900|0|-1|604800|host|host%3Brange|[0-9a-f]{64}|(%[0-9A-Fa-f]{2}){0,6}|[!-\"$-~]{0,12}|%|%F|%FF|%00|%0D%0A)";
const ENDINGS: &str = "(|\\.txt|/|//|\\.|%00|%FF|%2F|/\\.\\./[a-z]{0,3}|[a-z0-9/._%-]{0,12})";

#[test]
fn nothing_is_answered_with_a_mistake_of_ours() {
    on_one_engine_with(with_keys, async |server| {
        let scene = Scene::new(server).await;
        let signed = scene.sign(&scene.signing()).await;
        let (_, query) = signed.split_once('?').unwrap();
        let whole: Vec<&str> = query.split('&').collect();
        // Read once: a text that is used as it stands is read for each case.
        let [name, value, ending] = [NAMES, VALUES, ENDINGS].map(|text| string_regex(text).unwrap());
        let pairs = prop::collection::vec((name, value), 0..9);
        let kept = prop::collection::vec(prop::bool::weighted(0.9), whole.len());
        let strategy = (0..4_usize, pairs, kept, ending, 0..4_usize);
        let mut runner = TestRunner::new(ProptestConfig { cases: 1, ..ProptestConfig::default() });
        let mut seen = std::collections::BTreeMap::new();
        for _ in 0..CASES / AT_ONCE {
            let asks = (0..AT_ONCE).map(|_| {
                let (place, pairs, kept, ending, method) = strategy.new_tree(&mut runner).unwrap().current();
                let path = match place {
                    0 => format!("/mediapocket/s3/{ending}"),
                    1 => format!("/mediapocket/s3/{}/{ending}", scene.bucket()),
                    _ => format!("/mediapocket/s3/{}/{}{ending}", scene.bucket(), scene.key("")),
                };
                let mut query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let of_signed = whole.iter().zip(kept).filter(|(_, keep)| *keep && place > 0);
                query.extend(of_signed.map(|(pair, _)| (*pair).to_owned()));
                let method = ["GET", "GET", "HEAD", "POST"][method];
                server.ask(method, &format!("{path}?{}", query.join("&"))).send()
            });
            for answer in join_all(asks).await {
                assert!(answer.status < 500, "{answer}");
                let body = String::from_utf8_lossy(&answer.body);
                if answer.header("content-type") == "application/xml" && !body.is_empty() {
                    assert!(body.starts_with("<?xml") && body.ends_with("</Error>"), "{answer}");
                }
                *seen.entry(answer.status).or_insert(0) += 1;
            }
        }
        // All ways to be refused were gone.
        for status in [400, 403, 404, 405] {
            assert!(seen.contains_key(&status), "{seen:?}");
        }
        server.ask("GET", "/healthz").send().await.expect(200);
        scene.ask("GET", &signed).send().await.expect(200);
    });
}
