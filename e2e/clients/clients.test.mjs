// The vendors' own SDKs and coding agents through the gateway, to upstreams that speak their protocol and to ones that do not.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic from '@anthropic-ai/sdk';
import { generateText, streamText } from 'ai';
import OpenAI from 'openai';
import { eventually, freePort, startGateway } from '../lib/gateway.mjs';
import { startUpstream, TEXT } from './upstream.mjs';

const bin = (name) => new URL(`./node_modules/.bin/${name}`, import.meta.url).pathname;
const python = new URL('./python/', import.meta.url).pathname;
const price = 'price: {input_usd_per_million: "1", output_usd_per_million: "2"}';
let upstream;
let gateway;
let key;
let home;

before(async () => {
  upstream = await startUpstream();
  home = mkdtempSync(join(tmpdir(), 'ogw-clients-'));
  gateway = await startGateway({
    port: await freePort(),
    env: { UPSTREAM_KEY: 'upstream-secret' },
    yaml: () => `
teams: [{key: team}]
service_accounts: [{key: robot, team: team}]
providers:
  - {id: openai, type: openai, base_url: "${upstream.base}/v1", api_key: env.UPSTREAM_KEY}
  - {id: anthropic, type: anthropic, base_url: "${upstream.base}", api_key: env.UPSTREAM_KEY}
  - {id: plain, type: openai_compatible, base_url: "${upstream.base}/v1", surfaces: [chat]}
models:
  - {id: gpt, routes: [{provider: openai, ${price}}]}
  - {id: embed, routes: [{provider: openai, ${price}}]}
  - {id: claude, routes: [{provider: anthropic, ${price}}]}
  - {id: claude-on-chat, routes: [{provider: plain, ${price}}]}
`,
  });
  key = (await gateway.run('key', 'create', '--owner', 'robot', '--name', 'e2e')).trim();
  assert.match(key, /^sk-ogw-[0-9A-Za-z]{49}$/);
});

after(async () => {
  await gateway?.stop();
  await upstream?.close();
  if (home) rmSync(home, { recursive: true, force: true });
});

const messages = [{ role: 'user', content: 'hi' }];
const openai = () => new OpenAI({ baseURL: `${gateway.base}/v1`, apiKey: key });
const anthropic = () => new Anthropic({ baseURL: gateway.base, apiKey: key });

/** Every surface reaches every upstream: the model of a client's own protocol, and the two that are translated. */
for (const model of ['gpt', 'claude', 'claude-on-chat']) {
  test(`the JavaScript SDKs talk to ${model}`, async () => {
    const completion = await openai().chat.completions.create({ model, messages });
    assert.equal(completion.choices[0].message.content, TEXT);
    assert.deepEqual([completion.usage.prompt_tokens, completion.usage.completion_tokens], [42, 7]);
    let text = '';
    for await (const chunk of await openai().chat.completions.create({ model, messages, stream: true })) {
      text += chunk.choices[0]?.delta?.content ?? '';
      assert.equal(chunk.usage ?? null, null, 'nobody asked for usage');
    }
    assert.equal(text, TEXT);
    text = '';
    for await (const event of await openai().responses.create({ model, input: 'hi', stream: true })) {
      if (event.type === 'response.output_text.delta') text += event.delta;
    }
    assert.equal(text, TEXT);
    assert.equal((await openai().responses.create({ model, input: 'hi' })).output_text, TEXT);
    const final = await anthropic().messages.stream({ model, max_tokens: 99, messages }).finalMessage();
    assert.equal(final.content[0].text, TEXT);
    assert.equal(final.usage.output_tokens, 7);
    const message = await anthropic().messages.create({ model, max_tokens: 99, messages });
    assert.equal(message.content[0].text, TEXT);
  });

  test(`the AI SDK talks to ${model}`, async () => {
    const settings = { baseURL: `${gateway.base}/v1`, apiKey: key };
    assert.equal((await generateText({ model: createOpenAI(settings)(model), prompt: 'hi' })).text, TEXT);
    assert.equal((await generateText({ model: createOpenAICompatible({ name: 'ogw', ...settings })(model), prompt: 'hi' })).text, TEXT);
    assert.equal((await generateText({ model: createAnthropic(settings)(model), prompt: 'hi' })).text, TEXT);
    let text = '';
    for await (const piece of streamText({ model: createOpenAI(settings).chat(model), prompt: 'hi' }).textStream) text += piece;
    assert.equal(text, TEXT);
  });

  test(`the Python SDKs talk to ${model}`, { skip: !existsSync(python) && 'no Python SDKs here' }, async () => {
    const native = model === 'gpt' ? { NATIVE: '1' } : {};
    const { out } = await run('python3', [new URL('./sdk.py', import.meta.url).pathname], { PYTHONPATH: python, BASE: gateway.base, KEY: key, MODEL: model, ...native });
    const came = JSON.parse(out);
    for (const name of ['chat', 'chat stream', 'responses', 'responses stream', 'messages']) assert.equal(came[name], TEXT, name);
    assert.equal(came['messages stream'], `${TEXT}|7`);
    assert.equal(came.models, true);
    assert.equal(came['anthropic models'], true);
    if (native.NATIVE) {
      assert.deepEqual(came.embeddings, [0.5, -0.25]);
      assert.equal(came['count tokens'], 42);
    }
  });
}

