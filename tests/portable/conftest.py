"""Interpreters from which what Windows or macOS has not is hidden."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[bytes]]


@dataclass(frozen=True)
class Elsewhere:
    """An interpreter as on another system, which its child processes have too."""

    system: str
    python: Path

    def run(
        self, *arguments: str, cwd: Path = ROOT, timeout: float = 50, **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run it from the checkout; what it prints comes as bytes."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV", "PYTEST"))}
        env = kept | {"PYTHONPATH": str(ROOT)} | variables
        return subprocess.run(
            [str(self.python), *arguments], cwd=cwd, env=env, capture_output=True, timeout=timeout, check=False
        )


def made(folder: Path, system: str, more: str = "") -> Elsewhere:
    """Make an environment whose every interpreter hides what the system has not."""
    base = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    site = folder / "lib" / base.name / "site-packages"
    site.mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(base)
    (folder / "pyvenv.cfg").write_text(f"home = {base.parent}\ninclude-system-site-packages = false\n")
    here = Path(__file__).parent
    lines = [sysconfig.get_path("purelib"), f"import sys; sys.path.insert(0, {str(here)!r}); import absent"]
    lines.append(
        f"import absent, sys; absent.hide({system!r}, {str(ROOT)!r}, {more!r}); sys.path.remove({str(here)!r})"
    )
    (site / "elsewhere.pth").write_text("\n".join(lines) + "\n")
    return Elsewhere(system, folder / "bin" / "python")


@pytest.fixture(scope="session", params=["win32", "darwin"])
def elsewhere(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """An interpreter without what a system has not."""
    return made(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture(scope="session")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """An interpreter without what Windows has not."""
    return made(tmp_path_factory.mktemp("windows"), "win32")
