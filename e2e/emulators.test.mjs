// Google, Entra, Okta and GitHub as npm emulate plays them: discovery, quirks of tokens and clients that we did not write.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openBrowser } from './lib/browser.mjs';
import { freePort, startGateway } from './lib/gateway.mjs';
import { startEmulators } from './providers/emulators.mjs';

let browser;
let emulators;
let gateway;

/** The emulators take four ports in a row. */
async function fourPorts() {
  for (;;) {
    const port = await freePort();
    if (port < 65000) return port;
  }
}

const provider = (key, issuer, client, more = '') => `
      - key: ${key}
        label: ${key}
        issuer_url: ${issuer}
        client_id: gateway-${client}
        client_secret: env.SECRET_${client.toUpperCase()}
        scopes: [openid, email, profile]
        enabled: true
        jit: {enabled: true}${more}`;

before(async () => {
  const port = await freePort();
  emulators = await startEmulators({ port: await fourPorts(), base: `http://localhost:${port}` });
  const discovered = await (await fetch(`${emulators.entra}/.well-known/openid-configuration`)).json();
  const yaml = (base) => `
auth:
  oidc:
    public_base_url: ${base}
    providers:${provider('google', emulators.google, 'google', '\n        preset: google')}${provider('entra', discovered.issuer, 'entra', '\n        preset: entra\n        trust_email: always')}${provider('okta', emulators.okta, 'okta', '\n        preset: okta')}
  oauth:
    providers:
      - {key: github, label: github, provider_type: github, client_id: gateway-github, client_secret: env.SECRET_GITHUB, enabled: true, base_url: "${emulators.github}", api_url: "${emulators.github}", jit: {enabled: true}}
`;
  const names = ['google', 'entra', 'okta', 'github'];
  const env = Object.fromEntries(names.map((name) => [`SECRET_${name.toUpperCase()}`, `gateway-${name}-secret`]));
  gateway = await startGateway({ port, yaml, env });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await gateway?.stop();
  await emulators?.stop();
});

for (const [key, email] of [['google', 'goo@acme.test'], ['entra', 'entra@acme.test'], ['okta', 'okta@acme.test'], ['github', 'octo-admin@example.test']]) {
  test(`${key}: ${email} signs in`, async () => {
    const { context, page } = await browser.person();
    await page.goto(`${gateway.base}/admin/account`);
    await page.getByRole('link', { name: new RegExp(key) }).click();
    await page.locator('button', { hasText: key === 'github' ? 'octo-admin' : email }).first().click();
    await page.waitForURL(`${gateway.base}/admin/account`).catch((error) => {
      throw new Error(`${error.message}\nat ${page.url()}\n${gateway.output().slice(-3000)}`);
    });
    const { user } = await page.evaluate(() => fetch('/api/v1/auth/session').then((answer) => answer.json()));
    assert.equal(user.email, email);
    await context.close();
  });
}
