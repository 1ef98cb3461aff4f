// driver.mjs FOLDER: drives Debian's Chromium by what its standard input says, a line of JSON each: {"id": 1, "do": "open", "page": 0,
// "url": …}, answered by {"id": 1, "ok": …} or {"id": 1, "error": …}. What it keeps lies in FOLDER; it ends, with the browser, when its
// input does. It knows pages, not whose they are.
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as later } from "node:timers/promises";

import { chromium } from "playwright-core";

// Shorter than whoever asks waits, who is to be told what was waited for.
const LIMIT_MS = 25_000;
const LOOK_MS = 1_000;
const LOOK_AGAIN_MS = 50;
const LEAVE_MS = 3_000;
const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const folder = process.argv[2];
const pages = [];
let browser;

/** A page with cookies and a store of its own, and what happened on it and on those that it opened. */
async function newPage() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-US", timezoneId: "UTC" });
  context.setDefaultTimeout(LIMIT_MS);
  const number = pages.length;
  const page = { folder: join(folder, `downloads-${number}`), errors: [], requests: [], downloads: [] };
  pages.push(page);
  context.on("request", (request) => page.requests.push(request.url()));
  context.on("console", (said) => {
    const { url } = said.location();
    // For an icon the browser asks by itself, sooner or later.
    if (said.type() === "error" && !url.endsWith("/favicon.ico")) page.errors.push(`${said.text()} (${url})`);
  });
  context.on("weberror", (thrown) => page.errors.push(String(thrown.error().stack ?? thrown.error())));
  context.on("page", (opened) => opened.on("download", (download) => page.downloads.push(kept(page, download))));
  page.tab = await context.newPage();
  page.tools = await context.newCDPSession(page.tab);
  return number;
}

/** Saves a download under the name that it was given. What becomes of it is told to who asks, not thrown at nobody. */
async function kept(page, download) {
  const path = join(page.folder, basename(download.suggestedFilename()));
  try {
    mkdirSync(page.folder, { recursive: true });
    await download.saveAs(path);
    return { path };
  } catch (error) {
    return { error: `${download.url()}: ${error.message}` };
  }
}

/** Looks again and again until it is so. */
async function until(isSo) {
  const end = Date.now() + LIMIT_MS;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error("in vain");
    await later(LOOK_AGAIN_MS);
  }
}

/** The text that a person sees, with a single space wherever there are any. */
async function seen(tab) {
  return spaced(await tab.innerText("body", { timeout: LOOK_MS }).catch(() => ""));
}

const spaced = (text) => text.replace(/\s+/g, " ").trim();

const COMMANDS = {
  async start() {
    browser = await chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: FLAGS, timeout: 2 * LIMIT_MS });
    return newPage();
  },
  new_private_page: () => newPage(),
  async open({ tab }, { url }) {
    // In the place of an empty 404 the browser puts words of its own: then only its arrival tells the status.
    let status = null;
    const arrived = (response) => {
      const request = response.request();
      if (request.isNavigationRequest() && request.frame() === tab.mainFrame()) status = response.status();
    };
    tab.on("response", arrived);
    const ownWords = tab.waitForEvent("framenavigated", (frame) => frame.url().startsWith("chrome-error:")).catch(() => {});
    try {
      await tab.goto(url);
      return status;
    } catch (error) {
      if (error.message.includes("Download is starting")) return null;
      if (!error.message.includes("ERR_HTTP_RESPONSE_CODE_FAILURE")) throw error;
      await ownWords;
      return status;
    } finally {
      tab.off("response", arrived);
    }
  },
  close: ({ tab }) => tab.context().close(),
  url: ({ tab }) => tab.url(),
  text: ({ tab }, { selector }) => tab.locator(selector).innerText(),
  count: ({ tab }, { selector }) => tab.locator(selector).count(),
  attribute: ({ tab }, { selector, name }) => tab.locator(selector).getAttribute(name),
  click: ({ tab }, { selector }) => tab.locator(selector).click(),
  press: ({ tab }, { key }) => tab.keyboard.press(key),
  fill: ({ tab }, { selector, text }) => tab.locator(selector).fill(text),
  choose_files: ({ tab }, { selector, paths }) => tab.locator(selector).setInputFiles(paths),
  wait_for: ({ tab }, { selector }) => tab.locator(selector).first().waitFor(),
  wait_for_text: ({ tab }, { text }) => until(async () => (await seen(tab)).includes(spaced(text))),
  downloads_to(page, { folder }) {
    page.folder = folder;
  },
  async wait_for_download(page) {
    await until(() => page.downloads.length > 0);
    const { path, error } = await page.downloads.shift();
    if (error) throw new Error(error);
    return path;
  },
  async screenshot({ tab }, { path }) {
    await tab.screenshot({ path, fullPage: true });
  },
  set_javascript: ({ tools }, { on }) => tools.send("Emulation.setScriptExecutionDisabled", { value: !on }),
  set_viewport: ({ tab }, { width, height }) => tab.setViewportSize({ width, height }),
  console_errors: ({ errors }) => errors,
  requests: ({ requests }) => requests,
};

/** Without Playwright's colours. */
const plain = (text) => text.replace(/\x1b\[\d+m/g, "").trim();

async function whereabouts(tab) {
  return tab ? `\nThe page ${tab.url()} says: ${(await seen(tab)).slice(0, 1000)}` : "";
}

async function answer(line) {
  const asked = JSON.parse(line);
  let said;
  try {
    said = { ok: (await COMMANDS[asked.do](pages[asked.page], asked)) ?? null };
  } catch (error) {
    said = { error: `${plain(error.message)}${await whereabouts(pages[asked.page]?.tab)}` };
  }
  process.stdout.write(`${JSON.stringify({ id: asked.id, ...said })}\n`);
}

/** Closes the browser if that is soon done. Leaving by `exit` makes Playwright kill what is left of it, even one that is still starting. */
async function leave() {
  await Promise.race([browser?.close(), later(LEAVE_MS)]).catch(() => {});
  process.exit(0);
}

createInterface({ input: process.stdin }).on("line", answer).on("close", leave);
