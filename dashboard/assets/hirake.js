// Keeps a live page true: swaps what changed, says when nothing is heard any more. Without it the page reloads by itself.

const QUIET_MS = 13_000; // more than two heartbeats of 5 s; looked at each second: stale within 15 s of the last
const POLL_MS = 10_000; // where a proxy holds events back
const body = document.body;
const lang = document.documentElement.lang;
const words = lang === 'en'
  ? {
    fresh: (s) => `received ${s} s ago`,
    lost: 'connection lost',
    stale: (at, min) => `Nothing has been heard from the controller since ${at} (${min} min). What is true now is not known. Reconnecting by itself.`,
    asof: (at) => `as of ${at}`,
    need: (n) => `${n} new need${n > 1 ? 's' : ''} for action`,
  }
  : {
    fresh: (s) => `最新 ${s}秒前に受信`,
    lost: '通信が途絶えています',
    stale: (at, min) => `制御装置との通信が${at}から途絶えています(${min}分前)。いまの状態は分かりません。自動で再接続しています。`,
    asof: (at) => `${at}の時点`,
    need: (n) => `対応が必要なものが新しく${n}件あります`,
  };

let skew = Number(body.dataset.now) - Date.now(); // the controller's clock, not this machine's
let heardAt = performance.now();
let heardWall = Number(body.dataset.now);
let source = null;
let wait = 1_000;
let retry = 0;
const title = document.title;

const el = (id) => document.getElementById(id);
const set = (node, text) => { if (node && node.textContent !== text) node.textContent = text; };
const jst = (ms) => new Date(ms + 9 * 3_600_000);
const two = (n) => String(n).padStart(2, '0');
const at = (ms) => {
  const t = jst(ms);
  return lang === 'en' ? `${two(t.getUTCHours())}:${two(t.getUTCMinutes())}` : `${t.getUTCHours()}時${two(t.getUTCMinutes())}分`;
};

function heard(nowMs) {
  heardAt = performance.now();
  heardWall = nowMs;
  skew = nowMs - Date.now();
  wait = 1_000;
  tick();
}

function swap(id, html) {
  const old = el(id);
  if (!old) return; // a piece of another page
  const box = document.createElement('template');
  box.innerHTML = html;
  const fresh = box.content.firstElementChild;
  if (!fresh || fresh.id !== id) return;
  for (const open of old.querySelectorAll('details[open]')) {
    const same = fresh.querySelector(`#${CSS.escape(open.id)}`);
    if (same) same.open = true;
  }
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const path = focused === old ? '' : focused?.closest('details')?.id;
  const before = id === 'needs' ? keys(old) : null;
  const modeBefore = id === 'band' ? old.dataset.mode : null;
  old.replaceWith(fresh);
  if (focused) (path ? fresh.querySelector(`#${CSS.escape(path)} summary`) : fresh).focus?.();
  if (before) {
    const fresher = [...keys(fresh)].filter((key) => !before.has(key)).length;
    if (fresher) set(el('news'), words.need(fresher));
  }
  if (id === 'band' && fresh.dataset.mode !== modeBefore) {
    body.classList.remove('normal', 'drill', 'disaster');
    body.classList.add(fresh.dataset.mode);
    document.title = title.replace(/^[^|]*/, `${fresh.querySelector('h1').firstChild.textContent} ${fresh.querySelector('h1 small:not(.asof)')?.textContent ?? ''} `);
    set(el('news'), fresh.querySelector('.words').textContent);
  }
}

const keys = (node) => new Set(node.dataset.keys.split(' ').filter(Boolean));

function tick() {
  const quiet = performance.now() - heardAt;
  const stale = quiet > QUIET_MS;
  const clock = jst(Date.now() + skew);
  const time = el('clock');
  set(time, time.textContent.replace(/\d{2}:\d{2}$/, `${two(clock.getUTCHours())}:${two(clock.getUTCMinutes())}`));
  set(el('age'), stale ? words.lost : words.fresh(Math.floor(quiet / 1_000)));
  if (stale !== body.classList.contains('stale')) body.classList.toggle('stale', stale);
  set(el('staletext'), stale ? words.stale(at(heardWall), Math.max(1, Math.floor(quiet / 60_000))) : '');
  set(el('asof'), stale ? words.asof(at(heardWall)) : '');
  const clean = document.title.replace(/^【[^】]*】/, '');
  const want = stale ? `【${words.asof(at(heardWall))}】${clean}` : clean;
  if (document.title !== want) document.title = want;
}

// Another build, or another board: the page loads itself anew, once for each, for a proxy may hand out the old one.
function anew(build) {
  if (build === body.dataset.build || sessionStorage.getItem('build') === build) return false;
  sessionStorage.setItem('build', build);
  location.reload();
  return true;
}

function connect() {
  clearTimeout(retry);
  source?.close();
  if (document.hidden) return; // a browser keeps six connections to a host for all its tabs
  source = new EventSource(`/events?lang=${lang}`);
  source.addEventListener('hello', (event) => {
    const hello = JSON.parse(event.data);
    if (anew(hello.build)) return;
    heard(hello.now_ms);
  });
  source.addEventListener('beat', (event) => heard(JSON.parse(event.data).now_ms));
  source.addEventListener('fragment', (event) => {
    const part = JSON.parse(event.data);
    swap(part.id, part.html);
  });
  source.onerror = () => {
    source.close();
    retry = setTimeout(connect, wait);
    wait = Math.min(wait * 2, 10_000);
  };
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) { source?.close(); clearTimeout(retry); } else { wait = 1_000; connect(); }
});
setInterval(tick, 1_000);
// Events that never arrive although the page can be had: a proxy holds them back. Then the page itself is asked.
setInterval(async () => {
  if (document.hidden || performance.now() - heardAt < POLL_MS) return;
  try {
    const answer = await fetch(location.href, { cache: 'no-store', signal: AbortSignal.timeout(POLL_MS) });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (!(Number(fresh.body.dataset.now) > heardWall)) return; // an old copy from somewhere on the way
    for (const id of ['band', 'chain', 'counts', 'needs', 'chart', 'events', 'wallfoot']) {
      const part = fresh.getElementById(id);
      if (part && el(id)) swap(id, part.outerHTML);
    }
    for (const tile of fresh.querySelectorAll('.tile')) if (el(tile.id)) swap(tile.id, tile.outerHTML);
    heard(Number(fresh.body.dataset.now));
  } catch { /* not reachable: the watchdog says so */ }
}, POLL_MS);
connect();
tick();
