//! Debian's Chromium, driven as a person would: by Playwright, in `tests/browser`. What goes wrong panics with what the page says.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::lines::{LIMIT, Lines};

/// Each takes some hundred megabytes: so many run at a time. A test that wants to be two people opens a private page.
static TURNS: Semaphore = Semaphore::const_new(3);

/// A running browser; its first page is reached through it.
pub struct Browser(Page);

/// A page with cookies of its own. Selectors are Playwright's (`#id`, `text=Send`, `role=button[name="Send"]`); what they name is waited
/// for, and where something is done to it, must be one thing.
pub struct Page {
    program: Arc<Program>,
    number: u64,
}

/// In the order in which they go.
struct Program {
    lines: Lines,
    _folder: TempDir,
    _turn: SemaphorePermit<'static>,
}

impl Browser {
    pub async fn start() -> Self {
        let turn = TURNS.acquire().await.unwrap();
        // Not beside what cargo builds: the path of a socket has little room.
        let folder = tempfile::tempdir().unwrap();
        let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/driver.mjs");
        let mut command = Command::new("node");
        command.arg(driver).arg(folder.path());
        // Its profile is in the folder for temporary files; the rest is what it keeps for its user.
        for variable in ["TMPDIR", "HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
            command.env(variable, folder.path());
        }
        let lines = Lines::start("browser", &mut command, "what `scripts/install check` installs");
        // Its start takes longest.
        let number = lines.ask_within(json!({ "do": "start" }), 2 * LIMIT).await.as_u64().unwrap();
        let program = Arc::new(Program { lines, _folder: folder, _turn: turn });
        Self(Page { program, number })
    }

    /// A page of somebody else: without the cookies of any other.
    pub async fn new_private_page(&self) -> Page {
        let number = self.ask("new_private_page", json!({})).await.as_u64().unwrap();
        Page { program: Arc::clone(&self.program), number }
    }
}

impl Deref for Browser {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.0
    }
}

impl Page {
    /// Opens a URL and waits until all is loaded: the status of the answer, or nothing when it is a download.
    pub async fn open(&self, url: &str) -> Option<u16> {
        let status = self.ask("open", json!({ "url": url })).await;
        status.as_u64().map(|status| status.try_into().unwrap())
    }

    /// Closes it, with all that it opened; nothing can be done with it any more.
    pub async fn close(self) {
        self.ask("close", json!({})).await;
    }

    pub async fn url(&self) -> String {
        string(&self.ask("url", json!({})).await)
    }

    /// The text of an element, as it is seen.
    pub async fn text(&self, selector: &str) -> String {
        string(&self.ask("text", json!({ "selector": selector })).await)
    }

    /// How many elements there are now.
    pub async fn count(&self, selector: &str) -> u64 {
        self.ask("count", json!({ "selector": selector })).await.as_u64().unwrap()
    }

    pub async fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let value = self.ask("attribute", json!({ "selector": selector, "name": name })).await;
        value.as_str().map(str::to_owned)
    }

    /// Clicks. Another page to which that leads may not be there yet: wait for something of it.
    pub async fn click(&self, selector: &str) {
        self.ask("click", json!({ "selector": selector })).await;
    }

    /// Presses a key (`Tab`, `Enter`, `Control+A`) where the keyboard is.
    pub async fn press(&self, key: &str) {
        self.ask("press", json!({ "key": key })).await;
    }

    /// Writes into a field, in place of what is there.
    pub async fn fill(&self, selector: &str, text: &str) {
        self.ask("fill", json!({ "selector": selector, "text": text })).await;
    }

    /// Chooses the files, or the folder, of a file field.
    pub async fn choose_files(&self, selector: &str, paths: &[impl AsRef<Path>]) {
        let paths: Vec<_> = paths.iter().map(|path| path.as_ref().display().to_string()).collect();
        self.ask("choose_files", json!({ "selector": selector, "paths": paths })).await;
    }

    /// Waits until there is such an element and it can be seen.
    pub async fn wait_for(&self, selector: &str) {
        self.ask("wait_for", json!({ "selector": selector })).await;
    }

    /// Waits until the page shows this text; a space stands for any.
    pub async fn wait_for_text(&self, text: &str) {
        self.ask("wait_for_text", json!({ "text": text })).await;
    }

    /// Where its downloads go from now on.
    pub async fn downloads_to(&self, folder: &Path) {
        self.ask("downloads_to", json!({ "folder": folder.display().to_string() })).await;
    }

    /// Waits for the first download that nobody has waited for, and until all of it is there: the file, by the name that the browser
    /// gives it.
    pub async fn wait_for_download(&self) -> PathBuf {
        string(&self.ask("wait_for_download", json!({})).await).into()
    }

    /// A PNG of the whole page.
    pub async fn screenshot(&self, path: &Path) {
        self.ask("screenshot", json!({ "path": path.display().to_string() })).await;
    }

    /// Whether pages that are opened from now on may run scripts.
    pub async fn set_javascript(&self, on: bool) {
        self.ask("set_javascript", json!({ "on": on })).await;
    }

    /// The size of the window's inside, in CSS pixels.
    pub async fn set_viewport(&self, width: u32, height: u32) {
        self.ask("set_viewport", json!({ "width": width, "height": height })).await;
    }

    /// What was complained of so far: errors on the console, which has what was not found and what the page's own policy forbids, and
    /// those that no script caught. A missing `/favicon.ico` is none.
    pub async fn console_errors(&self) -> Vec<String> {
        strings(&self.ask("console_errors", json!({})).await)
    }

    /// The URL of every request so far, but for icons that the browser asks for by itself.
    pub async fn requests(&self) -> Vec<String> {
        strings(&self.ask("requests", json!({})).await)
    }

    async fn ask(&self, what: &str, mut how: Value) -> Value {
        how["do"] = what.into();
        how["page"] = self.number.into();
        self.program.lines.ask(how).await
    }
}

fn string(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(string).collect()
}
