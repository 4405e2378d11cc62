// GitHub: the strict stand-in as an Enterprise Server, in a browser.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser } from './lib/browser.mjs';
import { freePort, startGateway } from './lib/gateway.mjs';
import { startGithub } from './providers/github.mjs';

const SECRET = 'a-github-secret-of-the-tests-only';
let browser;
let github;
let gateway;

before(async () => {
  const [port, githubPort] = [await freePort(), await freePort()];
  const callback = `http://localhost:${port}/api/v1/auth/oauth/callback/github`;
  github = await startGithub({ port: githubPort, clientId: 'gateway', clientSecret: SECRET, redirectUris: [callback] });
  const yaml = (base) => `
auth:
  oauth:
    public_base_url: ${base}
    providers:
      - key: github
        label: GitHub
        provider_type: github
        client_id: gateway
        client_secret: env.GITHUB_OAUTH_CLIENT_SECRET
        scopes: [read:user, "user:email", "read:org"]
        allowed_organizations: [oceans]
        base_url: ${github.base}
        api_url: ${github.base}/api/v3
        enabled: true
        jit: {enabled: true}
`;
  gateway = await startGateway({ port, yaml, env: { GITHUB_OAUTH_CLIENT_SECRET: SECRET } });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await gateway?.stop();
  await github?.stop();
});

async function signIn(login) {
  const person = await browser.person();
  await person.page.goto(`${gateway.base}/admin/account`);
  await person.page.getByRole('link', { name: /GitHub/ }).click();
  await person.page.locator(`button[value="${login}"]`).click();
  return person;
}

test('case_223 an active member of the organisation comes in with the numeric id as subject', async () => {
  const { context, page } = await signIn('octo-admin');
  await page.waitForURL(`${gateway.base}/admin/account`);
  const { user } = await page.evaluate(() => fetch('/api/v1/auth/session').then((answer) => answer.json()));
  assert.equal(user.email, 'octo-admin@example.test');
  assert.equal(user.global_role, 'user');
  await page.getByText('1001').first().waitFor();
  await context.close();
});

for (const [login, code] of [['octo-private', 'policy_denied'], ['octo-pending', 'policy_denied'], ['octo-unverified', 'github_unverified_email'], ['', 'access_denied']]) {
  test(`case_237 ${login || 'who cancels'} is refused with ${code}`, async () => {
    const { context, page } = await signIn(login);
    await page.waitForURL(new RegExp(`sso_error=${code}`));
    await context.close();
  });
}
