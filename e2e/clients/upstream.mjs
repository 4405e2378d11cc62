// A model provider on loopback for the vendors' clients: chat completions, responses, messages, embeddings. A prompt with
// USE_TOOL gets one call of the client's shell tool, and its answer once the result is there. FAIL_429 and FAIL_529 fail once.
import { createServer } from 'node:http';

export const TEXT = 'Hello from the upstream.';
const COMMAND = 'echo tool-ran-$((40+2))';
const words = TEXT.match(/\S+\s*/g);

/** The arguments of the tool through which a client runs a command, if it offers one. */
function shell(tools = []) {
  const flat = tools.map((tool) => tool.function ?? tool);
  const named = (...names) => flat.find((tool) => names.includes(tool.name))?.name;
  const bash = named('Bash');
  if (bash) return { name: bash, input: { command: COMMAND, description: 'say' } };
  const exec = named('exec_command');
  if (exec) return { name: exec, input: { cmd: COMMAND } };
  const command = named('shell_command');
  if (command) return { name: command, input: { command: COMMAND } };
  const plain = named('shell', 'local_shell');
  return plain && { name: plain, input: { command: ['bash', '-lc', COMMAND] } };
}

export async function startUpstream() {
  const log = [];
  const failed = new Set();
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    let body = {};
    try {
      body = JSON.parse(text || '{}');
    } catch {}
    const path = new URL(request.url, 'http://x').pathname;
    log.push({ method: request.method, url: request.url, headers: request.headers, body, text });
    const code = text.match(/FAIL_(\d{3})/)?.[1];
    if (code && !failed.has(code)) {
      failed.add(code);
      response.writeHead(Number(code), { 'content-type': 'application/json', 'retry-after': '0' });
      return response.end(JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: `upstream ${code}` } }));
    }
    const json = (value, status = 200) => {
      response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_upstream' });
      response.end(JSON.stringify(value));
    };
    const stream = () => response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': 'req_upstream' });
    const send = (event, data) => response.write(`${event ? `event: ${event}\n` : ''}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
    const wait = () => new Promise((done) => setTimeout(done, 5));
    const conversation = JSON.stringify(body.messages ?? body.input ?? '');
    const answered = /"tool_result"|"role":"tool"|function_call_output/.test(conversation);
    const call = conversation.includes('USE_TOOL') && !answered ? shell(body.tools) : undefined;
    const args = call && JSON.stringify(call.input);
    const halves = call && [args.slice(0, 9), args.slice(9)];
    const said = answered ? `Done: ${conversation.match(/tool-ran-42/)?.[0] ?? 'no result'}` : TEXT;
    const pieces = answered ? [said] : words;

    if (path.endsWith('/messages/count_tokens')) return json({ input_tokens: 42 });
    if (path.endsWith('/messages')) {
      const usage = { input_tokens: 42, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 7 };
      const reason = call ? 'tool_use' : 'end_turn';
      const block = call ? { type: 'tool_use', id: 'toolu_1', name: call.name, input: call.input } : { type: 'text', text: said };
      const message = (content, stop) => ({ id: 'msg_1', type: 'message', role: 'assistant', model: body.model, content, stop_reason: stop, stop_sequence: null, usage });
      if (!body.stream) return json(message([block], reason));
      stream();
      send('message_start', { type: 'message_start', message: { ...message([], null), usage: { ...usage, output_tokens: 1 } } });
      send('content_block_start', { type: 'content_block_start', index: 0, content_block: call ? { ...block, input: {} } : { type: 'text', text: '' } });
      for (const piece of halves ?? pieces) {
        const delta = call ? { type: 'input_json_delta', partial_json: piece } : { type: 'text_delta', text: piece };
        send('content_block_delta', { type: 'content_block_delta', index: 0, delta });
        await wait();
      }
      send('content_block_stop', { type: 'content_block_stop', index: 0 });
      send('message_delta', { type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: 7 } });
      send('message_stop', { type: 'message_stop' });
      return response.end();
    }
    if (path.endsWith('/chat/completions')) {
      const usage = { prompt_tokens: 42, completion_tokens: 7, total_tokens: 49 };
      const base = { id: 'chatcmpl-1', created: 1, model: body.model };
      const reason = call ? 'tool_calls' : 'stop';
      const tool = call && { id: 'call_1', type: 'function', function: { name: call.name, arguments: args } };
      if (!body.stream) {
        const message = call ? { role: 'assistant', content: null, tool_calls: [tool] } : { role: 'assistant', content: said };
        return json({ ...base, object: 'chat.completion', choices: [{ index: 0, message, logprobs: null, finish_reason: reason }], usage });
      }
      stream();
      const chunk = (delta, finish_reason = null) => send('', { ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] });
      if (call) {
        chunk({ role: 'assistant', tool_calls: [{ index: 0, ...tool, function: { name: call.name, arguments: '' } }] });
        for (const half of halves) chunk({ tool_calls: [{ index: 0, function: { arguments: half } }] });
      } else {
        for (const piece of pieces) {
          chunk({ role: 'assistant', content: piece });
          await wait();
        }
      }
      chunk({}, reason);
      if (body.stream_options?.include_usage) send('', { ...base, object: 'chat.completion.chunk', choices: [], usage });
      send('', '[DONE]');
      return response.end();
    }
    if (path.endsWith('/responses')) {
      const usage = { input_tokens: 42, input_tokens_details: { cached_tokens: 0 }, output_tokens: 7, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 49 };
      const item = call
        ? { id: 'fc_1', type: 'function_call', status: 'completed', call_id: 'call_1', name: call.name, arguments: args }
        : { id: 'msg_1', type: 'message', status: 'completed', role: 'assistant', content: [{ type: 'output_text', text: said, annotations: [] }] };
      const whole = { id: 'resp_1', object: 'response', created_at: 1, status: 'completed', model: body.model, output: [item], parallel_tool_calls: true, tool_choice: 'auto', tools: [], error: null, incomplete_details: null, instructions: null, metadata: {}, temperature: 1, top_p: 1, usage };
      if (!body.stream) return json(whole);
      stream();
      let number = 0;
      const event = (type, value) => send(type, { type, sequence_number: number++, ...value });
      event('response.created', { response: { ...whole, status: 'in_progress', output: [], usage: null } });
      if (call) {
        event('response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress', arguments: '' } });
        for (const half of halves) event('response.function_call_arguments.delta', { item_id: 'fc_1', output_index: 0, delta: half });
        event('response.function_call_arguments.done', { item_id: 'fc_1', output_index: 0, arguments: args });
      } else {
        event('response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress', content: [] } });
        event('response.content_part.added', { item_id: 'msg_1', output_index: 0, content_index: 0, part: { type: 'output_text', text: '', annotations: [] } });
        for (const piece of pieces) {
          event('response.output_text.delta', { item_id: 'msg_1', output_index: 0, content_index: 0, delta: piece });
          await wait();
        }
        event('response.output_text.done', { item_id: 'msg_1', output_index: 0, content_index: 0, text: said });
        event('response.content_part.done', { item_id: 'msg_1', output_index: 0, content_index: 0, part: item.content[0] });
      }
      event('response.output_item.done', { output_index: 0, item });
      event('response.completed', { response: whole });
      return response.end();
    }
    if (path.endsWith('/embeddings')) {
      const vector = body.encoding_format === 'base64' ? Buffer.from(new Float32Array([0.5, -0.25]).buffer).toString('base64') : [0.5, -0.25];
      return json({ object: 'list', model: body.model, data: [{ object: 'embedding', index: 0, embedding: vector }], usage: { prompt_tokens: 42, total_tokens: 42 } });
    }
    return json({ error: { message: `no ${path}`, type: 'not_found', param: null, code: null } }, 404);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { base: `http://127.0.0.1:${server.address().port}`, log, close: () => new Promise((done) => (server.closeAllConnections(), server.close(done))) };
}
