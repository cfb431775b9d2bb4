// UI.md section 4, items 1 to 7 and 9, for every page of the sample ledger: light and dark, wide and narrow, with scripts and without.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { api, everyPage, openBrowser, signIn, startDemo } from "./demo.mjs";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const MAX_HTML_BYTES = 120_000;
const MAX_CSS_BYTES = 30_000;
const MAX_JS_BYTES = 30_000;

let demo, browser, state, pages;

before(async () => {
  demo = await startDemo();
  browser = await openBrowser();
  state = await signIn(browser, demo.link);
  const context = await browser.newContext({ storageState: state });
  pages = await everyPage(context, demo.url);
  await context.close();
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

async function open(options = {}) {
  const { width = 1280, height = 800, blockScripts = false, ...rest } = options;
  const context = await browser.newContext({ storageState: state, viewport: { width, height }, ...rest });
  const page = await context.newPage();
  if (blockScripts) await page.route("**/*.js", (route) => route.abort());
  return { context, page };
}

async function violations(page) {
  await page.evaluate(axeSource);
  return page.evaluate(async (tags) => {
    const found = await window.axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
    return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(" | ")}`);
  }, TAGS);
}

/** Visits every page and reports everything that `look` finds, with the page's name. */
async function visitAll(options, look) {
  const { context, page } = await open(options);
  const found = [];
  for (const one of pages) {
    const answer = await page.goto(demo.url + one.path);
    assert.equal(answer.status(), one.status, `${one.name} (${one.path})`);
    for (const line of await look(page, one, answer)) found.push(`${one.name}: ${line}`);
  }
  await context.close();
  assert.deepEqual(found, []);
}

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 360]) {
    for (const blockScripts of [false, true]) {
      test(`axe finds nothing: ${colorScheme}, ${width} px, ${blockScripts ? "scripts blocked" : "with scripts"}`, async () => {
        await visitAll({ colorScheme, width, blockScripts }, violations);
      });
    }
  }
}

test("the preferred theme is worn whatever the system says, and axe finds nothing in it", async () => {
  const { context, page } = await open({ colorScheme: "light" });
  await page.goto(`${demo.url}/help`);
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await ground();
  await page.getByLabel("Theme").selectOption("dark");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(`${demo.url}/help`);
  assert.notEqual(await ground(), light);
  for (const path of ["/?period=14d", "/actions/act-story-2-pay", "/delegations/dlg-inbox-invoices"]) {
    await page.goto(demo.url + path);
    assert.deepEqual(await violations(page), [], path);
  }
  await context.close();
});

test("nothing in a page could run or be styled in place, and nothing is asked of another origin", async () => {
  const { context, page } = await open();
  const complaints = [];
  page.on("console", (message) => {
    const isOwnStatus = /status of (404|422)/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !isOwnStatus) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== demo.url) complaints.push(`asks ${request.url()}`);
  });
  for (const { name, path } of pages) {
    const answer = await page.goto(demo.url + path);
    const policy = answer.headers()["content-security-policy"] ?? "";
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/, name);
    assert.doesNotMatch(policy, /unsafe/, name);
    const html = await answer.text();
    assert.doesNotMatch(html, /\sstyle=|<style|\son[a-z]+=["']/i, name);
    for (const script of html.match(/<script[^>]*>/gi) ?? []) assert.match(script, /\ssrc="\/assets\//, name);
  }
  assert.deepEqual(complaints, []);
  const refused = await page.evaluate(() => {
    try { document.body.innerHTML = "<p>markup</p>"; return "written"; } catch (error) { return error.name; }
  });
  assert.equal(refused, "TypeError", "trusted types refuse innerHTML");
  await context.close();
});

test("no page scrolls sideways at 320 and 360 px, and what scrolls inside can be reached and has a name", async () => {
  for (const width of [320, 360]) {
    await visitAll({ width }, (page) => page.evaluate(() => {
      const found = [];
      const { scrollWidth, clientWidth } = document.documentElement;
      if (scrollWidth > clientWidth) found.push(`${scrollWidth} px wide in ${clientWidth}`);
      for (const element of document.querySelectorAll("body *")) {
        if (element.scrollWidth <= element.clientWidth || !/auto|scroll/.test(getComputedStyle(element).overflowX)) continue;
        const isInput = element.matches("input, select");
        if (!isInput && !element.matches(".scroll, pre")) found.push(`<${element.localName} class="${element.className}"> scrolls`);
        if (!isInput && (element.tabIndex !== 0 || !element.getAttribute("aria-label"))) found.push(`a region that scrolls cannot be reached: ${element.className}`);
      }
      return found;
    }));
  }
});

/** Too small to hit: below `least` in either direction. Links within a line of text are exempt (WCAG 2.5.8). */
const small = (page, least, selector) => page.evaluate(([least, selector]) => {
  const found = [];
  for (const element of document.querySelectorAll(selector)) {
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const isInLine = element.localName === "a" && style.display.startsWith("inline") && !element.matches("nav a, .button, .skip");
    if (box.width === 0 || style.visibility === "hidden" || isInLine || element.type === "hidden") continue;
    if (element.matches(".skip")) continue; // outside the page until it is focused
    if (box.width < least - 0.5 || box.height < least - 0.5) found.push(`${element.outerHTML.slice(0, 70)} is ${Math.round(box.width)}×${Math.round(box.height)}`);
  }
  return found;
}, [least, selector]);

test("targets are at least 24 px, buttons on touch screens 44", async () => {
  await visitAll({ width: 1280 }, (page) => small(page, 24, "a, button, input, select, summary"));
  await visitAll({ width: 360, hasTouch: true, isMobile: true }, async (page) => [
    ...await small(page, 24, "a, button, input, select, summary"),
    ...await small(page, 44, "button"),
  ]);
});

test("each page has one h1, its own title, its language, landmarks, a skip link, whole times, and is small", async () => {
  const titles = new Map();
  await visitAll({}, async (page, one, answer) => {
    const found = await page.evaluate(() => {
      const found = [];
      const count = (selector, wanted) => {
        const there = document.querySelectorAll(selector).length;
        if (there !== wanted) found.push(`${there} of ${selector}`);
      };
      count("h1", 1); count("html[lang=en]", 1); count("main#main", 1); count("body > header", 1); count("body > footer", 1); count("nav[aria-label=Main]", 1);
      if (document.querySelector("body > a")?.getAttribute("href") !== "#main") found.push("the skip link is not first");
      for (const time of document.querySelectorAll("time")) {
        if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(time.dateTime) || !/ UTC([+−]\d\d:\d\d)?$/.test(time.textContent)) found.push(`time ${time.outerHTML}`);
      }
      const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
      const twice = ids.filter((id, place) => ids.indexOf(id) !== place);
      if (twice.length) found.push(`ids twice: ${twice}`);
      for (const element of document.querySelectorAll("a, button, summary, label")) {
        const inner = element.querySelector("a, button, input, select, summary");
        if (inner && element.localName !== "label") found.push(`nested: ${inner.outerHTML.slice(0, 80)}`);
      }
      return found;
    });
    const bytes = (await answer.body()).length;
    if (bytes > MAX_HTML_BYTES) found.push(`${bytes} bytes`);
    const title = await page.title();
    if (!title.endsWith(" – Onus")) found.push(`the title is ${title}`);
    const known = titles.get(title);
    const isSamePage = known && (known.path.split("?")[0] === one.path.split("?")[0]);
    if (known && !isSamePage) found.push(`the title of ${known.name} as well: ${title}`);
    titles.set(title, one);
    return found;
  });
});

test("style and script are small", async () => {
  const { context, page } = await open();
  const sizes = {};
  page.on("response", async (response) => {
    const kind = response.request().resourceType();
    if (["stylesheet", "script"].includes(kind)) sizes[kind] = (await response.body()).length;
  });
  await page.goto(demo.url, { waitUntil: "networkidle" });
  assert.ok(sizes.stylesheet <= MAX_CSS_BYTES, `${sizes.stylesheet} bytes of CSS`);
  assert.ok(sizes.script <= MAX_JS_BYTES, `${sizes.script} bytes of JS`);
  await context.close();
});

test("the first row is painted within a second on a processor four times slower", async () => {
  const { context, page } = await open();
  const session = await context.newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  for (const path of ["/?period=14d", "/search?q=refund", "/actions/act-story-2-pay", "/delegations", "/people"]) {
    await page.goto(demo.url + path, { waitUntil: "load" });
    const painted = await page.evaluate(() => new Promise((resolve) => {
      const seen = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
      if (seen()) return resolve(seen());
      new PerformanceObserver(() => seen() && resolve(seen())).observe({ type: "paint", buffered: true });
    }));
    assert.ok(painted < 1000, `${path} is painted after ${Math.round(painted)} ms`);
    assert.ok(await page.locator("tbody tr:visible").first().isVisible(), `${path} has a row`);
  }
  await context.close();
});

test("the same address with .json answers what the API answers", async () => {
  const { context } = await open();
  for (const [page, twin] of [
    ["/actions/act-story-2-pay.json", "/v1/actions/act-story-2-pay/walk"],
    ["/delegations/dlg-maria-inbox.json", "/v1/delegations/dlg-maria-inbox"],
    ["/entries/0.json", "/v1/entries/0"],
    ["/agents/agent%3Ainvoices.json", "/v1/agents/agent%3Ainvoices"],
    ["/people.json", "/v1/principals"],
  ]) {
    assert.deepEqual(await api(context, demo.url, page), await api(context, demo.url, twin), page);
  }
  await context.close();
});
