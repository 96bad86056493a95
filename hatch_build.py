"""Puts the built console into the package. Needs npm only in a git checkout that has not built it yet."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        source, built = Path(self.root, "console"), Path(self.root, "src/jixi/server/console")
        if version == "editable" or (built / "index.html").exists():
            return
        npm = shutil.which("npm")
        if not npm:
            raise RuntimeError(
                "npm is needed to build the console from a git checkout; run 'make setup' first"
            )
        subprocess.run([npm, "ci"], cwd=source, check=True)
        subprocess.run([npm, "run", "build"], cwd=source, check=True)
        shutil.copytree(source / "dist", built, dirs_exist_ok=True)
