/** The door: wrong password, lock-out, second factor, first password, deep link kept, sessions that end. */
import { axe, logIn, open, settled } from './browser.mjs';
import { totp } from './totp.mjs';

/** Refusals that are the point of a test. */
const REFUSED = [/^401 /];

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
    const { context, page, complaints } = await open(browser, base, { allow: REFUSED });
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
    const { context, page, complaints } = await open(browser, base, { allow: REFUSED });
    await logIn(page, base, accounts.operator);
    await page.goto(`${base}/days`);
    await page.locator('.tk-table-row').first().waitFor();
    await context.clearCookies();
    await page.getByRole('button', { name: '刷新', exact: true }).click();
    await page.getByText('会话已结束').waitFor();
    await shot(page, 'login_lost');
    await logIn(page, page.url(), accounts.operator);
    await page.locator('.tk-table-row').first().waitFor();
    if (new URL(page.url()).pathname !== '/days') throw new Error(`ended at ${page.url()}`);
    await context.close();
    return complaints;
  });

  await test('an idle session is warned, goes on when asked to, and ends when not', async () => {
    // Pages ask on while the session ends: what they asked last is refused.
    const { context, page, complaints } = await open(browser, base, { allow: REFUSED });
    await page.clock.install();
    await logIn(page, base, accounts.operator);
    await page.goto(`${base}/positions`);
    await page.locator('.tk-table-row').first().waitFor();
    await page.clock.fastForward('14:05');
    const warning = page.getByRole('dialog', { name: '即将自动退出' });
    await warning.waitFor();
    await shot(page, 'idle_warning');
    await warning.getByRole('button', { name: '继续使用' }).click();
    await warning.waitFor({ state: 'hidden' });
    await page.clock.fastForward('14:05');
    await warning.waitFor();
    await page.clock.fastForward('01:00');
    await page.getByText('长时间无操作，已自动退出').waitFor();
    await shot(page, 'idle_ended');
    await page.clock.resume();
    await logIn(page, page.url(), accounts.operator);
    await page.locator('.tk-table-row').first().waitFor();
    if (new URL(page.url()).pathname !== '/positions') throw new Error(`ended at ${page.url()}`);
    await context.close();
    return complaints;
  });

  const { locked, guarded } = accounts;
  if (locked?.spare) {
    await test('five wrong passwords lock an account, and the answer does not tell', async () => {
      const { context, page, complaints } = await open(browser, base, { allow: REFUSED });
      await page.goto(base);
      await page.getByLabel('登录名').fill(locked.login);
      for (let i = 0; i < 5; i += 1) {
        await page.getByLabel('密码').fill(`wrong-password-00${i}`);
        await Promise.all([page.waitForResponse((r) => r.url().endsWith('/sessions') && r.status() === 401), page.keyboard.press('Enter')]);
        await page.locator('.login button[type=submit]:not(.tk-btn-loading)').waitFor();
      }
      await page.getByLabel('密码').fill(locked.password);
      await Promise.all([page.waitForResponse((r) => r.url().endsWith('/sessions') && r.status() === 401), page.keyboard.press('Enter')]);
      await page.getByText('账号或口令错误，或账号暂不可用').waitFor();
      await context.close();
      return complaints;
    });
  }

  if (guarded?.spare) {
    await test('a second factor is turned on, asked for, and reset by the security administrator', async () => {
      const { context, page, complaints } = await open(browser, base, { allow: REFUSED });
      await logIn(page, base, guarded);
      await page.goto(`${base}/account`);
      await page.getByRole('button', { name: /启\s*用/ }).first().click();
      await page.getByRole('dialog').getByRole('button', { name: /确\s*定/ }).click();
      const secret = (await page.locator('.stack .mono.wrap').first().innerText()).trim();
      await settled(page);
      await shot(page, 'totp_setup');
      await page.getByLabel('动态口令').last().fill(totp(secret));
      await page.keyboard.press('Enter');
      await page.locator('.recovery li').first().waitFor();
      await page.locator('.account-button').click();
      await page.getByRole('menuitem', { name: '退出登录' }).click();
      await page.getByLabel('登录名').waitFor();
      // A code opens one login only: the next one is of the next half minute, which the server tolerates early.
      await logIn(page, base, { ...guarded, totp: totp(secret, Date.now() + 30_000) });
      await page.locator('#content section.page').first().waitFor();
      await context.close();
      const { context: other, page: office, complaints: more } = await open(browser, base);
      await logIn(office, base, accounts.security);
      await office.goto(`${base}/accounts?login=${guarded.login}`);
      await office.getByRole('button', { name: '重置动态口令' }).click();
      await office.getByRole('dialog').getByRole('button', { name: /确\s*定/ }).click();
      await office.getByRole('dialog').waitFor({ state: 'detached' });
      await shot(office, 'totp_reset');
      await other.close();
      return [...complaints, ...more];
    });
  }

  if (accounts.system && accounts.security && guarded?.spare) {
    await test('an account is opened, given a role, and changes its first password before anything else', async () => {
      const { context, page, complaints } = await open(browser, base);
      await logIn(page, base, accounts.system);
      await page.goto(`${base}/accounts`);
      await page.getByRole('button', { name: '新增' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('登录名').fill('newcomer');
      await dialog.getByLabel('姓名').fill('钱新');
      await dialog.getByLabel('工号').fill('E2001');
      await shot(page, 'account_add');
      await dialog.getByRole('button', { name: /提\s*交/ }).click();
      const first = (await page.getByRole('dialog').locator('.mono').first().innerText()).trim();
      await shot(page, 'account_secret');
      await context.close();
      const office = await open(browser, base);
      await logIn(office.page, base, accounts.security);
      await office.page.goto(`${base}/accounts?login=newcomer`);
      await office.page.locator('#content .row-actions').first().getByRole('button', { name: '角色' }).click();
      const roles = office.page.getByRole('dialog');
      await roles.getByLabel('角色').click();
      await roles.getByLabel('角色').pressSequentially('viewer');
      await settled(office.page);
      await office.page.keyboard.press('Enter');
      await office.page.keyboard.press('Escape');
      await shot(office.page, 'account_roles');
      await roles.getByRole('button', { name: /提\s*交/ }).click();
      await roles.waitFor({ state: 'detached' });
      await office.context.close();
      const fresh = await open(browser, base);
      await logIn(fresh.page, base, { login: 'newcomer', password: first });
      await fresh.page.getByLabel('原密码').fill(first);
      await fresh.page.getByLabel('新密码', { exact: true }).fill('passage-of-cards-26');
      await fresh.page.getByLabel('再次输入新密码').fill('passage-of-cards-26');
      await shot(fresh.page, 'password_forced');
      await fresh.page.getByRole('button', { name: '修改密码' }).click();
      await fresh.page.locator('#content section.page').first().waitFor();
      await fresh.context.close();
      return [...complaints, ...office.complaints, ...fresh.complaints];
    });
  }

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
