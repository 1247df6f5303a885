"""Fail points do nothing unless asked, and then they kill at the pass that was named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from daemon.failpoints import POINTS, failpoint

PASSING = """
from daemon.failpoints import failpoint
for number in range(3):
    print(number, flush=True)
    failpoint("after_t1")
"""


def test_every_point_is_named_once_and_passes() -> None:
    assert len(set(POINTS)) == len(POINTS)
    for name in POINTS:
        failpoint(name)


def test_a_misspelt_point_is_noticed_at_once() -> None:
    with pytest.raises(ValueError, match="no such fail point"):
        failpoint("after_tea")


@pytest.mark.parametrize(("setting", "passes"), [("after_t1", 1), ("after_t1:2", 2), ("after_t1:9", 3), ("after_move", 3), ("", 3)])
def test_the_process_dies_at_the_pass_that_was_named(setting: str, passes: int, environment: Callable[..., dict[str, str]]) -> None:
    done = subprocess.run([sys.executable, "-c", PASSING], env=environment(SUPPORTD_FAILPOINT=setting), capture_output=True, text=True)
    assert done.stdout.split() == [str(number) for number in range(passes)]
    assert done.returncode == (-signal.SIGKILL if setting in ("after_t1", "after_t1:2") else 0)


def test_the_process_stands_still_at_the_pass_that_was_named_until_it_is_let_go_on(environment: Callable[..., dict[str, str]]) -> None:
    passing = subprocess.Popen(
        [sys.executable, "-c", PASSING], env=environment(SUPPORTD_FAILPOINT="after_t1:2=stop"), stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    with passing:
        _, status = os.waitpid(passing.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        passing.send_signal(signal.SIGCONT)
        assert passing.communicate()[0].split() == ["0", "1", "2"]
    assert passing.returncode == 0


@pytest.mark.parametrize("setting", ["after_tea", "after_t1=rest"])
def test_a_setting_that_names_no_point_is_told(setting: str, environment: Callable[..., dict[str, str]]) -> None:
    done = subprocess.run([sys.executable, "-c", PASSING], env=environment(SUPPORTD_FAILPOINT=setting), capture_output=True, text=True)
    assert done.returncode == 1
    assert f"ValueError: SUPPORTD_FAILPOINT names no fail point: '{setting}'" in done.stderr
