# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of cases: one ctest case each."""
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Case:
    name: str
    run: Callable
    labels: tuple
    timeout_s: int


CASES = {}


def add(name, run, core=False, timeout_s=120, labels=("e2e",)):
    """core: also under the sanitizers, where everything is slow."""
    assert name not in CASES, name
    CASES[name] = Case(name, run, tuple(labels) + (("e2e-core",) if core else ()), timeout_s)


def case(name, **how):
    def register(run):
        add(name, run, **how)
        return run
    return register
