"""The vendors' Python SDKs against BASE with KEY: prints one line of JSON, {"check": "what came", ...}."""

import json
import os

import anthropic
import openai

BASE, KEY, MODEL = os.environ["BASE"], os.environ["KEY"], os.environ["MODEL"]
chat = openai.OpenAI(base_url=BASE + "/v1", api_key=KEY)
claude = anthropic.Anthropic(base_url=BASE, api_key=KEY)
ask = [{"role": "user", "content": "hi"}]
came = {}


def check(name, run):
    try:
        came[name] = run()
    except Exception as error:  # what went wrong is what the test shows
        came[name] = f"{type(error).__name__}: {error}"


def chat_stream():
    chunks = chat.chat.completions.create(model=MODEL, messages=ask, stream=True, stream_options={"include_usage": True})
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def responses_stream():
    with chat.responses.stream(model=MODEL, input="hi") as stream:
        for _ in stream:
            pass
        return stream.get_final_response().output_text


def messages_stream():
    with claude.messages.stream(model=MODEL, max_tokens=99, messages=ask) as stream:
        text = "".join(stream.text_stream)
        return f"{text}|{stream.get_final_message().usage.output_tokens}"


check("chat", lambda: chat.chat.completions.create(model=MODEL, messages=ask).choices[0].message.content)
check("chat stream", chat_stream)
check("responses", lambda: chat.responses.create(model=MODEL, input="hi").output_text)
check("responses stream", responses_stream)
check("models", lambda: MODEL in [model.id for model in chat.models.list()])
check("messages", lambda: claude.messages.create(model=MODEL, max_tokens=99, messages=ask).content[0].text)
check("messages stream", messages_stream)
check("anthropic models", lambda: MODEL in [model.id for model in claude.models.list()])
if os.environ.get("NATIVE"):
    check("embeddings", lambda: chat.embeddings.create(model="embed", input="hi").data[0].embedding)
    check("count tokens", lambda: claude.messages.count_tokens(model="claude", messages=ask).input_tokens)
print(json.dumps(came))
