// A person, a browser, a certified provider in the shape of Authentik, and the program as an operator starts it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser, picture } from './lib/browser.mjs';
import { freePort, startGateway } from './lib/gateway.mjs';
import { startAuthentik } from './providers/authentik.mjs';

const SECRET = 'a-secret-of-the-tests-only-0123456789';
let browser;
let provider;
let gateway;

const yaml = (issuer) => (base) => `
teams: [{key: platform, name: Platform}]
users: [{email: alice@example.test, name: Alice Admin, sign_in: authentik, global_role: platform_admin, membership: {team: platform, role: owner}}]
auth:
  session: {idle: 8h, absolute: 24h}
  oidc:
    public_base_url: ${base}
    providers:
      - key: authentik
        label: Authentik
        preset: authentik
        issuer_url: ${issuer}
        client_id: oceans-llm
        client_secret: env.AUTHENTIK_OCEANS_LLM_CLIENT_SECRET
        scopes: [openid, email, profile]
        enabled: true
        jit:
          enabled: true
          global_role: user
          request_logging_enabled: true
          membership: {team: platform, role: member}
`;

before(async () => {
  const [port, providerPort] = [await freePort(), await freePort()];
  const redirectUris = [`http://localhost:${port}/api/v1/auth/oidc/callback`];
  provider = await startAuthentik({ port: providerPort, redirectUris, clientSecret: SECRET });
  gateway = await startGateway({ port, yaml: yaml(provider.issuer), env: { AUTHENTIK_OCEANS_LLM_CLIENT_SECRET: SECRET } });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  const code = await gateway?.stop();
  await provider?.stop();
  assert.equal(code, 0, 'SIGTERM ends the gateway with 0');
});

/** From the sign-in page through the provider's, as `name`. */
async function signIn(page, name, at = '/admin') {
  await page.goto(`${gateway.base}${at}`);
  await page.getByRole('link', { name: /Authentik/ }).click();
  await page.locator(`button[value="${name}"]`).click();
}

const session = (page) => page.evaluate(() => fetch('/api/v1/auth/session').then((answer) => answer.json()));

test('case_215 a declared admin comes back from the provider signed in, in the role and team of the file', async () => {
  const { context, page, complaints } = await browser.person();
  await signIn(page, 'alice');
  await page.waitForURL(`${gateway.base}/admin`);
  const { user, authenticated } = await session(page);
  assert.equal(authenticated, true);
  assert.equal(user.email, 'alice@example.test');
  assert.equal(user.global_role, 'platform_admin');
  assert.deepEqual(user.teams, [{ key: 'platform', role: 'owner' }]);
  const [cookie] = (await context.cookies()).filter((one) => one.name === 'ogw_session');
  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.sameSite, 'Lax');
  assert.equal((await context.cookies()).some((one) => one.name.includes('flow')), false, 'the flow cookie is gone');
  assert.deepEqual(complaints, []);
  await context.close();
});

test('a stranger becomes a member by the policy for new people', async () => {
  const { context, page } = await browser.person();
  await signIn(page, 'bob');
  await page.waitForURL(`${gateway.base}/admin`);
  const { user } = await session(page);
  assert.equal(user.global_role, 'user');
  assert.equal(user.request_logging_enabled, true);
  assert.deepEqual(user.teams, [{ key: 'platform', role: 'member' }]);
  const answer = await page.goto(`${gateway.base}/admin/audit`);
  assert.equal(answer.status(), 403);
  await context.close();
});

test('a person without a verified address is refused in plain words', async () => {
  const { context, page } = await browser.person();
  await signIn(page, 'carol');
  await page.waitForURL(/sso_error=email_unverified/);
  await page.getByText('has not verified your e-mail address').waitFor();
  await picture(page, 'refused');
  assert.equal((await session(page)).authenticated, false);
  await context.close();
  const nameless = await browser.person();
  await signIn(nameless.page, 'dave');
  await nameless.page.waitForURL(/sso_error=unmatched_identity/);
  await nameless.context.close();
});

