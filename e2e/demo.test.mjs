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

const says = (page, text) => eventually(`the page says ${text}`, async () => (await page.locator('main').innerText()).includes(text));

test('a newcomer makes a key, calls the model, and finds the call in the pages', async () => {
  const { context, page, complaints } = await choose('Mel');
  await page.waitForURL(`${base}/admin`);
  await page.goto(`${base}/admin/keys`);
  await picture(page, 'keys-empty');
  await page.getByRole('link', { name: /Make/ }).first().click();
  await page.getByLabel('Name').fill('laptop');
  await picture(page, 'key-new');
  await page.getByRole('button', { name: 'Make the key' }).click();
  const key = await page.locator('#key').inputValue();
  assert.match(key, /^sk-ogw-[0-9A-Za-z]{49}$/);
  await picture(page, 'key-shown');
  assert.ok(!page.url().includes(key));

  const ask = (body, secret = key) =>
    fetch(`${base}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'echo', messages: [{ role: 'user', content: 'Hello there' }], ...body }),
    });
  const answer = await ask({});
  assert.equal(answer.status, 200);
  assert.equal((await answer.json()).choices[0].message.content, 'You said: Hello there');
  const id = answer.headers.get('x-request-id');
  const stream = await ask({ stream: true });
  assert.match(stream.headers.get('content-type'), /text\/event-stream/);
  const pieces = [];
  for await (const piece of stream.body) pieces.push(Buffer.from(piece).toString());
  assert.ok(pieces.length > 2, 'the words come one by one');
  assert.match(pieces.join(''), /\[DONE\]/);

  await eventually('the call is in the list', async () => {
    await page.goto(`${base}/admin/requests`);
    return (await page.locator('main').innerText()).includes('echo');
  });
  await picture(page, 'requests');
  await page.goto(`${base}/admin/requests/${id}`);
  await says(page, 'echo');
  await picture(page, 'request');
  await page.goto(`${base}/admin/usage`);
  await says(page, 'echo');
  await picture(page, 'usage');
  for (const place of ['models', 'connect']) {
    await page.goto(`${base}/admin/${place}`);
    await says(page, place === 'connect' ? 'ANTHROPIC_BASE_URL' : 'echo');
    await picture(page, place);
  }

  await page.goto(`${base}/admin/keys`);
  await page.getByRole('link', { name: 'laptop' }).first().click();
  await picture(page, 'key');
  await page.getByText('Revoke…').click();
  await page.getByRole('button', { name: 'Revoke the key' }).click();
  await eventually('the key is refused', async () => (await ask({})).status === 401);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('the admin sees everybody’s calls and sends a test call', async () => {
  const { context, page, complaints } = await choose('Ada');
  await page.waitForURL(`${base}/admin`);
  await picture(page, 'demo-home-used');
  await page.goto(`${base}/admin/requests`);
  await says(page, 'mel@demo.example');
  await page.goto(`${base}/admin/model-providers/echo`);
  await page.getByRole('button', { name: /test call/i }).click();
  await says(page, 'The test call succeeded');
  await picture(page, 'provider-tested');
  await page.goto(`${base}/admin/keys/all`);
  await says(page, 'laptop');
  await page.goto(`${base}/admin/service-accounts`);
  await says(page, 'Demo robot');
  await picture(page, 'service-accounts');
  assert.deepEqual(complaints, []);
  await context.close();
});
