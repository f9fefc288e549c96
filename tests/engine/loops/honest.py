"""Honest text that repeats: what a detector of loops must leave alone. Every generator is seeded."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable

_TEXT = (
    "parser token cache index reader writer buffer socket frame header layout border panel cursor branch commit merge "
    "worktree lane agent budget ledger event state fold queue lease epoch digest prompt schema validator renderer theme"
)
WORDS = _TEXT.split(" ")


def _names(rng: random.Random, count: int) -> list[str]:
    return [
        "_".join(rng.sample(WORDS, 2)) + (str(rng.randrange(9)) if rng.random() < 0.3 else "") for _ in range(count)
    ]


def markdown_table(rng: random.Random) -> str:
    rows = [
        f"| {name:<24} | {rng.randrange(1000):>6} | {rng.random():.3f} | {rng.choice(['yes', 'no'])} |"
        for name in _names(rng, 90)
    ]
    return "| name | count | share | kept |\n|------|-------|-------|------|\n" + "\n".join(rows)


def csv_rows(rng: random.Random) -> str:
    return "\n".join(
        f"{i},{rng.choice(WORDS)},2024-0{rng.randrange(1, 10)}-{rng.randrange(10, 28)},{rng.randrange(10_000)},,EUR"
        for i in range(150)
    )


def imports(rng: random.Random) -> str:
    python = "\n".join(
        f"from {rng.choice(WORDS)}.{name} import {name.title().replace('_', '')}" for name in _names(rng, 60)
    )
    script = "\n".join(f"import {{ {name.title().replace('_', '')} }} from './{name}';" for name in _names(rng, 60))
    return python + "\n\n" + script


def json_array(rng: random.Random) -> str:
    items: list[dict[str, object]] = [
        {"id": i, "name": rng.choice(WORDS), "active": True, "tags": [], "parent": None} for i in range(80)
    ]
    return json.dumps(items, indent=2)


def package_lock(rng: random.Random) -> str:
    return ",\n".join(
        f'    "node_modules/{name}": {{\n      "version": "{rng.randrange(9)}.{rng.randrange(20)}.0",\n'
        f'      "resolved": "https://registry.npmjs.org/{name}/-/{name}.tgz",\n'
        f'      "integrity": "sha512-{base64.b64encode(rng.randbytes(48)).decode()}",\n      "dev": true\n    }}'
        for name in _names(rng, 30)
    )


def cargo_lock(rng: random.Random) -> str:
    return "\n\n".join(
        f'[[package]]\nname = "{name}"\nversion = "{rng.randrange(3)}.{rng.randrange(30)}.{rng.randrange(9)}"\n'
        f'source = "registry+https://github.com/rust-lang/crates.io-index"\nchecksum = "{rng.randbytes(32).hex()}"'
        for name in _names(rng, 40)
    )


def sql_inserts(rng: random.Random) -> str:
    return "\n".join(
        f"INSERT INTO orders (id, customer, status, total) VALUES ({i}, 'customer{i}', 'open', {rng.randrange(90)}.00);"
        for i in range(1, 90)
    )


def css(rng: random.Random) -> str:
    return "\n\n".join(
        f".{name.replace('_', '-')} {{\n  display: flex;\n  align-items: center;\n  justify-content: center;\n"
        f"  padding: {rng.randrange(32)}px;\n  color: #{rng.randbytes(3).hex()};\n}}"
        for name in _names(rng, 50)
    )


def utility_css(rng: random.Random) -> str:
    del rng
    return "\n".join(f".m-{i} {{ margin: {i * 4}px; }}\n.p-{i} {{ padding: {i * 4}px; }}" for i in range(80))


def changelog(rng: random.Random) -> str:
    return "\n".join(
        f"## 1.{30 - i}.0\n\n* Bump {rng.choice(WORDS)} from {i}.0 to {i}.1\n* Fix {rng.choice(WORDS)} of {name}\n"
        for i, name in enumerate(_names(rng, 40))
    )


def test_boilerplate(rng: random.Random) -> str:
    return "\n\n\n".join(
        f"def test_{name}(client: Client) -> None:\n    response = client.get('/{name}')\n\n"
        f"    assert response.status_code == 200\n    assert response.json() == {{'name': '{name}'}}"
        for name in _names(rng, 30)
    )


def getters(rng: random.Random) -> str:
    return "\n\n".join(
        f"    public String get{name.title().replace('_', '')}() {{\n        return this.{name};\n    }}\n\n"
        f"    public void set{name.title().replace('_', '')}(String value) {{\n        this.{name} = value;\n    }}"
        for name in _names(rng, 25)
    )


def svg_path(rng: random.Random) -> str:
    return "\n".join(
        f'<path d="M{rng.randrange(99)} {rng.randrange(99)}L{rng.randrange(99)} {rng.randrange(99)}" fill="none" '
        f'stroke="#000" stroke-width="2"/>'
        for _ in range(90)
    )


def html_list(rng: random.Random) -> str:
    return "\n".join(f'  <li class="item"><a href="/{name}">{name}</a></li>' for name in _names(rng, 80))


def base64_blob(rng: random.Random) -> str:
    return base64.encodebytes(rng.randbytes(4000)).decode()


def hex_dump(rng: random.Random) -> str:
    return "\n".join(f"{16 * i:08x}  {rng.randbytes(8).hex(' ')}  {bytes(8).hex(' ')}" for i in range(80))


def zero_matrix(rng: random.Random) -> str:
    del rng
    return "\n".join(" ".join("1" if i == j else "0" for j in range(30)) for i in range(30))


def sparse_array(rng: random.Random) -> str:
    return "[" + ", ".join(rng.choice(["0", "0", "0", "0.5", "1"]) for _ in range(500)) + "]"


def progress_bar(rng: random.Random) -> str:
    del rng
    return "\n".join(f"Downloading [{'=' * (i // 2)}>{' ' * (50 - i // 2)}] {i}% {i * 3}.1 MB" for i in range(101))


def ascii_box(rng: random.Random) -> str:
    wall = "+" + "-" * 76 + "+"
    lines = [f"|{name:^76}|" for name in _names(rng, 20)]
    return "\n".join([wall, *lines, wall, *(["|" + " " * 76 + "|"] * 6), wall])


def pytest_dots(rng: random.Random) -> str:
    return "\n".join(
        f"tests/test_{name}.py {'.' * rng.randrange(5, 60)} [{i}%]" for i, name in enumerate(_names(rng, 60))
    )


def build_log(rng: random.Random) -> str:
    return "\n".join(
        f"[{i}/180] Building CXX object src/CMakeFiles/core.dir/{name}.cpp.o" for i, name in enumerate(_names(rng, 120))
    )


def prose(rng: random.Random) -> str:
    return ". ".join(" ".join(rng.choices(WORDS, k=rng.randrange(6, 14))).capitalize() for _ in range(80)) + "."


def yaml_manifest(rng: random.Random) -> str:
    return "\n---\n".join(
        f"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  namespace: default\nspec:\n  ports:\n"
        f"    - port: {rng.randrange(1000, 9999)}\n      protocol: TCP\n  selector:\n    app: {name}"
        for name in _names(rng, 25)
    )


def empty_rows(rng: random.Random) -> str:
    del rng
    markup = "\n".join("  <tr><td></td><td></td><td></td></tr>" for _ in range(10))
    return f"{markup}\n" + "\n".join("|      |      |      |      |" for _ in range(20))


def equal_objects(rng: random.Random) -> str:
    del rng
    return json.dumps([{"x": 0, "y": 0, "z": None} for _ in range(16)])


def song(rng: random.Random) -> str:
    chorus = prose(rng)[:160]
    return "\n\n".join(part for _ in range(5) for part in (prose(rng)[:200], chorus))


def stubs(rng: random.Random) -> str:
    return "\n\n".join(f"    def {name}(self) -> None:\n        raise NotImplementedError" for name in _names(rng, 50))


def rulers(rng: random.Random) -> str:
    return "\n".join(f"{'=' * 100}\n{name}\n{'-' * 100}\n{'_ ' * 60}" for name in _names(rng, 15))


HONEST: dict[str, Callable[[random.Random], str]] = {
    make.__name__: make
    for make in (
        markdown_table, csv_rows, imports, json_array, package_lock, cargo_lock, sql_inserts, css, utility_css,
        changelog,
        test_boilerplate, getters, svg_path, html_list, base64_blob, hex_dump, zero_matrix, sparse_array, progress_bar,
        ascii_box, pytest_dots, build_log, prose, yaml_manifest, rulers, empty_rows, equal_objects, song, stubs,
    )
}  # fmt: skip
