/** Portal and permissions on screen: what an account may not see is not there, and a link to it says so. */
import { logIn, open, settled } from './browser.mjs';

export async function run({ test, browser, base, accounts, shot }) {
  await test('a member sees its portal, not the centre’s pages', async () => {
    const { context, page, complaints } = await open(browser, base);
    await logIn(page, base, accounts.member);
    await page.locator('.brand-side', { hasText: '成员机构门户' }).waitFor();
    await settled(page);
    await shot(page, 'portal_today');
    for (const path of ['/audit', '/accounts', '/what-if', '/roles', '/system']) {
      await page.goto(base + path);
      await page.locator('#content').getByText('页面不存在').waitFor();
    }
    await context.close();
    return complaints;
  });

  await test('buttons that an account may not press are not offered', async () => {
    const { context, page, complaints } = await open(browser, base);
    await logIn(page, base, accounts.checker);
    for (const [path, button] of [['/adjustments', '新增'], ['/days', '开启清算日'], ['/suspicious', '处理']]) {
      await page.goto(base + path);
      await page.locator('#content .list-tools:visible').waitFor();
      await settled(page);
      if (await page.locator('#content').getByRole('button', { name: button }).count()) throw new Error(`a checker is offered ${button}`);
    }
    await context.close();
    return complaints;
  });

  await test('printing leaves the paper to the page', async () => {
    const { context, page, complaints } = await open(browser, base);
    await logIn(page, base, accounts.operator);
    await page.goto(`${base}/trial-balance`);
    await page.locator('.plain-table tfoot').waitFor();
    await page.emulateMedia({ media: 'print' });
    for (const hidden of ['.header', '.sider', '.tab-bar']) {
      if (await page.locator(hidden).first().isVisible()) throw new Error(`${hidden} is on paper`);
    }
    await page.locator('.signatures', { hasText: '经办' }).waitFor();
    await shot(page, 'print_trial_balance');
    await context.close();
    return complaints;
  });

  await test('logging out leaves nothing behind the back button', async () => {
    const { context, page, complaints } = await open(browser, base);
    await logIn(page, base, accounts.operator);
    await page.goto(`${base}/positions`);
    await page.locator('.tk-table-tbody').waitFor();
    await page.locator('.account-button').click();
    await page.getByRole('menuitem', { name: '退出登录' }).click();
    await page.getByLabel('登录名').waitFor();
    await page.goBack();
    await page.getByLabel('登录名').waitFor();
    await context.close();
    return complaints;
  });
}
