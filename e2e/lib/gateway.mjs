// Starts the real program on a free port with a file of its own, and stops it as an operator would.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const binary = process.env.GATEWAY_BIN ?? new URL('../../target/debug/gateway', import.meta.url).pathname;

export const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Waits until `check` gives something, at most `ms`. */
export async function eventually(what, check, ms = 20000) {
  const until = Date.now() + ms;
  for (;;) {
    const value = await Promise.resolve().then(check).catch(() => undefined);
    if (value) return value;
    if (Date.now() > until) throw new Error(`timed out: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/**
 * `yaml(base)` gives the file's text below `server` and `database`, once the address is known.
 * @returns {Promise<{base: string, output: () => string, stop: () => Promise<number>, run: (...args: string[]) => Promise<string>}>}
 */
export async function startGateway({ port, yaml, env = {} }) {
  const folder = mkdtempSync(join(tmpdir(), 'ogw-e2e-'));
  const base = `http://localhost:${port}`;
  const file = join(folder, 'gateway.yaml');
  writeFileSync(
    file,
    `server: {bind: "127.0.0.1:${port}", metrics_bind: off, public_base_url: "${base}", drain_timeout: 2s}\n` +
      `database: {url: "sqlite://${join(folder, 'gateway.db')}"}\n${yaml(base)}`,
  );
  const environment = { PATH: process.env.PATH, HOME: folder, ...env };
  const child = spawn(binary, ['serve', '--config', file], { cwd: folder, env: environment });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const alive = () => {
    if (child.exitCode !== null) throw new Error(`the gateway ended:\n${text}`);
    return fetch(`${base}/readyz`).then((response) => response.ok);
  };
  try {
    await eventually('the gateway is ready', alive);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${error.message}\n${text}`);
  }
  return {
    base,
    output: () => text,
    async stop() {
      child.kill('SIGTERM');
      const code = await ended;
      rmSync(folder, { recursive: true, force: true });
      return code;
    },
    run: (...args) =>
      new Promise((resolve, reject) => {
        const command = spawn(binary, [...args, '--config', file], { cwd: folder, env: environment });
        let out = '';
        let words = '';
        command.stdout.on('data', (chunk) => (out += chunk));
        command.stderr.on('data', (chunk) => (words += chunk));
        command.once('exit', (code) => (code === 0 ? resolve(out) : reject(new Error(`${args.join(' ')}: ${words}`))));
      }),
  };
}
