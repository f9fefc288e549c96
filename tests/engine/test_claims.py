"""Claims: constructed cases of agents who agree on what nobody looked up, and true claims that must pass."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from engine.claiming.evidence import Ground, is_hollow, is_masked
from engine.claiming.grounds import places_for
from engine.claiming.places import MAX_LOOKS, TOO_MANY, GitPlaces, misshapen
from engine.claiming.quotes import Page, find_quote
from engine.claiming.symbols import find_symbol
from engine.claiming.wording import counts, outcome
from engine.claims import MAX_CLAIMS, MAX_REFS, Resolved, Unresolved, resolve, resolve_all, resolve_findings, told
from engine.decision.sceptics import Standing, stands, weighed, weight
from engine.git.repository import open_repository
from engine.state import Lane, Run, Task
from engine.words import CheckResult, Claim, Finding, Reference, Role, RunId, TaskId, TaskSpec, Verdict
from engine.workspace import Workspace

CORPUS = yaml.safe_load(Path(__file__).with_name("claims_corpus.yaml").read_text(encoding="utf-8"))
WHO = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
CLIENT = '''"""The client."""

# Five is enough for a server that restarts.
RETRIES = 5


class Client:

    def connect(self, host, timeout=10):
        """Open a connection."""
        if not host:
            raise Refused(host)
        return open_socket(host, timeout)

    def request(self, host):
        for attempt in range(RETRIES):
            try:
                return self.connect(host)
            except Busy:
                pass
        return parse(None)


class Refused(Exception):
    pass


class Busy(Exception):
    pass


def open_socket(host, timeout):
    return host, timeout
'''
PARSER = '''"""The parser."""


def parse(text):
    value = text
    if value is None:
        return []
    return value.split()


def first(value):
    if value is None:
        return ""
    return value[0]


def fetch(client):
    """Read from the host."""
    HOST = "example.org"
    # One connection each.
    return client.connect(HOST)
'''
FILES = {
    "src/client.py": CLIENT,
    "src/parser.py": "def parse(text):\n    return text.split()\n",
    "web/app.js": "const load = async () => {\n  return 1;\n};\n\nfunction render(page) {\n  return load(page);\n}\n",
    "notes/analysis.md": "The design is safe.\n",
    "docs/grüße.md": "Schöne Grüße an alle\n",
    "huge.txt": "row row row row\n" * 80_000,
}


class Repository:
    """A repository with a history, and what ran on its trees."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "-q", "-b", "main")
        self.commits = {"first": self.commit(FILES)}
        self.git("checkout", "-qb", "other")
        self.commits["elsewhere"] = self.commit({"src/cache.py": "CACHE = {}\n"})
        self.git("checkout", "-q", "main")
        self.commits["second"] = self.commit({"src/client.py": CLIENT.replace("timeout=10", "timeout=30")})
        self.commits["third"] = self.commit({"src/parser.py": PARSER})
        self.head = self.commits["third"]
        self.tree = self.git("rev-parse", "HEAD^{tree}")

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *WHO, *words], cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, files: dict[str, str]) -> str:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        if not (self.root / "logo.png").exists():
            (self.root / "logo.png").write_bytes(b"\x89PNG\0\0a comment of ours\n")
            (self.root / "link").symlink_to("/etc/passwd")
        self.git("add", "-A")
        self.git("commit", "-qm", "a step")
        return self.git("rev-parse", "HEAD")

    def results(self) -> tuple[CheckResult, ...]:
        """What the engine's check said of this tree and an older one, and what a lane ran."""
        failed = "FAILED tests/test_retry.py::test_retry - assert 1 == 5\n3 failed, 41 passed in 2.13s"
        older = self.git("rev-parse", f"{self.commits['first']}^{{tree}}")
        flaky = "pytest -q tests/test_flaky.py"
        return (
            CheckResult("pytest -q", self.tree, 1, 3.0, failed, "ab" * 32, metric=r"(\d+) failed"),
            CheckResult("make lint", older, 0, None, "clean"),
            CheckResult("pytest -q tests/test_client.py", self.head, 0, None, "12 passed in 0.31s"),
            CheckResult("pytest -q tests/test_client.py 2>&1 | tail -1", self.head, 0, None, "12 passed in 0.31s"),
            CheckResult("pytest -q || true", self.head, 0, None, failed),
            CheckResult("echo 44 passed", self.head, 0, None, "44 passed"),
            CheckResult(flaky, self.head, 0, None, "1 passed"),
            CheckResult(flaky, self.head, 1, None, "1 failed"),
            CheckResult("grep -rn 'connect(' src | wc -l", self.head, 0, None, "2"),
            CheckResult("grep -rn 'close(' src", self.head, 1, None, ""),
        )

    def places(self) -> GitPlaces:
        ground = Ground(self.head, self.tree, self.results(), {"check": "pytest -q"})
        return GitPlaces(open_repository(self.root), ground, frozenset({"notes/analysis.md"}))

    def filled(self, text: Any) -> Any:
        """A case with the repository's own commit ids in it."""
        raw = msgspec.json.encode(text).decode()
        for name, sha in self.commits.items():
            raw = raw.replace("{" + name + "}", sha[:12])
        return msgspec.json.decode(raw)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(tmp_path_factory.mktemp("claims") / "repo")


