/**
 * A whole day by the people who live it: the centre opens the date; the member sends a file and gets its receipt; a
 * suspicious record and an adjustment are proposed by one and decided by another; the centre cuts off, the date runs to
 * its end on screen and is proved again; the member takes its statement home. With `--upload FILE` the file is sent as it is (a real server checks it); without, a small one is made.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { choose, logIn, open, ownApproval, settled } from './browser.mjs';

/** A file of ten records in the right shape. */
async function made(date) {
  const name = `TXU_${date.replaceAll('-', '')}_10002900_000009.dat`;
  const header = `H01TXU1000290000000000${date.replaceAll('-', '')}00000900000010${'0'.repeat(12)}2000160${date.replaceAll('-', '')}080000${'0'.repeat(64)}`;
  const line = (n) => `D${String(n).padStart(8, '0')}T02001000FFFFFFFF${'0310100000000000001'}${n}00060000${n}290000000001${'0000000'}${n}0000050000000020000000200${date.replaceAll('-', '')}08301${n}0101AAAAAAA${n}0100000001000012000000072900${'0000'}`;
  const path = join(await mkdtemp(join(tmpdir(), 'tongka-e2e-')), name);
  const records = Array.from({ length: 10 }, (_, n) => line(n % 10).slice(0, 158).padEnd(158, '0'));
  writeFileSync(path, `${header.padEnd(141, '0').slice(0, 141)}\r\n${records.join('\r\n')}\r\n`);
  return path;
}

