/** How fast pages stand: measured and printed. The bound only finds what is broken: other work on the machine decides too much. */
import { logIn, open } from './browser.mjs';

const BOUND_MS = 10_000;

const PAGES = [
  ['/', '.figures'],
  ['/days', '.tk-table-row'],
  ['/uploads', '.tk-table-row'],
  ['/records', '.query-form'],
  ['/flows', '[data-chart=drawn]'],
  ['/reserves', '.reserve-board'],
  ['/approvals', '.tk-table-tbody'],
];

export async function run({ test, browser, base, accounts }) {
  await test('speed of first paint and content', async () => {
    const { context, page, complaints } = await open(browser, base);
    await logIn(page, base, accounts.operator);
    await page.locator('.figures').waitFor();
    for (const [path, content] of PAGES) {
      const times = [];
      const paints = [];
      for (let i = 0; i < 3; i += 1) {
        const started = performance.now();
        await page.goto(base + path, { waitUntil: 'commit' });
        await page.locator(`#content ${content}`).first().waitFor();
        times.push(Math.round(performance.now() - started));
        const paint = await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
        paints.push(Math.round(await paint.jsonValue()));
      }
      if (Math.min(...times) > BOUND_MS) complaints.push(`${path}: ${Math.min(...times)} ms`);
      console.log(`        ${path.padEnd(12)} first paint ${Math.min(...paints)} ms, content ${Math.min(...times)} ms (best of ${times.join(', ')})`);
    }
    await context.close();
    return complaints;
  });
}
