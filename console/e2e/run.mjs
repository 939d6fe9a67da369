/**
 * Browser tests of the console: `npm run e2e -- --base http://127.0.0.1:PORT [--only walk,day] [--shots FOLDER]`.
 * Accounts come from `--accounts FILE` (JSON: {"maker": {"login", "password"}, "checker": …, "member": …}); without it
 * those of the mock. Ends with 1 when anything failed.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { launch, shooter } from './browser.mjs';
import { MOCK_ACCOUNTS } from './accounts.mjs';

const { values } = parseArgs({
  options: { base: { type: 'string' }, only: { type: 'string' }, shots: { type: 'string' }, accounts: { type: 'string' }, upload: { type: 'string' } },
});
if (!values.base) throw new Error('--base http://127.0.0.1:PORT is missing');

// The day, the book and the keys come first: they leave what the others look at.
const SUITES = ['day', 'book', 'changes', 'keys', 'walk', 'login', 'list', 'keyboard', 'people', 'speed'];
const wanted = values.only ? values.only.split(',') : SUITES;
const accounts = values.accounts ? JSON.parse(readFileSync(values.accounts, 'utf8')) : MOCK_ACCOUNTS;
const browser = await launch();
const failures = [];
let passed = 0;

/** One test: its name and what it does; a thrown error or a complaint is its failure. */
async function test(name, work) {
  const started = performance.now();
  try {
    const complaints = (await work()) ?? [];
    if (complaints.length) throw new Error([...new Set(complaints)].slice(0, 30).join('\n    '));
    passed += 1;
    console.log(`ok      ${name} (${Math.round(performance.now() - started)} ms)`);
  } catch (error) {
    failures.push(name);
    console.log(`FAILED  ${name}\n    ${error.message}`);
  }
}

for (const suite of wanted) {
  const { run } = await import(`./${suite}.mjs`);
  await run({ test, browser, base: values.base.replace(/\/$/, ''), accounts, shot: shooter(values.shots), upload: values.upload });
}
await browser.close();
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length ? 1 : 0);