test('cancelling at the provider leads back with a sentence', async () => {
  const { context, page } = await browser.person();
  await page.goto(`${gateway.base}/admin`);
  await page.getByRole('link', { name: /Authentik/ }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.waitForURL(/sso_error=access_denied/);
  await page.getByText('cancelled').waitFor();
  await context.close();
});

test('the deep link is kept, through the sign-in and an ended session', async () => {
  const { context, page } = await browser.person();
  await signIn(page, 'alice', '/admin/users?q=alice');
  await page.waitForURL(`${gateway.base}/admin/users?q=alice`);
  const { session: current } = await session(page);
  assert.ok(current.expires_at);
  // Another browser of the same person ends all sessions; the first finds out at its next click.
  const other = await browser.person();
  await signIn(other.page, 'alice', '/admin/sessions');
  await other.page.waitForURL(/\/admin\/sessions/);
  await other.page.getByRole('button', { name: 'End all others' }).click();
  await other.page.waitForURL(/\/admin\/sessions/);
  await page.goto(`${gateway.base}/admin/audit?action=sign_in.succeeded`);
  await page.waitForURL(/\/admin\/login/);
  await page.getByRole('link', { name: /Authentik/ }).click();
  // The provider still knows alice: no question is asked.
  await page.waitForURL(`${gateway.base}/admin/audit?action=sign_in.succeeded`);
  await context.close();
  await other.context.close();
});

test('two tabs of one browser may both finish', async () => {
  const { context, page } = await browser.person();
  const second = await context.newPage();
  for (const tab of [page, second]) {
    await tab.goto(`${gateway.base}/admin`);
    await tab.getByRole('link', { name: /Authentik/ }).click();
    await tab.locator('button[value="bob"]').waitFor();
  }
  for (const tab of [page, second]) {
    await tab.locator('button[value="bob"]').click();
    await tab.waitForURL(`${gateway.base}/admin`);
  }
  assert.equal((await session(second)).authenticated, true);
  await context.close();
});

test('case_063 going back to the callback signs nobody out and nobody in', async () => {
  const { context, page } = await browser.person();
  let callback;
  page.on('request', (request) => {
    if (request.url().includes('/auth/oidc/callback')) callback = request.url();
  });
  await signIn(page, 'bob');
  await page.waitForURL(`${gateway.base}/admin`);
  await page.goto(callback);
  await page.waitForURL(/sso_error=state_invalid/);
  assert.equal((await session(page)).authenticated, true);
  await context.close();
});

test('after signing out the back button shows nothing', async () => {
  const { context, page } = await browser.person();
  await signIn(page, 'alice', '/admin/users');
  await page.waitForURL(/\/admin\/users/);
  await page.getByRole('button', { name: /sign out/i }).first().click();
  await page.waitForURL(/\/admin\/login/);
  assert.equal((await session(page)).authenticated, false);
  await page.goBack();
  await page.waitForURL(/\/admin\/login/);
  await context.close();
});

test('case_153 an invited person comes in through the provider, as whom they were invited', async () => {
  const admin = await browser.person();
  await signIn(admin.page, 'alice', '/admin/users/new');
  await admin.page.waitForURL(/\/admin\/users\/new/);
  await admin.page.getByLabel('E-mail').fill('erin@example.test');
  await admin.page.getByLabel('Signs in with').selectOption('authentik');
  await admin.page.getByLabel('Role', { exact: true }).selectOption('auditor');
  await picture(admin.page, 'invite');
  await admin.page.getByRole('button', { name: /invite/i }).click();
  await admin.page.getByText('erin@example.test').first().waitFor();

  const invited = await browser.person();
  await signIn(invited.page, 'erin', '/admin/audit');
  await invited.page.waitForURL(`${gateway.base}/admin/audit`);
  const { user } = await session(invited.page);
  assert.equal(user.global_role, 'auditor');
  assert.equal(user.status, 'active');
  assert.deepEqual(user.teams, [], 'the policy for new people is not for the invited');

  // Disabled by the admin: out at the next click, and not in again.
  await admin.page.goto(`${gateway.base}/admin/users/${user.id}`);
  await admin.page.getByText('Disable…').click();
  await admin.page.getByRole('button', { name: /^Disable/ }).click();
  await admin.page.waitForURL(/notice=/);
  await invited.page.reload();
  await invited.page.waitForURL(/\/admin\/login/);
  await invited.page.getByRole('link', { name: /Authentik/ }).click();
  await invited.page.waitForURL(/sso_error=denied/);
  await picture(invited.page, 'disabled');
  await invited.context.close();
  await admin.context.close();
});

test('every page can be looked at: light, dark, wide, narrow', async () => {
  const looks = [
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['phone', { colorScheme: 'light', viewport: { width: 390, height: 844 } }],
    ['phone-dark', { colorScheme: 'dark', viewport: { width: 390, height: 844 } }],
  ];
  for (const [look, options] of looks) {
    const { context, page, complaints } = await browser.person(options);
    await page.goto(`${gateway.base}/admin/login?sso_error=identity_conflict`);
    await picture(page, `login-${look}`);
    await signIn(page, 'alice');
    await page.waitForURL(`${gateway.base}/admin`);
    for (const name of ['', 'users', 'users/new', 'teams', 'teams/platform', 'providers', 'providers/authentik', 'sessions', 'audit', 'account']) {
      const answer = await page.goto(`${gateway.base}/admin${name ? `/${name}` : ''}`);
      assert.equal(answer.status(), 200, name);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(overflow <= 0, `${name} is ${overflow}px too wide (${look})`);
      await picture(page, `${(name || 'home').replaceAll('/', '-')}-${look}`);
    }
    const people = await page.evaluate(() => fetch('/api/v1/admin/users').then((answer) => answer.json()));
    await page.goto(`${gateway.base}/admin/users/${people.items[0].id}`);
    await picture(page, `person-${look}`);
    assert.deepEqual(complaints, []);
    await context.close();
  }
});

test('the pages work without JavaScript', async () => {
  const { context, page } = await browser.person({ javaScriptEnabled: false });
  await signIn(page, 'bob', '/admin/account');
  await page.waitForURL(/\/admin\/account/);
  await page.getByRole('button', { name: /sign out/i }).first().click();
  await page.waitForURL(/\/admin\/login/);
  await context.close();
});

test('the audit chain is whole', async () => {
  assert.match(await gateway.run('audit', 'verify'), /intact|whole|ok/i);
});