export async function run({ test, browser, base, accounts, shot, upload }) {
  const maker = await open(browser, base);
  await logIn(maker.page, base, accounts.operator);
  const checker = await open(browser, base);
  await logIn(checker.page, base, accounts.checker);
  const chip = maker.page.locator('.day-chip');
  await chip.waitFor();
  const dateOf = async () => /\d{4}-\d\d-\d\d/.exec(await chip.innerText())?.[0];
  if (!(await dateOf())) {
    await test('the next clearing date is opened, and the overview hears of it by itself', async () => {
      const { page, complaints } = maker;
      await page.goto(`${base}/days`);
      await page.getByRole('button', { name: '开启清算日' }).click();
      await page.getByRole('dialog').getByRole('button', { name: /提\s*交/ }).click();
      await page.waitForFunction(() => /\d{4}-\d\d-\d\d/.test(document.querySelector('.day-chip')?.innerText ?? ''));
      await page.goto(base);
      await page.locator('.dash-badge.estimate').waitFor();
      await settled(page);
      await shot(page, 'day_opened');
      return complaints.splice(0);
    });
  }
  const date = await dateOf();
  if (!date) throw new Error('no clearing date is open');
  const path = upload ?? (await made(date));
  const name = basename(path);

  await test('a member sends a file and sees its receipt', async () => {
    const { context, page, complaints } = await open(browser, base);
    await logIn(page, base, accounts.member);
    await page.getByRole('button', { name: '上送文件' }).click();
    const signature = `${path}.sig`;
    const files = statSync(signature, { throwIfNoEntry: false }) ? [path, signature] : [path];
    await page.locator('.tk-modal input[type=file]').setInputFiles(files);
    const line = page.locator('.sent-files li', { hasText: name });
    await line.getByRole('link', { name: '详情' }).waitFor();
    await shot(page, 'day_sent');
    if (!(await line.innerText()).includes('接受')) throw new Error(await line.innerText());
    await line.getByRole('link', { name: '详情' }).click();
    await page.getByRole('heading', { name }).waitFor();
    await settled(page);
    await shot(page, 'day_upload');
    await context.close();
    return complaints;
  });

  await test('the centre finds it by its name, record by record', async () => {
    const { page, complaints } = maker;
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /搜索页面/ }).fill(name);
    await page.getByRole('option', { name: new RegExp(name) }).first().click();
    await page.getByRole('tab', { name: '记录' }).click();
    await page.locator('.decoded-table tbody tr').first().waitFor();
    await page.locator('.decoded-table tbody button').first().click();
    await page.locator('.raw-text').waitFor();
    const bytes = (await page.locator('.raw-text span:not(.raw-end)').allInnerTexts()).join('');
    if (bytes.length !== 158) throw new Error(`${bytes.length} bytes`);
    // Ten digits of the card number are masked for whoever may not see them; every other byte is as it was sent.
    const sent = new RegExp(bytes.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('\\*', '[0-9A-F]'));
    if (bytes.split('*').length !== 11) throw new Error(`the card number is not masked: ${bytes}`);
    if (upload && !sent.test(readFileSync(path, 'latin1'))) throw new Error('these are not the bytes sent');
    await page.getByRole('link', { name: '来龙去脉' }).first().click();
    await page.locator('.checks tbody tr').first().waitFor();
    await settled(page);
    await shot(page, 'day_explain');
    return complaints.splice(0);
  });

  let decided = '';
  await test('a suspicious record is decided by one, who cannot approve it', async () => {
    const { page, complaints } = maker;
    await page.goto(`${base}/suspicious?state.in=open`);
    await page.locator('#content .tk-table-row').first().getByRole('button', { name: '处理' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('原因').fill('终端日志证明交易成功');
    await shot(page, 'day_suspicious');
    await dialog.getByRole('button', { name: /提\s*交/ }).click();
    decided = await ownApproval(page);
    await shot(page, 'day_own_proposal');
    return complaints.splice(0);
  });

  await test('another person approves it, and it is cleared', async () => {
    const { page, complaints } = checker;
    await page.goto(base + decided);
    await page.locator('.diff').first().waitFor();
    await settled(page);
    await shot(page, 'day_to_approve');
    await page.getByRole('button', { name: '批准' }).click();
    await page.getByRole('dialog').getByRole('button', { name: /确\s*定/ }).click();
    await page.locator('.page-head', { hasText: /已执行|待生效/ }).waitFor();
    await settled(page);
    await shot(page, 'day_approved');
    await page.goto(`${base}/suspicious?state.in=cleared`);
    await page.locator('#content .tk-table-row').first().waitFor();
    return complaints.splice(0);
  });

  await test('an adjustment by hand is proposed, and refused with a reason', async () => {
    const { page, complaints } = maker;
    await page.goto(`${base}/adjustments`);
    await page.getByRole('button', { name: '新增' }).click();
    const dialog = page.getByRole('dialog');
    await choose(page, dialog, '付款方', '北京');
    await choose(page, dialog, '收款方', '上海');
    await dialog.getByLabel('金额（元）').fill('2.00');
    await dialog.getByLabel('依据').fill('2026-017');
    await dialog.getByLabel('原因').fill('漏清补付');
    await shot(page, 'day_adjustment');
    await dialog.getByRole('button', { name: /提\s*交/ }).click();
    const proposed = await ownApproval(page);
    const other = checker.page;
    await other.goto(base + proposed);
    await other.getByRole('button', { name: /拒\s*绝/ }).click();
    await other.getByRole('dialog').getByLabel('原因').fill('金额有误');
    await other.getByRole('dialog').getByRole('button', { name: /提\s*交/ }).click();
    await other.locator('.page-head', { hasText: /已拒绝|已驳回/ }).waitFor();
    await settled(other);
    await shot(other, 'day_refused');
    return [...complaints.splice(0), ...checker.complaints.splice(0)];
  });

  await test('the cut-off is asked for twice, then the date runs to its end on screen', async () => {
    const { page, complaints } = maker;
    await page.goto(`${base}/days/${date}`);
    await page.getByRole('button', { name: '日切' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('此操作不可撤销').waitFor();
    await shot(page, 'day_cut');
    await dialog.getByRole('button', { name: /确\s*定/ }).click();
    await page.locator('.page-head', { hasText: '已关账' }).waitFor({ timeout: 180_000 });
    const undone = await page.locator('.step:not(.done)').count();
    if (undone) throw new Error(`${undone} steps are not done`);
    await settled(page);
    await shot(page, 'day_closed');
    return complaints.splice(0);
  });

  await test('the date is proved again from its raw files', async () => {
    const { page, complaints } = maker;
    await page.getByRole('button', { name: '重新证明' }).click();
    await page.getByRole('dialog').getByRole('button', { name: /确\s*定/ }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('tab', { name: '证明' }).click();
    await page.getByText('两条路径完全一致').waitFor({ timeout: 180_000 });
    await settled(page);
    await shot(page, 'day_proved');
    await page.goto(`${base}/jobs`);
    await page.locator('#content .tk-table-row', { hasText: '重新证明' }).first().getByText('完成').waitFor();
    await shot(page, 'day_jobs');
    return complaints.splice(0);
  });

  await test('debits equal credits afterwards', async () => {
    const { page, complaints } = maker;
    await page.goto(`${base}/trial-balance`);
    await page.getByText('借贷平衡').waitFor();
    await settled(page);
    await shot(page, 'day_trial_balance');
    return complaints.splice(0);
  });

  await test('the member downloads its statement', async () => {
    const { context, page, complaints } = await open(browser, base);
    await logIn(page, base, accounts.member);
    for (const name of ['对账单 PDF', '对账单 Excel']) {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()]);
      if (statSync(await download.path()).size === 0) throw new Error(`${name} is empty`);
    }
    await settled(page);
    await shot(page, 'day_portal');
    await context.close();
    return complaints;
  });
  await maker.context.close();
  await checker.context.close();
}
