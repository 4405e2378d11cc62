// What a newcomer does: `gateway demo`, open the page, choose a person.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openBrowser, picture } from './lib/browser.mjs';
import { binary, eventually, freePort } from './lib/gateway.mjs';

let browser;
let child;
let base;
let text = '';
const folder = mkdtempSync(join(tmpdir(), 'ogw-demo-'));

before(async () => {
  const port = await freePort();
  child = spawn(binary, ['demo', '--bind', `127.0.0.1:${port}`], { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  base = await eventually('the terminal names the page', () => text.match(/http:\/\/localhost:\d+(?=\/admin|\s|$)/m)?.[0]);
  await eventually('the page answers', () => fetch(`${base}/readyz`).then((answer) => answer.ok));
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
  rmSync(folder, { recursive: true, force: true });
});

async function choose(name) {
  const person = await browser.person();
  await person.page.goto(`${base}/admin`);
  await person.page.locator('a[href*="/api/v1/auth/oidc/start"]').first().click();
  await picture(person.page, 'demo-provider');
  await person.page.getByRole('button', { name: new RegExp(name) }).click();
  return person;
}

test('the admin lands in the pages', async () => {
  const { context, page } = await choose('Ada');
  await page.waitForURL(`${base}/admin`);
  await picture(page, 'demo-home');
  const { user } = await page.evaluate(() => fetch('/api/v1/auth/session').then((answer) => answer.json()));
  assert.equal(user.global_role, 'platform_admin');
  await context.close();
});

test('the member is made at the first sign-in', async () => {
  const { context, page } = await choose('Mel');
  await page.waitForURL(`${base}/admin`);
  await context.close();
});

test('the stranger is refused', async () => {
  const { context, page } = await choose('Sam');
  await page.waitForURL(/sso_error=policy_denied/);
  await context.close();
});
