"""The script of the Python guide, on a cluster."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.python.test_running import ISSUE, USERS

import vibepiper as vp

ON_CLUSTER = 'pipeline.run(executor="ray", cluster="my-ray-cluster")\n'


def test_a_script_runs_on_a_cluster_by_its_name(ray_cluster: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "users.csv").write_text(USERS)
    (tmp_path / "vp.toml").write_text(
        f'[project]\nname = "test"\nmodules = ["assets"]\n[executor.clusters]\nmy-ray-cluster = "{ray_cluster}"\n'
    )
    (tmp_path / "shop.vp.toml").write_text(
        '[pipeline]\nname = "shop"\n[source.file.raw_users]\npath = "data/users.csv"\n'
    )
    declared = ISSUE.partition("pipeline.run(")[0]
    (tmp_path / "assets.py").write_text(declared + ON_CLUSTER)
    done = subprocess.run([sys.executable, "assets.py"], cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    project = vp.open(tmp_path)
    assert sorted(project["aggregated_sales"].arrow().column("total_sales").to_pylist()) == [3, 5]
    assert project["customers"].arrow().num_rows == 2
    assert project.plan().empty
