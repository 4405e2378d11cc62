// A GitHub that takes its own rules seriously: PKCE S256, codes bound to client and redirect URI and good once, errors with
// status 200, a User-Agent demanded, several addresses, organisations by membership. Also the paths of an Enterprise Server.
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

const address = (email, primary, verified) => ({ email, primary, verified, visibility: 'private' });

const PEOPLE = {
  'octo-admin': { id: 1001, name: 'Octo Admin', emails: [address('old@example.test', false, true), address('octo-admin@example.test', true, true)], orgs: { oceans: 'active' } },
  'octo-private': { id: 1002, name: null, emails: [address('private@example.test', true, true)], orgs: {} },
  'octo-unverified': { id: 1003, name: 'Un Verified', emails: [address('unverified@example.test', true, false)], orgs: { oceans: 'active' } },
  'octo-pending': { id: 1004, name: 'Pen Ding', emails: [address('pending@example.test', true, true)], orgs: { oceans: 'pending' } },
};

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** `sendIss`: whether callbacks carry `iss`, as github.com's do since April 2026. */
export async function startGithub({ port, clientId, clientSecret, redirectUris, sendIss = true }) {
  const base = `http://localhost:${port}`;
  const codes = new Map();
  const tokens = new Map();

  const authorizePage = (query, response) => {
    const redirect = query.get('redirect_uri');
    const acceptable = query.get('client_id') === clientId && redirectUris.includes(redirect) && query.get('code_challenge_method') === 'S256';
    response.writeHead(acceptable ? 200 : 400, { 'content-type': 'text/html' });
    if (!acceptable) return response.end('<h1>Bad request</h1>');
    const kept = ['redirect_uri', 'state', 'scope', 'code_challenge'];
    const hidden = kept.map((name) => `<input type="hidden" name="${name}" value="${escape(query.get(name) ?? '')}">`);
    const buttons = Object.keys(PEOPLE).map((login) => `<button name="login" value="${login}">${login}</button>`);
    return response.end(`<!doctype html><title>GitHub</title><form method="post">${hidden.join('')}${buttons.join('')}<button name="login" value="">Cancel</button></form>`);
  };

  const decide = (form, response) => {
    const back = new URL(form.get('redirect_uri'));
    const login = form.get('login');
    if (login) {
      const code = randomBytes(10).toString('hex');
      codes.set(code, { login, redirect: form.get('redirect_uri'), challenge: form.get('code_challenge'), scope: form.get('scope') });
      back.searchParams.set('code', code);
    } else {
      back.searchParams.set('error', 'access_denied');
    }
    back.searchParams.set('state', form.get('state'));
    if (sendIss) back.searchParams.set('iss', `${base}/login/oauth`);
    response.writeHead(302, { location: back.href });
    response.end();
  };

  const exchange = (form, response) => {
    const answer = (value) => {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify(value));
    };
    if (form.get('client_id') !== clientId || form.get('client_secret') !== clientSecret) return answer({ error: 'incorrect_client_credentials' });
    const grant = codes.get(form.get('code'));
    codes.delete(form.get('code'));
    const verified = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url') === grant?.challenge;
    if (!grant || !verified) return answer({ error: 'bad_verification_code' });
    if (form.get('redirect_uri') !== grant.redirect) return answer({ error: 'redirect_uri_mismatch' });
    const token = `gho_${randomBytes(18).toString('hex')}`;
    tokens.set(token, grant);
    return answer({ access_token: token, token_type: 'bearer', scope: grant.scope.split(/[ ,]+/).join(',') });
  };

  const api = (path, request, response) => {
    const answer = (status, value) => {
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
      response.end(JSON.stringify(value));
    };
    if (!request.headers['user-agent']) return answer(403, { message: 'Request forbidden by administrative rules.' });
    const grant = tokens.get((request.headers.authorization ?? '').replace(/^Bearer /, ''));
    if (!grant) return answer(401, { message: 'Bad credentials' });
    const person = PEOPLE[grant.login];
    if (path === '/user') return answer(200, { login: grant.login, id: person.id, name: person.name, email: null, type: 'User' });
    if (path === '/user/emails') return answer(200, person.emails);
    const organisation = path.match(/^\/user\/memberships\/orgs\/([^/]+)$/)?.[1];
    const state = organisation && person.orgs[organisation];
    return state ? answer(200, { state, role: 'member', organization: { login: organisation } }) : answer(404, { message: 'Not Found' });
  };

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, base);
    let text = '';
    for await (const chunk of request) text += chunk;
    const form = new URLSearchParams(text);
    if (url.pathname === '/login/oauth/authorize') return request.method === 'GET' ? authorizePage(url.searchParams, response) : decide(form, response);
    if (url.pathname === '/login/oauth/access_token') return exchange(form, response);
    return api(url.pathname.replace(/^\/api\/v3/, ''), request, response);
  });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  return {
    base,
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
