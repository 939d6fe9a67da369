/** Debian's Chromium under playwright-core: a page for an account, what it must not do while we look, axe. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--no-default-browser-check'];

/** How long anything is waited for: a bound for what never comes, on a machine that other work keeps busy. */
const PATIENCE_MS = 60_000;

export async function launch() {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) throw new Error(`no Chromium at ${executablePath}: apt-get install chromium, or name one in CHROMIUM`);
  return chromium.launch({ executablePath, args: FLAGS });
}

/** Who asks for the session before logging in is told that there is none. */
const ALWAYS = [/^401 GET \/api\/v1\/session$/];

/**
 * A browser context with its complaints collected: errors of the page, of the console, refused or failed requests (but
 * those that a test expects: `allow`, over `STATUS METHOD PATH`), requests that leave the host.
 */
export async function open(browser, base, { theme = 'light', language = 'zh', width = 1366, height = 768, allow = [] } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce', acceptDownloads: true });
  await context.addInitScript(([t, l]) => {
    localStorage.setItem('tongka.theme', t);
    localStorage.setItem('tongka.language', l);
    // Questions to the server that are under way, counted where they are asked and where their answers are read.
    window.underWay = 0;
    const counted = (work) =>
      async function (...values) {
        window.underWay += 1;
        try {
          return await work.apply(this, values);
        } finally {
          window.underWay -= 1;
        }
      };
    window.fetch = counted(window.fetch);
    for (const read of ['text', 'json', 'blob', 'arrayBuffer']) Response.prototype[read] = counted(Response.prototype[read]);
  }, [theme, language]);
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    // A refusal (401, 404) is a tested answer; the browser logs it by itself.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.origin !== base) complaints.push(`request to another host: ${url.origin}`);
  });
  page.on('response', (response) => {
    if (response.status() < 400) return;
    const line = `${response.status()} ${response.request().method()} ${response.url().replace(base, '')}`;
    if (![...ALWAYS, ...allow].some((expected) => expected.test(line))) complaints.push(line);
  });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? '';
    // Leaving a page takes back what it asked for; downloads go to disk instead of the page.
    if (!/ERR_ABORTED/.test(why)) complaints.push(`${why} ${request.method()} ${request.url().replace(base, '')}`);
  });
  page.setDefaultTimeout(PATIENCE_MS);
  return { context, page, complaints };
}

export async function logIn(page, base, { login, password, totp }) {
  await page.goto(base);
  await page.getByLabel(/^(登录名|Login)$/).fill(login);
  await page.getByLabel(/^(密码|Password)$/).fill(password);
  await page.keyboard.press('Enter');
  if (totp) {
    await page.getByLabel(/动态口令|One-time code/).fill(totp);
    await page.keyboard.press('Enter');
  }
  await page.locator('#content').or(page.getByLabel(/^(原密码|Present password)$/)).first().waitFor();
}

/**
 * Waits until the page is at rest: nothing under way, no skeleton or spinner, every chart drawn, no animation; and
 * still so two frames later, because an answer first has to be drawn.
 */
export async function settled(page) {
  const calm = () =>
    page.evaluate(async () => {
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      const visible = (element) => element.getClientRects().length > 0;
      const busy = [...document.querySelectorAll('.tk-skeleton, .tk-spin-spinning, .app-waiting, .tk-progress-status-active')].some(visible);
      const charts = [...document.querySelectorAll('[data-chart]')].filter(visible);
      const moving = document.getAnimations().some((a) => a.playState === 'running' && a.effect?.getTiming().iterations !== Infinity);
      return window.underWay === 0 && !busy && !moving && document.querySelector('#content, .login') !== null && charts.every((c) => c.dataset.chart === 'drawn');
    });
  const deadline = Date.now() + PATIENCE_MS;
  let rest = 0;
  while (rest < 2) {
    rest = (await calm()) ? rest + 1 : 0;
    if (Date.now() > deadline) throw new Error('the page does not come to rest');
  }
}

/** Accessibility by axe: every violation is a failure. */
export async function axe(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] }),
  );
  return violations.map((v) => {
    const [node] = v.nodes;
    return `axe ${v.id} (${v.nodes.length}): ${node.target.join(' ')} — ${node.any.concat(node.all, node.none).map((c) => c.message).join('; ')}`;
  });
}

/** Chooses in a select of a dialog, by typing. */
export async function choose(page, dialog, label, option) {
  const field = dialog.getByLabel(label, { exact: true });
  await field.click();
  await field.pressSequentially(option);
  await settled(page);
  await page.keyboard.press('Enter');
}

/** Fills a date of a dialog and leaves it. */
export async function fillDate(page, dialog, label, date) {
  await dialog.getByLabel(label, { exact: true }).fill(date);
  await page.keyboard.press('Enter');
}

/** Submits a proposal that is tried first: what would come of it is on screen before it is sent. */
export async function checkAndSubmit(page, dialog) {
  await dialog.getByRole('button', { name: /核\s*对/ }).click();
  await dialog.getByText('试作通过').waitFor();
  await dialog.getByRole('button', { name: /提\s*交/ }).click();
}

/** Follows the notice to the approval, where the proposer must not be able to approve; gives its path. */
export async function ownApproval(page) {
  const link = page.getByRole('link', { name: '查看复核单' });
  const path = await link.getAttribute('href');
  await link.click();
  await page.waitForURL((url) => url.pathname === path);
  await page.locator('.page-head:visible').getByText('经办人不能复核自己的提交').waitFor();
  if (await page.getByRole('button', { name: '批准' }).isEnabled()) throw new Error('the proposer could approve');
  await settled(page);
  return path;
}

/** Another person's yes. */
export async function approve(page, base, path) {
  await page.goto(base + path);
  await page.getByRole('button', { name: '批准' }).click();
  await page.getByRole('dialog').getByRole('button', { name: /确\s*定/ }).click();
  await page.locator('.page-head:visible', { hasText: /已执行|待生效/ }).waitFor();
}

export function shooter(folder) {
  if (folder) mkdirSync(folder, { recursive: true });
  return async (page, name) => {
    if (folder) await page.screenshot({ path: join(folder, `${name}.png`) });
  };
}
