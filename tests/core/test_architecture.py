"""The direction of imports, and what must stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A module may import from its own layer or one before it, never from a later one. The longest matching name counts.
LAYERS = [
    {"core.openmp", "core.deferred_compiler", "core.errors", "core.paths", "core.files", "core.processes"},
    {"core.data.catalog", "core.models.catalog"},
    {"core.config"},
    {"core.recipes", "core.runs", "core.evaluation.metrics"},
    {"core.data"},
    {"core.drawings"},
    {"core.models"},
    {"core.training"},
    {"core.reading"},
    {"core.evaluation"},
    {"core.explain"},
    {"core.charts"},
    {"core.train"},
    {"core.report_page"},
    {"core.benchmarks"},
    {"core.cli", "core.cli_train", "core.cli_benchmarks", "core.cli_options"},
    {"core.__main__"},
    {"dashboard"},
]
LIGHT = ("core.config", "core.recipes", "core.runs.store", "core.runs.jobs", "core.runs.groups", "core.cli")


def layer_of(module: str) -> int:
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        for number, names in enumerate(LAYERS):
            if ".".join(parts[:length]) in names:
                return number
    raise AssertionError(f"{module} belongs to no layer; name it in LAYERS")


def list_modules() -> dict[str, Path]:
    modules = {}
    for package in ("core", "dashboard"):
        for path in (ROOT / package).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            modules[name.removesuffix(".__init__")] = path
    return modules


def list_imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_imports_point_one_way():
    modules = list_modules()
    packages = {name for name, path in modules.items() if path.name == "__init__.py"}
    wrong = [
        f"{name} imports {imported}"
        for name, path in modules.items()
        if name not in packages
        for imported in list_imports(path) & modules.keys() - packages
        if layer_of(imported) > layer_of(name)
    ]
    assert wrong == []


def test_core_knows_no_streamlit():
    for name, path in list_modules().items():
        if name.startswith("core"):
            assert not {i for i in list_imports(path) if i.split(".")[0] in ("streamlit", "dashboard")}, name


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_import_no_torch(module):
    code = f"import sys, {module}; sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_no_tracked_file_is_over_500_kb_but_pretrained_weights():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    names = [name for name in listed.stdout.split("\0") if name and not name.startswith("artifacts/pretrained/")]
    assert [name for name in names if (ROOT / name).exists() and (ROOT / name).stat().st_size > 500_000] == []
