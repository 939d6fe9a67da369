/** The one list: its state in the URL, pages, order, columns kept for the account, saved searches, export, keyboard. */
import { readFile } from 'node:fs/promises';
import { logIn, open, settled } from './browser.mjs';

export async function run({ test, browser, base, accounts, shot }) {
  const { context, page, complaints } = await open(browser, base);
  await logIn(page, base, accounts.operator);
  const rows = page.locator('#content .tk-table-row');
  const firstCells = () => rows.locator('td:first-child').allInnerTexts();
  const header = (name) => page.locator('#content th', { hasText: name }).first();
  const go = async (path) => {
    await page.goto(base + path);
    await rows.first().waitFor();
    await settled(page);
  };

  await test('a search is in the URL, and the URL gives it back', async () => {
    await go('/uploads');
    const name = (await firstCells())[0];
    await page.getByRole('textbox', { name: '文件名' }).fill(name);
    await page.getByRole('textbox', { name: '文件名' }).press('Enter');
    await page.waitForURL((url) => url.searchParams.get('name.like') === name);
    await page.waitForFunction(() => document.querySelectorAll('#content .tk-table-row').length === 1);
    await page.reload();
    await rows.first().waitFor();
    if ((await page.getByRole('textbox', { name: '文件名' }).inputValue()) !== name) throw new Error('the form forgot the search');
    if ((await rows.count()) !== 1) throw new Error(`${await rows.count()} rows`);
    await page.getByRole('button', { name: '重置' }).click();
    await page.waitForURL((url) => url.search === '');
    return complaints.splice(0);
  });

  await test('what finds nothing says so and how to go on', async () => {
    await page.goto(`${base}/uploads?name.like=NO-SUCH-NAME`);
    await page.getByText('没有符合条件的数据').waitFor();
    await shot(page, 'list_empty');
    return complaints.splice(0);
  });

  await test('pages go forward and back without a row twice', async () => {
    // A cleared date alone has hundreds of groups.
    await go('/groups?limit=20');
    const keys = () => rows.evaluateAll((all) => all.map((row) => row.dataset.rowKey));
    const one = await keys();
    await page.getByRole('button', { name: '下一页' }).click();
    await page.getByText('第 2 页').waitFor();
    await settled(page);
    const two = await keys();
    if (two.some((name) => one.includes(name))) throw new Error('a row is on both pages');
    await page.getByRole('button', { name: '上一页' }).click();
    await page.getByText('第 1 页').waitFor();
    await settled(page);
    if ((await keys()).join() !== one.join()) throw new Error('the first page is another one');
    return complaints.splice(0);
  });

  await test('ordering by a column is the server’s work', async () => {
    await go('/uploads');
    await header('记录数').click();
    await page.locator('#content th[aria-sort=ascending]', { hasText: '记录数' }).first().waitFor();
    await settled(page);
    if (new URL(page.url()).searchParams.get('sort') !== 'record_count') throw new Error(page.url());
    const numbers = (await rows.locator('td.tk-table-column-sort').allInnerTexts()).map((text) => Number(text.replaceAll(',', '')));
    if (numbers.length < 2 || numbers.some((n, i) => i > 0 && n < numbers[i - 1])) throw new Error(`not in order: ${numbers.slice(0, 5)}`);
    return complaints.splice(0);
  });

  await test('columns are hidden, remembered by the account, and exported as shown', async () => {
    await go('/uploads');
    const box = page.getByRole('checkbox', { name: '显示 总金额' });
    await page.getByRole('button', { name: '列设置' }).click();
    await Promise.all([page.waitForResponse((r) => r.url().includes('/preferences/list.uploads') && r.request().method() === 'PUT'), box.click()]);
    await shot(page, 'list_columns');
    await page.reload();
    await rows.first().waitFor();
    await settled(page);
    if (await header('总金额').isVisible()) throw new Error('the column is back');
    await page.getByRole('button', { name: '导出' }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: '导出 CSV' }).getByRole('link').click()]);
    const text = await readFile(await download.path(), 'utf8');
    if (!text.startsWith('\uFEFF')) throw new Error('no byte order mark');
    const [head] = text.slice(1).split('\r\n');
    if (!head.includes('文件名') || head.includes('总金额')) throw new Error(`columns are ${head}`);
    await page.getByRole('button', { name: '列设置' }).click();
    await page.getByRole('button', { name: '恢复默认' }).click();
    await header('总金额').waitFor();
    return complaints.splice(0);
  });

  await test('a search is saved under a name and found again', async () => {
    await go('/uploads?record_count.from=1');
    await page.getByRole('button', { name: '常用查询', exact: true }).click();
    await page.getByRole('textbox', { name: '名称' }).fill('有记录的');
    const saved = page.waitForResponse((r) => r.url().includes('/preferences/') && r.request().method() === 'PUT');
    await page.getByRole('button', { name: '保存当前查询' }).click();
    await saved;
    await page.keyboard.press('Escape');
    await go('/uploads');
    await page.getByRole('button', { name: '常用查询', exact: true }).click();
    await page.getByRole('button', { name: '有记录的', exact: true }).click();
    await page.waitForURL((url) => url.searchParams.get('record_count.from') === '1');
    await page.getByRole('button', { name: '常用查询', exact: true }).click();
    await page.getByRole('button', { name: '删除常用查询 有记录的' }).click();
    await page.getByText('还没有保存的查询').waitFor();
    return complaints.splice(0);
  });

  await test('a row’s details are a link of their own', async () => {
    await go('/receipts');
    await rows.first().getByRole('button', { name: /^详情/ }).click();
    await page.waitForURL((url) => url.searchParams.has('detail'));
    const link = page.url();
    const title = await page.getByRole('dialog').locator('.tk-drawer-title').innerText();
    await page.goto(`${base}/`);
    await page.goto(link);
    await page.getByRole('dialog').getByText(title).waitFor();
    await shot(page, 'list_detail');
    return complaints.splice(0);
  });

  await test('tabs keep what was typed; Ctrl+K finds a page by the keyboard alone', async () => {
    await go('/uploads');
    await page.getByRole('textbox', { name: '文件名' }).fill('half typed');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /搜索页面/ }).fill('结果文件');
    // Chosen, not only there: the list of all pages has it too, until what was typed has narrowed it.
    await page.getByRole('option', { name: /结果文件/, selected: true }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.pathname === '/result-files');
    await page.getByRole('navigation', { name: '已打开页面' }).getByRole('link', { name: '上送文件' }).click();
    if ((await page.getByRole('textbox', { name: '文件名' }).inputValue()) !== 'half typed') throw new Error('the tab forgot what was typed');
    const tabs = page.getByRole('navigation', { name: '已打开页面' }).getByRole('link');
    const before = await tabs.count();
    await page.getByRole('button', { name: '关闭 结果文件' }).click();
    await page.waitForFunction((n) => document.querySelectorAll('.tab-strip a').length === n, before - 1);
    return complaints.splice(0);
  });
  await context.close();
}
