// GitHub, Google, Entra and Okta by npm emulate, on ports of their own. It wants a newer Node than the machine may have, so
// the one from the `node` package runs it.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../lib/gateway.mjs';

const modules = new URL('../node_modules/', import.meta.url).pathname;

/** Listens on `port` (GitHub), +1 (Google), +2 (Entra), +3 (Okta). */
export async function startEmulators({ port, base }) {
  const folder = mkdtempSync(join(tmpdir(), 'ogw-emulate-'));
  const seed = readFileSync(new URL('emulate.yaml', import.meta.url), 'utf8')
    .replaceAll('REDIRECT_OIDC', `${base}/api/v1/auth/oidc/callback`)
    .replaceAll('REDIRECT_GITHUB', `${base}/api/v1/auth/oauth/callback/github`);
  writeFileSync(join(folder, 'seed.yaml'), seed);
  const services = 'github,google,microsoft,okta';
  const child = spawn(
    `${modules}node/bin/node`,
    [`${modules}emulate/dist/index.js`, 'start', '--host', '127.0.0.1', '--service', services, '--seed', 'seed.yaml', '--port', String(port)],
    { cwd: folder },
  );
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  await eventually(`the emulators answer: ${text}`, async () => {
    const answers = await Promise.all([0, 1, 2, 3].map((n) => fetch(`http://localhost:${port + n}/`).then(() => true)));
    return answers.every(Boolean);
  });
  return {
    github: `http://localhost:${port}`,
    google: `http://localhost:${port + 1}`,
    entra: `http://localhost:${port + 2}`,
    okta: `http://localhost:${port + 3}/oauth2/default`,
    output: () => text,
    async stop() {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
