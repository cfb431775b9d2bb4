// UI.md section 4 C: everything works with JavaScript off, from the one-time link to signing out.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, startDemo } from "./demo.mjs";

let demo, browser, context, page;

before(async () => {
  demo = await startDemo();
  browser = await openBrowser();
  context = await browser.newContext({ javaScriptEnabled: false });
  page = await context.newPage();
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

const heading = () => page.locator("h1").innerText();
const follow = async (name) => { await page.getByRole("link", { name, exact: true }).first().click(); await page.waitForLoadState(); };

test("who is not signed in is asked to, and learns nothing of the ledger", async () => {
  const answer = await page.goto(`${demo.url}/actions/act-story-2-pay`);
  assert.equal(answer.status(), 401);
  assert.equal(await heading(), "Sign in to read this ledger");
  assert.doesNotMatch(await answer.text(), /payments\.create|Ledger position/);
});

test("looking at the link does not use it up, pressing its button does", async () => {
  for (let look = 0; look < 5; look++) assert.equal((await context.request.get(demo.link)).status(), 200);
  assert.equal((await context.request.head(demo.link)).status(), 200);
  await page.goto(demo.link);
  assert.equal(await heading(), "Sign in");
  await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
  assert.equal(new URL(page.url()).pathname, "/");
  assert.equal(await heading(), "Overview");

  const other = await browser.newContext({ javaScriptEnabled: false });
  const again = await other.newPage();
  await again.goto(demo.link);
  const [answer] = await Promise.all([
    again.waitForResponse((response) => response.request().method() === "POST"),
    again.getByRole("main").getByRole("button", { name: "Sign in" }).click(),
  ]);
  assert.equal(answer.status(), 410);
  assert.equal(await again.locator("h1").innerText(), "This link does not sign you in");
  assert.deepEqual((await other.cookies()).map((cookie) => cookie.name), []);
  await other.close();
});

test("every place of the navigation opens", async () => {
  for (const [name, title] of [
    ["Search", "Search"], ["Delegations", "Delegations"], ["People and agents", "People and agents"],
    ["Integrity", "Integrity"], ["Help", "Help"], ["Overview", "Overview"],
  ]) {
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name, exact: true }).click();
    assert.equal(await heading(), title);
    assert.equal(await page.locator("nav [aria-current=page]").innerText(), name);
  }
});

test("a search finds, pages on, drops a part, and leads from an action to its human", async () => {
  await page.goto(`${demo.url}/search?caller_class=agent`);
  await page.getByLabel("Find actions, delegations, people, documents").fill("refund");
  await page.getByRole("main").getByRole("button", { name: "Search" }).click();
  const rows = page.locator("tbody tr");
  assert.ok(await rows.count() > 1);
  const ids = () => page.locator("tbody td.id").allInnerTexts();
  const first = await ids();
  await follow("Next page ›");
  const second = await ids();
  assert.notDeepEqual(second, first);
  await follow("« First page");
  assert.deepEqual(await ids(), first);

  const parts = page.locator(".read-as .chip");
  const before = await parts.count();
  await page.locator(".read-as").getByRole("link", { name: "Search without this part" }).first().click();
  assert.equal(await page.locator(".read-as .chip").count(), before - 1);

  await page.goto(`${demo.url}/search?finding=influenced_by_document`);
  await page.locator("tbody a[href^='/actions/']").last().click();
  assert.match(await page.locator("#verdict").innerText(), /authorised/i);
  await page.locator(".walk a[href^='/people/']").first().click();
  assert.match(await heading(), /^user:/);
  await follow("Everything in this person's name");
  assert.ok(await page.locator("tbody tr").count() > 0);
});

test("a delegation shows what was passed on and what was done under it", async () => {
  await page.goto(`${demo.url}/delegations`);
  await follow("Revoked");
  await page.locator("tbody a[href^='/delegations/']").last().click();
  assert.match(await page.locator("#standing").innerText(), /Revoked/);
  const summary = page.locator(".tree summary").first();
  const list = page.locator(".tree details > ul").first();
  assert.ok(await list.isVisible());
  await summary.click();
  assert.ok(!await list.isVisible(), "it folds without a script");
});

test("an id that means one record opens its page, one that means none finds nothing, a wrong field is said to be wrong", async () => {
  const ask = async (query) => { await page.goto(`${demo.url}/search?q=${encodeURIComponent(query)}`); return new URL(page.url()).pathname; };
  assert.equal(await ask("act-story-2-pay"), "/actions/act-story-2-pay");
  assert.equal(await ask("dlg-maria-inbox"), "/delegations/dlg-maria-inbox");
  assert.equal(await ask("agent:invoices"), "/agents/agent%3Ainvoices");
  assert.equal(await ask("user:maria.keller@example.com"), "/people/user%3Amaria.keller%40example.com");
  assert.equal(await ask("463"), "/entries/463");
  assert.equal(await ask("  act-story-2-pay "), "/actions/act-story-2-pay");
  assert.equal(await ask("act-story-2-pa"), "/search");
  assert.match(await page.locator("#nothing").innerText(), /No entries match/);
  const answer = await page.goto(`${demo.url}/search?q=mail&agent=x`);
  assert.equal(answer.status(), 422);
  assert.match(await page.locator("#problem").innerText(), /did you mean/);
  assert.equal(await page.locator("#q").inputValue(), "mail");
});

test("time zone and theme are kept, and every time says its zone", async () => {
  await page.goto(`${demo.url}/entries/1`);
  await page.getByLabel("Time zone").selectOption("UTC+01:00");
  await page.getByLabel("Theme").selectOption("dark");
  await page.getByRole("button", { name: "Save" }).click();
  assert.equal(new URL(page.url()).pathname, "/entries/1");
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  const times = await page.locator("time").allInnerTexts();
  assert.ok(times.length > 0);
  for (const time of times) assert.match(time, / UTC\+01:00$/);
});

test("a proof can be taken away", async () => {
  const answer = await context.request.get(`${demo.url}/entries/1/tlog-proof`);
  assert.match(answer.headers()["content-disposition"], /attachment; filename="entry-1.tlog-proof"/);
  assert.match(await answer.text(), /^c2sp\.org\/tlog-proof@v1\n/);
});

test("no control is shown that does nothing", async () => {
  for (const path of ["/actions/act-story-2-pay", "/integrity", "/search?q=mail"]) {
    await page.goto(demo.url + path);
    for (const button of await page.locator("button").all()) {
      if (await button.isVisible()) assert.ok(await button.evaluate((element) => element.form !== null), path);
    }
  }
});

test("signing out ends the session", async () => {
  await page.goto(demo.url);
  await page.getByRole("button", { name: "Sign out" }).click();
  assert.equal(new URL(page.url()).pathname, "/sign-in");
  const answer = await page.goto(demo.url);
  assert.equal(answer.status(), 401);
});
