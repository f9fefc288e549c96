"""More honest texts and more looping ones, each drawn from a seed: shape, length and wording differ every time."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.engine.loops.honest import WORDS, prose

Make = Callable[[random.Random], str]


def _word(rng: random.Random) -> str:
    return rng.choice(WORDS)


def _name(rng: random.Random) -> str:
    return f"{_word(rng)}_{_word(rng)}_{rng.randrange(100)}"


def _sentence(rng: random.Random, low: int = 5, high: int = 14) -> str:
    return " ".join(_word(rng) for _ in range(rng.randrange(low, high))).capitalize() + "."


def yarn_lock(rng: random.Random) -> str:
    return "\n\n".join(
        f'"{name}@^{rng.randrange(9)}.0.0":\n  version "{rng.randrange(9)}.{rng.randrange(30)}.{rng.randrange(9)}"\n'
        f'  resolved "https://registry.yarnpkg.com/{name}/-/{name}.tgz#{rng.randbytes(20).hex()}"\n  dependencies:\n'
        f'    {_word(rng)} "^1.0.0"'
        for name in (_name(rng) for _ in range(40))
    )


def go_sum(rng: random.Random) -> str:
    return "\n".join(
        f"github.com/{_word(rng)}/{_word(rng)} v0.{rng.randrange(20)}.0{end} h1:{rng.randbytes(32).hex()}="
        for _ in range(50)
        for end in ("", "/go.mod")
    )


def protobuf(rng: random.Random) -> str:
    return "\n\n".join(
        f"message {_word(rng).title()}{_word(rng).title()}Request {{\n"
        + "".join(f"  optional string {_name(rng)} = {i};\n" for i in range(1, rng.randrange(3, 9)))
        + "}"
        for _ in range(25)
    )


def switch_cases(rng: random.Random) -> str:
    return "\n".join(f'        case {_name(rng).upper()}:\n            return "{_word(rng)}";' for _ in range(60))


def hex_array(rng: random.Random) -> str:
    rows = (", ".join(f"0x{rng.choice((0, 0, 0xFF, rng.randrange(256))):02x}" for _ in range(12)) for _ in range(80))
    return "static const uint8_t table[] = {\n" + "".join(f"    {row},\n" for row in rows) + "};"


def translations(rng: random.Random) -> str:
    return "\n\n".join(
        f'#: src/{_word(rng)}.c:{rng.randrange(900)}\nmsgid "{_sentence(rng)}"\nmsgstr ""' for _ in range(60)
    )


def terraform(rng: random.Random) -> str:
    return "\n\n".join(
        f'resource "aws_instance" "{_name(rng)}" {{\n  ami           = "ami-{rng.randbytes(4).hex()}"\n'
        f'  instance_type = "t3.micro"\n  tags = {{\n    Name = "{_name(rng)}"\n  }}\n}}'
        for _ in range(30)
    )


def few_values(rng: random.Random) -> str:
    return "time,state,value\n" + "\n".join(f"{i},{rng.choice(['on', 'off'])},{rng.randrange(3)}" for i in range(300))


def carriage_progress(rng: random.Random) -> str:
    total = rng.randrange(200, 900)
    return "\r".join(
        f"{i * 100 // total:3d}%|{'█' * (i * 30 // total):<30}| {i}/{total} [00:{i % 60:02d}<00:10, 9.{i % 10}it/s]"
        for i in range(0, total, 4)
    )


def docker_pull(rng: random.Random) -> str:
    return "\n".join(f"{rng.randbytes(6).hex()}: {rng.choice(['Pull complete', 'Already exists'])}" for _ in range(80))


def git_log(rng: random.Random) -> str:
    return "\n".join(
        f"{rng.randbytes(4).hex()[:7]} {rng.choice(['fix', 'feat', 'chore'])}: {_sentence(rng, 3, 6)}"
        for _ in range(90)
    )


def similar_hunks(rng: random.Random) -> str:
    return "\n".join(
        f"@@ -{n},4 +{n},4 @@ def {_name(rng)}(self):\n     value = self.read()\n"
        "-    log.warn(value)\n+    log.warning(value)"
        for n in sorted(rng.sample(range(5000), 40))
    )


def tap_output(rng: random.Random) -> str:
    return "\n".join(f"ok {i} - {_word(rng)} {_word(rng)} {_word(rng)}" for i in range(1, 150))


def checklist(rng: random.Random) -> str:
    return "\n".join(f"- [{rng.choice(' x')}] {_sentence(rng, 3, 7)}" for _ in range(80))


def clauses(rng: random.Random) -> str:
    return "\n\n".join(f"{i}.{rng.randrange(1, 9)} The party shall {_sentence(rng)}" for i in range(1, 60))


def truth_table(rng: random.Random) -> str:
    del rng
    return "\n".join(" | ".join(f"{i:08b}") for i in range(200))


def multiplication(rng: random.Random) -> str:
    base = rng.randrange(2, 9)
    return "\n".join(f"{base} x {i} = {base * i}" for i in range(1, 150))


def dna(rng: random.Random) -> str:
    return "\n".join("".join(rng.choice("ACGT") for _ in range(60)) for _ in range(40))


def chess_boards(rng: random.Random) -> str:
    return "\n\n".join(
        "\n".join(" ".join(rng.choice("......pPrRnN") for _ in range(8)) for _ in range(8)) for _ in range(15)
    )


def dot_leaders(rng: random.Random) -> str:
    page, lines = 1, []
    for _ in range(60):
        page += rng.randrange(1, 6)
        title = f"{_word(rng).title()} and {_word(rng)}"
        lines.append(f"{title} {'.' * (66 - len(title))} {page}")
    return "\n".join(lines)


def ascii_tree(rng: random.Random) -> str:
    return "\n".join(f"{'│   ' * rng.randrange(4)}{rng.choice(['├──', '└──'])} {_name(rng)}.py" for _ in range(90))


def latex_matrix(rng: random.Random) -> str:
    size = rng.randrange(8, 14)
    rows = (" & ".join("1" if i == j else "0" for j in range(size)) for i in range(size))
    return "\\begin{pmatrix}\n" + " \\\\\n".join(rows) + "\n\\end{pmatrix}"


def enum_members(rng: random.Random) -> str:
    return "\n".join(f'    {_name(rng).upper()} = "{_name(rng)}"' for _ in range(80))


def assertions(rng: random.Random) -> str:
    return "\n".join(f'    assert slug("{_sentence(rng, 2, 5)}") == "{_name(rng)}"' for _ in range(60))


def assembly(rng: random.Random) -> str:
    codes = ["mov", "ldr", "add", "str"]
    return "\n".join(
        f"  {i * 4:06x}:\t{rng.randbytes(4).hex()}\t{rng.choice(codes)}\tx{rng.randrange(30)}, [sp, #{i % 9}]"
        for i in range(120)
    )


def status_lines(rng: random.Random) -> str:
    return "\n".join(
        f"2024-05-01T10:{i // 60:02d}:{i % 60:02d}Z INFO {_word(rng)}: {_sentence(rng, 3, 8)}" for i in range(90)
    )


def svg_circles(rng: random.Random) -> str:
    return "\n".join(
        f'  <circle cx="{rng.randrange(800)}" cy="{rng.randrange(600)}" r="{rng.randrange(3, 9)}" fill="#333"/>'
        for _ in range(90)
    )


def parameter_list(rng: random.Random) -> str:
    return "\n".join(
        f"        ({rng.randrange(99)}, {rng.randrange(99)}, {rng.choice(['True', 'False'])})," for _ in range(90)
    )


HONEST_VARIANTS: dict[str, Make] = {
    make.__name__: make
    for make in (
        yarn_lock, go_sum, protobuf, switch_cases, hex_array, translations, terraform, few_values, carriage_progress,
        docker_pull, git_log, similar_hunks, tap_output, checklist, clauses, truth_table, multiplication, dna,
        chess_boards, dot_leaders, ascii_tree, latex_matrix, enum_members, assertions, assembly, status_lines,
        svg_circles, parameter_list,
    )
}  # fmt: skip


def sentence_again(rng: random.Random) -> str:
    return f"{_sentence(rng)} " * 60


def paragraph_again(rng: random.Random) -> str:
    return (prose(rng)[: rng.randrange(150, 500)] + "\n\n") * 14


def two_in_turn(rng: random.Random) -> str:
    return f"{_sentence(rng)} {_sentence(rng)}\n" * 40


def one_of_three(rng: random.Random) -> str:
    said = [f"{_sentence(rng)} " for _ in range(3)]
    return "".join(rng.choice(said) for _ in range(120))


def word_again(rng: random.Random) -> str:
    return f"{_word(rng)}{rng.choice([' ', ', ', '-', '. '])}" * 300


def code_again(rng: random.Random) -> str:
    return f"    {_name(rng)} = {_name(rng)}.{_word(rng)}({_word(rng)})\n" * 60


def import_again(rng: random.Random) -> str:
    return f"from {_word(rng)}.{_word(rng)} import {_name(rng)}\n" * 60


def bullet_again(rng: random.Random) -> str:
    return f"- {_sentence(rng)}\n" * 50


def thought_again(rng: random.Random) -> str:
    starts = ["Wait, ", "Actually, ", "Hmm, ", "But "]
    core = _sentence(rng, 8, 14).lower()
    return "".join(f"{rng.choice(starts)}{core} " for _ in range(60))


def function_again(rng: random.Random) -> str:
    name = _name(rng)
    return f"def {name}(self):\n    return self.{_word(rng)}.{_word(rng)}()\n\n" * 40


def joined_again(rng: random.Random) -> str:
    return (_word(rng)[:3] + _word(rng)[-2:]) * 200


LOOPING_VARIANTS: dict[str, Make] = {
    make.__name__: make
    for make in (
        sentence_again, paragraph_again, two_in_turn, one_of_three, word_again, code_again, import_again, bullet_again,
        thought_again, function_again, joined_again,
    )
}  # fmt: skip
