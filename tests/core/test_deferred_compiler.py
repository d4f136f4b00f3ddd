"""Networks are built and trained without PyTorch's compiler, and whoever wants it gets it. Each in its own process."""

import subprocess
import sys

import pytest

DEFER = "from core.deferred_compiler import defer_compiler\ndefer_compiler()\n"
STEP = """
import sys
from typing import get_args
import torch
from core.config import OptimizerConfig
from core.models.catalog import MODELS
from core.models.summary import summarize
from core.training.optim import build_optimizer

network = torch.nn.Linear(2, 2)
for name in get_args(OptimizerConfig.model_fields["name"].annotation):
    optimizer = build_optimizer(network.parameters(), OptimizerConfig(name=name))
    before = network.weight.detach().clone()
    network(torch.ones(1, 2)).pow(2).sum().backward()
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    assert not torch.equal(before, network.weight), name

def list_parts():
    return [name for name in sys.modules if name.startswith(("torch._dynamo.", "torch._inductor.", "triton."))]

"""
COMPILE = "assert torch.compile(lambda x: x + 1, backend='eager')(torch.ones(2)).tolist() == [2, 2]\n"


def run(code: str, before: str = DEFER) -> str:
    """Run the steps, then the code; return what it broke off with, "" if it did not."""
    done = subprocess.run([sys.executable, "-c", before + STEP + code], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def test_every_optimiser_steps_without_the_compiler():
    assert run("assert list_parts() == [], list_parts()") == ""


def test_every_network_is_described_without_it():
    code = (
        "for spec in MODELS:\n"
        "    with torch.device('meta'):\n"
        "        assert summarize(spec.build(None, 1.0))\n"
        "assert list_parts() == [], list_parts()"
    )
    assert run(code) == ""


HELP = """
import sys
sys.argv = ["core", "--help"]
try:
    import core.__main__
except SystemExit:
    pass
"""


@pytest.mark.parametrize("program", [HELP, "import dashboard"])
def test_both_programs_defer_it(program):
    assert run("assert list_parts() == []", before=program) == ""


def test_a_look_through_all_modules_does_not_load_it():
    code = (
        "for module in list(sys.modules.values()):\n"
        "    [getattr(module, name, None) for name in ('__file__', '__spec__', '__path__', '__wrapped__')]\n"
        "assert list_parts() == []"
    )
    assert run(code) == ""


@pytest.mark.parametrize(
    "way",
    [
        "",
        "import torch._dynamo\ntorch._dynamo.reset()\n",
        "import torch._dynamo.config\nassert torch._dynamo.config is sys.modules['torch._dynamo.config']\n",
        "from torch._dynamo.utils import counters\n",
    ],
)
def test_the_compiler_comes_when_it_is_asked_for(way):
    assert run(way + COMPILE + "assert 'torch._dynamo.eval_frame' in sys.modules") == ""