@pytest.mark.parametrize("case", CORPUS, ids=[case["name"] for case in CORPUS])
def test_what_agents_agree_on_stands_only_when_the_engine_finds_it(repository: Repository, case: Any) -> None:
    places, case = repository.places(), repository.filled(case)
    claims = msgspec.convert(case["claims"], list[Claim])
    found = resolve_all(claims, places)
    verdicts = [
        weighed(verdict, resolve_findings(verdict.findings, places))
        for verdict in msgspec.convert(case.get("verdicts", []), list[Verdict])
    ]

    opinion = stands(found, verdicts)

    assert (opinion.standing, opinion.reason) == (case["expect"], opinion.reason)
    assert case.get("because", "") in opinion.reason
    if "weights" in case:
        assert [weight(verdict, claims) for verdict in verdicts] == case["weights"]
    if "lines" in case:
        assert [ref.line for one in found for ref in one.claim.refs] == case["lines"]


def test_the_corpus_is_as_large_as_was_promised() -> None:
    false = [case for case in CORPUS if case["expect"] != "stands"]
    assert len(false) >= 24
    assert len(CORPUS) - len(false) >= 8
    assert len({case["name"] for case in CORPUS}) == len(CORPUS)


def test_agreement_adds_nothing_however_many_agree(repository: Repository) -> None:
    found = resolve_all([Claim("the pool is bounded", (Reference("src/pool.py", 1, "MAX = 8"),))], repository.places())
    agreed = [Verdict(True, "yes") for _ in range(50)]
    assert stands(found, agreed) == stands(found)
    assert stands(found, agreed).standing is Standing.UNFOUNDED


def test_what_runs_in_a_changed_worktree_says_so(repository: Repository) -> None:
    ground = Ground(repository.head, repository.tree, void="files were changed")
    places = GitPlaces(open_repository(repository.root), ground)
    looked = resolve(Claim("it is clean", (Reference(command="make lint", exit_code=0),)), places)
    assert isinstance(looked, Unresolved)
    assert looked.reason == "files were changed"


def test_the_number_of_claims_and_references_is_bounded(repository: Repository) -> None:
    places, ref = repository.places(), Reference("src/client.py", 4, "RETRIES = 5")
    many = resolve_all([Claim("five", (ref,))] * (MAX_CLAIMS + 3), places)
    assert [isinstance(one, Resolved) for one in many] == [True] * MAX_CLAIMS + [False] * 3
    assert isinstance(resolve(Claim("five", (ref,) * (MAX_REFS + 1)), places), Unresolved)


def test_an_attempt_is_looked_up_where_it_started_with_what_ran_there_until_its_files_change(
    repository: Repository, tmp_path: Path
) -> None:
    workspace = Workspace(open_repository(repository.root), tmp_path / "lanes", RunId("r1"))
    name = TaskId("answer")
    opened = workspace._open(name, repository.head)
    count = CheckResult("grep -c x src/client.py", repository.head, 0, None, "4")
    notes = Task(TaskSpec("notes", "notes", Role.WORK, "writer", "", writes="notes/analysis.md"), output="said")
    task = Task(TaskSpec("answer", "answer", Role.TEXT, "researcher", ""), start_commit=repository.head)
    run = Run(RunId("r1"), tasks={notes.task: notes, name: task}, lanes={name: Lane(name, ran=(count,))})
    claim = Claim("four lines", (Reference(command=count.command, number=4),))

    (opened.worktree.path / "cache.txt").write_text("new files are caches mostly")
    before = places_for(run, task, workspace)
    (opened.worktree.path / "src" / "client.py").write_text("x\n" * 4)
    after = places_for(run, task, workspace)

    assert (before.ground.commit, before.ground.tree) == (repository.head, repository.tree)
    assert before.spoken("notes/analysis.md")
    assert isinstance(resolve(claim, before), Resolved)
    found = resolve(claim, after)
    assert isinstance(found, Unresolved)
    assert found.reason == "commands of this lane do not count: src/client.py was changed in it"


