"""The hash of a file is that of the standard's own examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from AutoContourRTCore.hashing import sha256_of

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4, "abc"
MILLION = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"  # a million times "a"


@pytest.mark.parametrize(("content", "expected"), [(b"abc", ABC), (b"a" * 1_000_000, MILLION)])
def test_a_file_has_the_hash_that_the_standard_gives(
    content: bytes, expected: str, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert sha256_of(file) == expected
