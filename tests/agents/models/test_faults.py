"""Retry-After and error bodies, in every shape."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.models.complaint import complaint_of, read_complaint, scrub
from agents.models.faults import OPENAI_STATUSES, Origin, fault, retry_after
from engine.clean import clean_line
from engine.errors import ModelFault


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("999999", 3600.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 50.0),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, now=10.0) == seconds


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{"error":"boom"}', "boom"),
        ('{"error":{"message":"boom"}}', "boom"),
        ('{"type":"error","error":{"type":"api_error","message":"boom"}}', "boom (api_error)"),
        ('{"message":"boom"}', "boom"),
        ('{"detail":"boom"}', "boom"),
        ('{"detail":[{"msg":"boom"}]}', '[{"msg": "boom"}]'),
        ("<html><title>boom</title><body>x</body></html>", "boom"),
        ("boom", "boom"),
        ('["boom"]', "['boom']"),
    ],
)
def test_every_shape_of_error_body_gives_its_words(body: str, text: str) -> None:
    assert read_complaint(500, body.encode()).text == text


@given(st.binary(max_size=300), st.sampled_from([400, 401, 404, 418, 429, 500, 503, 599]))
def test_no_body_breaks_the_reading(body: bytes, status: int) -> None:
    found = fault(OPENAI_STATUSES, Origin("m", "h"), read_complaint(status, body))

    assert isinstance(found, ModelFault)
    assert found.reason == clean_line(found.reason)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda x: st.dictionaries(st.sampled_from(["error", "message", "code", "type"]), x) | st.lists(x),
        max_leaves=8,
    )
)
def test_no_error_object_breaks_the_reading(value: object) -> None:
    assert complaint_of(json.loads(json.dumps(value))).status >= 400


def test_a_key_that_a_server_repeats_is_taken_out() -> None:
    text = scrub("Incorrect key: hunter22, also sk-proj-abc****wxyz", ["hunter22"])

    assert text == "Incorrect key: [key], also [key]"
