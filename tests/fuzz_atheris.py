"""Coverage-guided fuzzing of the chalkboard, by hand: ``python -m tests.fuzz_atheris [seconds]``, ten minutes as it is.

It needs ``pip install atheris``. Anything but a derivation or an `InputError` of one line, and anything that takes
longer than `HUNG` processor seconds, stops it with the text that did it. A text slower than all before it is printed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Final

import atheris

with atheris.instrument_imports(include=["backprop_tui"]):
    from .hostile import HUNG, LOSS, TOKENS, VALID, derived

LONGEST_TEXT: Final = 200
_slowest: list[tuple[float, str]] = [(0.0, "")]


def try_one(data: bytes) -> None:
    """Take some bytes as one equation of a network."""
    text = data.decode("utf-8", "replace")
    begun = process_time()
    derived({"p": text, "E": LOSS})
    took = process_time() - begun
    if took > _slowest[-1][0]:
        _slowest.append((took, text))
        print(f"slowest so far, {took:.2f} s: {text!r}", file=sys.stderr, flush=True)


def main(seconds: str = "600") -> None:
    """Fuzz for some time, from the valid texts and the words of the language."""
    with TemporaryDirectory() as folder:
        corpus, words = Path(folder, "corpus"), Path(folder, "words")
        corpus.mkdir()
        for number, text in enumerate(VALID):
            (corpus / str(number)).write_text(text, "utf-8")
        words.write_text("\n".join(f'"{_escaped(token)}"' for token in TOKENS), "ascii")
        options = [f"-max_total_time={seconds}", f"-timeout={10 * HUNG}", f"-max_len={LONGEST_TEXT}"]
        options += [f"-dict={words}", f"-artifact_prefix={folder}/", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], str(corpus), *options], try_one)
        atheris.Fuzz()


def _escaped(token: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in token.encode("utf-8"))


if __name__ == "__main__":
    main(*sys.argv[1:])
