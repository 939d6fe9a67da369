/**
 * Keys and cards: two custodians make a key from components, to printed minutes; a key is asked for by one and approved
 * by the other; a card product, a segment of numbers, an order.
 */
import { createCipheriv } from 'node:crypto';
import { choose, logIn, open, settled } from './browser.mjs';

const PASSPHRASE = 'tongka-demo-2026';
/** Components with their SM4 check values. */
const COMPONENTS = [
  ['chen', '1A2B3C4D5E6F70811223344556677889'],
  ['lin', '99887766554433221100FFEEDDCCBBAA'],
].map(([name, component]) => [name, component, checkValue(component)]);

function checkValue(component) {
  return createCipheriv('sm4-ecb', Buffer.from(component, 'hex'), null).update(Buffer.alloc(16)).toString('hex').slice(0, 6).toUpperCase();
}

export async function run({ test, browser, base, accounts, shot }) {
  const manager = await open(browser, base);
  await logIn(manager.page, base, accounts.keys);
  const checker = await open(browser, base);
  await logIn(checker.page, base, accounts.keycheck);
  const complaints = () => [...manager.complaints.splice(0), ...checker.complaints.splice(0)];
  const { page } = manager;
  const dialog = page.getByRole('dialog');

  await test('two custodians make a key together, to printed minutes', async () => {
    await page.goto(`${base}/ceremonies`);
    await page.getByRole('button', { name: '开始一次合成' }).click();
    await dialog.getByLabel('密钥名称').fill('national-dpk');
    await choose(page, dialog, '用途', 'DPK');
    for (const [name] of COMPONENTS) await choose(page, dialog, '保管员', name);
    await page.keyboard.press('Escape');
    await shot(page, 'keys_ceremony_begin');
    await dialog.getByRole('button', { name: /提\s*交/ }).click();
    await page.waitForURL(/\/ceremonies\/\d+$/);
    for (const [name, component, kcv] of COMPONENTS) {
      await page.getByText(`我是${name}`).click();
      await page.getByLabel('保管员口令').fill(PASSPHRASE);
      await page.getByLabel('分量（十六进制）').fill(component);
      await page.getByLabel('分量校验值').fill(kcv);
      await shot(page, `keys_ceremony_${name}`);
      await page.getByRole('button', { name: '提交分量' }).click();
      await page.locator('.tk-steps', { hasText: `KCV ${kcv}` }).waitFor();
      if ((await page.content()).includes(component)) throw new Error('a component is on the page');
    }
    await page.getByRole('button', { name: /合\s*成/ }).last().click();
    await dialog.getByRole('button', { name: /确\s*定/ }).click();
    await page.locator('.minutes').waitFor();
    await settled(page);
    await page.emulateMedia({ media: 'print' });
    await shot(page, 'keys_minutes');
    await page.emulateMedia({ media: 'screen' });
    const [minutes] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('link', { name: '加密机记录' }).click()]);
    await minutes.waitForLoadState();
    if (!(await minutes.content()).includes('national-dpk')) throw new Error('the minutes do not name the key');
    await shot(minutes, 'keys_minutes_server');
    await minutes.close();
    return complaints();
  });

  await test('a key is asked for by one custodian and made after the other’s yes', async () => {
    await page.goto(`${base}/keys`);
    await page.getByRole('button', { name: '申请生成密钥' }).click();
    await dialog.getByLabel('密钥名称').fill('transport-1');
    await choose(page, dialog, '用途', 'ZMK');
    await choose(page, dialog, '级别', '传输与文件');
    await choose(page, dialog, '保管员', 'chen');
    await dialog.getByLabel('保管员口令').fill(PASSPHRASE);
    await shot(page, 'keys_generate');
    await dialog.getByRole('button', { name: /提\s*交/ }).click();
    await dialog.waitFor({ state: 'detached' });
    const other = checker.page;
    await other.goto(`${base}/key-requests`);
    await other.locator('#content .tk-table-row', { hasText: 'transport-1' }).getByRole('button', { name: '批准' }).click();
    const sign = other.getByRole('dialog');
    await choose(other, sign, '保管员', 'lin');
    await sign.getByLabel('保管员口令').fill(PASSPHRASE);
    await shot(other, 'keys_approve');
    await sign.getByRole('button', { name: /提\s*交/ }).click();
    await other.getByText('已由加密机执行').waitFor();
    await settled(other);
    await shot(other, 'keys_outcome');
    await other.getByRole('button', { name: /确\s*定/ }).click();
    await other.locator('#content .tk-table-row', { hasText: 'transport-1' }).getByText('已完成').waitFor();
    await other.goto(`${base}/key-inventory`);
    await other.getByText('2 把密钥全部一致').waitFor();
    return complaints();
  });

  await test('a card product, its numbers, an order', async () => {
    const { context, page: desk, complaints: heard } = await open(browser, base);
    await logIn(desk, base, accounts.cards);
    const form = desk.getByRole('dialog');
    const submit = async () => {
      await form.getByRole('button', { name: /提\s*交/ }).click();
      await form.waitFor({ state: 'detached' });
    };
    await desk.goto(`${base}/card-products`);
    await desk.getByRole('button', { name: '新增' }).click();
    await form.getByLabel('卡产品').fill('T-CITY');
    await form.getByLabel('名称').fill('普通卡');
    await choose(desk, form, '卡体系', '交通联合');
    await choose(desk, form, '密钥组', 'SM4');
    await form.getByLabel('发卡机构标识').fill('02003050FFFFFFFF');
    await form.getByLabel('地区代码').fill('32053050');
    await form.getByLabel('卡种').fill('1');
    await form.getByLabel('有效期（年）').fill('10');
    await form.getByLabel('余额上限（元）').fill('1000');
    await form.getByLabel('押金（元）').fill('20');
    await shot(desk, 'cards_product');
    await submit();
    await desk.locator('#content .tk-table-row', { hasText: 'T-CITY' }).waitFor();
    await desk.goto(`${base}/segments`);
    await desk.getByRole('button', { name: '新增' }).click();
    await choose(desk, form, '卡产品', 'T-CITY');
    await form.getByLabel('卡商').fill('jinbang');
    await form.getByLabel('起号').fill('3104305000000000000');
    await form.getByLabel('止号').fill('3104305000000000999');
    await submit();
    await desk.locator('#content .tk-table-row', { hasText: '3104305000000000999' }).waitFor();
    await desk.goto(`${base}/production-orders`);
    await desk.getByRole('button', { name: '新增' }).click();
    await choose(desk, form, '卡产品', 'T-CITY');
    await form.getByLabel('卡商').fill('jinbang');
    await form.getByLabel('张数').fill('100');
    await submit();
    await desk.locator('#content .tk-table-row', { hasText: 'T-CITY' }).getByText('待制卡').waitFor();
    await settled(desk);
    await shot(desk, 'cards_order');
    await context.close();
    return heard;
  });
  await manager.context.close();
  await checker.context.close();
}
