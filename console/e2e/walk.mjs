/** Every page of every role: opens, shows something, says no error, passes axe; light and dark, both languages. */
import { axe, logIn, open, settled } from './browser.mjs';

/** Links into detail pages that a list page offers, one of each kind. */
const DETAILS = ['/days/', '/uploads/', '/members/', '/approvals/', '/ledger/', '/roles/', '/ceremonies/'];

async function menuPaths(page) {
  const toggles = page.locator('nav .tk-menu-submenu:not(.tk-menu-submenu-open) > .tk-menu-submenu-title');
  while ((await toggles.count()) > 0) await toggles.first().click();
  return page.locator('nav .tk-menu-item a').evaluateAll((links) => links.map((a) => new URL(a.href).pathname));
}

async function visit(page, base, path) {
  await page.goto(base + path);
  await page.locator('#content section.page, #content .tk-empty').first().waitFor();
  await settled(page);
  const alerts = await page.locator('#content .problem-view').allInnerTexts();
  return alerts.map((text) => `${path}: ${text.replaceAll('\n', ' ')}`);
}

export async function run({ test, browser, base, accounts, shot }) {
  // Roles share pages: each page is looked at by axe with the first role that has it, then in the other themes.
  const looked = new Set();
  const look = async (page, path) => {
    if (looked.has(path)) return [];
    looked.add(path);
    return (await axe(page)).map((v) => `${path}: ${v}`);
  };
  for (const [role, account] of Object.entries(accounts)) {
    if (account.mustChange) continue;
    const { context, page, complaints } = await open(browser, base);
    await logIn(page, base, account);
    await settled(page);
    const paths = await menuPaths(page);
    const found = new Map();
    for (const path of paths) {
      await test(`${role} sees ${path}`, async () => {
        const problems = await visit(page, base, path);
        await shot(page, `${role}${path.replaceAll('/', '_')}`);
        const links = await page.locator('#content a').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
        for (const start of DETAILS) {
          const link = links.find((href) => href?.startsWith(start));
          if (link && !found.has(start)) found.set(start, link);
        }
        return [...problems, ...(await look(page, path)), ...complaints.splice(0)];
      });
    }
    for (const [start, link] of found) {
      await test(`${role} opens ${start}…`, async () => {
        const problems = await visit(page, base, link);
        await shot(page, `${role}${start.replaceAll('/', '_')}detail`);
        problems.push(...(await look(page, start)));
        const tabs = page.locator('#content .page-tabs .tk-tabs-tab');
        for (let i = 1; i < (await tabs.count()); i += 1) {
          await tabs.nth(i).click();
          await settled(page);
          await shot(page, `${role}${start.replaceAll('/', '_')}detail${i}`);
          problems.push(...(await look(page, `${start} tab ${i}`)));
        }
        return [...problems, ...complaints.splice(0)];
      });
    }
    await context.close();
  }
  for (const [theme, language, role] of [['dark', 'en', 'maker'], ['dark', 'zh', 'member'], ['light', 'en', 'checker']]) {
    if (!accounts[role]) continue;
    await test(`${role} in ${theme}, ${language}`, async () => {
      const { context, page, complaints } = await open(browser, base, { theme, language });
      await logIn(page, base, accounts[role]);
      const problems = [];
      for (const path of await menuPaths(page)) {
        problems.push(...(await visit(page, base, path)));
        await shot(page, `${theme}_${language}_${role}${path.replaceAll('/', '_')}`);
        problems.push(...(await axe(page)).map((v) => `${path}: ${v}`));
        if (language === 'en') {
          const words = await page.locator('#content h1, #content h2, .tk-menu-title-content, .tab').allInnerTexts();
          problems.push(...words.filter((w) => /\p{Script=Han}/u.test(w)).map((w) => `${path}: not English: ${w}`));
        }
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        if (sideways) problems.push(`${path}: wider than the screen`);
      }
      await context.close();
      return [...problems, ...complaints];
    });
  }
}
