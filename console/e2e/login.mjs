/** The door: wrong password, second factor, forced change, deep link kept, session that ended. */
import { axe, logIn, open, settled } from './browser.mjs';

export async function run({ test, browser, base, accounts, shot }) {
  await test('log-in page passes axe in both themes', async () => {
    const problems = [];
    for (const theme of ['light', 'dark']) {
      const { context, page, complaints } = await open(browser, base, { theme });
      await page.goto(base);
      await page.getByLabel('登录名').waitFor();
      await settled(page);
      await shot(page, `login_${theme}`);
      problems.push(...(await axe(page)), ...complaints);
      await context.close();
    }
    return problems;
  });

  await test('a wrong password is refused with code and request id, and nothing typed is lost', async () => {
    const { context, page, complaints } = await open(browser, base);
    await page.goto(base);
    await page.getByLabel('登录名').fill(accounts.operator.login);
    await page.getByLabel('密码').fill('wrong-password-000');
    await page.keyboard.press('Enter');
    const alert = page.getByRole('alert');
    await alert.getByText('错误码').waitFor();
    await alert.getByText('请求编号').waitFor();
    if ((await page.getByLabel('登录名').inputValue()) !== accounts.operator.login) throw new Error('the login was cleared');
    await shot(page, 'login_refused');
    await context.close();
    return complaints;
  });

  await test('a link is kept through logging in', async () => {
    const { context, page, complaints } = await open(browser, base);
    const link = '/uploads?record_count.from=1&sort=-record_count';
    await page.goto(base + link);
    await logIn(page, page.url(), accounts.operator);
    await page.locator('.tk-table-row').first().waitFor();
    const at = new URL(page.url());
    if (at.pathname + at.search !== link) throw new Error(`ended at ${at.pathname}${at.search}`);
    await context.close();
    return complaints;
  });

  await test('a session that ended leads back to the door, and from there to the same page', async () => {
    const { context, page, complaints } = await open(browser, base);
    await logIn(page, base, accounts.operator);
    await page.goto(`${base}/days`);
    await page.locator('.tk-table-row').first().waitFor();
    await context.clearCookies();
    await page.getByRole('button', { name: '刷新', exact: true }).click();
    await page.getByLabel('登录名').waitFor();
    await logIn(page, page.url(), accounts.operator);
    await page.locator('.tk-table-row').first().waitFor();
    if (new URL(page.url()).pathname !== '/days') throw new Error(`ended at ${page.url()}`);
    await context.close();
    return complaints;
  });

  const second = Object.values(accounts).find((a) => a.totp);
  if (second) {
    await test('an account with a second factor is asked for it', async () => {
      const { context, page, complaints } = await open(browser, base);
      await logIn(page, base, second);
      await page.locator('#content section.page').first().waitFor();
      await context.close();
      return complaints;
    });
  }

  const fresh = Object.values(accounts).find((a) => a.mustChange);
  if (fresh) {
    await test('a first password must be changed before anything else', async () => {
      const { context, page, complaints } = await open(browser, base);
      await logIn(page, base, fresh);
      const next = `${fresh.password}-next`;
      await page.getByLabel('原密码').fill(fresh.password);
      await page.getByLabel('新密码', { exact: true }).fill(next);
      await page.getByLabel('再次输入新密码').fill('another-password');
      await page.getByRole('button', { name: '修改密码' }).click();
      await page.getByText('两次输入的新密码不一致').waitFor();
      await shot(page, 'password_forced');
      await page.getByLabel('再次输入新密码').fill(next);
      await page.getByRole('button', { name: '修改密码' }).click();
      await page.locator('#content section.page').first().waitFor();
      await context.close();
      return complaints;
    });
  }
}
