"""Adapters that turn one request into a stream of chunks: Ollama, OpenAI, Anthropic, embedded, scripted.

Every adapter has `ref`, `stream(request)`, `profile()` and `aclose()` (`engine.ports.Model`). Nothing is
imported here: the terminal's first frame must not pay for an HTTP client.
"""
