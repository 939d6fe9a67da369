/** Without the mouse: log in, find a page, move in the menu, a list, a proposal and its approval; what has the focus shows it. */
import { open, settled } from './browser.mjs';

/** So many presses of a key are enough to come anywhere. */
const MOST = 150;

/** Where the focus is, and whether one sees it: an outline or a ring of the element or of the control around it. */
function focus(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const name = element.getAttribute('aria-label') || element.labels?.[0]?.innerText || element.closest('.tk-form-item')?.querySelector('label')?.innerText || element.innerText || element.getAttribute('title') || '';
    const ringed = (e) => {
      const style = getComputedStyle(e);
      return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
    };
    let seen = false;
    // The frame of an input is the control's, a few levels up.
    for (let e = element, level = 0; e && level < 5 && !seen; e = e.parentElement, level += 1) {
      if (level > 0 && !e.matches('[class*=tk-input], [class*=tk-select], [class*=tk-picker], [class*=tk-checkbox], [class*=tk-menu], [class*=tk-dropdown]')) break;
      seen = ringed(e);
    }
    const rect = element.getBoundingClientRect();
    return {
      name: name.trim().slice(0, 40),
      what: `${element.tagName.toLowerCase()}.${element.className.toString().split(' ')[0]}`,
      href: element.getAttribute('href'),
      role: element.getAttribute('role'),
      // A sentinel or a modal's frame takes the focus for a moment, and is nothing to use.
      frame: element.matches('[aria-hidden=true], .tk-modal, .tk-modal-container, .tk-modal-wrap, .tk-drawer') || rect.width * rect.height < 4,
      seen,
    };
  });
}

export async function run({ test, browser, base, accounts, shot }) {
  const unseen = new Set();
  /** Presses a key until the focus is where it is wanted; every stop on the way must be seen. */
  const until = async (page, key, wanted, what) => {
    for (let i = 0; i < MOST; i += 1) {
      await page.keyboard.press(key);
      // Rings fade in.
      await page.waitForTimeout(30);
      const at = await focus(page);
      if (!at) continue;
      if (!at.seen && !at.frame) {
        await settled(page);
        const still = await focus(page);
        if (still && !still.seen && !still.frame) unseen.add(`no sign of the focus on ${still.what} “${still.name}” of ${new URL(page.url()).pathname}`);
      }
      if (wanted(at)) return;
    }
    throw new Error(`${MOST} × ${key} do not come to ${what}`);
  };
  const tab = (page, name) => until(page, 'Tab', (at) => at.name.replaceAll(/\s/g, '') === name || at.name.startsWith(name), name);
  const seen = () => {
    const all = [...unseen];
    unseen.clear();
    return all;
  };
  const enter = async (page, { login, password }) => {
    await page.goto(base);
    await page.getByLabel('登录名').waitFor();
    await settled(page);
    const at = await focus(page);
    if (at?.name !== '登录名') await tab(page, '登录名');
    await page.keyboard.type(login);
    await tab(page, '密码');
    await page.keyboard.type(password);
    await page.keyboard.press('Enter');
    await page.locator('#content').waitFor();
    await settled(page);
  };
  /** By the palette. */
  const goTo = async (page, words, path) => {
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /搜索页面/ }).waitFor();
    await settled(page);
    if ((await focus(page))?.role !== 'combobox') throw new Error('the palette has not the focus');
    await page.keyboard.type(words);
    await page.getByRole('option', { name: words, selected: true }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname === path);
    await page.locator('#content section.page:visible').first().waitFor();
    await settled(page);
  };

  const maker = await open(browser, base);
  const { page } = maker;

  await test('keys alone: log in, find a page, open a row, come back', async () => {
    await enter(page, accounts.operator);
    await goTo(page, '结果文件', '/result-files');
    await until(page, 'Tab', (at) => at.name.startsWith('详情'), 'the details of a row');
    await shot(page, 'keyboard_row');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.waitForURL((url) => url.searchParams.has('detail'));
    await settled(page);
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => !url.searchParams.has('detail'));
    return [...seen(), ...maker.complaints.splice(0)];
  });

  await test('keys alone: a filter is filled and asked, rows are exported', async () => {
    await goTo(page, '上送文件', '/uploads');
    await tab(page, '文件名');
    await page.keyboard.type('TXU');
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('name.like') === 'TXU');
    await settled(page);
    await tab(page, '导出');
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: '导出 CSV' }).waitFor();
    await settled(page);
    await shot(page, 'keyboard_export');
    // The menu has the focus: Enter takes its first entry.
    const first = await focus(page);
    if (!first?.name.startsWith('导出 Excel')) throw new Error(`the menu begins with ${first?.name}`);
    await until(page, 'ArrowDown', (at) => at.name.includes('导出 CSV'), '导出 CSV');
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    if (!download.suggestedFilename().endsWith('.csv')) throw new Error(download.suggestedFilename());
    await page.keyboard.press('Escape');
    return [...seen(), ...maker.complaints.splice(0)];
  });

  await test('keys alone: the menu is entered, a group opened, a page chosen', async () => {
    await page.reload();
    await settled(page);
    await until(page, 'Tab', (at) => at.role === 'menuitem' || at.role === 'menu' || /tk-menu/.test(at.what), 'the menu');
    await until(page, 'ArrowDown', (at) => at.name.startsWith('机构与规则'), '机构与规则');
    await page.keyboard.press('Enter');
    await page.locator('nav .tk-menu-item a[href="/holidays"]').waitFor();
    await settled(page);
    await until(page, 'ArrowDown', (at) => at.name.startsWith('银行日历'), '银行日历');
    await shot(page, 'keyboard_menu');
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname === '/holidays');
    return [...seen(), ...maker.complaints.splice(0)];
  });

  await test('keys alone: a change is proposed, and approved by another', async () => {
    await goTo(page, '调账', '/adjustments');
    await tab(page, '新增');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    await settled(page);
    for (const [label, member] of [['付款方', '10001000'], ['收款方', '10002900']]) {
      if (!(await focus(page))?.name.startsWith(label)) await tab(page, label);
      await page.keyboard.type(member);
      await settled(page);
      await page.keyboard.press('Enter');
    }
    await tab(page, '金额');
    await page.keyboard.type('12.34');
    for (const [label, text] of [['依据', `KEY-${Date.now()}`], ['原因', '键盘调账']]) {
      await tab(page, label);
      await page.keyboard.type(text);
    }
    await tab(page, '提交');
    await shot(page, 'keyboard_propose');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    const path = await page.getByRole('link', { name: '查看复核单' }).getAttribute('href');
    const checker = await open(browser, base);
    await enter(checker.page, accounts.checker);
    await goTo(checker.page, '复核中心', '/approvals');
    await until(checker.page, 'Tab', (at) => at.href === path, 'the proposal');
    await checker.page.keyboard.press('Enter');
    await checker.page.waitForURL((url) => url.pathname === path);
    await settled(checker.page);
    await tab(checker.page, '批准');
    await checker.page.keyboard.press('Enter');
    await checker.page.getByRole('dialog').waitFor();
    await settled(checker.page);
    if (!(await focus(checker.page))?.name.replaceAll(/\s/g, '').startsWith('确定')) await tab(checker.page, '确');
    await shot(checker.page, 'keyboard_approve');
    await checker.page.keyboard.press('Enter');
    await checker.page.locator('.page-head:visible', { hasText: /已执行|待生效/ }).waitFor();
    await checker.context.close();
    return [...seen(), ...maker.complaints.splice(0), ...checker.complaints];
  });
  await maker.context.close();
}
