// A fresh installation without any provider: the set-up link of the terminal, an invitation by link, passwords.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, picture } from './lib/browser.mjs';
import { eventually, freePort, startGateway } from './lib/gateway.mjs';

const FIRST = 'violet-harbour-canoe-41';
const SECOND = 'amber-lantern-orchard-77';
let browser;
let gateway;
let invitation;

before(async () => {
  gateway = await startGateway({ port: await freePort(), yaml: () => 'teams: [{key: platform}]\n' });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await gateway?.stop();
});

const session = (page) => page.evaluate(() => fetch('/api/v1/auth/session').then((answer) => answer.json()));

async function choosePassword(page, password) {
  await page.getByLabel('New password').fill(password);
  await page.getByLabel('The same again').fill(password);
}

async function signIn(page, email, password) {
  await page.goto(`${gateway.base}/admin/users`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('case_170 the first admin comes by the link of the terminal, and nobody after by the same', async () => {
  const link = await eventually('the terminal shows the link', () => gateway.output().match(/http:\S+\/admin\/link\/\S+/)?.[0]);
  const { context, page } = await browser.person();
  await page.goto(link);
  await page.getByLabel('Your e-mail').fill('root@example.test');
  await page.getByLabel('Your name').fill('Root');
  await choosePassword(page, 'short');
  await picture(page, 'set-up');
  await page.locator('form button').last().click();
  await page.getByText(/12 characters/).first().waitFor();
  assert.equal(await page.getByLabel('Your e-mail').inputValue(), 'root@example.test', 'what was typed is kept');
  await choosePassword(page, FIRST);
  await page.locator('form button').last().click();
  await page.waitForURL(/\/admin(\?.*)?$/);
  assert.equal((await session(page)).user.global_role, 'platform_admin');
  const late = await browser.person();
  await late.page.goto(link);
  assert.equal(await late.page.getByLabel('Your e-mail').count(), 0);
  await picture(late.page, 'link-used');
  await late.context.close();
  await context.close();
});

test('an invitation by link is shown once and opens one account', async () => {
  const { context, page } = await browser.person();
  await signIn(page, 'root@example.test', FIRST);
  await page.waitForURL(`${gateway.base}/admin/users`);
  await page.goto(`${gateway.base}/admin/users/new`);
  await page.getByLabel('E-mail').fill('pat@example.test');
  await page.getByLabel('Signs in with').selectOption('password');
  await page.getByRole('button', { name: /invite/i }).click();
  invitation = (await page.locator('#link').innerText()).trim();
  await picture(page, 'invitation');
  await context.close();

  const invited = await browser.person();
  await invited.page.goto(invitation);
  await choosePassword(invited.page, SECOND);
  await invited.page.locator('form button').last().click();
  await invited.page.waitForURL(/\/admin(\?.*)?$/);
  const { user } = await session(invited.page);
  assert.equal(user.email, 'pat@example.test');
  assert.equal(user.global_role, 'user');
  await invited.context.close();
});

test('case_256 wrong passwords get one sentence, then a wait, and lock out nobody else', async () => {
  const { context, page } = await browser.person();
  for (let n = 0; n < 6; n += 1) {
    await signIn(page, 'pat@example.test', `not-the-password-${n}`);
    await page.getByText(/(wrong|do not match|not right|wait|too many)/i).first().waitFor({ timeout: 3000 }).catch(async (error) => {
      await picture(page, 'too-many-failed');
      throw error;
    });
  }
  await picture(page, 'too-many');
  assert.equal((await session(page)).authenticated, false);
  const other = await browser.person();
  await signIn(other.page, 'root@example.test', FIRST);
  await other.page.waitForURL(`${gateway.base}/admin/users`);
  await other.context.close();
  await context.close();
});

test('a password is changed by its owner, and other browsers are signed out', async () => {
  const [first, second] = [await browser.person(), await browser.person()];
  for (const { page } of [first, second]) {
    await signIn(page, 'root@example.test', FIRST);
    await page.waitForURL(`${gateway.base}/admin/users`);
  }
  await first.page.goto(`${gateway.base}/admin/account/password`);
  await first.page.getByLabel(/current/i).fill(FIRST);
  await choosePassword(first.page, 'copper-meadow-violin-93');
  await first.page.locator('main form button').last().click();
  await first.page.waitForURL(/notice=|\/admin\/account/);
  await second.page.goto(`${gateway.base}/admin/users`);
  await second.page.waitForURL(/\/admin\/login/);
  await first.context.close();
  await second.context.close();
});

test('break-glass: the command line opens a session for an admin once', async () => {
  const link = (await gateway.run('admin', 'break-glass', '--email', 'root@example.test')).match(/http:\S+/)[0];
  const { context, page } = await browser.person();
  await page.goto(link);
  await picture(page, 'break-glass');
  await page.locator('form button').last().click();
  await page.waitForURL(/\/admin(\?.*)?$/);
  assert.equal((await session(page)).user.email, 'root@example.test');
  await context.close();
});
