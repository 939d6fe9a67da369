/**
 * The other forms of the scheme book, and of reserves: each refuses bad input beside its field, is proposed
 * by one, seen with what it changes and approved by another, and then stands in its list.
 */
import { generateKeyPairSync } from 'node:crypto';
import { approve, checkAndSubmit, choose, fillDate, logIn, open, ownApproval, settled } from './browser.mjs';

const MEMBER = '10006510';
const NEW = '10009990';
const ISSUER = '02009990FFFFFFFF';

export async function run({ test, browser, base, accounts, shot }) {
  const refused = [/^(409|422) POST \/api\/v1\/(scheme-changes\/check|reserves\/)/];
  const maker = await open(browser, base, { allow: refused });
  await logIn(maker.page, base, accounts.operator);
  const checker = await open(browser, base);
  await logIn(checker.page, base, accounts.checker);
  const { page } = maker;
  const complaints = () => [...maker.complaints.splice(0), ...checker.complaints.splice(0)];

  /** A form of a page, opened by its button. */
  const form = async (at, path, button) => {
    await at.goto(base + path);
    await at.locator('#content').getByRole('button', { name: button }).first().click();
    const dialog = at.getByRole('dialog');
    await dialog.waitFor();
    return dialog;
  };
  const field = (dialog, label) => dialog.getByLabel(label, { exact: true });
  const told = (dialog, text) => dialog.locator('.tk-form-item-explain-error', { hasText: text }).first().waitFor();
  const check = (dialog) => dialog.getByRole('button', { name: /核\s*对/ }).click();
  /** Proposed here, seen there with what it says, approved. */
  const carried = async (at, shown) => {
    const path = await ownApproval(at);
    const other = checker.page;
    await other.goto(base + path);
    await other.locator('.diff', { hasText: shown }).first().waitFor();
    await shot(other, `changes_${path.replaceAll('/', '')}`);
    await approve(other, base, path);
  };
  const listed = async (path, text, state) => {
    await page.goto(base + path);
    const row = page.locator('#content .tk-table-row', { hasText: text }).first();
    await row.waitFor();
    if (state) await row.getByText(state).first().waitFor();
  };

  /** Asks for a page again until it shows what the server does by itself. */
  const until = async (at, path, shown) => {
    const deadline = Date.now() + 60_000;
    for (;;) {
      await at.goto(base + path);
      await at.locator('#content .list-tools:visible').waitFor();
      await settled(at);
      if (await shown()) return;
      if (Date.now() > deadline) throw new Error(`${path} does not come to show it`);
      await at.waitForTimeout(1000);
    }
  };

  await test('a member is added', async () => {
    const dialog = await form(page, '/members', /新\s*增/);
    await field(dialog, '机构代码').fill('123');
    await field(dialog, '名称').fill('测试成员');
    await field(dialog, '城市代码').fill('99');
    await check(dialog);
    await told(dialog, '8 位数字');
    await told(dialog, '4 位数字城市代码');
    await field(dialog, '机构代码').fill(NEW);
    await field(dialog, '城市代码').fill('9990');
    await fillDate(page, dialog, '互通起', '2026-08-01');
    await check(dialog);
    await told(dialog, '不晚于清算日');
    await shot(page, 'changes_member_refused');
    await fillDate(page, dialog, '互通起', '2027-01-01');
    await checkAndSubmit(page, dialog);
    await carried(page, '测试成员');
    await listed(`/members?code=${NEW}`, '测试成员');
    return complaints();
  });

  await test('a member closes; one with a reserve cannot', async () => {
    const close = async (code) => {
      const dialog = await form(page, `/members/${code}`, /退\s*出/);
      await fillDate(page, dialog, '最后一个清算日', '2027-06-30');
      await field(dialog, '原因').fill('协议终止');
      return dialog;
    };
    const dialog = await close('10002900');
    await check(dialog);
    await told(dialog, '备付金余额');
    await checkAndSubmit(page, await close(NEW));
    await carried(page, '协议终止');
    return complaints();
  });

  await test('a member is suspended from a coming date on', async () => {
    const pause = await form(page, `/members/${MEMBER}`, /暂\s*停/);
    await fillDate(page, pause, '生效日期', '2026-08-01');
    await field(pause, '原因').fill('系统改造');
    await check(pause);
    await told(pause, '不晚于清算日');
    await fillDate(page, pause, '生效日期', '2026-09-03');
    await checkAndSubmit(page, pause);
    await carried(page, '系统改造');
    return complaints();
  });

  await test('an issuer is added', async () => {
    const dialog = await form(page, '/issuers', /新\s*增/);
    await choose(page, dialog, '卡体系', '交通联合');
    await field(dialog, '发卡机构标识').fill('0200');
    await choose(page, dialog, '成员机构', MEMBER);
    await field(dialog, '透支额度（元）').fill('十元');
    await check(dialog);
    await told(dialog, '16 位十六进制');
    await told(dialog, '应为金额');
    await field(dialog, '发卡机构标识').fill(ISSUER);
    await field(dialog, '透支额度（元）').fill('10');
    await checkAndSubmit(page, dialog);
    await carried(page, '交通联合');
    await listed(`/issuers?issuer_id=${ISSUER}`, ISSUER);
    return complaints();
  });

  await test('a range of terminals is added', async () => {
    const dialog = await form(page, '/psam-ranges', /新\s*增/);
    await choose(page, dialog, '成员机构', MEMBER);
    await choose(page, dialog, '状态', '启用');
    await field(dialog, '起始终端号').fill('FF0000000001');
    await field(dialog, '截止终端号').fill('FE0000000000');
    await check(dialog);
    await told(dialog, '末号小于首号');
    await field(dialog, '截止终端号').fill('FF00000000FF');
    await checkAndSubmit(page, dialog);
    await carried(page, '启用');
    await listed('/psam-ranges?sort=-first_number', 'FF0000000001');
    return complaints();
  });

  await test('a certificate is registered', async () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'SM2' }).publicKey.export({ type: 'spki', format: 'der' }).subarray(-65).toString('hex');
    const dialog = await form(page, '/certificates', '登记证书');
    await choose(page, dialog, '成员机构', MEMBER);
    await field(dialog, '名称').fill('2027 年签名证书');
    await fillDate(page, dialog, '有效起始日', '2027-01-01');
    await fillDate(page, dialog, '有效截止日', '2028-12-31');
    await field(dialog, 'SM2 公钥（十六进制）').fill('04AB');
    await check(dialog);
    await told(dialog, '130 位十六进制');
    await field(dialog, 'SM2 公钥（十六进制）').fill(`04${'11'.repeat(64)}`);
    await check(dialog);
    await told(dialog, '不在 SM2 曲线上');
    await field(dialog, 'SM2 公钥（十六进制）').fill(key);
    await checkAndSubmit(page, dialog);
    await carried(page, '2027 年签名证书');
    await listed(`/certificates?member=${MEMBER}`, '2027 年签名证书');
    return complaints();
  });

  await test('the lines of a reserve are set', async () => {
    const dialog = await form(page, `/members/${MEMBER}?tab=reserves.member`, '设置额度');
    await field(dialog, '目标余额（元）').fill('1000');
    await field(dialog, '预警线（元）').fill('2000');
    await field(dialog, '停用线（元）').fill('100');
    await check(dialog);
    await told(dialog, '停用线 ≤ 预警线 ≤ 目标');
    await field(dialog, '预警线（元）').fill('500');
    await checkAndSubmit(page, dialog);
    await carried(page, '500.00');
    return complaints();
  });

  await test('a rule of the day is changed', async () => {
    const dialog = await form(page, '/scheme-versions', '清分规则');
    await field(dialog, '单笔限额（元）').fill('一千');
    await check(dialog);
    await told(dialog, '应为金额');
    await field(dialog, '单笔限额（元）').fill('1234.50');
    await checkAndSubmit(page, dialog);
    await carried(page, '1,234.50');
    await listed('/scheme-versions', '设置清分规则');
    return complaints();
  });

  await test('a reserve is topped up and paid out of', async () => {
    const { context, page: desk, complaints: heard } = await open(browser, base, { allow: refused });
    await logIn(desk, base, accounts.finance);
    for (const [button, amount] of [[/充\s*值/, '100'], [/提\s*取/, '50']]) {
      const dialog = await form(desk, '/reserves', button);
      await field(dialog, '金额（元）').fill('0');
      await dialog.getByRole('button', { name: /提\s*交/ }).click();
      await told(dialog, '应大于 0');
      await told(dialog, '必填');
      await field(dialog, '金额（元）').fill(amount);
      await field(dialog, '银行凭证号').fill(`BANK-2026-${amount}`);
      await dialog.getByRole('button', { name: /提\s*交/ }).click();
      await carried(desk, `BANK-2026-${amount}`);
    }
    await context.close();
    return [...heard, ...complaints()];
  });

  await test('a list is published by two people; nobody has it until they say so', async () => {
    const dialog = await form(page, '/lists', '发布名单');
    await dialog.getByRole('button', { name: /核\s*对/ }).click();
    await told(dialog, '必填');
    await choose(page, dialog, '名单', 'BLF');
    await field(dialog, '备注').fill('月度黑名单');
    await dialog.getByRole('button', { name: /核\s*对/ }).click();
    await dialog.getByText('将发布“黑名单”').waitFor();
    await shot(page, 'lists_publish');
    await dialog.getByRole('button', { name: /提\s*交/ }).click();
    await carried(page, '月度黑名单');
    await until(page, '/lists?list.in=BLF', async () => (await page.locator('#content .tk-table-row', { hasText: '已发布' }).count()) > 0);
    await shot(page, 'lists_versions');
    await until(page, '/list-lag?list.in=BLF', async () => (await page.locator('#content .tk-table-row', { hasText: '从未确认' }).count()) >= 4);
    await shot(page, 'lists_lag');
    await page.goto(`${base}/list-offers`);
    await page.locator('#content .tk-table-row', { hasText: '黑名单' }).first().waitFor();
    await settled(page);
    await shot(page, 'lists_offers');
    await page.goto(`${base}/`);
    await page.locator('.todo-tile.some', { hasText: '名单落后成员' }).waitFor();
    return complaints();
  });

  await test('who bears a listed card is said in words', async () => {
    await page.goto(`${base}/blacklist-liability`);
    const ask = page.locator('#content');
    await ask.getByRole('button', { name: '查询' }).click();
    await told(ask, '必填');
    await choose(page, ask, '收单方', MEMBER);
    await field(ask, '发卡机构标识').fill('0200');
    await field(ask, '应用序列号').fill('0'.repeat(20));
    await ask.getByLabel('交易时间', { exact: true }).fill('2026-09-01 12:00:00');
    await page.keyboard.press('Enter');
    await ask.getByRole('button', { name: '查询' }).click();
    await told(ask, '格式不符');
    await field(ask, '发卡机构标识').fill('0200290000000000');
    await ask.getByRole('button', { name: '查询' }).click();
    await ask.getByText('交易时该卡不在黑名单').waitFor();
    await settled(page);
    await shot(page, 'lists_liability');
    return complaints();
  });

  await test('an account is opened and stopped, an API key made and revoked', async () => {
    const { context, page: desk, complaints: heard } = await open(browser, base);
    await logIn(desk, base, accounts.system);
    const account = await form(desk, '/accounts', /新\s*增/);
    await field(account, '登录名').fill('A!');
    await account.getByRole('button', { name: /提\s*交/ }).click();
    await told(account, '小写字母');
    await field(account, '登录名').fill('leaver');
    await field(account, '姓名').fill('何离');
    await field(account, '工号').fill('E2002');
    await account.getByRole('button', { name: /提\s*交/ }).click();
    await desk.getByRole('dialog').locator('.secret').waitFor();
    const stop = await form(desk, '/accounts?login=leaver', /停\s*用/);
    await stop.getByRole('button', { name: /确\s*定/ }).click();
    await stop.waitFor({ state: 'detached' });
    await desk.locator('#content .tk-table-row', { hasText: 'leaver' }).getByText('停用').first().waitFor();
    const key = await form(desk, '/api-keys', /新\s*增/);
    await key.getByRole('button', { name: /提\s*交/ }).click();
    await told(key, '必填');
    await choose(desk, key, '所属账户', 'viewer');
    await field(key, '用途').fill('对账下载');
    await key.getByRole('button', { name: /提\s*交/ }).click();
    await desk.getByRole('dialog').locator('.secret').waitFor();
    await desk.goto(`${base}/api-keys`);
    const row = desk.locator('#content .tk-table-row', { hasText: '对账下载' });
    await row.getByRole('button', { name: /吊\s*销/ }).click();
    await desk.getByRole('dialog').getByRole('button', { name: /确\s*定/ }).click();
    await row.getByRole('button', { name: /吊\s*销/ }).waitFor({ state: 'detached' });
    await context.close();
    return heard;
  });

  await maker.context.close();
  await checker.context.close();
}
