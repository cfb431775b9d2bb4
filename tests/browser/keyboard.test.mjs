// UI.md section 4 B, as far as this release's pages go: the keyboard reaches everything, in order, and what has focus shows.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, signIn, startDemo } from "./demo.mjs";

let demo, browser, page;

before(async () => {
  demo = await startDemo();
  browser = await openBrowser();
  const context = await browser.newContext({ storageState: await signIn(browser, demo.link) });
  page = await context.newPage();
});

after(async () => {
  await browser?.close();
  await demo?.stop();
});

test("the first tab shows the skip link, and it leads to the main part", async () => {
  await page.goto(`${demo.url}/actions/act-story-2-pay`);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to main content");
  assert.ok(await page.locator(".skip").isVisible());
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
});

test("tab reaches every control once, in reading order, and each shows a ring", async () => {
  for (const path of ["/", "/search?q=mail", "/actions/act-story-2-pay", "/delegations/dlg-inbox-invoices"]) {
    await page.goto(demo.url + path);
    const wanted = await page.evaluate(() => [...document.querySelectorAll("a, button, input, select, summary, [tabindex='0']")]
      .filter((element) => element.checkVisibility({ visibilityProperty: true }) && element.type !== "hidden").length);
    const seen = [];
    for (let place = 0; place < wanted; place++) {
      await page.keyboard.press("Tab");
      seen.push(await page.evaluate(() => {
        const { activeElement } = document;
        const style = getComputedStyle(activeElement);
        const hasRing = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none";
        return { place: [...document.querySelectorAll("*")].indexOf(activeElement), hasRing, html: activeElement.outerHTML.slice(0, 80) };
      }));
    }
    for (const [place, one] of seen.entries()) {
      assert.ok(one.hasRing, `${path}: no ring at ${one.html}`);
      assert.ok(place === 0 || one.place > seen[place - 1].place, `${path}: ${one.html} comes out of order`);
    }
  }
});

test("after a search that cannot be read, focus is on what is wrong, and its link leads to the box", async () => {
  await page.goto(`${demo.url}/search?agnet=x`);
  await page.waitForFunction(() => document.activeElement.id === "problem");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "q");
});
