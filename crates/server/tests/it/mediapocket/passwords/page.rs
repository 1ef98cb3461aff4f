//! The page that asks for a password, in a real browser, with scripts and without.

use std::{fs, path::Path};

use serde_json::Value;

use super::{
    super::{
        Account,
        mail::world::{in_browser, mediary, uses},
    },
    PASSWORD, a_file,
};
use crate::support::{Server, browser::Page};

/// Pictures for people to look at, beside what cargo builds: how the page looks on a desk and in a hand.
async fn photograph(page: &Page, name: &str) {
    for (device, width, height) in [("phone", 390, 844), ("desk", 1280, 800)] {
        page.set_viewport(width, height).await;
        page.screenshot(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mediapocket-{name}-{device}.png"))).await;
    }
}

/// A locked link to a file, by the server's public URL.
async fn a_link(account: &Account<'_>, password: &str, bytes: &[u8]) -> Value {
    let id = a_file(account, "Größe & more.bin", bytes).await.to_string();
    let mut link = mediary(account.server, &["link", "create", &id, "--password", password, "--limit", "5"]);
    // The command is not told where this server listens.
    link["url"] = format!("{}{}", base(account.server), super::target_of(&link)).into();
    link
}

fn base(server: &Server) -> String {
    format!("http://{}/mediapocket", server.address)
}

async fn enter(page: &Page, password: &str) {
    page.fill("#password", password).await;
    page.click("role=button[name=\"Download\"]").await;
}

#[test]
fn a_person_enters_the_password_and_gets_the_file() {
    in_browser(async |server, _, browser| {
        let account = Account::new(server).await;
        let bytes: Vec<u8> = (0..300_000_u32).map(|number| (number % 251) as u8).collect();
        let link = a_link(&account, PASSWORD, &bytes).await;
        let url = link["url"].as_str().unwrap();
        for scripts in [true, false] {
            browser.set_javascript(scripts).await;
            assert_eq!(browser.open(url).await, Some(403));
            assert_eq!(browser.text("h1").await, "This file has a password");
            assert_eq!((browser.count("[role=alert]").await, browser.count("script").await), (0, 0));
            photograph(browser, "password").await;
            enter(browser, "wrong").await;
            browser.wait_for("[role=alert]").await;
            assert_eq!(browser.text("[role=alert]").await, "That is not the password. Please check it and try again.");
            assert_eq!(browser.attribute("#password", "aria-describedby").await.as_deref(), Some("fault"));
            assert_eq!(browser.attribute("#password", "value").await, None);
            photograph(browser, "wrong-password").await;

            let folder = tempfile::tempdir().unwrap();
            browser.downloads_to(folder.path()).await;
            enter(browser, PASSWORD).await;
            let path = browser.wait_for_download().await;
            assert_eq!(path.file_name().unwrap(), "Größe & more.bin");
            assert!(fs::read(&path).unwrap() == bytes);
        }
        assert_eq!(uses(&account, &link).await, 2);
        // It asked nobody but this server, and complained of nothing but its own answers.
        for asked in browser.requests().await {
            assert!(asked.starts_with(&base(server)) || asked.starts_with("data:image/svg+xml,"), "{asked}");
        }
        for error in browser.console_errors().await {
            assert!(error.contains("403 (Forbidden)"), "{error}");
        }
    });
}

#[test]
fn the_keyboard_is_enough() {
    in_browser(async |server, _, browser| {
        let account = Account::new(server).await;
        let link = a_link(&account, "Open 1 Sesame", b"the paper").await;
        browser.open(link["url"].as_str().unwrap()).await;
        // An empty field is not sent.
        browser.press("Enter").await;
        for letter in "Open 1 Sesame".chars() {
            browser.press(&letter.to_string().replace(' ', "Space")).await;
        }
        let folder = tempfile::tempdir().unwrap();
        browser.downloads_to(folder.path()).await;
        browser.press("Enter").await;
        assert_eq!(fs::read(browser.wait_for_download().await).unwrap(), b"the paper");
        assert_eq!(uses(&account, &link).await, 1);
    });
}