def test_a_long_python_file_is_searched_by_its_lines() -> None:
    page = Page("b.py", "def f(x):\n    return g(x)\n" * 9_000 + "def wanted():\n    pass\n")
    assert find_symbol(page, "wanted", 0) == 18_001
    assert find_symbol(page, "g", 0) == "b.py does not define `g`"


def test_no_more_than_a_bounded_number_of_places_is_looked_up(repository: Repository) -> None:
    places = repository.places()
    reasons = [places.page(f"src/{number}.py") for number in range(MAX_LOOKS + 1)]
    assert str(reasons[0]).startswith("there is no file")
    assert reasons[-1] == TOO_MANY


def test_a_line_that_is_made_to_be_searched_for_ever_is_not(repository: Repository) -> None:
    page = Page("a.js", "var " * 60_000)
    assert find_symbol(page, "render", 0) == "a.js does not define `render`"


def test_a_finding_is_found_with_its_line_put_right(repository: Repository) -> None:
    ref = Reference("src/client.py", 6, "RETRIES = 5")
    ((found, why),) = resolve_findings([Finding("odd", "src/client.py", 6, refs=(ref,))], repository.places())
    assert (found.is_found, found.line, why) == (True, 4, "")


@pytest.mark.parametrize(
    ("command", "is_so"),
    [
        ("echo 1", True),
        ("true && echo ok", True),
        ("pytest; echo ok", False),
        ("printf x | cat", True),
        ("", True),
        ("cat out.txt", True),
        ("cat a | grep -c b", False),
        ("python -c \"print('44 passed')\"", True),
        ("python -c 'import a; print(a.x)'", False),
        ("bash -c 'echo 44 passed'", True),
        ("sh -c pytest", False),
        ("echo 'a; b' && :", True),
    ],
)
def test_a_command_that_only_prints_is_known(command: str, is_so: bool) -> None:
    assert is_hollow(command) is is_so


@pytest.mark.parametrize(
    ("command", "is_so"),
    [
        ("pytest || true", True),
        ("pytest | tail -1", True),
        ("set -o pipefail; pytest | tail", False),
        ("cd src; pytest", False),
        ("pytest; exit 0", True),
    ],
)
def test_an_exit_code_of_another_command_is_known(command: str, is_so: bool) -> None:
    assert is_masked(command) is is_so


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("2 tests fail", [2]),
        ("there are no callers", [0]),
        ("raises HTTP 500 errors", []),
        ("Python 3 uses str", []),
        ("12 unit tests pass and 1 failed", [12, 1]),
    ],
)
def test_counts_of_things_are_read_and_names_are_not(text: str, values: list[int]) -> None:
    assert [count.value for count in counts(text)] == values


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("All tests pass.", "pass"),
        ("the suite is green", "pass"),
        ("No test fails after it", "pass"),
        ("the tests pass a tuple", ""),
        ("every check failed", "fail"),
    ],
)
def test_outcomes_are_read_from_plain_words(text: str, word: str) -> None:
    assert outcome(text) == word


LINE = st.text("abcxyz_=()12.", min_size=9, max_size=30).map(lambda text: f"{text[:4]} {text[4:]}")


@given(st.lists(LINE, min_size=1, max_size=30), st.data())
def test_every_run_of_whole_lines_is_found_where_it_is_whatever_its_whitespace(lines: list[str], data: Any) -> None:
    page = Page("a.txt", "\n".join(lines) + "\n")
    start = data.draw(st.integers(0, len(lines) - 1))
    end = data.draw(st.integers(start + 1, len(lines)))
    quote = "\n".join(f"  {line}\t" for line in lines[start:end])
    assert find_quote(page, quote, start + 1) == start + 1


@given(st.text(max_size=40), st.text(max_size=60), st.integers(0, 50))
def test_no_text_breaks_the_search(text: str, quote: str, line: int) -> None:
    page = Page("a.py", text)
    for found in (find_quote(page, quote, line), find_symbol(page, quote, line)):
        assert isinstance(found, str) or 1 <= found <= len(page.lines)


@given(st.text(max_size=40))
def test_a_path_that_is_let_through_stays_inside(path: str) -> None:
    if not misshapen(path):
        assert not path.startswith("/")
        assert ".." not in path.split("/")


def test_a_reference_is_told_in_one_line() -> None:
    assert told(Reference("a.py", 3, "x = 1")) == "a.py:3 “x = 1”"
    assert told(Reference(command="pytest", exit_code=1, number=3)) == "`pytest` exit 1 (3)"
