"""What a diff adds is read from git's objects: no attribute, no odd name and no odd line hides any of it."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.conformance.rule import Changed
from engine.git.additions import additions
from engine.git.gateway import Git
from tests.engine.git.conftest import plain


def committed(git: Git, **files: str | None) -> dict[str, Changed]:
    """What a commit with these files adds to the one before it."""
    base = plain(git.root, "rev-parse", "HEAD")
    for name, text in files.items():
        path = git.root / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(os.fsencode(text))
    plain(git.root, "add", "-A")
    plain(git.root, "commit", "-qm", "more", "--allow-empty")
    return {one.path: one for one in additions(git, base, plain(git.root, "rev-parse", "HEAD"))}


def test_added_lines_have_their_numbers_in_the_new_file(git: Git) -> None:
    found = committed(git, **{"src/a.py": "zero = 0\none = 1\nthree = 3\nfour = 4\n", "new.txt": "x", "README": None})

    assert found["src/a.py"].added == ((1, "zero = 0"), (4, "four = 4"))
    assert found["src/a.py"].removed == ("two = 2",)
    assert found["src/a.py"].text.startswith("zero")
    assert (found["new.txt"].is_new, found["new.txt"].added) == (True, ((1, "x"),))
    assert found["README"].is_deleted


def test_an_attribute_hides_no_line(git: Git) -> None:
    found = committed(git, **{".gitattributes": "*.py binary -diff\n", "src/b.py": "import os\n"})

    assert found["src/b.py"].added == ((1, "import os"),)


def test_lines_that_look_like_a_patch_are_lines(git: Git) -> None:
    text = "diff --git a/x b/x\n@@ -1 +9 @@\n--- a\n+++ b\n+x\n-y\n"

    found = committed(git, **{"patch": text, "zz": "last\n"})

    assert [line for _, line in found["patch"].added] == text.splitlines()
    assert found["zz"].added == ((1, "last"),)


def test_odd_names_kinds_and_bytes_are_told_apart(git: Git) -> None:
    (git.root / "link").symlink_to("src/a.py")
    odd = {'a "b"\tc\nd': "odd\n", "picture": "\0\0", "code.py": "x = '\0'\n", "z": "end\n"}

    found = committed(git, **odd)

    assert found['a "b"\tc\nd'].added == ((1, "odd"),)
    assert not found["picture"].is_text
    assert found["code.py"].is_text
    assert not found["link"].is_text
    assert found["z"].added == ((1, "end"),)


def test_a_file_that_becomes_a_link_does_not_shift_the_others(git: Git, root: Path) -> None:
    (root / "README").unlink()
    (root / "README").symlink_to("src/a.py")

    found = committed(git, **{"src/b.py": "b = 2\n", "zz": "end\n"})

    assert found["src/b.py"].added == ((1, "b = 2"),)
    assert found["zz"].added == ((1, "end"),)


lines = st.lists(st.sampled_from(["a", "b", "", "@@ -1 +1 @@", "-x", "+y", "diff --git a/a b/a", "\\ No newline"]))


@given(before=lines, after=lines, has_end=st.booleans())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_added_line_stands_where_it_is_said_to_stand(
    git: Git, before: list[str], after: list[str], has_end: bool
) -> None:
    committed(git, **{"f": "\n".join(before) + "\n", "g": "same\n"})

    found = committed(git, **{"f": "\n".join(after) + ("\n" if has_end else ""), "g": "other\n"})

    if change := found.get("f"):
        stands = change.text.split("\n")
        assert all(stands[number - 1] == line for number, line in change.added)
    assert not found.get("g") or found["g"].text in ("other\n", "same\n")
