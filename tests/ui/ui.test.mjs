// The dashboard of a running town in Chromium: what it shows is true at once, and it says so when it no longer knows.
//
// Run by tests/ui/run. The town is the demo's: 27 access points at 6 facilities, one dead, one refusing, one slow.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { TOWN, hand, launch, noted, open, says, text, until } from './browser.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const JAPANESE = /[\u3040-\u30ff\u4e00-\u9fff]/;
const FIRST_SCREEN_MAX = 40_000; // bytes, compressed: the reach named in the design
const STALE_WITHIN_MS = 15_000;

let browser;

before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
});

/** Every test begins in an ordinary town. */
beforeEach(async () => {
  await hand('key normal');
  await until('the town is normal', 30_000, async () => (await town()).mode === 'normal');
});

async function town() {
  return (await fetch(new URL('/api/v1/town', TOWN))).json();
}

async function tiles(page) {
  return page.locator('.tile').evaluateAll((all) => all.map((tile) => ({ id: tile.id, text: tile.innerText })));
}

test('turning the key changes the band, the chain, the tiles and the needs on an open page, without a reload', async (t) => {
  const page = await open(browser, t);
  await says(page, 'band', ['平時モード']);
  await says(page, 'chain', ['①', '②', '③', '④', '平時']);
  // A town that has just started is still settling.
  await until('a tile says 正常', 30_000, async () => (await tiles(page)).some((tile) => tile.text.includes('正常')));
  await page.evaluate(() => { window.neverReloaded = true; });
  const quiet = await text(page, 'needs');

  await hand('key disaster');
  await says(page, 'band', ['災害モード', '発動中', '00000JAPAN', '役場の鍵']);
  await says(page, 'chain', ['災害']);
  await until('a tile says 開放中', 10_000, async () => (await tiles(page)).some((tile) => tile.text.includes('開放中')));
  await until('the needs have changed', 15_000, async () => (await text(page, 'needs')) !== quiet);
  await says(page, 'events', ['災害']);
  assert.match(await page.title(), /災害モード/);

  await hand('key normal');
  await says(page, 'band', ['平時モード']);
  await until('no tile says 開放中', 20_000, async () => !(await tiles(page)).some((tile) => tile.text.includes('開放中')));
  assert.equal(await page.evaluate(() => window.neverReloaded), true, 'the page was loaded anew');
});

test('the needs name the facility whose access point refuses, since when, and what to check', async (t) => {
  const page = await open(browser, t);
  await hand('key disaster');
  let refusing;
  await until('an access point has refused', 20_000, async () => {
    const { aps } = await (await fetch(new URL('/api/v1/aps', TOWN))).json();
    refusing = aps.find((ap) => ap.standing === 'refused');
    return refusing;
  });
  const { facilities } = await (await fetch(new URL('/api/v1/facilities', TOWN))).json();
  const facility = facilities.find((each) => each.id === refusing.facility);
  await says(page, 'needs', [facility.name, 'から', '確認の手順']);
  await says(page, `tile-${facility.id}`, ['拒否']);
});

test('a drill is marked in the band, in the tiles it opens and in the title', async (t) => {
  const page = await open(browser, t);
  await hand('key drill');
  await says(page, 'band', ['訓練モード', 'これは訓練です']);
  await until('a tile says 訓練', 10_000, async () => (await tiles(page)).some((tile) => tile.text.includes('訓練')));
  assert.match(await page.title(), /訓練/);
  await says(page, 'events', ['【訓練】']);
});

test('a key that cannot be read changes no mode and is named', async (t) => {
  const page = await open(browser, t);
  await hand('key broken');
  await says(page, 'needs', ['鍵']);
  await says(page, 'chain', ['読めません']);
  await says(page, 'band', ['平時モード', '鍵が読めません']);
  for (const width of [1440, 390, 320]) {
    await page.setViewportSize({ width, height: 900 });
    const { lines, room } = await page.evaluate(() => {
      const sentence = document.querySelector('#band .differs');
      const line = parseFloat(getComputedStyle(sentence).lineHeight) || 1.7 * parseFloat(getComputedStyle(sentence).fontSize);
      return { lines: sentence.getBoundingClientRect().height / line, room: [...sentence.textContent].length * parseFloat(getComputedStyle(sentence).fontSize) / window.innerWidth };
    });
    assert.ok(lines < 2 + 1.5 * room, `${width} px: the sentence under the band is ${lines} lines, of which ${room} would fill the window`);
  }
});

test('focus stays on a tile, and an open list of steps stays open, while their content changes', async (t) => {
  const page = await open(browser, t);
  const tile = await page.locator('.tile').first().getAttribute('id');
  await page.focus(`#${tile}`);
  await hand('key disaster');
  await says(page, 'band', ['災害モード']);
  await until('the tile says 開放中', 10_000, async () => (await text(page, tile)).includes('開放中'), () => text(page, tile));
  assert.equal(await page.evaluate(() => document.activeElement?.id), tile, 'focus was lost');

  const steps = page.locator('#needs details').first();
  await steps.locator('summary').click();
  const before = await text(page, 'needs');
  await hand('key broken');
  await until('the needs have changed', 15_000, async () => (await text(page, 'needs')) !== before);
  assert.ok(await page.locator('#needs details[open]').count(), 'the opened steps were closed');
});

