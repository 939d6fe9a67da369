/**
 * The scheme book by its people: a fee and a member are changed, tried first, approved by another; the versions tell it;
 * a card is listed, then many from a file with faulty rows; closed dates are priced again under other fees.
 */
import { writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { approve, checkAndSubmit, choose, fillDate, logIn, open, ownApproval, settled } from './browser.mjs';

const ISSUER = '02002900FFFFFFFF';
const serial = (n) => `0310290000${String(n).padStart(10, '0')}`;

export async function run({ test, browser, base, accounts, shot }) {
  const maker = await open(browser, base, { allow: [/^422 POST \/api\/v1\/scheme-changes\/check$/] });
  await logIn(maker.page, base, accounts.operator);
  const checker = await open(browser, base);
  await logIn(checker.page, base, accounts.checker);
  const complaints = () => [...maker.complaints.splice(0), ...checker.complaints.splice(0)];
  const { page } = maker;
  const dialog = page.getByRole('dialog');
  const versions = async () => (await page.evaluate(async () => (await fetch('/api/v1/scheme-versions?limit=1')).json())).items[0].version;

  await test('a fee is tried, proposed, and approved by another', async () => {
    await page.goto(`${base}/fees`);
    await page.getByRole('button', { name: '新增' }).click();
    await choose(page, dialog, '收单方', '全部');
    await choose(page, dialog, '发卡方', '全部');
    await choose(page, dialog, '行业', '轮渡');
    await dialog.getByLabel('发卡方费率').fill('0.3');
    await dialog.getByLabel('中心费率').fill('0.05');
    await fillDate(page, dialog, '生效日期', '2026-08-01');
    await dialog.getByRole('button', { name: /核\s*对/ }).click();
    await dialog.locator('.problem-view', { hasText: /不晚于清算日/ }).waitFor();
    await shot(page, 'book_fee_refused');
    await fillDate(page, dialog, '生效日期', '2027-03-01');
    await dialog.getByRole('button', { name: /核\s*对/ }).click();
    await dialog.getByText('试作通过').waitFor();
    await settled(page);
    await shot(page, 'book_fee_checked');
    if (!(await dialog.locator('.diff').innerText()).includes('0.3%')) throw new Error('the rate is not shown');
    await dialog.getByRole('button', { name: /提\s*交/ }).click();
    const path = await ownApproval(page);
    await shot(page, 'book_fee_proposed');
    await approve(checker.page, base, path);
    await shot(checker.page, 'book_fee_approved');
    await page.goto(`${base}/fees?state.in=coming`);
    await page.locator('#content .tk-table-row', { hasText: '2027-03-01' }).getByText('待生效').waitFor();
    return complaints();
  });

  await test('a member’s name is changed on its page', async () => {
    await page.goto(`${base}/members/10006510`);
    await page.getByRole('button', { name: /修\s*改/ }).first().click();
    await dialog.getByLabel('名称').fill('测试更名');
    await checkAndSubmit(page, dialog);
    const path = await ownApproval(page);
    await approve(checker.page, base, path);
    await page.goto(`${base}/members/10006510`);
    await page.getByRole('heading', { name: '测试更名' }).waitFor();
    await settled(page);
    await shot(page, 'book_member');
    return complaints();
  });

  await test('the versions of the book tell both, line by line', async () => {
    const version = await versions();
    await page.goto(`${base}/scheme-versions`);
    await page.locator('#content .tk-table-row', { hasText: '2027-03-01' }).first().waitFor();
    await settled(page);
    await shot(page, 'book_versions');
    await page.goto(`${base}/scheme-versions/${version}`);
    await page.locator('.version-lines .line-added', { hasText: '测试更名' }).waitFor();
    await settled(page);
    await shot(page, 'book_version');
    return complaints();
  });

  await test('a card is listed by hand', async () => {
    await page.goto(`${base}/blacklist`);
    await page.getByRole('button', { name: '新增', exact: true }).click();
    await choose(page, dialog, '卡体系', '交通联合');
    await dialog.getByLabel('发卡机构标识').fill(ISSUER);
    await dialog.getByLabel('应用序列号').fill(serial(1));
    await checkAndSubmit(page, dialog);
    await approve(checker.page, base, await ownApproval(page));
    await page.goto(`${base}/blacklist?issuer_id=${ISSUER}&sort=-listed_at`);
    await page.locator('#content .tk-table-row', { hasText: '0001' }).first().waitFor();
    return complaints();
  });

  await test('many cards come in a file, whose faulty rows are shown', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'tongka-e2e-')), '名单.csv');
    writeFileSync(file, `scheme,issuer_id,application_serial,listed_at\nT,${ISSUER},${serial(2)},\nT,${ISSUER},${serial(3)},\nT,${ISSUER},12,\n`);
    await page.goto(`${base}/blacklist`);
    await page.getByRole('button', { name: '批量新增' }).click();
    await dialog.locator('input[type=file]').setInputFiles(file);
    await dialog.getByText('可用 2 条').waitFor();
    await dialog.locator('.row-faults tbody tr').first().waitFor();
    await shot(page, 'book_cards_faults');
    await dialog.getByRole('button', { name: /核\s*对/ }).click();
    await dialog.locator('.problem-view').waitFor();
    await choose(page, dialog, '略过有问题的行', '是');
    await checkAndSubmit(page, dialog);
    await approve(checker.page, base, await ownApproval(page));
    return complaints();
  });

  await test('a holiday calendar and the times of clearing dates are set row by row', async () => {
    await page.goto(`${base}/scheme-versions`);
    await page.getByRole('button', { name: '清算时间' }).click();
    await dialog.getByLabel('开日').first().fill('00:30');
    await dialog.getByLabel('日切').first().fill('23:30');
    await dialog.getByLabel('宽限（分钟）').first().fill('10');
    await dialog.getByRole('button', { name: /核\s*对/ }).click();
    await dialog.getByText('试作通过').waitFor();
    await settled(page);
    await shot(page, 'book_schedule');
    await page.keyboard.press('Escape');
    await page.goto(`${base}/holidays`);
    await page.getByRole('button', { name: /设置 \d+ 年日历/ }).last().click();
    await dialog.getByRole('button', { name: '增加一行' }).click();
    const year = await dialog.getByLabel('年份').inputValue();
    await fillDate(page, dialog, '日期', `${year}-10-01`);
    await choose(page, dialog, '类别', '放假');
    await dialog.getByLabel('说明', { exact: true }).fill('国庆节');
    await checkAndSubmit(page, dialog);
    await approve(checker.page, base, await ownApproval(page));
    await page.goto(`${base}/holidays`);
    await page.locator('#content .tk-table-row', { hasText: '国庆节' }).waitFor();
    return complaints();
  });

  await test('what is expected of a member is on the board', async () => {
    await page.goto(`${base}/members/10002900?tab=expected-files.member`);
    await page.getByRole('button', { name: '设置应到文件' }).click();
    await dialog.getByRole('button', { name: '增加一行' }).click();
    await dialog.getByLabel('窗口起').fill('08:00');
    await dialog.getByLabel('窗口止').fill('22:00');
    await checkAndSubmit(page, dialog);
    await approve(checker.page, base, await ownApproval(page));
    await page.goto(`${base}/expected-board?date=2026-09-02`);
    await page.locator('#content tbody tr', { hasText: '10002900' }).waitFor();
    await settled(page);
    await shot(page, 'book_expected_board');
    return complaints();
  });

  await test('a member is taken in step by step', async () => {
    await page.goto(`${base}/onboarding`);
    await page.getByRole('button', { name: '开始接入' }).click();
    await dialog.getByLabel('机构代码').fill('10003320');
    await dialog.getByLabel('名称').fill('宁波市民卡');
    await dialog.getByRole('button', { name: /提\s*交/ }).click();
    await page.getByRole('heading', { name: /宁波市民卡/ }).waitFor();
    await settled(page);
    await page.getByRole('button', { name: '登记' }).first().click();
    await dialog.getByLabel('备注').fill('协议 2026-17 号');
    await dialog.getByRole('button', { name: /提\s*交/ }).click();
    await page.getByText('协议 2026-17 号').waitFor();
    await settled(page);
    await shot(page, 'book_onboarding');
    return complaints();
  });

  await test('closed dates are priced again under other fees, by keyboard alone', async () => {
    await page.goto(`${base}/what-if`);
    await settled(page);
    const press = async (name) => {
      await page.getByRole('button', { name }).focus();
      await page.keyboard.press('Enter');
    };
    await press(/下一步/);
    const rate = page.getByLabel('中心费率').first();
    await rate.focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('0.2');
    await press(/下一步/);
    await press('开始试算');
    await page.locator('[data-chart=drawn]:visible').waitFor({ timeout: 180_000 });
    await page.locator('.plain-table tfoot:visible').waitFor();
    await settled(page);
    await shot(page, 'book_what_if');
    return complaints();
  });
  await maker.context.close();
  await checker.context.close();
}
