"""A repository as real ones look: over 500 files in packages, four functions with a bug each, cases that find them."""

from __future__ import annotations

from typing import Any

from tests.e2e.scenes import ACCEPTS
from tests.e2e.world import call, entry, script

PACKAGES, MODULES = 26, 20
FUNCTIONS = {
    "tax": (
        "def tax(net: int) -> int:\n    return net * 19 // 10\n",
        "def tax(net: int) -> int:\n    return net * 19 // 100\n",
    ),
    "discount": (
        "def discount(price: int, percent: int) -> int:\n    return price - percent\n",
        "def discount(price: int, percent: int) -> int:\n    return price - price * percent // 100\n",
    ),
    "rounding": (
        "def rounding(cents: int) -> int:\n    return cents\n",
        "def rounding(cents: int) -> int:\n    return (cents + 2) // 5 * 5\n",
    ),
    "shipping": (
        "def shipping(grams: int) -> int:\n    return 0\n",
        "def shipping(grams: int) -> int:\n    return 499 if grams < 2000 else 999\n",
    ),
}
WRONG_DISCOUNT = "def discount(price: int, percent: int) -> int:\n    return price - price * percent\n"
CASES = {"tax": ("1000", "190"), "discount": ("200, 10", "180"), "rounding": ("13", "15"), "shipping": ("2500", "999")}
CHECK_PY = '''"""Run the cases that are named, or all, and say how many fail."""

import importlib
import sys

CASES = {cases}
bad = 0
for name in sys.argv[1:] or CASES:
    arguments, wanted = CASES[name]
    got = getattr(importlib.import_module(f"shop.pricing.{{name}}"), name)(*arguments)
    if got != wanted:
        bad += 1
        print(f"FAIL {{name}}{{arguments}}: expected {{wanted}}, got {{got}}")
print(f"{{bad}} failed")
sys.exit(bool(bad))
'''
CHECK = "python3 -B check.py"
RAW_ERROR = "FAIL discount(200, 10): expected 180, got -1800"


def files() -> dict[str, str]:
    """Every file of the first commit."""
    found = {
        f"shop/package{package:02}/module{module:02}.py": _module(package, module)
        for package in range(PACKAGES)
        for module in range(MODULES)
    }
    found |= {f"shop/package{package:02}/__init__.py": "" for package in range(PACKAGES)}
    found |= {f"shop/pricing/{name}.py": wrong for name, (wrong, _) in FUNCTIONS.items()}
    cases = {name: (tuple(map(int, given.split(","))), int(wanted)) for name, (given, wanted) in CASES.items()}
    found |= {
        "shop/__init__.py": "",
        "shop/pricing/__init__.py": "",
        "check.py": CHECK_PY.format(cases=cases),
        "README.md": "# Shop\n\nPrices in cents.\n",
        "AGENTS.md": "Prices are integers, in cents.\n",
        ".gitignore": "__pycache__/\n",
    }
    return found


def _module(package: int, module: int) -> str:
    lines = "\n".join(f"LIMIT_{number} = {package * module + number}" for number in range(12))
    return f'"""Limits of area {package}.{module}."""\n\n{lines}\n'


def _path(name: str) -> str:
    return f"shop/pricing/{name}.py"


def plan() -> list[dict[str, Any]]:
    """What the planner proposes."""
    return [
        {
            "id": name,
            "title": f"Mend {name}",
            "agent": "coder",
            "goal": f"{name}() in {_path(name)} must satisfy its case in check.py.",
            "scope": [_path(name)],
            "check": f"{CHECK} {name}",
        }
        for name in FUNCTIONS
    ]


def the_script() -> str:
    """What the models say: look, ask for the network, edit, run, fail once, finish."""
    ask = call("run_command", "I want to look up the postage.", command="echo postage", network=True)
    planner = [
        call("list_files", "I look around.", path="shop/pricing"),
        call("propose_plan", "Four functions, four tasks.", remark="One task for each.", tasks=plan()),
    ]
    lanes = [
        entry("planner", *planner),
        entry("coder", *_mends("tax", FUNCTIONS["tax"][1]), task="tax"),
        entry("coder", *_mends("discount", WRONG_DISCOUNT), task="discount", attempt=1),
        entry("coder", *_mends("discount", FUNCTIONS["discount"][1]), task="discount", attempt=2),
        entry("coder", *_mends("rounding", FUNCTIONS["rounding"][1]), task="rounding"),
        entry("coder", ask, *_mends("shipping", FUNCTIONS["shipping"][1]), task="shipping"),
        entry("reviewer", call("run_command", command=CHECK), ACCEPTS),
        entry("summariser", {"text": "Four functions were mended."}),
    ]
    return script(lanes, small={"window_tokens": 32768, "slots": 4})


def _mends(name: str, text: str) -> list[dict[str, Any]]:
    return [
        call("search_text", f"Where is {name}?", pattern=f"def {name}"),
        call("read_file", "I read it.", path=_path(name)),
        call("write_file", "I mend it.", path=_path(name), content=text),
        call("run_command", "Does it hold?", command=f"{CHECK} {name}"),
        call("finish", summary=f"{name} is mended"),
    ]
