// The sample ledger, served for the length of one test file, and a browser to look at it with.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

function binary() {
  const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  const found = process.env.ONUS_BIN ?? join(target, "debug", "onus");
  if (!existsSync(found)) throw new Error(`there is no ${found}: run cargo build, or set ONUS_BIN`);
  return found;
}

/** Starts `onus demo` on a free port. `link` is its one-time link; `stop` ends it and waits. */
export async function startDemo() {
  const child = spawn(binary(), ["demo", "--listen", "127.0.0.1:0", "--print-url"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const lines = createInterface({ input: child.stdout });
  const link = await Promise.race([
    new Promise((resolve) => lines.once("line", resolve)),
    ended.then((code) => { throw new Error(`onus demo ended with ${code} before it printed its link`); }),
  ]);
  const url = new URL(link).origin;
  const stop = async () => { child.kill("SIGTERM"); await ended; };
  return { url, link, stop };
}

export function openBrowser() {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

/** Signs in as a person does: opens the link, presses the button. Returns the context's state for others to start from. */
export async function signIn(browser, link) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(link);
  await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => url.pathname === "/");
  const state = await context.storageState();
  await context.close();
  return state;
}

/** Asks the API as the person who is signed in. */
export async function api(context, url, path) {
  const answer = await context.request.get(url + path, { headers: { accept: "application/json" } });
  if (!answer.ok()) throw new Error(`${path} answers ${answer.status()}`);
  return (await answer.json()).data;
}

/** Every page of the sample ledger that tests visit, states included: name, path, status. */
export async function everyPage(context, url) {
  const walk = await api(context, url, "/v1/actions/act-story-2-pay/walk");
  const document = walk.documents.map((read) => read.sha256).find((hash) => hash);
  const person = encodeURIComponent(walk.human_principal_id);
  const pages = [
    ["overview", "/?period=14d"],
    ["overview of a day", "/"],
    ["search, nothing asked", "/search"],
    ["search, found", "/search?q=refund&caller_class=agent"],
    ["search, nothing found", "/search?q=nowhere+to+be+found"],
    ["search, wrong", "/search?agnet_id=x&q=mail", 422],
    ["action, not authorised", "/actions/act-story-2-pay"],
    ["action, time not recorded", "/actions/act-imported-3"],
    ["action, reports disagree", "/actions/act-disagree"],
    ["action, no delegation", "/actions/act-no-delegation"],
    ["delegations", "/delegations"],
    ["delegations, revoked", "/delegations?standing=revoked"],
    ["delegation, root", "/delegations/dlg-maria-inbox"],
    ["delegation, passed on", "/delegations/dlg-inbox-invoices"],
    ["people", "/people"],
    ["person", `/people/${person}`],
    ["agent", "/agents/agent%3Ainvoices"],
    ["document", `/documents/${document}`],
    ["entry", `/entries/${walk.entry.index}`],
    ["entry, the first", "/entries/0"],
    ["integrity", "/integrity"],
    ["help", "/help"],
    ["findings", "/help/findings"],
    ["problem", "/problems/ledger_busy"],
    ["nothing there", "/actions/never-recorded", 404],
    ["sign in", "/sign-in?token=abc"],
    ["sign in, needed", "/sign-in"],
  ];
  return pages.map(([name, path, status = 200]) => ({ name, path, status }));
}