test('a refusal is an error of the client that was called', async () => {
  const wrong = key.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'));
  const stranger = new OpenAI({ baseURL: `${gateway.base}/v1`, apiKey: wrong });
  await assert.rejects(stranger.chat.completions.create({ model: 'gpt', messages }), { status: 401, code: 'invalid_api_key' });
  const other = new Anthropic({ baseURL: gateway.base, apiKey: wrong });
  await assert.rejects(other.messages.create({ model: 'claude', max_tokens: 9, messages }), Anthropic.AuthenticationError);
  await assert.rejects(openai().chat.completions.create({ model: 'nothing', messages }), { status: 404, code: 'model_not_found' });
});

test('no key of a caller ever reached the upstream', () => {
  assert.ok(upstream.log.length > 10);
  for (const { headers, text } of upstream.log) {
    assert.ok(!JSON.stringify(headers).includes('sk-ogw-') && !text.includes('sk-ogw-'));
  }
});

function run(program, args, env = {}, cwd = home) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env: { PATH: process.env.PATH, HOME: home, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let words = '';
    child.stdout.on('data', (piece) => (out += piece));
    child.stderr.on('data', (piece) => (words += piece));
    const patience = setTimeout(() => child.kill('SIGKILL'), 120000);
    child.once('exit', (code) => {
      clearTimeout(patience);
      resolve({ code, out, words });
    });
  });
}

for (const model of ['claude', 'claude-on-chat']) {
  test(`Claude Code runs a tool with ${model}`, { skip: !existsSync(bin('claude')) && 'not installed' }, async () => {
    const before = upstream.log.length;
    const folder = join(home, `claude-${model}`);
    mkdirSync(folder, { recursive: true });
    const { code, out, words } = await run(
      bin('claude'),
      ['-p', 'USE_TOOL please', '--allowedTools', 'Bash', '--model', model],
      {
        ANTHROPIC_BASE_URL: gateway.base,
        ANTHROPIC_AUTH_TOKEN: key,
        ANTHROPIC_SMALL_FAST_MODEL: model,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        DISABLE_AUTOUPDATER: '1',
        IS_SANDBOX: '1',
      },
      folder,
    );
    const seen = upstream.log.slice(before).map((call) => `${call.method} ${call.url} ${call.text.length}`);
    assert.equal(code, 0, `${words}\n${out}\n${seen.join('\n')}`);
    assert.match(out, /tool-ran-42/, `${words}\n${seen.join('\n')}`);
  });
}

for (const model of ['gpt', 'claude']) {
  test(`Codex runs a tool with ${model}`, { skip: !existsSync(bin('codex')) && 'not installed' }, async () => {
    const before = upstream.log.length;
    const folder = join(home, `codex-${model}`);
    mkdirSync(join(folder, '.codex'), { recursive: true });
    writeFileSync(
      join(folder, '.codex', 'config.toml'),
      `model = "${model}"\nweb_search = "disabled"\nmodel_provider = "ogw"\n[model_providers.ogw]\nname = "OGW"\nbase_url = "${gateway.base}/v1"\nenv_key = "OGW_KEY"\nwire_api = "responses"\n`,
    );
    const { code, out, words } = await run(
      bin('codex'),
      ['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', 'USE_TOOL please'],
      { OGW_KEY: key, CODEX_HOME: join(folder, '.codex'), HOME: folder },
      folder,
    );
    const seen = upstream.log.slice(before).map((call) => `${call.method} ${call.url} ${call.text.length}`);
    assert.equal(code, 0, `${words}\n${out}\n${seen.join('\n')}`);
    assert.match(`${out}${words}`, /tool-ran-42/, seen.join('\n'));
  });
}
