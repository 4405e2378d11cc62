// The certified oidc-provider with the addresses, issuer and claims of an Authentik: the issuer has a path and ends with a
// slash, groups come with the scope `profile`, claims are in the ID token, the answer carries no surprise but `iss`.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const PEOPLE = {
  alice: { sub: 'ak-0001', email: 'alice@example.test', email_verified: true, name: 'Alice Admin', groups: ['oceans-admins'] },
  bob: { sub: 'ak-0002', email: 'bob@example.test', email_verified: true, name: 'Bob Member', groups: ['oceans-users'] },
  carol: { sub: 'ak-0003', email: 'carol@example.test', email_verified: false, name: 'Carol Unverified', groups: [] },
  erin: { sub: 'ak-0005', email: 'Erin@Example.test', email_verified: true, name: 'Erin Auditor', groups: [] },
  dave: { sub: 'ak-0004', name: 'Dave Nomail', groups: [] },
};

const signingKey = (kid) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
};

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

const body = async (request) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
};

/** `claimsInIdToken: false` gives e-mail and name by userinfo only, as oidc-provider does unasked. */
export async function startAuthentik({ port, redirectUris, clientSecret, claimsInIdToken = true, clientAuth = 'client_secret_basic' }) {
  const path = '/application/o/oceans-llm';
  const issuer = `http://localhost:${port}${path}/`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'oceans-llm',
        redirect_uris: redirectUris,
        response_types: ['code'],
        grant_types: ['authorization_code'],
        ...(clientSecret
          ? { client_secret: clientSecret, token_endpoint_auth_method: clientAuth }
          : { token_endpoint_auth_method: 'none' }),
      },
    ],
    jwks: { keys: [signingKey('ak-key-1')] },
    cookies: { keys: ['for-tests-only'] },
    pkce: { required: () => true },
    scopes: ['openid', 'profile', 'email'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
    conformIdTokenClaims: !claimsInIdToken,
    features: { devInteractions: { enabled: false } },
    ttl: { AccessToken: 300, IdToken: 300, AuthorizationCode: 60, Session: 3600, Grant: 3600, Interaction: 600 },
    findAccount: (_, sub) => {
      const person = Object.values(PEOPLE).find((one) => one.sub === sub);
      return person && { accountId: sub, claims: () => person };
    },
    // The operator consented for everybody, as with Authentik's implicit consent.
    async loadExistingGrant(ctx) {
      const { client, session } = ctx.oidc;
      const known = session.grantIdFor(client.clientId);
      const found = known && (await ctx.oidc.provider.Grant.find(known));
      if (found) return found;
      const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
    interactions: { url: (_, interaction) => `${path}/interaction/${interaction.uid}` },
    routes: { authorization: '/authorize/', token: '/token/', userinfo: '/userinfo/', jwks: '/jwks/' },
  });

  const callback = provider.callback();
  const interaction = async (request, response) => {
    const details = await provider.interactionDetails(request, response);
    if (request.method === 'POST') {
      const form = await body(request);
      const person = PEOPLE[form.get('username')];
      const result = person
        ? { login: { accountId: person.sub } }
        : { error: 'access_denied', error_description: 'The person cancelled' };
      return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    }
    response.setHeader('content-type', 'text/html');
    const names = Object.keys(PEOPLE);
    const buttons = names.map((name) => `<button name="username" value="${name}">${escape(PEOPLE[name].name)}</button>`);
    return response.end(
      `<!doctype html><title>Provider</title><h1>Sign in to ${escape(details.params.client_id)}</h1>` +
        `<form method="post">${buttons.join('')}<button name="username" value="">Cancel</button></form>`,
    );
  };
  const server = createServer((request, response) => {
    // oidc-provider is mounted below the issuer's path, as Authentik's application is.
    if (request.url.startsWith(`${path}/interaction/`)) {
      request.originalUrl = request.url;
      return interaction(request, response).catch((error) => {
        response.statusCode = 500;
        response.end(escape(error.message));
      });
    }
    if (!request.url.startsWith(`${path}/`)) {
      response.statusCode = 404;
      return response.end();
    }
    request.originalUrl = request.url;
    request.url = request.url.slice(path.length);
    return callback(request, response);
  });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  return {
    issuer,
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
