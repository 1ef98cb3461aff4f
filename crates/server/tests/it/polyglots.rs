//! Files that are two things at once, or not what they say, opened in Chromium by every URL that the five APIs give for them, and put in
//! pages of strangers by every element that loads something: nothing in them runs. A server that knows no better gives the same files
//! beside ours, so that it is seen that they would.

mod files;
mod strangers;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use self::{
    files::corpus,
    strangers::{Stranger, element_page, inlining_page},
};
use crate::{
    botdoc::notifications::transfer::Transfer,
    mediapocket::links::path_of,
    scanning::Five,
    support::{
        Server,
        browser::Browser,
        engines::{on_one_database, share},
        forms::Form,
        listener::Listener,
        until,
    },
};

/// Which files told the listener, under `/{way}/`, that something in them ran.
fn ran(listener: &Listener, way: &str) -> BTreeSet<String> {
    let name = |target: &str| Some(target.strip_prefix('/')?.strip_prefix(way)?.strip_prefix('/')?.to_owned());
    listener.requests().iter().filter_map(|ask| name(&ask.target)).collect()
}

/// Opens each, some at a time. A tab in which something ran may be anywhere: each visit has one of its own.
async fn visit(browser: &Browser, urls: impl IntoIterator<Item = &String>) {
    let one = async |url: &String| {
        let page = browser.new_private_page().await;
        page.open(url).await;
        page.close().await;
    };
    stream::iter(urls).for_each_concurrent(4, one).await;
}

/// The URLs of a file that need no key, by the names of their ways.
async fn urls_of(five: &Five<'_>, name: &str, bytes: &[u8]) -> Vec<(String, String)> {
    let form = Form::new().file("files[0]", name, "", bytes);
    let ask = five.server.fliplet("POST", &format!("/v1/media/files?folderId={}", five.web)).token(five.token());
    let id = form.put_in(ask).send().await.expect(201).json()["files"][0]["id"].as_i64().unwrap();
    let mut doors = five.doors(id, (name, bytes), true).await;
    doors.add_late().await;
    let mut urls: Vec<_> = doors.links.iter().map(|door| (door.name.clone(), door.ask.target())).collect();
    // A key in the URL, as Fliplet's and Botdoc's own clients have it.
    urls.push((
        "fliplet contents".to_owned(),
        format!("/fliplet/v1/media/files/{id}/contents?auth_token={}", five.token()),
    ));
    urls.into_iter().map(|(way, target)| (way, format!("http://{}{target}", five.server.address))).collect()
}

/// A recipient's URL for a file that was put in a container.
async fn botdoc_url(five: &Five<'_>, name: &str, bytes: &[u8]) -> String {
    let transfer = Transfer::new(&five.botdoc, json!({})).await;
    transfer.to("link", "").await;
    let form = Form::new().file("file", name, "", bytes).text("request", transfer.id.to_string());
    let form = form.text("current_chunk", "1").text("total_chunks", "1");
    let media: Value = form.put_in(five.botdoc.ask("POST", "/v1/media/")).send().await.expect(201).json();
    let page = format!("{}/media/{}/{name}", transfer.link().await, media["id"]);
    format!("http://{}{}", five.server.address, path_of(&page))
}

#[test]
fn nothing_in_a_file_runs_by_whatever_url_it_is_opened() {
    let _shared = share();
    on_one_database(async |database| {
        let case = async |server: &mut Server| {
            let five = Five::new(server).await;
            let (ours, theirs) = (Listener::start().await, Listener::start().await);
            let (stranger, browser) = (Stranger::start().await, Browser::start().await);
            // Where somebody else serves them, they run.
            let mut urls = Vec::new();
            for (name, bytes) in corpus(&theirs.url("/ran")) {
                urls.push(stranger.serve(name, bytes));
            }
            let elements = stranger.show(&element_page(&urls));
            visit(&browser, urls.iter().chain([&elements])).await;
            let drawings = corpus(&theirs.url("/inlined")).into_iter().filter(|(name, _)| name.ends_with(".svg"));
            let urls: Vec<_> =
                drawings.map(|(name, bytes)| stranger.serve(&format!("inlined-{name}"), bytes)).collect();
            let page = browser.new_private_page().await;
            page.open(&stranger.show(&inlining_page(&urls))).await;
            let all_ran = async || {
                let seen = ran(&theirs, "ran");
                files::RUN_ELSEWHERE.iter().all(|name| seen.contains(*name)).then_some(())
            };
            until("the files to run elsewhere", all_ran).await;
            // The first of these leads the page away, and so ends the others.
            until("a drawing to run in a page", async || ran(&theirs, "inlined").first().cloned()).await;
            page.close().await;

            // Where we do, they do not.
            let (mut by_way, mut shown) = (BTreeMap::<String, Vec<String>>::new(), Vec::new());
            for (name, bytes) in corpus(&ours.url("/ran")) {
                let mut urls = urls_of(&five, name, &bytes).await;
                urls.push(("botdoc page".to_owned(), botdoc_url(&five, name, &bytes).await));
                assert!(urls.len() >= 9, "{name}: {urls:?}");
                visit(&browser, urls.iter().map(|(_, url)| url)).await;
                for (way, url) in urls {
                    let is_shown = ["fliplet cdn", "flextype uploads", "mediaflow lasting"].contains(&way.as_str());
                    if is_shown && name.ends_with(".svg") {
                        shown.push(url.clone());
                    }
                    by_way.entry(way).or_default().push(url);
                }
            }
            // Three frames and four other elements for each of them.
            let some = by_way.values().flat_map(|urls| urls.chunks(8));
            let pages: Vec<_> = some.map(|urls| stranger.show(&element_page(urls))).collect();
            visit(&browser, &pages).await;
            // Pages that put drawings among their own elements get such as hold nothing that runs.
            assert_eq!(shown.len(), 3 * files::DRAWINGS);
            browser.open(&stranger.show(&inlining_page(&shown))).await;
            browser.wait_for_text("All are there.").await;
            assert_eq!(ran(&ours, "ran"), BTreeSet::new());
        };
        crate::scanning::run(database, "", &|_| (), &case).await;
    });
}
