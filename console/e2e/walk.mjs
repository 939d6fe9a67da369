/**
 * Every page by the first role of `ROLES` that has it, and those that differ by a member and by one who only reads: opens
 * from the menu, shows something, refuses nothing, says no raw text, fits the screen, passes axe; then the overview and
 * lists in both languages, light and dark.
 */
import { axe, logIn, open, settled } from './browser.mjs';

/** Who walks, the richest first; a page that another has seen is not opened again. */
const ROLES = ['operator', 'member', 'keys', 'cards', 'security', 'system', 'auditor', 'viewer'];
/** Pages that show something else to a member, or might show a restricted role too much. */
const TWICE = { member: ['/', '/uploads', '/result-files', '/positions', '/flows', '/reserves', '/fees'], viewer: ['/', '/days', '/fees', '/approvals'] };
/** Roles whose details differ from the operator's. */
const DETAILED = new Set(['operator', 'member', 'security', 'system', 'auditor']);

/** Links into detail pages that a page offers, one of each kind. */
const DETAILS = [/^\/days\/[^/]+$/, /^\/uploads\/[^/]+$/, /^\/uploads\/[^/]+\/records\/\d+$/, /^\/members\//, /^\/approvals\//, /^\/ledger\//, /^\/roles\//, /^\/ceremonies\//, /^\/viewer\?receipt=/, /^\/viewer\?result=/, /^\/scheme-versions\/\d+$/];

/** Pages whose colours stand for all others. */
const THEMED = new Set(['/', '/days', '/flows', '/fees', '/holidays', '/accounts']);

/** What no page may show: keys without text, values without words, errors as they fell. */
const RAW = /\b(app|nav|common|dash|list|day|file|record|ledger|approval|error|login|deed|part|name|stepDetail)\.[a-z]\w+(?!\.\w*[@/])\b|\bundefined\b|\bNaN\b|\[object Object\]|Failed to deserialize|panicked|Invalid Date|IntakeReport/;

async function menuLinks(page) {
  for (const group of await page.locator('nav .tk-menu-submenu').all()) {
    if (/submenu-open/.test(await group.getAttribute('class'))) continue;
    await group.locator('> .tk-menu-submenu-title').click();
    await group.locator('.tk-menu-item').first().waitFor();
  }
  return page.locator('nav .tk-menu-item a').evaluateAll((links) => links.map((a) => new URL(a.href).pathname));
}

/** What is wrong with the page on screen. */
async function problemsOf(page, path) {
  await page.locator('#content section.page:visible, #content .tk-empty:visible').first().waitFor();
  await settled(page);
  return page.evaluate(([where, raw]) => {
    const shown = [...document.querySelectorAll('#content .page, #content > *')].filter((e) => e.getClientRects().length > 0);
    const problems = [...document.querySelectorAll('#content .problem-view')].filter((e) => e.getClientRects().length > 0).map((e) => `${where}: ${e.innerText.replaceAll('\n', ' ')}`);
    const text = shown.map((e) => e.innerText).join('\n').replace(/[a-z-]+(\.[a-z-]+)+(?=\s*(,|$))/gm, '');
    const found = new RegExp(raw).exec(text);
    if (found) problems.push(`${where}: raw text “${text.slice(Math.max(0, found.index - 30), found.index + 60).replaceAll('\n', ' ')}”`);
    if (document.documentElement.scrollWidth > innerWidth) problems.push(`${where}: wider than the screen`);
    const content = document.querySelector('#content');
    if (content.scrollWidth > content.clientWidth + 1) problems.push(`${where}: its content is wider than its place`);
    return problems;
  }, [path, RAW.source]);
}

/** Opens a page of the menu; it is drawn once the menu says so. */
async function pick(page, path) {
  await page.locator(`nav .tk-menu-item a[href="${path}"]`).click();
  await page.locator(`nav .tk-menu-item-selected a[href="${path}"]`).waitFor();
}

async function visit(page, base, path) {
  await page.goto(base + path);
  return problemsOf(page, path);
}

/** Two at a time: most of a page's time is waiting. */
async function inPairs(items, work) {
  const left = [...items];
  const lane = async () => {
    while (left.length > 0) await work(left.shift());
  };
  await Promise.all([lane(), lane()]);
}

export async function run({ test, browser, base, accounts, shot }) {
  // Roles share pages: each page is looked at by axe with the first role that has it.
  const looked = new Set();
  const look = async (page, path) => {
    if (looked.has(path)) return [];
    looked.add(path);
    return (await axe(page)).map((v) => `${path}: ${v}`);
  };
  const walked = ROLES.filter((role) => accounts[role]).map((role) => [role, accounts[role]]);
  const seen = new Set();
  const sides = new Set();
  const walk = async ([role, account]) => {
    await test(`${role}: every page of the menu`, async () => {
      const { context, page, complaints } = await open(browser, base);
      await logIn(page, base, account);
      await settled(page);
      const problems = [];
      const found = new Map();
      const links = await menuLinks(page);
      if (links.length === 0) problems.push('the menu is empty');
      for (const path of links) {
        if (seen.has(path) && !TWICE[role]?.includes(path)) continue;
        seen.add(path);
        await pick(page, path);
        problems.push(...(await problemsOf(page, path)));
        await shot(page, `${role}${path.replaceAll('/', '_')}`);
        const into = await page.locator('#content a:visible').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
        for (const kind of DETAILS) {
          const link = into.find((href) => href && kind.test(href));
          if (link && !found.has(kind) && DETAILED.has(role)) found.set(kind, link);
        }
        problems.push(...(await look(page, path)), ...complaints.splice(0).map((c) => `${path}: ${c}`));
      }
      let number = 0;
      for (const [kind, link] of found) {
        number += 1;
        problems.push(...(await visit(page, base, link)));
        const name = `${role}_detail${number}`;
        await shot(page, name);
        problems.push(...(await look(page, kind.source)));
        // The tabs of a page are alike for all of one side: once for the centre, once for a member.
        const once = `${role === 'member'} ${kind.source}`;
        const tabs = page.locator('#content .page-tabs .tk-tabs-tab:visible');
        const many = sides.has(once) ? 0 : await tabs.count();
        sides.add(once);
        for (let i = 1; i < many; i += 1) {
          await tabs.nth(i).click();
          // The tab is in the URL, and is drawn once that has changed.
          await page.locator(`#content .page-tabs:visible .tk-tabs-tab-active:nth-of-type(${i + 1})`).waitFor();
          problems.push(...(await problemsOf(page, `${link} tab ${i}`)));
          await shot(page, `${name}_${i}`);
          problems.push(...(await look(page, `${kind.source} tab ${i}`)));
        }
        problems.push(...complaints.splice(0).map((c) => `${link}: ${c}`));
      }
      await context.close();
      return problems;
    });
  };
  await inPairs(walked, walk);
  const others = [['dark', 'en', 'operator'], ['dark', 'zh', 'member'], ['light', 'en', 'security']].filter(([, , role]) => accounts[role]);
  await inPairs(others, async ([theme, language, role]) => {
    await test(`${role} in ${theme}, ${language}`, async () => {
      const { context, page, complaints } = await open(browser, base, { theme, language });
      await logIn(page, base, accounts[role]);
      await settled(page);
      const problems = [];
      for (const path of await menuLinks(page)) {
        if (!THEMED.has(path)) continue;
        await pick(page, path);
        problems.push(...(await problemsOf(page, path)));
        await shot(page, `${theme}_${language}_${role}${path.replaceAll('/', '_')}`);
        problems.push(...(await axe(page)).map((v) => `${path}: ${v}`));
        if (language === 'en') {
          const words = await page.locator('#content h1:visible, #content h2:visible, #content th:visible, .tk-menu-title-content, .tab').allInnerTexts();
          problems.push(...words.filter((w) => /\p{Script=Han}/u.test(w)).map((w) => `${path}: not English: ${w}`));
        }
      }
      await context.close();
      return [...problems, ...complaints];
    });
  });
}
