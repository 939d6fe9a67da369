/**
 * The browser tests on a server of their own: `node e2e/stage.mjs --tongka PATH --folder FOLDER [--shots FOLDER]
 * [--only SUITES] [--preview]`. Makes a demo in the folder (one date cleared, the uploads of the next in the inbox but
 * the one that the browser sends), opens an account of every role, gives the keys a soft HSM and
 * custodians, starts the server, runs the suites, stops it. The
 * server offers its own console; with `--preview` the one in `dist` is used, in front of the same server.
 */
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { tongka: { type: 'string' }, folder: { type: 'string' }, shots: { type: 'string' }, only: { type: 'string' }, preview: { type: 'boolean' }, stay: { type: 'boolean' } },
});
if (!values.tongka || !values.folder) throw new Error('--tongka PATH --folder FOLDER');
const tongka = resolve(values.tongka);
const folder = resolve(values.folder);
const FIRST = '2026-09-01';
const SECOND = '2026-09-02';
const MEMBER = '10002900';
const PASSWORD = 'tongka-demo-2026';
/** Login, name, owner, role; the test's name for it is its login. */
const ACCOUNTS = [
  ['operator', '王芳', 'centre', 'operator'],
  ['checker', '李伟', 'centre', 'checker'],
  ['finance', '赵敏', 'centre', 'finance'],
  ['system', '陈刚', 'centre', 'system-admin'],
  ['security', '刘洋', 'centre', 'security-admin'],
  ['auditor', '孙丽', 'centre', 'auditor'],
  ['viewer', '周杰', 'centre', 'viewer'],
  ['keys', '钱程', 'centre', 'key-manager'],
  ['keycheck', '冯远', 'centre', 'key-checker'],
  ['cards', '褚宁', 'centre', 'card-manager'],
  ['member', '沈洁', `member:${MEMBER}`, 'member-operator'],
  // For the tests that lock, guard or change an account.
  ['locked', '吴强', 'centre', 'viewer'],
  ['guarded', '郑爽', 'centre', 'viewer'],
];
const SPARE = new Set(['locked', 'guarded']);
/** Two of them make a key together. */
const CUSTODIANS = ['chen', 'lin'];
/** A soft HSM: its configuration beside the data, the passphrase of its keystore in the environment. */
const HSM = { TONGKA_KEYS__HSM: join(folder, 'data/hsm.toml'), TONGKA_DEMO_HSM: PASSWORD };

const run = (...args) => execFileSync(tongka, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });

function custodians() {
  writeFileSync(HSM.TONGKA_KEYS__HSM, '[[device]]\nname = "soft"\ndriver = "soft"\nkeystore = "keystore"\npassphrase_env = "TONGKA_DEMO_HSM"\n');
  for (const name of CUSTODIANS) {
    const term = ['--from', '2026-01-01', '--to', '2036-12-31', '--administrator', 'demo'];
    execFileSync(tongka, ['key', 'enrol', '--data', 'data', '--hsm', HSM.TONGKA_KEYS__HSM, '--owner', '0', '--name', name, ...term], {
      cwd: folder,
      input: `${PASSWORD}\n`,
      env: { ...process.env, ...HSM },
      stdio: ['pipe', 'ignore', 'inherit'],
    });
  }
}

function demo() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const simulate = (date, out) => run('simulate', 'day', '--date', date, '--members', '12', '--records', '60000', '--seed', '1', '--faults', '1', '--out', out);
  simulate(FIRST, 'first');
  simulate(SECOND, 'second');
  run('centre', 'run-day', '--scheme', 'first/scheme.toml', '--date', FIRST, '--inbox', 'first/inbox', '--outbox', 'outbox', '--data', 'data');
  copyFileSync(join(folder, 'second/scheme.toml'), join(folder, 'data/scheme.toml'));
  const inbox = join(folder, 'inbox');
  mkdirSync(inbox);
  for (const name of readdirSync(join(folder, 'second/inbox'))) {
    if (!name.includes(MEMBER)) copyFileSync(join(folder, 'second/inbox', name), join(inbox, name));
  }
  const password = join(folder, 'password');
  writeFileSync(password, PASSWORD, { mode: 0o600 });
  for (const [login, name, owner, role] of ACCOUNTS) {
    run('account', 'add', '--data', 'data', '--login', login, '--name', name, '--person', login, '--owner', owner, '--role', role, '--password-file', password);
  }
  rmSync(password);
  custodians();
  const known = ACCOUNTS.map(([login, , , role]) => [login, { login, password: PASSWORD, role, ...(SPARE.has(login) ? { spare: true } : {}) }]);
  writeFileSync(join(folder, 'accounts.json'), JSON.stringify(Object.fromEntries(known), null, 1));
  return join(folder, 'second/inbox', readdirSync(join(folder, 'second/inbox')).filter((n) => n.includes(MEMBER) && n.endsWith('.dat')).sort()[0]);
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

const running = [];
function start(name, command, args, environment) {
  const log = openSync(join(folder, `${name}.log`), 'w');
  const child = spawn(command, args, { cwd: name === 'serve' ? folder : join(import.meta.dirname, '..'), stdio: ['ignore', log, log], env: { ...process.env, ...environment } });
  running.push(child);
  return child;
}

async function answers(url, child) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    try {
      if ((await fetch(url)).ok) return;
    } catch {
      // Not listening yet.
    }
    if (Date.now() > deadline) throw new Error(`nothing answers at ${url}`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

let code = 1;
try {
  const upload = demo();
  const port = await freePort();
  const api = `http://127.0.0.1:${port}`;
  // So many pages a second no person opens.
  const limits = { TONGKA_LIMITS__REQUESTS_PER_SECOND: '1000', TONGKA_LIMITS__BURST: '4000' };
  const serve = start('serve', tongka, ['serve', '--data', 'data', '--listen', `127.0.0.1:${port}`], { TONGKA_INBOX: 'inbox', TONGKA_OUTBOX: 'outbox', ...HSM, ...limits });
  await answers(`${api}/healthz`, serve);
  let base = api;
  if (values.preview) {
    const front = await freePort();
    base = `http://127.0.0.1:${front}`;
    const preview = start('preview', process.execPath, ['node_modules/vite/bin/vite.js', 'preview', '--host', '127.0.0.1', '--port', String(front), '--strictPort'], { TONGKA_API: api });
    await answers(base, preview);
  }
  if (values.stay) {
    // For a person with a browser: until the process is ended.
    console.log(base);
    await new Promise((done) => process.once('SIGTERM', done));
    for (const child of running) child.kill('SIGTERM');
    process.exit(0);
  }
  const suites = ['--base', base, '--accounts', join(folder, 'accounts.json'), '--upload', upload];
  if (values.shots) suites.push('--shots', resolve(values.shots));
  if (values.only) suites.push('--only', values.only);
  const tests = spawn(process.execPath, [join(import.meta.dirname, 'run.mjs'), ...suites], { stdio: 'inherit' });
  code = await new Promise((done) => tests.on('exit', (status) => done(status ?? 1)));
  if (code !== 0) console.log(readFileSync(join(folder, 'serve.log'), 'utf8').split('\n').filter((line) => /WARN|ERROR/.test(line)).slice(-20).join('\n'));
} finally {
  for (const child of running) child.kill('SIGTERM');
}
process.exit(code);
