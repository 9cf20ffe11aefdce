// What the browser tests share: one Chromium, pages that note every request and complaint, and a hand in the town.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

/** The running town's dashboard. */
export const TOWN = new URL(need('HIRAKE_URL'));

const HAND = need('HIRAKE_HAND').split(' ');
const run = promisify(execFile);

function need(name) {
  const value = process.env[name];
  assert.ok(value, `${name} is not set; tests/ui/run sets it`);
  return value;
}

/** Says something to the town: `key disaster`, `controller kill`. */
export async function hand(words) {
  await run(HAND[0], [...HAND.slice(1), ...words.split(' ')]);
}

/** What every page of every test asked for outside its own origin, and what its console complained of. */
export const noted = { foreign: new Set(), complaints: new Set(), requests: 0 };

/** Starts the system's Chromium: nothing of its own may go to the network. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * A fresh page of the dashboard in a context of its own, closed by `t`.
 * @param {{path?: string, width?: number, height?: number, js?: boolean}} wish
 */
export async function open(browser, t, { path = '/', width = 1440, height = 900, js = true } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, javaScriptEnabled: js, locale: 'ja-JP' });
  t.after(() => context.close());
  const page = await context.newPage();
  page.on('request', (request) => {
    noted.requests += 1;
    if (new URL(request.url()).origin !== TOWN.origin) noted.foreign.add(request.url());
  });
  page.on('console', (message) => {
    // A server that is killed on purpose makes the browser say so.
    if (message.type() === 'error' && !message.text().includes('net::ERR_')) noted.complaints.add(message.text());
  });
  page.on('pageerror', (error) => noted.complaints.add(String(error)));
  await page.goto(new URL(path, TOWN).href, { waitUntil: 'load' });
  return page;
}

/** Waits until `look()` is true; else tells what was awaited and what stands there instead. */
export async function until(what, within_ms, look, instead = async () => '') {
  const end = Date.now() + within_ms;
  while (Date.now() < end) {
    if (await look()) return;
    await new Promise((go) => setTimeout(go, 50));
  }
  assert.fail(`${what} did not come true within ${within_ms} ms; there is: ${await instead()}`);
}

/** The text of the element with this id, as a person sees it. */
export function text(page, id) {
  return page.locator(`#${id}`).innerText();
}

/** Waits until the element with this id says all of `words`. */
export function says(page, id, words, within_ms = 10_000) {
  const has = async () => {
    const now = await text(page, id);
    return words.every((word) => (word instanceof RegExp ? word.test(now) : now.includes(word)));
  };
  return until(`#${id} says ${words.join(', ')}`, within_ms, has, () => text(page, id));
}
