//! `/metrics`: every number is there from the start, well formed, and moves with what it counts; strangers do not get at it.

use std::collections::{BTreeMap, BTreeSet};

use mediary::Settings;

use crate::support::{
    Server, forms::Form, on_each_engine, on_each_engine_with, on_one_engine_with, pictures::jpeg, until,
};

fn watched(settings: &mut Settings) {
    settings.metrics.listen = "127.0.0.1:0".to_owned();
}

/// Samples by name and labels, as they are written.
struct Numbers {
    samples: BTreeMap<String, f64>,
    types: BTreeMap<String, String>,
}

impl Numbers {
    /// What a scraper of the text format 0.0.4 makes of it: panics for what it would complain of.
    async fn of(server: &Server) -> Self {
        let answer = server.watch("GET", "/metrics").send().await.expect(200);
        assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        let text = String::from_utf8(answer.body).unwrap();
        assert!(text.ends_with('\n'));
        let (mut samples, mut types, mut helped) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, help) = help.split_once(' ').unwrap();
                assert!(help.ends_with('.') && helped.insert(name.to_owned()), "{line}");
            } else if let Some(told) = line.strip_prefix("# TYPE ") {
                let (name, kind) = told.split_once(' ').unwrap();
                assert!(["counter", "gauge", "histogram"].contains(&kind) && helped.contains(name), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{line} is there twice");
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let name = series.split('{').next().unwrap();
                assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{line}");
                let parts = ["_bucket", "_sum", "_count"];
                let of_histogram = parts.iter().find_map(|part| name.strip_suffix(part));
                let family = of_histogram.filter(|family| types.get(*family).is_some_and(|kind| kind == "histogram"));
                assert!(types.contains_key(family.unwrap_or(name)), "{line} has no type");
                assert!(samples.insert(series.to_owned(), value.parse().unwrap()).is_none(), "{line} is there twice");
            }
        }
        assert_eq!(helped, types.keys().cloned().collect());
        Self { samples, types }
    }

    #[track_caller]
    fn get(&self, series: &str) -> f64 {
        *self.samples.get(series).unwrap_or_else(|| panic!("there is no {series} in {:#?}", self.samples.keys()))
    }
}

fn requests(dialect: &str, method: &str, status: &str) -> String {
    format!("mediary_http_requests_total{{dialect=\"{dialect}\",method=\"{method}\",status=\"{status}\"}}")
}

#[test]
fn every_number_is_there_from_the_start_and_well_formed() {
    on_each_engine_with(watched, async |server| {
        let numbers = Numbers::of(server).await;
        for (name, kind) in [
            ("mediary_http_requests_total", "counter"),
            ("mediary_http_answer_seconds", "histogram"),
            ("mediary_http_received_bytes_total", "counter"),
            ("mediary_http_sent_bytes_total", "counter"),
            ("mediary_http_throttled_total", "counter"),
            ("mediary_http_unavailable_total", "counter"),
            ("mediary_http_requests_under_way", "gauge"),
            ("mediary_http_connections", "gauge"),
            ("mediary_http_panics_total", "counter"),
            ("mediary_database_up", "gauge"),
            ("mediary_database_connections", "gauge"),
            ("mediary_jobs", "gauge"),
            ("mediary_jobs_oldest_due_seconds", "gauge"),
            ("mediary_renderer_slots", "gauge"),
            ("mediary_renderer_lost_workers_total", "counter"),
            ("mediary_renditions", "gauge"),
            ("mediary_renditions_bytes", "gauge"),
            ("mediary_infected_files", "gauge"),
            ("mediary_audit_unchained_lines", "gauge"),
            ("mediary_store_bytes", "gauge"),
            ("mediary_build_info", "gauge"),
            ("process_start_time_seconds", "gauge"),
        ] {
            assert_eq!(numbers.types.get(name).map(String::as_str), Some(kind), "{name}");
        }
        for dialect in ["fliplet", "mediaflow", "flextype", "botdoc", "mediapocket"] {
            assert_eq!(numbers.get(&requests(dialect, "GET", "2xx")).to_bits(), 0_f64.to_bits());
        }
        assert_eq!(numbers.get("mediary_database_up") as i64, 1);
        assert_eq!(numbers.get("process_start_time_seconds") as i64, crate::support::NOW_MS / 1_000);
        assert!(numbers.get("mediary_store_bytes{state=\"free\"}") > 0.0);
        assert!(
            numbers.get("mediary_store_bytes{state=\"total\"}") >= numbers.get("mediary_store_bytes{state=\"free\"}")
        );
        assert!(numbers.get("mediary_renderer_slots{state=\"most\",what=\"images\"}") >= 1.0);
        assert_eq!(numbers.get("mediary_jobs{kind=\"scan\",state=\"failed\"}") as i64, 0);
        // A bounded number of series, whatever is asked for.
        assert!(numbers.samples.len() < 1_000, "{}", numbers.samples.len());
    });
}