test('a killed controller makes the page say within 15 s that it is out of date, and a new one takes that back', async (t) => {
  const page = await open(browser, t);
  await says(page, 'band', ['平時モード']);
  await hand('controller kill');
  const killed = Date.now();
  t.after(() => hand('controller start').catch(() => {}));
  const stale = () => page.evaluate(() => document.body.classList.contains('stale'));
  await until('the page is stale', STALE_WITHIN_MS, stale);
  t.diagnostic(`stale ${Date.now() - killed} ms after the kill`);
  await until('the page says so', 1_500, async () => (await page.locator('body').innerText()).includes('この画面は古い情報です'));
  for (const tile of await tiles(page)) assert.match(tile.text, /いまは不明/, `${tile.id} still claims to know`);
  assert.match(await page.title(), /時点/);

  await hand('controller start');
  await until('the page is alive again', 30_000, async () => !(await stale()));
  await until('the tiles know again', 30_000, async () => (await tiles(page)).every((tile) => !tile.text.includes('いまは不明')));
  assert.doesNotMatch(await page.title(), /時点/);
});

test('without JavaScript the page is whole, and keeps up by loading itself anew', async (t) => {
  const page = await open(browser, t, { js: false });
  await says(page, 'band', ['平時モード']);
  assert.ok((await tiles(page)).length >= 6, 'tiles are missing');
  assert.ok(await page.locator('#needs').isVisible());
  await hand('key disaster');
  await says(page, 'band', ['災害モード'], 15_000);
});

test('the first screen takes at most 40 kB compressed, and says what it may load', async () => {
  const answer = await fetch(TOWN);
  const policy = answer.headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'self'/);
  assert.doesNotMatch(policy, /unsafe/);
  const html = await answer.text();
  const linked = [...html.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map((match) => match[1]);
  assert.ok(linked.length >= 2, 'no stylesheet or script is linked');
  let bytes = gzipSync(html).length;
  for (const path of new Set(linked)) {
    const asset = await fetch(new URL(path, TOWN));
    assert.equal(asset.status, 200, path);
    assert.match(asset.headers.get('cache-control') ?? '', /immutable/, path);
    bytes += gzipSync(Buffer.from(await asset.arrayBuffer())).length;
  }
  assert.ok(bytes <= FIRST_SCREEN_MAX, `${bytes} bytes`);
});

test('English is complete: no Japanese but names', async (t) => {
  await hand('key disaster');
  const page = await open(browser, t, { path: '/?lang=en' });
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  for (const part of ['nav', '#band h1', '#chain']) {
    const words = await page.locator(part).first().innerText();
    assert.doesNotMatch(words, JAPANESE, `${part}: ${words}`);
  }
  await page.goto(new URL('/aps', TOWN).href);
  assert.equal(await page.getAttribute('html', 'lang'), 'en', 'the language is not remembered');
});

test('an A4 sheet holds the whole screen', async (t) => {
  await hand('key disaster');
  const page = await open(browser, t);
  const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
  assert.equal(pdf.match(/\/Type\s*\/Page\b/g)?.length, 1);
});

for (const mode of ['normal', 'disaster', 'drill']) {
  test(`everybody can use it (${mode}): axe finds nothing on any page, width or language; nothing scrolls sideways`, async (t) => {
    await hand(`key ${mode}`);
    await until(`the town is in ${mode}`, 20_000, async () => (await town()).mode === mode);
    const found = [];
    for (const lang of ['ja', 'en']) {
      for (const [path, widths] of [['/', [1440, 390, 320]], ['/aps', [1440, 390, 320]], ['/record', [1440, 390, 320]], ['/wall', [1920]]]) {
        const page = await open(browser, t, { path: `${path}?lang=${lang}` });
        for (const width of widths) {
          await page.setViewportSize({ width, height: width > 1440 ? 1080 : 900 });
          const where = `${path} ${lang} ${width} px`;
          const sideways = await page.evaluate(() => document.scrollingElement.scrollWidth - window.innerWidth);
          if (sideways > 0) found.push(`${where}: ${sideways} px wider than the window`);
          found.push(...(await violations(page)).map((it) => `${where}: ${it}`));
        }
        await page.context().close();
      }
    }
    assert.deepEqual(found, []);
  });
}

async function violations(page) {
  await page.evaluate(AXE);
  const result = await page.evaluate(() => window.axe.run({
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }));
  return result.violations.map((it) => `${it.id}: ${it.help}: ${it.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`);
}

test('the picture of the README', { skip: !process.env.HIRAKE_SCREENSHOT && 'HIRAKE_SCREENSHOT is not set' }, async (t) => {
  const page = await open(browser, t);
  await hand('key disaster');
  await says(page, 'band', ['災害モード']);
  const crowd = async () => (await town()).totals.stations >= 500;
  await until('people have come to the shelters', 300_000, crowd);
  await until('nothing is being applied any more', 40_000, async () => !(await text(page, 'chain')).includes('反映中'));
  await page.screenshot({ path: process.env.HIRAKE_SCREENSHOT });
});

test('nothing was asked of another origin, and the browser complained of nothing', () => {
  assert.ok(noted.requests > 50, 'hardly anything was asked for at all');
  assert.deepEqual([...noted.foreign], []);
  assert.deepEqual([...noted.complaints], []);
});