#[test]
fn numbers_move_with_what_they_count() {
    on_each_engine_with(watched, async |server| {
        let organization = server.organization("Acme").await;
        let picture = jpeg(640, 480);
        let file = server.upload(&organization.token, &organization.app(), "a.jpg", &picture).await;
        let contents = format!("/v1/media/files/{}/contents/a.jpg", file["id"]);
        let answer = server.fliplet("GET", &contents).token(&organization.token).send().await.expect(200);
        server.fliplet("GET", &format!("{contents}?size=64x64")).token(&organization.token).send().await.expect(200);
        server.fliplet("GET", "/v1/media?organizationId=1").send().await.refused(401);
        server.ask("BREW", "/mediapocket/").send().await;
        server.settle().await;
        let numbers = Numbers::of(server).await;
        assert_eq!(numbers.get(&requests("fliplet", "POST", "2xx")) as u64, 1);
        assert_eq!(numbers.get(&requests("fliplet", "GET", "2xx")) as u64, 2);
        assert_eq!(numbers.get(&requests("fliplet", "GET", "4xx")) as u64, 1);
        assert_eq!(numbers.get(&requests("mediapocket", "other", "4xx")) as u64, 1);
        assert_eq!(numbers.get("mediary_http_answer_seconds_count{dialect=\"fliplet\"}") as u64, 4);
        assert_eq!(numbers.get("mediary_http_answer_seconds_bucket{dialect=\"fliplet\",le=\"+Inf\"}") as u64, 4);
        assert!(numbers.get("mediary_http_received_bytes_total{dialect=\"fliplet\"}") > picture.len() as f64);
        assert!(numbers.get("mediary_http_sent_bytes_total{dialect=\"fliplet\"}") > answer.body.len() as f64);
        assert_eq!(numbers.get("mediary_http_received_bytes_total{dialect=\"botdoc\"}") as u64, 0);
        assert!(numbers.get("mediary_renditions") >= 1.0 && numbers.get("mediary_renditions_bytes") > 100.0);
        assert_eq!(numbers.get("mediary_http_requests_under_way") as u64, 0);
    });
}

#[test]
fn what_waits_and_what_failed_is_told_by_kind() {
    on_each_engine_with(watched, async |server| {
        let organization = server.organization("Acme").await;
        let due_at = crate::support::NOW_MS - 90_000;
        server
            .spoil(&format!(
                "insert into jobs (kind, payload, state, attempts, run_at, created_at) values \
                 ('scan', '{{\"scan\":{{\"asset_id\":1}}}}', 'failed', 8, {due_at}, {due_at}), \
                 ('convert', '{{\"convert\":{{\"tenant_id\":{},\"after\":0}}}}', 'waiting', 0, {}, {due_at})",
                organization.id,
                crate::support::NOW_MS + 90_000,
            ))
            .await;
        let numbers = Numbers::of(server).await;
        assert_eq!(numbers.get("mediary_jobs{kind=\"scan\",state=\"failed\"}") as u64, 1);
        assert_eq!(numbers.get("mediary_jobs{kind=\"convert\",state=\"waiting\"}") as u64, 1);
        assert_eq!(numbers.get("mediary_jobs{kind=\"convert\",state=\"due\"}") as u64, 0);
        assert_eq!(numbers.get("mediary_jobs_oldest_due_seconds{kind=\"convert\"}") as u64, 0);
    });
}

#[test]
fn strangers_do_not_get_at_it() {
    on_each_engine(async |server| {
        // Where nobody set it there is none, and it is on no address that dialects answer on.
        for target in ["/metrics", "/metrics/", "/fliplet/metrics", "/healthz/metrics"] {
            let answer = server.ask("GET", target).send().await;
            assert_eq!(answer.status, 404, "{answer}");
        }
    });
    on_one_engine_with(watched, async |server| {
        assert_eq!(server.ask("GET", "/metrics").send().await.status, 404);
        // And nothing else answers where it does.
        for target in ["/", "/fliplet/v1/media", "/healthz", "/metrics/x"] {
            server.watch("GET", target).send().await.expect(404);
        }
        server.watch("POST", "/metrics").send().await.expect(405);
    });
}

#[test]
fn connections_and_requests_under_way_are_told() {
    on_one_engine_with(watched, async |server| {
        let organization = server.organization("Acme").await;
        let form = Form::new().file("files[0]", "a.txt", "", b"slowly");
        let ask = server.fliplet("POST", &format!("/v1/media/files?{}", organization.app())).token(&organization.token);
        let bytes = form.put_in(ask).bytes();
        let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, &bytes[..bytes.len() - 9]).await.unwrap();
        until("it to be seen", async || {
            let numbers = Numbers::of(server).await;
            let now =
                ["mediary_http_requests_under_way", "mediary_http_connections"].map(|name| numbers.get(name) as u64);
            (now == [1, 1]).then_some(())
        })
        .await;
        drop(stream);
        until("it to be gone", async || {
            let numbers = Numbers::of(server).await;
            (numbers.get("mediary_http_connections") as u64 == 0
                && numbers.get("mediary_http_requests_under_way") as u64 == 0)
                .then_some(())
        })
        .await;
    });
}

#[test]
fn a_database_that_is_gone_is_told_and_the_rest_goes_on() {
    on_each_engine_with(watched, async |server| {
        server.ask("GET", "/healthz").send().await.expect(200);
        server.library.close().await;
        let numbers = Numbers::of(server).await;
        assert_eq!(numbers.get("mediary_database_up") as u64, 0);
        assert_eq!(numbers.get(&requests("healthz", "GET", "2xx")) as u64, 1);
        assert!(numbers.get("mediary_store_bytes{state=\"free\"}") > 0.0);
    });
}
